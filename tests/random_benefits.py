"""Random [[benefit]] blocks: every key of docs/pool-format.md, keys of one layer that exclude each other."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from random_words import (
    CARES,
    CHANGES,
    CHARGE_TYPES,
    GROUPS,
    ITEMS,
    LEVELS,
    START,
    Block,
    chance,
    money,
    one_or_list,
    parts_of,
    percentage,
    some,
    some_fen,
    yuan,
)

# Layers that a program may have: fund, possible orders (no two layers share one), possible bases.
LAYERS: dict[str, tuple[str, list[int], list[str]]] = {
    "early": ("oth_pay", [4, 5], ["in_scope"]),
    "drugs": ("hifp_pay", [8, 17], ["in_scope"]),
    "special": ("hifp_pay", [6, 18], ["in_scope"]),
    "materials": ("oth_pay", [9, 71], ["in_scope"]),
    "hifp_pay": ("hifp_pay", [10], ["in_scope"]),
    "second": ("hifp_pay", [14, 46], ["in_scope", "rest", "person_bears"]),
    "hifob_pay": ("hifob_pay", [20], ["rest", "rest", "person_bears"]),
    "hifmi_pay": ("hifmi_pay", [30], ["rest", "person_bears"]),
    "cvlserv_pay": ("cvlserv_pay", [40], ["person_bears", "in_scope"]),
    "hifes_pay": ("hifes_pay", [50, 13], ["person_bears", "rest"]),
    "maf_pay": ("maf_pay", [60, 12], ["person_bears", "in_scope", "rest"]),
    "oth_pay": ("oth_pay", [70], ["person_bears"]),
}
DEFAULT_ORDER = {name: orders[0] for name, (fund, orders, _) in LAYERS.items() if name == fund}
PLAIN = ("hifp_pay", "hifob_pay", "hifmi_pay", "cvlserv_pay", "oth_pay")  # they may leave their order to the default
OF_ITEMS = ("drugs", "special", "materials")
CONFIDENCE = ["official", "receipt", "secondary", "assumed"]
# Beginnings of diseases that exclude each other, for the blocks of one layer.
APART = [
    ["M016", "M005"],
    ["M01600", "M01603"],
    ["M0160", "M00500", "M03900"],
    ["M", "N"],
    [["M005", "M01603"], "M039"],
]


@dataclass(frozen=True)
class Grain:
    """How fine the rates of a world are, and how many layers a program may have.

    An exact fraction of a fen gets finer with every layer. The oracle does not mind; the product refuses a claim whose
    fractions it cannot hold (R07). So the finer a world, the shorter its programs; "free" goes over the edge on purpose.
    """

    depths: list[int]
    rates: list[str]
    points: list[str]
    factors: list[str]
    first_pays: list[str]
    few: bool = False
    layers: tuple[str, ...] = ()  # those that every world of the grain has


def percents(low: int, high: int, step: int = 1) -> list[str]:
    """Percentages from hundredths of a percent, such as 8525 → 85.25%."""
    return [(yuan(n) if n % 100 else str(n // 100)) + "%" for n in range(low, high + 1, step)]


ANY, WHOLE = percents(0, 10000), percents(0, 10000, 100)
TENS, HALVES = percents(0, 10000, 1000), percents(0, 10000, 5000)
EDGES = ["0%", "100%"] * 8
GRAINS = {
    "fine": Grain(
        [1, 2], percents(5000, 10000, 7) + EDGES * 4, ["0", "2.5", "20", "12.25"], TENS, percents(0, 4000, 13)
    ),
    "free": Grain([1, 2, 3, 5, 9], ANY + EDGES * 10, ["0", "2.55", "12.25"], ANY, percents(0, 4000, 13)),
    "whole": Grain([1, 2, 3], WHOLE + EDGES, ["0", "3", "20"], TENS, percents(0, 4000, 100)),
    "few": Grain([3, 4, 5], WHOLE + EDGES, ["0", "10"], ["0%", "50%", "100%"], ["0%", "10%", "20%"], few=True),
    "tens": Grain([3, 4, 5, 6], TENS, ["0", "10", "30"], HALVES, ["0%", "10%", "20%"]),
    "halves": Grain([5, 7, 9], HALVES, ["0", "50"], HALVES, HALVES),
    "items": Grain([4, 5], HALVES, ["0", "50"], HALVES, HALVES, layers=OF_ITEMS),
}


def selector(r: Random) -> Block:
    """Draw which fee lines a block is for."""
    wanted: Block = {
        "class": one_or_list(some(r, ["甲", "乙", "01", "02"])),
        "type": one_or_list(some(r, [*CHARGE_TYPES, "0", "1"])),
        "negotiated": chance(r, 50),
        "code": one_or_list(some(r, [*ITEMS, "ITEM"], 5)),
        "disease": True if chance(r, 40) else one_or_list(some(r, ["M016", "M01600", "M039", "M"])),
    }
    return {name: wanted[name] for name in some(r, list(wanted))}


def going_on(blocks: list[Block]) -> list[Block]:
    """The blocks of one scheme and care; a deductible may be left over only where another layer always comes before."""
    at = [block.get("order", DEFAULT_ORDER[block["fund"]]) for block in blocks]
    ended = {block.get("layer", block["fund"]) for block in blocks if "repealed" in block}
    dated = [(block["from"], block.get("layer", block["fund"]), order) for block, order in zip(blocks, at, strict=True)]
    always = [order for day, name, order in dated if day == START and name not in ended]
    for block, order in zip(blocks, at, strict=True):
        if block.get("deductible") == "left_over" and order <= min(always, default=order):
            block["deductible"] = "none"
    return blocks


class BenefitMaker:
    """Draws the benefit blocks of one world: which layers it has, how fine its rates are, how counters are named."""

    def __init__(self, r: Random, grain: str | None = None) -> None:
        self.r = r
        self.schemes = ["employee", "resident", *(["340"] if chance(r, 30) else [])]
        self.grain = g = GRAINS[grain or r.choice(list(GRAINS))]
        fixed = ["hifp_pay", *g.layers]
        more = r.sample([name for name in LAYERS if name not in fixed], r.choice(g.depths) - len(fixed))
        self.layers = [*fixed, *more]
        self.rates = {name: r.choices(g.rates, k=3) if g.few else g.rates for name in self.layers}
        self.confidence = "official"
        self.named: list[str] = []
        self.orders: dict[str, int] = {}

    def cited(self, block: Block, day: date) -> Block:
        """Put date and source to a block; now and then a note, and less confidence than the source has."""
        r, lower = self.r, CONFIDENCE[CONFIDENCE.index(self.confidence) + 1 :]
        more: Block = {"note": 'says "so"'} if chance(r, 5) else {}
        more |= {"confidence": r.choice(lower)} if lower and chance(r, 5) else {}
        return {"from": day, "source": "text", "article": f"第{r.randint(1, 40)}条", **more, **block}

    # One block

    def sum_or_levels(self, levels: list[str], most: int) -> Block:
        if chance(self.r, 30):
            return {"by_level": {level: money(some_fen(self.r, most)) for level in levels}}
        return {"amount": money(some_fen(self.r, most))}

    def rate(self, name: str, levels: list[str]) -> Any:
        rates = self.rates[name]
        return {level: self.r.choice(rates) for level in levels} if chance(self.r, 35) else self.r.choice(rates)

    def deductible(self, levels: list[str]) -> Any:
        r = self.r
        kind = r.choice(["none", "left_over", "visit", "year", "year", "quarter", "month", "admission", "admission"])
        if kind in ("none", "left_over"):
            return kind
        table: Block = {"per": kind, **self.sum_or_levels(levels, 6)}
        if kind in ("year", "quarter", "month"):
            suffix = "" if kind == "year" else f"_{kind}"
            table |= r.choice([{"counter": f"dedc_a{suffix}"}, {"counter": f"dedc_b{suffix}"}, {}])
        return table | self.admission() if kind == "admission" else table

    def admission(self) -> Block:
        r = self.r
        table: Block = r.choice([{"counter": "adm_a"}, {"counter": "adm_b"}, {}])
        later = r.randrange(4)
        if later == 1:
            table |= {"later": "-" + money(1 + some_fen(r, 5))}
            table |= {"floor": money(1 + some_fen(r, 5))} if chance(r, 60) else {}
        if later == 2:
            table |= {"later": percentage(r)}
        if later == 3:
            table |= {"later": [percentage(r) for _ in range(r.randint(1, 2))]}
        if chance(r, 30):
            table |= {"again_after_days": r.choice([1, 30, 90])}
        if chance(r, 30):
            table |= {"on_transfer": "difference"}
        return table | ({"year_limit": money(some_fen(r, 7))} if chance(r, 35) else {})

    def bands(self, name: str, levels: list[str]) -> Block:
        r = self.r
        bounds = sorted({0, *(some_fen(r) for _ in range(r.choice([0, 0, 1, 2, 3])))})
        part: Block = {"bands": [{"over": money(bound), "rate": self.rate(name, levels)} for bound in bounds]}
        if len(bounds) > 1 or chance(r, 30):
            part["measure"] = {"on": r.choice(["claim", "year"]), "from": r.choice(["zero", "deductible"])}
            if part["measure"]["on"] == "year":
                part["measure"]["counter"] = f"run_{part['measure']['from']}_{r.choice('ab')}"
        if chance(r, 60):
            part["retired"] = r.choice(
                [{"points": r.choice(self.grain.points)}, {"personal_share": r.choice(self.grain.factors)}]
            )
        return part

    def cap(self, levels: list[str], diseases: list[Any] | None) -> Any:
        """Draw a cap; with diseases it has one for each, and its block is one for each of them."""
        r = self.r
        if diseases is None and chance(r, 25):
            return "none"
        on = r.choice(["fund", "fund", "cost", "cost_above_deductible"])
        per = r.choice(["claim", "month", "quarter", "year"])
        table: Block = self.sum_or_levels(levels, 7)
        if diseases is not None:
            table = {"by_disease": {disease: money(some_fen(r, 7)) for disease in diseases}}
        if on != "fund" or chance(r, 30):
            table["on"] = on
        table["per"] = per
        if per != "claim":
            table["counter"] = f"{'sick' if diseases is not None else 'cap'}_{on}_{per}_{r.choice('ab')}"
        return table

    def layer(self, name: str, listed: list[str], diseases: list[Any] | None = None) -> Block:
        """Draw everything that a block of this layer says beside its key; tables by level have the listed levels."""
        r = self.r
        fund, _, bases = LAYERS[name]
        base = r.choice(bases)
        block: Block = {} if base == "in_scope" and fund == "hifp_pay" and chance(r, 70) else {"base": base}
        if name not in PLAIN or chance(r, 20):
            block["order"] = self.orders[name]
        if base == "person_bears":
            block |= {key: True for key in ("with_first_pay", "without_deductible") if chance(r, 50)}
        if base == "in_scope":
            block |= {"items": selector(r)} if name in OF_ITEMS or chance(r, 3) else {}
            block |= {"with_rest": True} if chance(r, 25) else {}
        if fund in ("maf_pay", "hifes_pay") and diseases is None and chance(r, 30):
            return {**block, "reported": True}
        whole = {"deductible": self.deductible(listed), **self.bands(name, listed)}
        return {**block, **whole, "cap": self.cap(listed, diseases)}

    # The blocks of one file

    def persons(self) -> list[Block]:
        """Draw disjoint selectors by level and person: the keys of one layer's blocks."""
        r = self.r
        others = [group for group in GROUPS if group != "retired"]
        age, flag = r.choice([14, 18, 60]), r.choice([True, False])
        whos: list[list[Block]] = [
            [{"group": "retired"}, {"group": others}],
            [{"age_under": age}, {"age_from": age, "age_under": 70}, {"age_from": 70}],
            [{"civil_servant": True}, {"civil_servant": False}],
            [{"assistance": flag}, {"assistance": not flag, "group": GROUPS[:3]}],
            [{"group": "working", "age_from": 45}, {"group": "working", "age_under": 45, "civil_servant": flag}],
            [{"psn_type": ["11", "1203"]}, {"psn_type": "1201"}, {"psn_type": ["13", "14", "15", "16"]}],
            [{"psn_type": "1"}],
            [{"family_doctor": flag}, {"family_doctor": not flag, "age_from": age}],
        ]
        who = r.choice(whos) if chance(r, 65) else [{}]
        levels = [LEVELS] if chance(r, 60) else parts_of(r, LEVELS)
        return [{"level": part, "who": each} for part in levels for each in who]

    def diseases(self, name: str) -> list[Block]:
        """Draw the diseases of one layer's blocks: mostly none; else apart, and mostly one without a disease beside."""
        r = self.r
        if chance(r, 65):
            return [{}]
        apart = r.choice(APART)
        found: list[Block] = [{"disease": one} for one in apart if chance(r, 80)]
        if chance(r, 40) and not any(isinstance(one, list) for one in apart):
            found = [{"by_disease": apart}]
        return [*found, {}] if chance(r, 90 if name == "hifp_pay" else 60) or not found else found

    def benefits(self, coverage: int) -> list[Block]:
        r, blocks = self.r, []
        self.orders = {name: r.choice(LAYERS[name][1]) for name in self.layers}
        for schemes in parts_of(r, self.schemes):
            for cares in parts_of(r, CARES):
                key = {"scheme": one_or_list(schemes), "care": one_or_list(cares)}
                if not chance(r, coverage):
                    continue
                chosen = [name for name in self.layers if chance(r, 97 if name == "hifp_pay" else 70)]
                blocks += going_on([block for name in chosen for block in self.variants(name, key)])
                blocks += self.uncovered(key)
        return blocks

    def uncovered(self, key: Block) -> list[Block]:
        """Now and then: nothing is paid for some of the claims; and now and then that ends."""
        r = self.r
        if not chance(r, 6):
            return []
        some: list[Block] = [
            {"who": {"group": "cadre"}},
            {"who": {"age_under": 18}},
            {"disease": "M039"},
            {"level": ["1"]},
        ]
        block = {**key, **r.choice([*some, {}, {}]), "covered": False}
        ended = [self.cited({**block, "repealed": True}, r.choice(CHANGES))] if chance(r, 20) else []
        return [self.cited(block, START), *ended]

    def variants(self, name: str, key: Block) -> list[Block]:
        """All dated blocks of one layer for some schemes and cares."""
        r, blocks = self.r, []
        fund, keys = LAYERS[name][0], self.persons()
        self.named.append(name)
        days = [[START], [START], [START, r.choice(CHANGES)], [START, *CHANGES[1:]], [CHANGES[0]]][r.randrange(5)]
        for part, disease in [(part, disease) for disease in self.diseases(name) for part in keys]:
            if len(keys) > 1 and chance(r, 2 if name == "hifp_pay" else 25):
                continue
            select: Block = {**key, "fund": fund, **({"layer": name} if name != fund else {})}
            select |= {"level": part["level"]} if len(part["level"]) < len(LEVELS) or chance(r, 10) else {}
            select |= {"who": part["who"]} if part["who"] else {}
            select |= {"disease": disease["disease"]} if "disease" in disease else {}
            listed = part["level"] if "level" in select or chance(r, 95) else LEVELS[:-1]
            each = disease.get("by_disease")
            blocks += [self.cited({**select, **self.layer(name, listed, each)}, day) for day in days]
            if chance(r, 3) and each is None:
                blocks.append(self.cited({**select, "repealed": True}, date(2025, 3, 1)))
        return r.sample(blocks, len(blocks))
