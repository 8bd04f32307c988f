"""Fee lines to kinds, kinds to parts and first-pay ratios: what the compiler of rules makes of selectors of lines."""

import pytest
from small import Block, nation, pays
from test_compile import DAY, book_of, layers, program

from settlement.errors import BadRules
from settlement.rules.items import Asked, KindMaps, cut, parts_of
from settlement.rules.rulebook import build
from settlement.rules.selectors import Items, Kind

IN_CLASS_B = Items(classes=(2,))


def test_a_code_is_cut_to_the_longest_beginning() -> None:
    assert cut("1234", ("123", "12", "1")) == "123"
    assert cut("1234", ("2",)) == "" and cut("", ()) == ""


ITEMS: Block = {"class": "乙", "type": ["09", "1"], "code": ["XA", "XAB"], "disease": "M01"}


def test_a_kind_keeps_only_what_a_rule_asks() -> None:
    book = book_of(pays("hifp_pay", ("0", "80%")), pays("hifes_pay", ("0", "80%"), base="in_scope", items=ITEMS))
    asked = book.asks
    assert (asked.types, asked.codes, asked.line_diseases) == (("09", "1"), ("XAB", "XA"), ("M01",))
    assert asked.lines and not asked.any_disease
    assert asked.kind(2, "0901", True, "XABC", "M0123", True) == Kind(2, "09", True, "XAB", "M01", True)
    assert asked.kind(1, "02", False, "Y", "M02", False) == Kind(1)
    nothing = Asked(book_of(pays("hifp_pay", ("0", "80%"))).pools.values())
    assert nothing.kind(2, "0901", True, "XABC", "M0123", True) == Kind(2, stated=True) and not nothing.lines


def test_any_disease_is_kept_as_a_star() -> None:
    rule = {"scheme": "employee", "items": {"disease": True}, "ratio": "5%"}
    asked = book_of(
        pays("hifp_pay", ("0", "80%"), disease=["M2", "M21"], who={"psn_type": ["1", "11"]}), first_pay=[rule]
    ).asks
    assert asked.kind(2, "", False, "", "Z9", False) == Kind(2, disease="*")
    assert asked.kind(2, "", False, "", "", False) == Kind(2)
    assert (asked.diseases, asked.psn_types, asked.places) == (("M21", "M2"), ("11", "1"), ())


def test_parts_are_numbered_in_the_order_of_the_layers() -> None:
    book = book_of(
        pays("hifp_pay", ("0", "80%"), items={"class": "乙"}),
        pays("hifob_pay", ("0", "80%"), base="in_scope"),
        pays("hifes_pay", ("0", "80%"), base="in_scope", items={"class": ["甲", "乙"]}),
    )
    assert parts_of(book.pools["000000"].benefits) == (IN_CLASS_B, Items(classes=(1, 2)))
    assert [layer.get("part", 0) for layer in layers(book)] == [1, 0, 2]
    assert program(book)["parts_count"] == 2
    maps = book.builder.kind_maps
    assert [maps.number(kind) for kind in (Kind(1), Kind(2), Kind(3), Kind(2))] == [0, 1, 2, 1]
    assert maps.size == (1, 3)
    assert maps.table().tolist() == [[[2, -1], [1, -1], [0, -1]]]


def test_a_first_pay_ratio_is_that_of_the_nearest_area_for_class_b_lines_that_state_none() -> None:
    narrow = {"scheme": "employee", "items": {"negotiated": True}, "ratio": "5%"}
    wide = {"scheme": "employee", "items": {"class": "乙"}, "ratio": "20%"}
    pools = nation(pays("hifp_pay", ("0", "80%")), first_pay=[wide])
    pools["990100"]["first_pay"] = [{"from": DAY, "source": "text", "article": "1", **narrow}]
    book = build(pools, [])
    assert program(book)["kind_map"] == 0
    maps = book.builder.kind_maps
    kinds = [Kind(2), Kind(2, negotiated=True), Kind(2, stated=True), Kind(1, negotiated=True)]
    assert [maps.number(kind) for kind in kinds] == [0, 1, 2, 3]
    own = book.pools["990100"].first_pays[0], book.pools["000000"].first_pays[0]
    assert [maps.first_pay_of(0, n) for n in range(4)] == [own[1], own[0], None, None]
    assert maps.first_pay(-1, Kind(2)) is None
    assert maps.table().tolist() == [[[0, 2000], [0, 500], [0, -1], [0, -1]]]
    other = maps.row((IN_CLASS_B,), ())
    assert (other, maps.row((IN_CLASS_B,), ()), maps.row((), ())) == (1, 1, -1)
    assert maps.first_pay(other, Kind(2)) is None and maps.table()[1].tolist() == [[1, -1], [1, -1], [1, -1], [0, -1]]


def test_two_first_pay_ratios_of_one_area_for_one_line_are_refused() -> None:
    rule = {"scheme": "employee", "items": {"class": "乙"}, "ratio": "20%"}
    (one,) = book_of(pays("hifp_pay", ("0", "80%")), first_pay=[rule]).pools["000000"].first_pays
    two = one._replace(items=Items(negotiated=True), cite=one.cite._replace(line=77))
    maps = KindMaps()
    row = maps.row((), ((one, two),))
    assert maps.first_pay(row, Kind(2)) == one
    with pytest.raises(BadRules, match=f"{one.cite.file}:{one.cite.line} and {one.cite.file}:77 both apply"):
        maps.first_pay(row, Kind(2, negotiated=True))
