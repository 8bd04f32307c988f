"""Random pool files that use every key of docs/pool-format.md, from a seeded `random.Random`."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

Block = dict[str, Any]

LEVELS = ["community", "1", "2", "3", "provincial", "ungraded"]
GROUPS = ["working", "retired", "cadre", "minor", "adult", "elderly"]
CARES = ["inpatient", "outpatient", "emergency", "chronic", "pharmacy", "maternity"]
FILINGS = ["resident_there", "referred", "emergency", "unfiled"]
MED_TYPES = {
    "inpatient": ["21", "2101", "22"],
    "outpatient": ["11", "12", "1402"],
    "emergency": ["13"],
    "chronic": ["14", "1401", "19"],
    "pharmacy": ["41"],
    "maternity": ["51", "52"],
}
PSN_TYPES = {"11": "working", "12": "retired", "13": "cadre", "14": "minor", "15": "adult", "16": "elderly"}
PSN_TYPES["1203"] = "working"
HOSP_LVS = {"01": "3", "02": "3", "03": "2", "04": "1", "05": "ungraded", "06": "community", "07": "provincial"}
START = date(2023, 1, 1)
CHANGES = [date(2024, 4, 1), date(2024, 7, 16), date(2025, 1, 1)]

# Layers that a program may have: fund, possible orders (no two layers share one), possible bases.
LAYERS: dict[str, tuple[str, list[int], list[str]]] = {
    "early": ("oth_pay", [4, 5], ["in_scope"]),
    "hifp_pay": ("hifp_pay", [10], ["in_scope"]),
    "second": ("hifp_pay", [14, 46], ["in_scope", "rest", "person_bears"]),
    "hifob_pay": ("hifob_pay", [20], ["rest", "rest", "person_bears"]),
    "hifmi_pay": ("hifmi_pay", [30], ["rest", "person_bears"]),
    "cvlserv_pay": ("cvlserv_pay", [40], ["person_bears", "in_scope"]),
    "hifes_pay": ("hifes_pay", [50, 13], ["person_bears", "rest"]),
    "maf_pay": ("maf_pay", [60, 12], ["person_bears", "in_scope", "rest"]),
    "oth_pay": ("oth_pay", [70], ["person_bears"]),
}


def chance(r: Random, percent: int) -> bool:
    return r.randrange(100) < percent


def some_fen(r: Random, most: int = 7) -> int:
    """Draw whole fen of any size: from nothing to 10 ** most, often a round sum."""
    fen = r.randrange(10 ** r.randint(1, most))
    return fen if chance(r, 40) else fen // 1000 * 1000 or fen


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def money(fen: int) -> str:
    return f"{fen // 100} yuan" if fen % 100 == 0 else f"{yuan(fen)} yuan"


def number(r: Random, low: int, high: int) -> str:
    """Draw a number with at most two decimals, ends included."""
    kind = r.randrange(10)
    if kind < 6:
        return str(r.randint(low, high))
    return str(low) if kind == 6 else str(high) if kind == 7 else yuan(r.randint(low * 100, high * 100))


def percentage(r: Random, low: int = 0, high: int = 100) -> str:
    return number(r, low if chance(r, 20) else (low + high) // 2, high) + "%"


def parts_of(r: Random, items: list[Any]) -> list[list[Any]]:
    """Draw a partition of the items into one to three lists, each not empty."""
    mixed = r.sample(items, len(items))
    cuts = sorted(r.sample(range(1, len(items)), min(len(items) - 1, r.randrange(3))))
    return [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)]


def one_or_list(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def cited(r: Random, block: Block, day: date) -> Block:
    more = {"note": 'says "so"'} if chance(r, 5) else {}
    return {"from": day, "source": "text", "article": f"第{r.randint(1, 40)}条", **more, **block}


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
}


class PoolMaker:
    """Makes the files of one world: which counters exist, how periods run and which layers any file has named."""

    def __init__(self, r: Random, yearly: bool, grain: str | None = None) -> None:
        self.r, self.yearly = r, yearly
        self.schemes = ["employee", "resident", *(["340"] if chance(r, 30) else [])]
        self.grain = g = GRAINS[grain or r.choice(list(GRAINS))]
        self.layers = ["hifp_pay", *r.sample([name for name in LAYERS if name != "hifp_pay"], r.choice(g.depths) - 1)]
        self.rates = {name: r.choices(g.rates, k=3) if g.few else g.rates for name in self.layers}
        self.named: list[str] = []
        self.named_in: dict[str | None, list[str]] = {None: ["hifp_pay"]}

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
        kind = r.choice(["none", "visit", "year", "year", "admission", "admission"])
        if kind == "none":
            return "none"
        table: Block = {"per": kind, **self.sum_or_levels(levels, 6)}
        if kind == "year":
            table |= r.choice([{"counter": "dedc_a"}, {"counter": "dedc_b"}, {}])
        if kind == "admission":
            table |= r.choice([{"counter": "adm_a"}, {"counter": "adm_b"}, {}])
            later = r.randrange(4)
            if later == 1:
                table["later"] = "-" + money(1 + some_fen(r, 5))
                table |= {"floor": money(1 + some_fen(r, 5))} if chance(r, 60) else {}
            if later == 2:
                table["later"] = percentage(r)
            if later == 3:
                table["later"] = [percentage(r) for _ in range(r.randint(1, 2))]
            if chance(r, 30):
                table["again_after_days"] = r.choice([1, 30, 90])
            if chance(r, 30):
                table["on_transfer"] = "difference"
        return table

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

    def cap(self, levels: list[str]) -> Any:
        r = self.r
        if chance(r, 25):
            return "none"
        on = r.choice(["fund", "fund", "cost", "cost_above_deductible"])
        per = r.choice(["claim", "month", "quarter", "year"])
        per = "year" if self.yearly and per in ("month", "quarter") else per
        table: Block = self.sum_or_levels(levels, 7)
        if on != "fund" or chance(r, 30):
            table["on"] = on
        table["per"] = per
        if per != "claim":
            table["counter"] = f"cap_{on}_{per}_{r.choice('ab')}"
        return table

    def layer(self, name: str, listed: list[str]) -> Block:
        """Draw everything that a block of this layer says beside its key; tables by level have the listed levels."""
        r = self.r
        fund, orders, bases = LAYERS[name]
        base = r.choice(bases)
        block: Block = {} if name == "hifp_pay" and chance(r, 70) else {"base": base}
        if name not in ("hifp_pay", "hifob_pay", "hifmi_pay", "cvlserv_pay", "oth_pay") or chance(r, 20):
            block["order"] = r.choice(orders)
        if base == "person_bears":
            block |= {key: True for key in ("with_first_pay", "without_deductible") if chance(r, 50)}
        if fund in ("maf_pay", "hifes_pay") and chance(r, 30):
            return {**block, "reported": True}
        return {**block, "deductible": self.deductible(listed), **self.bands(name, listed), "cap": self.cap(listed)}

    # The blocks of one file

    def persons(self) -> list[Block]:
        """Draw disjoint selectors by level and person: the keys of one layer's blocks."""
        r = self.r
        others = [group for group in GROUPS if group != "retired"]
        age, flag = r.choice([14, 18, 60]), r.choice([True, False])
        whos: list[list[Block]] = [
            [{}],
            [{"group": "retired"}, {"group": others}],
            [{"age_under": age}, {"age_from": age, "age_under": 70}, {"age_from": 70}],
            [{"civil_servant": True}, {"civil_servant": False}],
            [{"assistance": flag}, {"assistance": not flag, "group": GROUPS[:3]}],
            [{"group": "working", "age_from": 45}, {"group": "working", "age_under": 45, "civil_servant": flag}],
        ]
        chosen = r.choice([whos[0], whos[0], whos[0], *whos[1:]])
        levels = [LEVELS] if chance(r, 60) else parts_of(r, LEVELS)
        return [{"level": part, "who": who} for part in levels for who in chosen]

    def benefits(self, coverage: int) -> list[Block]:
        r, blocks = self.r, []
        for schemes in parts_of(r, self.schemes):
            for cares in parts_of(r, CARES):
                key = {"scheme": one_or_list(schemes), "care": one_or_list(cares)}
                if not chance(r, coverage):
                    continue
                for name in self.layers:
                    if chance(r, 97 if name == "hifp_pay" else 70):
                        blocks += self.variants(name, key)
                if chance(r, 5):
                    who = r.choice([{"who": {"group": "cadre"}}, {"who": {"age_under": 18}}, {"level": ["1"]}, {}])
                    blocks.append(cited(r, {**key, **who, "covered": False}, START))
        return blocks

    def variants(self, name: str, key: Block) -> list[Block]:
        """All dated blocks of one layer for some schemes and cares."""
        r, blocks = self.r, []
        fund, keys = LAYERS[name][0], self.persons()
        self.named.append(name)
        days = [[START], [START], [START, r.choice(CHANGES)], [START, *CHANGES[1:]], [CHANGES[0]]][r.randrange(5)]
        for part in keys:
            if len(keys) > 1 and chance(r, 2 if name == "hifp_pay" else 25):
                continue
            select: Block = {**key, "fund": fund, **({"layer": name} if name != fund else {})}
            select |= {"level": part["level"]} if len(part["level"]) < len(LEVELS) or chance(r, 10) else {}
            select |= {"who": part["who"]} if part["who"] else {}
            listed = part["level"] if "level" in select or chance(r, 95) else LEVELS[:-1]
            blocks += [cited(r, {**select, **self.layer(name, listed)}, day) for day in days]
            if chance(r, 3):
                blocks.append(cited(r, {**select, "repealed": True}, date(2025, 3, 1)))
        return r.sample(blocks, len(blocks))

    def elsewhere(self, keep: int) -> list[Block]:
        r, blocks = self.r, []
        scheme_parts = [{}] if chance(r, 60) else [{"scheme": one_or_list(part)} for part in parts_of(r, self.schemes)]
        for scheme in scheme_parts:
            for care in [{}] if chance(r, 60) else [{"care": one_or_list(part)} for part in parts_of(r, CARES)]:
                for filings in parts_of(r, FILINGS):
                    for where in [{}] if chance(r, 50) else [{"where": "in_province"}, {"where": "cross_province"}]:
                        key = {**scheme, **care, "filing": one_or_list(filings), **where}
                        days = [START, *([r.choice(CHANGES)] if chance(r, 20) else [])] if chance(r, keep) else []
                        blocks += [cited(r, {**key, **self.filing_rule()}, day) for day in days]
        return blocks

    def filing_rule(self) -> Block:
        r = self.r
        rule: Block = {"mode": r.choice(["none", "points", "multiply", "first_pay"])}
        if rule["mode"] == "points":
            rule["amount"] = r.choice(self.grain.points)
        elif rule["mode"] != "none":
            rule["amount"] = r.choice(self.grain.factors if rule["mode"] == "multiply" else self.grain.first_pays)
        if chance(r, 40):
            sums = {"plus": money(some_fen(r, 5)), "is": money(some_fen(r, 6)), "times": number(r, 50, 300) + "%"}
            change = r.choice(sorted(sums))
            rule["deductible"] = {change: sums[change]}
        if chance(r, 50):
            rule["layers"] = sorted(r.sample(sorted(set(self.named)), min(2, len(set(self.named)))))
        return rule

    def accounts(self) -> list[Block]:
        r = self.r
        whole = ["own_pay", "over_limit", "first_pay", "in_scope"]
        schemes = [{}] if chance(r, 60) else [{"scheme": one_or_list(part)} for part in parts_of(r, self.schemes)]
        blocks = []
        for scheme in schemes:
            table = {"covers": r.sample(whole, r.randint(1, 4)), "shared": r.choice(["beside", "inside"])}
            blocks.append(cited(r, {**scheme, **table}, START))
        return blocks

    # The files

    def pool(self, code: str, inherits: str | None, coverage: int) -> Block:
        r = self.r
        head: Block = {"code": code, "name": f"示例{code}", **({"inherits": inherits} if inherits else {})}
        head["benefit_year"] = "calendar" if self.yearly else r.choice(["calendar", "07-01", "03-15"])
        head["rounding"] = {"at": r.choice(["claim", "line"]), "rounds": r.choice(["in_scope", "first_pay"])}
        source = {"title": "示例办法", "issued": date(2022, 12, 1), "confidence": "assumed"}
        self.named = list(self.named_in[inherits])
        pool: Block = {"pool": head, "source": {"text": source}, "benefit": self.benefits(coverage)}
        self.named_in[code] = self.named
        if chance(r, 100 if inherits is None else 50):
            pool["elsewhere"] = self.elsewhere(97 if inherits is None else 50)
        if chance(r, 100 if inherits is None else 30):
            pool["account"] = self.accounts()
        if inherits is None:
            pool |= national_codes(r)
        elif chance(r, 5):
            own = r.choice([{"med_type": "14", "is": "outpatient"}, {"med_type": "1", "is": "emergency"}])
            pool["care"] = [cited(r, own, r.choice(CHANGES))]
        return {name: part for name, part in pool.items() if part}

    def pools(self) -> dict[str, Block]:
        """A nation, a province and one to three cities; now and then a city that inherits nothing."""
        r = self.r
        files = {"000000": self.pool("000000", None, 98), "990000": self.pool("990000", "000000", 30)}
        for code in r.sample(["990100", "990200", "310000", "220400", "999900"], r.randint(1, 3)):
            above = "990000" if code.startswith("99") else "000000"
            files[code] = self.pool(code, None if chance(r, 4) else above, 70)
        return files


def national_codes(r: Random) -> dict[str, list[Block]]:
    """The [[care]], [[level]] and [[group]] tables; one code changes its care in the middle."""
    beginnings = {"2": "inpatient", "1": "outpatient", "13": "emergency", "14": "chronic", "41": "pharmacy"}
    cares: list[Block] = [{"med_type": code, "is": care} for code, care in beginnings.items()]
    cares += [{"med_type": "1402", "is": "outpatient"}, {"med_type": ["51", "52"], "is": "maternity"}]
    cares.append({"med_type": "19", "is": "chronic"})
    levels = [{"hosp_lv": code, "is": level} for code, level in HOSP_LVS.items()]
    groups = [{"psn_type": code, "is": group} for code, group in PSN_TYPES.items()]
    return {
        "care": [cited(r, block, CHANGES[1] if block["med_type"] == "19" else START) for block in cares],
        "level": [cited(r, block, START) for block in levels],
        "group": [cited(r, block, START) for block in groups],
    }


def random_catalogue(r: Random, areas: list[str]) -> list[Block]:
    """Rows of eight items: all in the nation, some again nearer or later."""
    rows = []
    for item in (f"ITEM{n}" for n in range(8)):
        places = [("000000", START), *((r.choice(areas), START + timedelta(r.randrange(1000))) for _ in range(3))]
        for area, day in dict.fromkeys(places):
            level = r.choice(["01", "02", "02", "03"])
            row = {"area": area, "med_list_codg": item, "from": day.isoformat(), **item_terms(r, level)}
            rows.append(row)
    return rows


def item_terms(r: Random, level: str) -> Block:
    """Draw a class with its first-pay ratio and price limit, as decimal text."""
    ratio = {"01": "0.0000", "02": r.choice(["0.1000", "0.0500", "0.2000", "0.3333", "1.0000"]), "03": "1.0000"}[level]
    limit = "999999" if chance(r, 60) else f"{r.randrange(400)}.{r.choice(['000000', '500000', '333333', '005000'])}"
    return {"chrgitm_lv": level, "selfpay_prop": ratio, "pric_uplmt_amt": limit}
