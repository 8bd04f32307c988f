"""Generated claims keep to the published proportions, to exact money, and to what the rulebook settles."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from small import START, nation, pays

from settlement import codes
from settlement.engine import settle_drafts
from settlement.intake import from_arrow
from settlement.rules.rulebook import build, open_rulebook
from settlement.sample import sample_claims
from settlement.sample.coverage import covered
from settlement.sample.table import statistics

BOOK = open_rulebook().book
ABOUT = statistics()
COUNT = 20_000


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return sample_claims(COUNT, BOOK, 7)


def cells(table: pa.Table) -> list[tuple[str, str]]:
    """Scheme and care of every claim."""
    scheme = {figures["insutype"]: name for name, figures in ABOUT["scheme"].items()}
    care = {figures["med_type"]: name for name, figures in ABOUT["assumed"]["care"].items()}
    pairs = zip(table["insutype"].to_pylist(), table["med_type"].to_pylist(), strict=True)
    return [(scheme[insutype], care[med_type]) for insutype, med_type in pairs]


def test_cares_come_in_the_published_shares(table: pa.Table) -> None:
    drawn = Counter(cells(table))
    kinds = {(cell.scheme, cell.care) for cell in covered(BOOK, ABOUT, 2025)}
    wanted = {(s, c): ABOUT["scheme"][s]["care"][c]["settlements"] for s, c in kinds}
    assert set(drawn) == set(wanted)
    for kind, settlements in wanted.items():
        share = settlements / sum(wanted.values())
        assert abs(drawn[kind] / COUNT - share) < 4 * (share * (1 - share) / COUNT) ** 0.5, kind


def test_bills_have_the_published_mean(table: pa.Table) -> None:
    bills: dict[tuple[str, str], list[Decimal]] = {}
    for kind, bill in zip(cells(table), table["medfee_sumamt"].to_pylist(), strict=True):
        bills.setdefault(kind, []).append(bill)
    for (scheme, care), amounts in bills.items():
        figures = ABOUT["scheme"][scheme]["care"][care]
        mean = figures["cost"] / figures["settlements"]
        if len(amounts) > 300:
            assert abs(float(sum(amounts)) / len(amounts) / mean - 1) < 4 / len(amounts) ** 0.5, (scheme, care)


def test_care_elsewhere_has_the_published_share(table: pa.Table) -> None:
    for scheme, figures in ABOUT["scheme"].items():
        mine = table.filter(pc.equal(table["insutype"], figures["insutype"]))
        pairs = zip(mine["insuplc_admdvs"].to_pylist(), mine["mdtrtarea_admvs"].to_pylist(), strict=True)
        found = Counter(codes.relation_of(insured, place) for insured, place in pairs if insured != "990000")
        share = figures["cross_province"] / figures["settlements"]
        assert abs(found["cross_province"] / mine.num_rows - share) < 0.006, scheme
        away = pc.sum(pc.is_valid(mine["filing"])).as_py()
        assert (
            found["local"] + away
            == found.total()
            + pc.sum(pc.and_(pc.equal(mine["insuplc_admdvs"], "990000"), pc.is_valid(mine["filing"]))).as_py()
        )  # whoever is elsewhere has a filing, and nobody else


def test_amounts_are_exact_and_lines_add_up(table: pa.Table) -> None:
    off = 0
    for claim in table.slice(0, 2_000).to_pylist():
        lines: list[dict[str, Any]] = claim["feedetail"]
        assert [line["feedetl_sn"] for line in lines] == [str(n + 1) for n in range(len(lines))]
        assert all(line["pric"] * line["cnt"] == line["det_item_fee_sumamt"] > 0 for line in lines)
        off += claim["medfee_sumamt"] != sum(line["det_item_fee_sumamt"] for line in lines)
    assert 0 < off < 20  # the ones made wrong on purpose


def test_persons_return_and_bring_a_balance_once(table: pa.Table) -> None:
    times = table["setl_time"].to_pylist()
    assert times == sorted(times) and {moment.year for moment in times} == {2025}
    visits = Counter(table["psn_no"].to_pylist())
    employees = table.filter(pc.equal(table["insutype"], "310"))
    assert max(visits.values()) > 5
    assert employees["balc"].drop_null().length() == len(set(employees["psn_no"].to_pylist()))


def test_faults_are_refused_and_everything_else_settles(table: pa.Table) -> None:
    settled = settle_drafts(from_arrow(table), BOOK)
    refused = Counter(refusal.code for refusal in settled.refusals)
    assert set(refused) == {"R04_ITEM_UNKNOWN", "P02_INSURANCE_SUSPENDED", "C09_TOTAL_DIFFERS", "P01_UNKNOWN_AREA"}
    for code, share in zip(sorted(refused), (20, 20, 30, 30), strict=True):
        assert abs(refused[code] - share * COUNT / 10_000) < 4 * (share * COUNT / 10_000) ** 0.5, code


def test_it_draws_what_the_rulebook_covers_and_nothing_else() -> None:
    item = {"area": "000000", "med_list_codg": "X1", "chrgitm_lv": "01", "from": START}
    table = sample_claims(
        300, build(nation(pays("hifp_pay", ("0", "50%")), care=[{"med_type": "21", "is": "inpatient"}]), [item]), 1
    )
    assert set(table["med_type"].to_pylist()) == {"21"} and set(table["insutype"].to_pylist()) == {"310"}
    with pytest.raises(ValueError, match="settles no area"):
        sample_claims(1, build(nation(), [item]), 1)
