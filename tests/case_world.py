"""Every case with the rulebook it runs on: the shipped ones, those of the folders here, and those with an invented pool."""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from settlement.author.cases import Case, case_files, drafts_of, load_cases, read_cases
from settlement.engine import settle_drafts
from settlement.rules.rulebook import NATION, POOLS, Rulebook, build, open_rulebook

CASES = Path(__file__).parent / "cases"
AREA = "990100"  # invented
Block = dict[str, Any]
CODES: dict[str, Any] = {
    "employee": {"insutype": "310", "psn_type": "11"}, "resident": {"insutype": "390", "psn_type": "15"},
    "outpatient": "11", "inpatient": "21",
}  # fmt: skip


class Setting(NamedTuple):
    """A case and its world: what its invented pool says, or the folder of pool files to add, or neither."""

    case: Case
    invented: Block | None = None
    folder: Path | None = None


def all_cases() -> list[Setting]:
    """Every case of every file; the short [[vector]] form is spelt out."""
    shipped = load_cases(case_files(None))
    assert shipped.complaints == []
    return [*map(Setting, shipped.cases), *_of_folders(), *_of_files()]


def _of_folders() -> Iterator[Setting]:
    for folder in sorted(path for path in CASES.iterdir() if path.is_dir()):
        read = load_cases(sorted((folder / "cases").glob("*.toml")))
        assert read.complaints == []
        yield from (Setting(case, None, folder) for case in read.cases)


def _of_files() -> Iterator[Setting]:
    for file in sorted(CASES.glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        for block in [*content.get("case", []), *map(_from_vector, content.get("vector", []))]:
            invented = block.pop("invented", None)
            if invented is not None:
                block["claim"] = {"insuplc_admdvs": AREA, "mdtrtarea_admvs": AREA, **block["claim"]}
            read = read_cases({"case": [block]}, file.name)
            assert read.complaints == []
            yield Setting(read.cases[0], invented)


def _from_vector(vector: Block) -> Block:
    said = {key: vector[key] for key in ("id", "kind", "trust", "source", "scenario", "arithmetic", "expected")}
    covered = vector.get("covered", True)
    says = {"deductible": f"{vector['deductible']} yuan", "rate": vector["rate"]} if covered else {"covered": False}
    says |= {"scheme": vector["scheme"], "care": vector["care"]}
    claim = {**CODES[vector["scheme"]], "med_type": CODES[vector["care"]], "medinslv": vector.get("level", "3")}
    claim |= {"setl_time": "2024-05-01"}
    where = {"insuplc_admdvs": vector["shipped"], "mdtrtarea_admvs": vector["shipped"]} if "shipped" in vector else {}
    world = {} if where else {"invented": says}
    return {**said, **world, "claim": claim | where, "lines": [["01", "", vector["in_scope"]]]}


def invented_pool(says: Block) -> Block:
    """A pool of one layer that says only what the case needs."""
    cite = {"from": date(2000, 1, 1), "source": "case", "article": "—"}
    benefit: Block = {"scheme": says.get("scheme", "employee"), "care": says.get("care", "outpatient"), **cite}
    if says.get("covered") is False:
        benefit["covered"] = False
    elif says.get("reported"):
        benefit |= {"fund": "hifp_pay", "reported": True}
    else:
        dedc = says["deductible"]
        benefit |= {"fund": "hifp_pay", "cap": "none", "bands": [{"over": "0 yuan", "rate": says["rate"]}]}
        benefit["deductible"] = dedc if dedc == "none" else {"per": "visit", "amount": dedc}
    pool: Block = {
        "pool": {"code": AREA, "name": "示例", "inherits": NATION},
        "source": {"case": {"title": "案例", "confidence": "assumed"}},
        "benefit": [benefit],
    }
    if "elsewhere" in says:
        pool["elsewhere"] = [{"scheme": "employee", "filing": "unfiled", **says["elsewhere"], **cite}]
    return pool


def books() -> Iterator[tuple[Setting, Rulebook]]:
    """Every case with its rulebook."""
    shipped = open_rulebook().book
    folders = {path: open_rulebook(path).book for path in CASES.iterdir() if path.is_dir()}
    nation = tomllib.loads(next(POOLS.glob(f"{NATION}_*.toml")).read_text(encoding="utf-8"))
    for setting in all_cases():
        if setting.invented is not None:
            yield setting, build({NATION: nation, AREA: invented_pool(setting.invented)}, [])
        else:
            yield setting, folders[setting.folder] if setting.folder else shipped


def settle_all() -> dict[str, Block]:
    """The result row of every case, by id."""
    return {setting.case.id: settle_drafts(drafts_of(setting.case), book).rows()[-1] for setting, book in books()}
