"""The JSON Schema of a pool file accepts what the loader accepts, names every key it takes, and refuses what is malformed."""

import ast
import copy
import json
import tomllib
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from desk import POOL, ROOT, rules
from jsonschema import Draft202012Validator
from random_pools import PoolMaker

from settlement.author import keys
from settlement.author.json_schema import pool_schema
from settlement.rules.load import read_pool
from settlement.rules.reading import Reader
from settlement.rules.rulebook import POOLS

SCHEMA = pool_schema()
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def as_editors_see_it(value: Any) -> Any:
    """A parsed file with its dates as text."""
    if isinstance(value, dict):
        return {key: as_editors_see_it(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_editors_see_it(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def faults(table: dict[str, Any]) -> list[str]:
    return [
        f"{list(error.absolute_path)}: {error.message[:120]}"
        for error in VALIDATOR.iter_errors(as_editors_see_it(table))
    ]


def test_it_is_a_schema_of_the_draft_and_every_key_is_described_in_both_languages() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")
    for table in (*keys.BLOCKS.values(), keys.POOL, keys.SOURCE, keys.DEDUCTIBLE, keys.CAP, keys.ITEMS, keys.WHO):
        for key in table.values():
            assert (any("\u4e00" <= sign <= "\u9fff" for sign in key.zh) and key.en.isascii()) or "甲" in key.en


@pytest.mark.parametrize("file", sorted(POOLS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_shipped_pool_validates(file: Path) -> None:
    assert faults(tomllib.loads(file.read_text(encoding="utf-8"))) == []


def test_random_pools_validate() -> None:
    for seed in range(40):
        for pool in PoolMaker(Random(seed)).pools().values():
            assert faults(pool) == [], seed


def keys_of_schema() -> set[str]:
    found: set[str] = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            # Tables by level or disease have words for keys, not keys of the grammar.
            if part.get("additionalProperties") is False and "community" not in part.get("properties", {}):
                found.update(part["properties"])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(SCHEMA)
    return found


def test_the_schema_and_the_readers_know_the_same_keys() -> None:
    """Every literal key that a reader of settlement/rules takes, and no other."""
    taken: set[str] = set()
    for file in (ROOT / "settlement" / "rules").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "take"
            if called and isinstance(node.args[0], ast.Constant):
                taken.add(node.args[0].value)
            # Readers made for several kinds of blocks are handed their kind and key.
            maker = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("read_")
            reads = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "read"
            if maker or reads:
                taken |= {
                    arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
    assert taken - {"utf-8-sig"} == keys_of_schema()


def test_each_table_has_the_keys_that_its_reader_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every shipped pool and many random ones: what a reader knew of a table is what the schema has there."""
    known: dict[str, set[str]] = {}
    done = Reader.done

    def watched(reader: Reader, parent: Reader | None = None) -> None:
        path = ".".join(part.partition("[")[0] for part in reader.path.split("."))
        known.setdefault(path, set()).update(reader.known)
        done(reader, parent)

    monkeypatch.setattr(Reader, "done", watched)
    for file in POOLS.glob("*.toml"):
        read_pool(tomllib.loads(file.read_text(encoding="utf-8")), file.name)
    for seed in range(30):
        for name, pool in PoolMaker(Random(seed)).pools().items():
            read_pool(pool, name)
    read_pool(copy.deepcopy(EVERY_KEY), "every")
    tables = {
        **keys.BLOCKS, "pool": keys.POOL, "pool.rounding": keys.ROUNDING, "benefit.who": keys.WHO,
        "benefit.items": keys.ITEMS, "first_pay.items": keys.ITEMS, "benefit.deductible": keys.DEDUCTIBLE,
        "benefit.bands": keys.BAND, "benefit.measure": keys.MEASURE, "benefit.retired": keys.RETIRED,
        "benefit.cap": keys.CAP, "elsewhere.deductible": keys.CHANGE,
    }  # fmt: skip
    for path, table in tables.items():
        assert known[path] - set(keys.BLOCK) == set(table) - set(keys.BLOCK), path
    assert {path for path in known if not path.startswith(("source", "file"))} == set(tables)


CITED = {"from": date(2024, 1, 1), "source": "s", "article": "一"}
PAYS: dict[str, Any] = {
    "fund": "hifp_pay",
    "deductible": "none",
    "bands": [{"over": "0 yuan", "rate": "85%"}],
    "cap": "none",
}
KIND = {"scheme": "employee", "care": "inpatient"}
EVERY_KEY: dict[str, Any] = {
    "pool": {"code": "990100", "name": "示例市", "scheme_years": {"employee": "07-01"}, "refunds": "last_first", "local_places": ["9901", "99"]},
    "source": {"s": {"title": "办法", "confidence": "assumed"}},
    "benefit": [
        {**CITED, **KIND, **PAYS, "who": {"psn_type": "11", "family_doctor": True}, "disease": ["M016"], "with_rest": True},
        {**CITED, **KIND, **PAYS, "items": {"class": "乙", "type": ["09"], "negotiated": True, "code": "X", "disease": True}},
        {**CITED, **KIND, **PAYS, "cap": {"per": "year", "counter": "c", "by_disease": {"M01600": "3000 yuan"}}},
        {**CITED, **KIND, **PAYS, "deductible": {"per": "quarter", "amount": "1 yuan"}, "retired": {"points": "3"}},
        {**CITED, **KIND, **PAYS, "deductible": {"per": "admission", "amount": "9 yuan", "year_limit": "1600 yuan"}},
        {**CITED, **KIND, **PAYS, "deductible": "left_over", "measure": {"on": "claim", "from": "zero"}},
        {**CITED, **KIND, "covered": False, "repealed": True},
    ],
    "elsewhere": [{**CITED, "filing": "referred", "mode": "none", "places": ["31"], "deductible": {"times": "120%"}}],
    "first_pay": [{**CITED, "where": "local", "items": {"negotiated": True}, "ratio": "5%"}],
    "filing": [
        {**CITED, "filing": "referred", "emergency": True, "filed": ["unknown"], "is": "manual"},
        {**CITED, "filing": "unfiled", "repealed": True},
    ],
    "waiting": [{**CITED, "psn_type": "11", "wait": "6 months"}],
    "suspension": [{**CITED, "care": "inpatient", "grace": "90 days"}],
    "stay": [{**CITED, "cross_year": "by_days", "deductible": "once"}, {**CITED, **KIND, "cross_year": "whole"}],
    "account": [{**CITED, "covers": "own_pay"}],
}  # fmt: skip


def test_the_whole_grammar_validates_and_loads() -> None:
    assert faults(EVERY_KEY) == []
    assert [complaint.text() for complaint in read_pool(copy.deepcopy(EVERY_KEY), "every")[1]] == []


def spoilt(kind: str, at: int, **change: Any) -> dict[str, Any]:
    table = copy.deepcopy(EVERY_KEY)
    block = table[kind][at]
    for key, value in change.items():
        block.update({key: value}) if value is not None else block.pop(key)
    return table


MALFORMED = {
    "an unknown key": spoilt("benefit", 0, colour="red"),
    "an unknown key inside": spoilt("benefit", 0, who={"groups": "retired"}),
    "no unit": spoilt("benefit", 3, deductible={"per": "quarter", "amount": "1"}),
    "three decimals": spoilt("benefit", 3, deductible={"per": "quarter", "amount": "1.005 yuan"}),
    "a rate above one": spoilt("benefit", 0, bands=[{"over": "0 yuan", "rate": "101%"}]),
    "a rate without its sign": spoilt("benefit", 0, bands=[{"over": "0 yuan", "rate": {"1": "85"}}]),
    "an unknown level": spoilt("benefit", 0, bands=[{"over": "0 yuan", "rate": {"4": "85%"}}]),
    "no bands": spoilt("benefit", 0, bands=None),
    "no fund": spoilt("benefit", 0, fund=None),
    "no base for another fund": spoilt("benefit", 0, fund="maf_pay"),
    "an unknown care": spoilt("benefit", 0, care="impatient"),
    "figures where nothing is paid": spoilt("benefit", 6, cap="none"),
    "a cap of the year without a counter": spoilt("benefit", 0, cap={"per": "year", "amount": "1 yuan"}),
    "a cap of two kinds": spoilt("benefit", 2, cap={"per": "claim", "amount": "1 yuan", "by_disease": {"M": "1 yuan"}}),
    "a floor without admissions": spoilt("benefit", 3, deductible={"per": "year", "amount": "1 yuan", "floor": "1 yuan"}),
    "three later shares": spoilt("benefit", 4, deductible={"per": "admission", "amount": "9 yuan", "later": ["50%"] * 3}),
    "several bands without measure": spoilt("benefit", 0, bands=[{"over": "0 yuan", "rate": "1%"}] * 2),
    "a yearly measure without a counter": spoilt("benefit", 5, measure={"on": "year", "from": "zero"}),
    "points and share": spoilt("benefit", 3, retired={"points": "3", "personal_share": "60%"}),
    "selects every line": spoilt("benefit", 1, items={}),
    "class 丙": spoilt("benefit", 1, items={"class": "丙"}),
    "no source": spoilt("benefit", 0, source=None),
    "a date in other form": spoilt("benefit", 0, **{"from": "2024/01/01"}),
    "a mode without its amount": spoilt("elsewhere", 0, mode="points"),
    "points as a percentage": spoilt("elsewhere", 0, mode="points", amount="10%"),
    "a first pay in points": spoilt("elsewhere", 0, mode="first_pay", amount="10"),
    "no ratio": spoilt("first_pay", 0, ratio=None),
    "counts as nothing known": spoilt("filing", 0, **{"is": "filed"}),
    "a wait without its unit": spoilt("waiting", 0, wait="6"),
    "by days without the deductible": spoilt("stay", 0, deductible=None),
    "a deductible of a whole stay": spoilt("stay", 1, deductible="once"),
    "a code of five digits": {**EVERY_KEY, "pool": {"code": "99010", "name": "示例市"}},
    "an unknown block": {**EVERY_KEY, "benefits": []},
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(MALFORMED))
def test_malformed_files_are_refused_by_schema_and_loader_alike(what: str) -> None:
    assert faults(MALFORMED[what]) != []
    assert read_pool(copy.deepcopy(MALFORMED[what]), "m")[1] != []


def test_the_command_prints_what_the_documents_hold() -> None:
    done = rules("schema")
    assert json.loads(done.stdout) == SCHEMA
    assert done.stdout == (ROOT / "docs" / "pool.schema.json").read_text(encoding="utf-8")


def test_the_good_pool_of_the_desk_validates() -> None:
    assert faults(tomllib.loads(POOL)) == []
