"""Rule blocks to rows: what the compiler of rules makes of a block, column by column."""

from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
from small import Block, nation, pays

from settlement.kernel import layout
from settlement.kernel.layout import LAYER, PROGRAM, P, Y
from settlement.rules.compile import Builder, rate_of
from settlement.rules.resolve import Claim, Missing
from settlement.rules.rulebook import Rulebook, build
from settlement.rules.selectors import Person

DAY = date(2024, 3, 8)
WORKER = Person("working", 40)
LOCAL = Claim("employee", "inpatient", "3", WORKER, "local", "")
AWAY = LOCAL._replace(relation="cross_province", filing="referred")
RETIRED = LOCAL._replace(person=Person("retired", 70))
REFERRED: Block = {"scheme": "employee", "care": "inpatient", "filing": "referred"}


def book_of(*benefits: Block, **tables: Any) -> Rulebook:
    return build(nation(*benefits, **tables), [])


def program(book: Rulebook, claim: Claim = LOCAL, day: date = DAY) -> Any:
    """The program's row, by column name."""
    row = book.builder.program("990100", claim, day)
    assert isinstance(row, int), row
    return dict(zip((c.name for c in PROGRAM), map(int, book.builder.programs[row]), strict=True))


def layers(book: Rulebook, claim: Claim = LOCAL) -> list[dict[str, int]]:
    """The rows of the program's layers, by column name, without what is 0."""
    row = book.builder.program("990100", claim, DAY)
    assert isinstance(row, int), row
    made = [book.builder.layers[layer] for layer in book.builder.program_info[row].layers]
    assert all(isinstance(n, int) for layer in made for n in layer)  # no float near money
    return [{c.name: int(n) for c, n in zip(LAYER, layer, strict=True) if n} for layer in made]


def bands(book: Rulebook, layer: dict[str, int]) -> list[tuple[int, int]]:
    return book.builder.bands[layer.get("band_start", 0) : layer["band_end"]]


PLAIN = {"first_elsewhere_over": 1, "rate_over": 5, "dedc_slot": -1, "dedc_paid_slot": -1, "dedc_limit_fen": -1,
         "dedc_period": layout.PER_YEAR, "running_slot": -1, "cap_slot": -1}  # fmt: skip


def test_a_plain_layer() -> None:
    (layer,) = layers(book_of(pays("hifp_pay", ("0", "80%"))))
    assert layer == {**PLAIN, "band_end": 1}


def test_each_kind_of_deductible() -> None:
    def layer(**table: Any) -> dict[str, int]:
        return layers(book_of(pays("hifp_pay", ("0", "80%"), deductible=table)))[0]

    plain = {**PLAIN, "band_end": 1}
    visit = layer(per="visit", amount="300 yuan")
    assert visit == {**plain, "dedc_kind": layout.DEDC_VISIT, "dedc_e4": 30000 * 10**4}
    for per, period in (("month", layout.PER_MONTH), ("quarter", layout.PER_QUARTER), ("year", layout.PER_YEAR)):
        found = layer(per=per, by_level={"3": "300 yuan"}) if per == "year" else layer(per=per, amount="300 yuan")
        want = {**plain, "dedc_kind": layout.DEDC_PERIOD, "dedc_e4": 30000 * 10**4, "dedc_period": period}
        assert found == {name: n for name, n in want.items() if name != "dedc_paid_slot"}  # slot 0
    stay = layer(per="admission", amount="300 yuan", later="-100 yuan", floor="50 yuan", year_limit="400 yuan",
                 again_after_days=90, on_transfer="difference")  # fmt: skip
    assert stay == {
        **{name: n for name, n in plain.items() if name != "dedc_slot"},
        "dedc_kind": layout.DEDC_ADMISSION, "dedc_e4": 30000 * 10**4, "dedc_later": layout.LATER_MINUS, "dedc_step_fen": 10000,
        "dedc_floor_fen": 5000, "dedc_limit_fen": 40000, "dedc_paid_slot": 1, "dedc_again_days": 90, "dedc_transfer": 1,
    }  # fmt: skip
    for later, second, third in (("50%", 5000, 5000), (["50%", "25%"], 5000, 2500)):
        falls = layer(per="admission", amount="300 yuan", later=later)
        assert (falls["dedc_later"], falls["dedc_second_bp"], falls["dedc_third_bp"]) == (
            layout.LATER_PERCENT,
            second,
            third,
        )


def test_a_continued_deductible_is_counted_where_the_layer_before_counts_it() -> None:
    book = book_of(
        pays("hifp_pay", ("0", "80%"), deductible={"per": "quarter", "amount": "300 yuan"}),
        pays("hifob_pay", ("0", "80%"), base="in_scope", deductible="left_over", items={"class": "乙"}),
        pays("hifes_pay", ("0", "80%"), base="in_scope", deductible="left_over", items={"class": "甲"}),
        pays("maf_pay", ("0", "80%"), base="person_bears"),
    )
    assert [layer.get("dedc_e4", 0) for layer in layers(book)] == [30000 * 10**4, 0, 0, 0]
    names = ("dedc_kind", "part", "dedc_paid_slot", "dedc_period", "name")
    assert [tuple(layer.get(name, 0) for name in names) for layer in layers(book)] == [
        (layout.DEDC_PERIOD, 0, 0, layout.PER_QUARTER, 0),
        (layout.DEDC_LEFT_OVER, 1, 0, layout.PER_QUARTER, 1),
        (layout.DEDC_LEFT_OVER, 2, 0, layout.PER_QUARTER, 2),
        (layout.DEDC_NONE, 0, -1, layout.PER_YEAR, 3),
    ]


def test_bands_caps_and_bases() -> None:
    book = book_of(
        pays(
            "hifp_pay", ("0", "80%"), ("1000", "85%"), measure={"on": "year", "from": "deductible", "counter": "total"},
            cap={"amount": "500 yuan", "on": "cost", "per": "month", "counter": "spent"},
        ),
        pays("hifob_pay", ("0", "50%"), base="rest", cap={"amount": "100 yuan", "per": "claim"}),
        pays("hifes_pay", ("0", "30%"), base="in_scope", with_rest=True, items={"class": "乙"},
             cap={"by_level": {"3": "7 yuan"}, "on": "cost_above_deductible", "per": "quarter", "counter": "other"}),
        pays("maf_pay", ("0", "25%"), base="person_bears", with_first_pay=True, without_deductible=True),
        {"fund": "oth_pay", "base": "person_bears", "reported": True},
    )  # fmt: skip
    first, rest, part, bears, told = layers(book)
    assert {name: first[name] for name in ("bands_year", "bands_above_dedc", "cap_kind", "cap_fen", "cap_period")} == {
        "bands_year": 1, "bands_above_dedc": 1, "cap_kind": layout.CAP_COST, "cap_fen": 50000, "cap_period": layout.PER_MONTH,
    }  # fmt: skip
    counters = book.counters("990100")
    assert (
        (first.get("running_slot", 0), first["cap_slot"]) == (counters["total"].slot, counters["spent"].slot) == (0, 1)
    )
    assert (first["rate_over"], bands(book, first)) == (20, [(0, 16), (100000, 17)])
    assert (rest["base"], rest["fund"], rest["cap_kind"], rest["cap_fen"]) == (
        layout.BASE_REST,
        1,
        layout.CAP_FUND,
        10000,
    )
    assert rest["cap_slot"] == -1 and "cap_period" not in rest and bands(book, rest) == [(0, 1)]
    assert (part["part"], part["with_rest"], part["cap_kind"], part["cap_fen"]) == (1, 1, layout.CAP_COST_ABOVE, 700)
    assert part["cap_slot"] == counters["other"].slot and part["cap_period"] == layout.PER_QUARTER
    assert (bears["base"], bears["with_first_pay"], bears["without_deductible"]) == (layout.BASE_PERSON_BEARS, 1, 1)
    assert told["reported"] == 1 and told["band_end"] == told["band_start"] == 5 and told["rate_over"] == 1
    assert program(book) == {
        "layer_start": 0, "layer_end": 5, "round_at_line": 0, "round_first_pay": 0, "acct_covers": 15, "acct_shared_inside": 0,
        "kind_map": 0, "parts_count": 1,
    }  # fmt: skip


def test_what_a_filing_changes() -> None:
    def layer(**says: Any) -> dict[str, int]:
        layer = pays("hifp_pay", ("0", "80%"), deductible={"per": "visit", "amount": "300.01 yuan"})
        beside = pays("hifob_pay", ("0", "80%"), base="person_bears")
        found = layers(book_of(layer, beside, elsewhere=[{**REFERRED, **says}]), AWAY)
        assert found[1]["rate_over"] == 5 or "layers" in says  # only layers on the scope are changed
        return found[0]

    own = 30001 * 10**4
    assert layer(mode="none")["dedc_e4"] == own
    assert layer(mode="none", deductible={"times": "150%"})["dedc_e4"] == 30001 * 15000
    assert layer(mode="none", deductible={"plus": "20 yuan"})["dedc_e4"] == own + 2000 * 10**4
    assert layer(mode="none", deductible={"is": "10 yuan"})["dedc_e4"] == 1000 * 10**4
    assert "dedc_e4" not in layer(mode="none", deductible={"is": "0 yuan"})
    assert layer(mode="none", layers=["hifob_pay"], deductible={"is": "10 yuan"})["dedc_e4"] == own
    first = layer(mode="first_pay", amount="15%")
    assert (first["first_elsewhere_part"], first["first_elsewhere_over"], first["rate_over"]) == (3, 20, 5)
    for says in ({"mode": "points", "amount": "15"}, {"mode": "multiply", "amount": "90%"}, {"mode": "none"}):
        assert "first_elsewhere_part" not in layer(**says)
    dearer = {**REFERRED, "mode": "none", "deductible": {"plus": "20 yuan"}}
    assert layers(book_of(pays("hifp_pay", ("0", "80%")), elsewhere=[dearer]), AWAY) == [{**PLAIN, "band_end": 1}]


def test_rates_are_exact_fractions_between_nothing_and_all() -> None:
    def rate(text: str, claim: Claim, *filings: Block, **more: Any) -> Fraction:
        book = book_of(pays("hifp_pay", ("0", text), **more), elsewhere=list(filings))
        (block,) = book.pools["000000"].benefits
        rule = book.pools["000000"].elsewheres[0] if filings else None
        return rate_of(block, 0, claim.level, claim.person.group == "retired", rule)

    assert rate("85%", LOCAL) == Fraction(85, 100)
    assert rate("85%", LOCAL, retired={"points": "3"}) == Fraction(85, 100)
    assert rate("85%", RETIRED, retired={"points": "3"}) == Fraction(88, 100)
    assert rate("85%", RETIRED, retired={"personal_share": "60%"}) == 1 - Fraction(15, 100) * Fraction(60, 100)
    assert rate("85%", AWAY, {**REFERRED, "mode": "points", "amount": "10"}) == Fraction(75, 100)
    assert rate("85%", AWAY, {**REFERRED, "mode": "multiply", "amount": "90%"}) == Fraction(765, 1000)
    assert rate("85%", AWAY, {**REFERRED, "mode": "first_pay", "amount": "10%"}) == Fraction(85, 100)
    assert rate("85%", AWAY, {**REFERRED, "mode": "none"}) == Fraction(85, 100)
    assert rate("5%", AWAY, {**REFERRED, "mode": "points", "amount": "10"}) == 0
    assert rate("99%", RETIRED, retired={"points": "3"}) == 1


def test_a_row_says_what_it_was_made_from() -> None:
    filing = {**REFERRED, "mode": "points", "amount": "10"}
    book = book_of(pays("hifp_pay", ("0", "80%"), ("1000", "85%"), measure={"on": "claim", "from": "zero"}, retired={"points": "3"}),
                   elsewhere=[filing], rounding={"at": "line", "rounds": "first_pay"})  # fmt: skip
    away = AWAY._replace(person=RETIRED.person)
    row = book.builder.program("990100", away, DAY)
    assert isinstance(row, int)
    info = book.program(row)
    (layer,) = map(book.layer, info.layers)
    pool = book.pools["000000"]
    assert (info.pool, info.claim, info.meanings, info.filing, info.not_covered) == ("990100", away, (), None, None)
    assert (info.account, info.elsewhere, info.kind_map) == (pool.accounts[0].cite, pool.elsewheres[0], -1)
    assert (layer.pool, layer.benefit, layer.elsewhere) == ("990100", pool.benefits[0], pool.elsewheres[0])
    assert (layer.level, layer.retired, layer.base_rates_bp) == ("3", True, (8000, 8500))
    assert layer.rates == (Fraction(73, 100), Fraction(78, 100))
    (cite, other) = (pool.benefits[0].cite, pool.elsewheres[0].cite)
    assert layer.rule == f"{cite.file}:{cite.line} hifp_pay level 3 retired elsewhere {other.file}:{other.line}"
    at_home = book.builder.program("990100", LOCAL, DAY)
    assert isinstance(at_home, int) and at_home != row
    (home,) = map(book.layer, book.program(at_home).layers)
    assert home.rule == f"{cite.file}:{cite.line} hifp_pay level 3"
    assert (home.retired, home.elsewhere, home.rates) == (False, None, (Fraction(80, 100), Fraction(85, 100)))
    assert [program(book)[name] for name in ("round_at_line", "round_first_pay")] == [1, 1]


def test_a_row_says_the_rates_of_its_level_before_anything_changed_them() -> None:
    block = pays("hifp_pay", retired={"personal_share": "50%"})
    block["bands"] = [{"over": "0 yuan", "rate": {"2": "70%", "3": "60%"}}]
    book = book_of(block)
    assert layers(book, RETIRED)[0]["rate_over"] == 5
    (info,) = book.builder.layer_info
    assert (info.base_rates_bp, info.rates) == ((6000,), (Fraction(80, 100),))


def test_a_row_says_who_gave_its_codes_and_its_filing_their_meaning() -> None:
    book = book_of(
        pays("hifp_pay", ("0", "80%")),
        elsewhere=[{**REFERRED, "mode": "none"}],
        filing=[{"filing": "unfiled", "emergency": True, "is": "referred"}],
    )
    (rule,) = book.pools["000000"].filings
    row = book.builder.program("990100", AWAY, DAY, (rule.cite,), rule)
    assert isinstance(row, int)
    assert (book.program(row).meanings, book.program(row).filing) == ((rule.cite,), rule)


def test_the_same_claim_is_the_same_row_and_rows_are_shared() -> None:
    book = book_of(
        pays("hifp_pay", ("0", "80%")), pays("maf_pay", ("0", "50%"), base="person_bears", who={"assistance": True})
    )
    poor = LOCAL._replace(person=WORKER._replace(assistance=True))
    first, second, again = (book.builder.program("990100", claim, DAY) for claim in (LOCAL, poor, LOCAL))
    assert (first, second, again) == (0, 1, 0)
    assert [info.layers for info in book.builder.program_info] == [(0,), (0, 1)]
    assert book.builder.program_layers == [0, 0, 1]
    assert [(row[P.layer_start], row[P.layer_end]) for row in book.builder.programs] == [(0, 1), (1, 3)]
    assert len(book.builder.layers) == len(book.builder.layer_info) == 2
    assert book.builder.layer_names == {"hifp_pay": 0, "maf_pay": 1}


def test_what_is_not_covered_has_no_layers_and_says_who_says_so() -> None:
    book = book_of({"covered": False})
    row = program(book)
    assert (row["layer_start"], row["layer_end"], row["parts_count"]) == (0, 0, 0)
    assert book.program(0).not_covered == book.pools["000000"].benefits[0].cite
    (away,) = (book.builder.program("990100", AWAY, DAY),)  # no rule for care elsewhere is asked for
    assert isinstance(away, int) and book.program(away).elsewhere is None


def test_a_nearer_area_pays_what_the_nation_does_not() -> None:
    pools = nation({"covered": False})
    paid = pays("hifp_pay", ("0", "80%"), scheme="employee", care="inpatient", source="text", article="1")
    pools["990100"]["benefit"] = [{"from": date(2024, 1, 1), **paid}]
    book = build(pools, [])
    assert [layer["rate_over"] for layer in layers(book)] == [5] and book.program(0).not_covered is None


def test_why_there_is_no_program() -> None:
    book = book_of(pays("hifp_pay", ("0", "80%")))
    assert isinstance(book.builder.program("990100", LOCAL._replace(care="outpatient"), DAY), Missing)
    away = book.builder.program("990100", AWAY, DAY)
    assert isinstance(away, Missing) and away.code == "R03_ELSEWHERE_MISSING"
    assert book.builder.programs == []


def test_rates_too_fine_are_refused_with_their_lines() -> None:
    fine = [("0", "33.33%"), ("1", "77.77%")]
    every = [pays(fund, *fine, measure={"on": "claim", "from": "zero"}, base="person_bears", cap={"amount": "1 yuan", "per": "claim"})
             for fund in ("hifob_pay", "hifmi_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "oth_pay")]  # fmt: skip
    basic = pays("hifp_pay", *fine, measure={"on": "claim", "from": "zero"}, cap={"amount": "1 yuan", "per": "claim"})
    book = book_of(basic, *every)
    found = book.builder.program("990100", LOCAL, DAY)
    lines = ", ".join(f"000000:{block.cite.line}" for block in book.pools["000000"].benefits)
    assert found == Missing("R07_RATES_TOO_FINE", f"990100 employee/inpatient ({lines})")


def test_rates_are_too_fine_as_the_claim_changes_them() -> None:
    share, third = {"personal_share": "33.33%"}, {**REFERRED, "mode": "multiply", "amount": "33.33%"}

    def fits(claim: Claim, rate: Any = "33.33%", **says: Any) -> bool:
        block = pays("hifp_pay", retired=share, cap={"amount": "1 yuan", "per": "claim"})
        block["bands"] = [{"over": "0 yuan", "rate": rate}]
        beside = pays("maf_pay", ("0", "50%"), base="person_bears")
        found = book_of(block, beside, elsewhere=[{**third, **says}]).builder.program("990100", claim, DAY)
        assert isinstance(found, int) or found.code == "R07_RATES_TOO_FINE"
        return isinstance(found, int)

    old = AWAY._replace(person=RETIRED.person)
    assert not fits(old)
    assert fits(AWAY) and fits(RETIRED)  # either alone can be held
    assert fits(old, layers=["maf_pay"])  # the filing does not change this layer
    alone = book_of(
        pays("hifp_pay", ("0", "33.33%"), retired=share, cap={"amount": "1 yuan", "per": "claim"}), elsewhere=[third]
    )
    (cite,) = (block.cite for block in alone.pools["000000"].benefits)
    found = alone.builder.program("990100", old, DAY)
    assert found == Missing("R07_RATES_TOO_FINE", f"990100 employee/inpatient ({cite.file}:{cite.line})")
    assert fits(old, {"2": "33.33%", "3": "100%"}) and not fits(old._replace(level="2"), {"2": "33.33%", "3": "100%"})


def test_a_pool_without_an_account_lets_none_pay() -> None:
    pools = nation(pays("hifp_pay", ("0", "80%")))
    del pools["000000"]["account"]
    book = build(pools, [])
    assert (program(book)["acct_covers"], program(book)["acct_shared_inside"], book.program(0).account) == (0, 0, None)
    pools["000000"]["account"] = [
        {"from": DAY, "source": "text", "article": "1", "covers": ["in_scope"], "shared": "inside"}
    ]
    inside = program(build(pools, []))
    assert (inside["acct_covers"], inside["acct_shared_inside"]) == (8, 1)


def test_tables_hold_the_rows_made_so_far() -> None:
    book = book_of(pays("hifp_pay", ("0", "80%")))
    terms = np.array([[1, 0, -1, 0]], np.int64)
    empty = Builder(book.pools).tables(terms)
    assert [table.shape for table in empty] == [(1, 4), (0, len(PROGRAM)), (1,), (0, len(LAYER)), (0, 2), (1, 1, 2)]
    assert {table.dtype for table in empty} == {np.dtype(np.int64)}
    assert empty.program_layers.tolist() == [0] and empty.terms is terms and empty.kinds.tolist() == [[[0, -1]]]
    program(book)
    tables = book.builder.tables(terms)
    assert [table.shape[0] for table in tables] == [1, 1, 1, 1, 1, 1]
    assert {table.dtype for table in tables} == {np.dtype(np.int64)}
    assert tables.bands.tolist() == [[0, 4]] and tables.layers[0, Y.rate_over] == 5
