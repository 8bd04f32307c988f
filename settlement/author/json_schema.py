"""The form of a pool file as JSON Schema (draft 2020-12), for editors that check TOML while it is typed.

It says what docs/pool-format.md says about form; what can only be seen across blocks (overlaps, counters, sources)
is left to ``settlement rules check``. A TOML date arrives in such an editor as text, so a date is a string here.
"""

from __future__ import annotations

from typing import Any

from settlement import codes
from settlement.author import keys
from settlement.author.keys import Keys

Schema = dict[str, Any]

AMOUNT = r"^[0-9]+(\.[0-9]{1,2})? yuan$"
LESS = r"^-[0-9]+(\.[0-9]{1,2})? yuan$"
PERCENT = r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)%$"
ANY_PERCENT = r"^[0-9]+(\.[0-9]{1,2})?%$"
POINTS = r"^[0-9]+(\.[0-9]{1,2})?( points)?$"
SPAN = r"^[0-9]{1,4} (month|day)s?$"

DEFINED: Schema = {
    "text": {"type": "string", "minLength": 1},
    "scheme_word": {"type": "string", "pattern": r"^(employee|resident|(?!310$|390$)[0-9]{3,6})$"},
    "flag": {"type": "boolean"},
    "number": {"type": "integer", "minimum": 0},
    "date": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "division": {"type": "string", "pattern": "^[0-9]{6}$"},
    "division_part": {"type": "string", "pattern": "^[0-9]{2,6}$"},
    "amount": {"type": "string", "pattern": AMOUNT},
    "percent": {"type": "string", "pattern": PERCENT},
    "any_percent": {"type": "string", "pattern": ANY_PERCENT},
    "points": {"type": "string", "pattern": POINTS},
    "span": {"type": "string", "pattern": SPAN},
    "care_word": {"enum": list(codes.CARES)},
    "level_word": {"enum": [*codes.LEVELS, 1, 2, 3]},
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _enum(*words: str) -> Schema:
    return {"enum": list(words)}


def _some(one: Schema) -> Schema:
    """One value, or a list of them that is not empty."""
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _by_level(figure: str) -> Schema:
    return {"type": "object", "properties": {level: _ref(figure) for level in codes.LEVELS}} | {
        "additionalProperties": False,
        "minProperties": 1,
    }


def _table(said: Keys, shapes: dict[str, Schema], required: tuple[str, ...] = (), **more: Any) -> Schema:
    """A table with exactly these keys; ``said`` and ``shapes`` must name the same ones."""
    if said.keys() != shapes.keys():
        raise KeyError(f"described and shaped keys differ: {sorted(said.keys() ^ shapes.keys())}")
    properties = {key: {"description": f"{said[key].zh} / {said[key].en}", **shape} for key, shape in shapes.items()}
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": list(required)} if required else {}) | more


def _when(key: str, value: Any, then: Schema) -> Schema:
    return {"if": {"properties": {key: {"enum": [value]}}, "required": [key]}, "then": then}


def _without(*names: str) -> Schema:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


def _needs(*names: str) -> Schema:
    return {"required": list(names)}


SCOPE: dict[str, Schema] = {
    "scheme": _some(_ref("scheme_word")),
    "care": _some(_ref("care_word")),
    "psn_type": _some(_ref("text")),
}
EITHER = {"oneOf": [_needs("amount"), _needs("by_level")]}


def _who() -> Schema:
    flags = dict.fromkeys(("civil_servant", "assistance", "family_doctor"), _ref("flag"))
    shapes = {"group": _some(_enum(*codes.GROUPS)), "psn_type": SCOPE["psn_type"]}
    return _table(keys.WHO, {**shapes, "age_from": _ref("number"), "age_under": _ref("number"), **flags})


def _items() -> Schema:
    texts = _some(_ref("text"))
    shapes = {"class": _some(_enum("甲", "乙", "01", "02")), "type": texts, "negotiated": _ref("flag"), "code": texts}
    return _table(keys.ITEMS, {**shapes, "disease": {"anyOf": [{"enum": [True]}, texts]}}, minProperties=1)


def _deductible() -> Schema:
    periods = ("year", "quarter", "month")
    only_admission = ("later", "floor", "again_after_days", "on_transfer", "year_limit")
    percents = {"type": "array", "items": _ref("percent"), "minItems": 1, "maxItems": 2}
    shapes: dict[str, Schema] = {
        "per": _enum(*periods, "admission", "visit"),
        "amount": _ref("amount"),
        "by_level": _by_level("amount"),
        "counter": _ref("text"),
        "later": {"anyOf": [{"type": "string", "pattern": LESS}, _ref("percent"), percents]},
        "floor": _ref("amount"),
        "again_after_days": _ref("number"),
        "on_transfer": _enum("difference"),
        "year_limit": _ref("amount"),
    }
    rules = [_when("per", period, _without(*only_admission)) for period in periods]
    rules += [_when("per", "visit", _without("counter", *only_admission)), EITHER]
    table = _table(keys.DEDUCTIBLE, shapes, ("per",), allOf=rules)
    return {"anyOf": [_enum("none", "left_over"), table]}


def _bands() -> Schema:
    shapes = {"over": _ref("amount"), "rate": {"anyOf": [_ref("percent"), _by_level("percent")]}}
    return {"type": "array", "minItems": 1, "items": _table(keys.BAND, shapes, ("over", "rate"))}


def _measure() -> Schema:
    shapes = {"on": _enum("claim", "year"), "from": _enum("zero", "deductible"), "counter": _ref("text")}
    rules = [_when("on", "claim", _without("counter")), _when("on", "year", _needs("counter"))]
    return _table(keys.MEASURE, shapes, ("on", "from"), allOf=rules)


def _cap() -> Schema:
    shapes: dict[str, Schema] = {
        "on": _enum("fund", "cost", "cost_above_deductible"),
        "per": _enum("claim", "month", "quarter", "year"),
        "amount": _ref("amount"),
        "by_level": _by_level("amount"),
        "by_disease": {"type": "object", "additionalProperties": _ref("amount"), "minProperties": 1},
        "counter": _ref("text"),
    }
    kinds = {"oneOf": [_needs("amount"), _needs("by_level"), _needs("by_disease")]}
    rules = [_when("per", "claim", _without("counter")), {"anyOf": [_needs("counter"), _only("per", "claim")]}, kinds]
    return {"anyOf": [_enum("none"), _table(keys.CAP, shapes, ("per",), allOf=rules)]}


def _only(key: str, value: Any) -> Schema:
    return {"properties": {key: {"enum": [value]}}, "required": [key]}


def _benefit() -> Schema:
    retired = {"points": _ref("points"), "personal_share": _ref("percent")}
    shapes: dict[str, Schema] = {
        "scheme": SCOPE["scheme"],
        "care": SCOPE["care"],
        "level": _some(_ref("level_word")),
        "who": _who(),
        "disease": _some(_ref("text")),
        "covered": _ref("flag"),
        "fund": _enum(*codes.FUND_ORDER),
        "layer": _ref("text"),
        "order": _ref("number"),
        "base": _enum("in_scope", "rest", "person_bears"),
        **dict.fromkeys(("with_first_pay", "without_deductible"), _ref("flag")),
        "items": _items(),
        **dict.fromkeys(("with_rest", "reported"), _ref("flag")),
        "deductible": _deductible(),
        "bands": _bands(),
        "measure": _measure(),
        "retired": _table(keys.RETIRED, retired, minProperties=1, maxProperties=1),
        "cap": _cap(),
    }
    pays = ("order", "base", "with_first_pay", "without_deductible", "items", "with_rest", "reported")
    figures = ("deductible", "bands", "measure", "retired", "cap")
    plain: Schema = {"not": {"anyOf": [_only("covered", False), _only("repealed", True)]}}
    rules: list[Schema] = [
        _when("covered", False, _without("fund", "layer", *pays, *figures)),
        {"anyOf": [_only("covered", False), _needs("fund")]},
        {"if": plain, "then": {"anyOf": [_needs("deductible", "bands", "cap"), _only("reported", True)]}},
        {"if": plain, "then": {"anyOf": [_needs("base"), _only("fund", "hifp_pay")]}},
        _when("repealed", True, _without(*(name for name in pays if name != "order"), *figures)),
        {"if": _more_bands(), "then": _needs("measure")},
    ]
    return _dated("benefit", shapes, ("scheme", "care"), rules)


def _more_bands() -> Schema:
    return {"properties": {"bands": {"type": "array", "minItems": 2}}, "required": ["bands"]}


def _elsewhere() -> Schema:
    change = {"times": _ref("any_percent"), "plus": _ref("amount"), "is": _ref("amount")}
    shapes: dict[str, Schema] = {
        "scheme": SCOPE["scheme"],
        "care": SCOPE["care"],
        "where": _some(_enum(*codes.RELATIONS[1:])),
        "filing": _some(_enum(*codes.FILINGS)),
        "places": _some(_ref("division_part")),
        "mode": _enum("none", "points", "multiply", "first_pay"),
        "amount": {"type": "string"},
        "deductible": _table(keys.CHANGE, change),
        "layers": _some(_ref("text")),
    }
    rules = [
        _when("mode", mode, {"properties": {"amount": _ref(kind)}, "required": ["amount"]})
        for mode, kind in (("points", "points"), ("multiply", "percent"), ("first_pay", "percent"))
    ]
    return _dated("elsewhere", shapes, ("filing",), [_unless_repealed("mode"), *rules])


def _standing(kind: str, length: str) -> Schema:
    return _dated(kind, {**SCOPE, length: _ref("span")}, rules=[_unless_repealed(length)])


def _unless_repealed(*names: str) -> Schema:
    return {"anyOf": [_only("repealed", True), _needs(*names)]}


def _dated(
    kind: str, shapes: dict[str, Schema], need: tuple[str, ...] = (), rules: list[Schema] | None = None
) -> Schema:
    """A list of ``[[kind]]`` blocks: its own keys and those that every block has."""
    common: dict[str, Schema] = {
        "from": _ref("date"),
        "source": _ref("text"),
        "article": _ref("text"),
        "confidence": _enum(*codes.CONFIDENCES),
        "note": _ref("text"),
    }
    common |= {"repealed": _ref("flag")} if kind in REPEALABLE else {}
    said = {**keys.BLOCKS[kind], **{key: keys.BLOCK[key] for key in common}}
    given = {**{key: shapes[key] for key in keys.BLOCKS[kind]}, **common}
    more = {"allOf": rules} if rules else {}
    block = _table(said, given, (*need, "from", "source", "article"), **more)
    name = keys.BLOCK_NAMES[kind]
    return {"type": "array", "description": f"{name.zh} / {name.en}", "items": block}


REPEALABLE = ("benefit", "elsewhere", "first_pay", "filing", "waiting", "suspension", "stay")


def _blocks() -> dict[str, Schema]:
    texts, where = _some(_ref("text")), _some(_enum(*codes.RELATIONS))
    filing = {
        "scheme": SCOPE["scheme"],
        "where": _some(_enum(*codes.RELATIONS[1:])),
        "filing": _some(_enum(*codes.FILINGS)),
        "emergency": _ref("flag"),
        "filed": _some(_enum(*codes.FILED)),
        "is": _enum(*codes.FILINGS, codes.MANUAL),
    }
    first = {
        "scheme": SCOPE["scheme"],
        "care": SCOPE["care"],
        "where": where,
        "items": _items(),
        "ratio": _ref("percent"),
    }
    stay = {"cross_year": _enum("whole", "by_days"), "deductible": _enum("once", "each_year")}
    days = [_when("cross_year", "by_days", _needs("deductible")), _when("cross_year", "whole", _without("deductible"))]
    covers = _some(_enum("own_pay", "over_limit", "first_pay", "in_scope"))
    account = {"scheme": SCOPE["scheme"], "covers": covers, "shared": _enum("beside", "inside")}
    return {
        "benefit": _benefit(),
        "elsewhere": _elsewhere(),
        "first_pay": _dated("first_pay", first, ("items",), [_unless_repealed("ratio")]),
        "filing": _dated("filing", filing, ("filing",), [_unless_repealed("is")]),
        "waiting": _standing("waiting", "wait"),
        "suspension": _standing("suspension", "grace"),
        "stay": _dated("stay", {**SCOPE, **stay}, rules=[_unless_repealed("cross_year"), *days]),
        "care": _dated("care", {"med_type": texts, "is": _ref("care_word")}, ("med_type", "is")),
        "level": _dated("level", {"hosp_lv": texts, "is": _enum(*codes.LEVELS)}, ("hosp_lv", "is")),
        "group": _dated("group", {"psn_type": texts, "is": _enum(*codes.GROUPS)}, ("psn_type", "is")),
        "account": _dated("account", account, ("covers",)),
    }


def pool_schema() -> Schema:
    """Return the JSON Schema of a pool file, draft 2020-12."""
    rounding = {"at": _enum("claim", "line"), "rounds": _enum("in_scope", "first_pay")}
    year = {"type": "string", "pattern": r"^(calendar|(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))$"}
    pool: dict[str, Schema] = {
        "code": _ref("division"),
        "name": _ref("text"),
        "inherits": _ref("division"),
        "benefit_year": year,
        "scheme_years": {"type": "object", "additionalProperties": year},
        "rounding": _table(keys.ROUNDING, rounding, ("at", "rounds")),
        "refunds": _enum("any_order", "last_first"),
        "local_places": _some(_ref("division_part")),
    }
    source: dict[str, Schema] = {
        **dict.fromkeys(("title", "number"), _ref("text")),
        "issued": _ref("date"),
        "url": _ref("text"),
        "confidence": _enum(*codes.CONFIDENCES),
        "note": _ref("text"),
    }
    sources = {"type": "object", "additionalProperties": _table(keys.SOURCE, source, ("title", "confidence"))}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "统筹区规则文件 / pool file",
        "description": "说明见 docs/pool-format.md / explained in docs/pool-format.md",
        "type": "object",
        "properties": {"pool": _table(keys.POOL, pool, ("code", "name")), "source": sources, **_blocks()},
        "required": ["pool"],
        "additionalProperties": False,
        "$defs": DEFINED,
    }
