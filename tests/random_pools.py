"""Random pool files that use every key of docs/pool-format.md, from a seeded `random.Random`."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from random import Random

from random_benefits import CONFIDENCE, BenefitMaker, selector
from random_words import (
    CARES,
    CHANGES,
    CHARGE_TYPES,
    FILINGS,
    HOSP_LVS,
    ITEMS,
    PSN_TYPES,
    START,
    WHERES,
    Block,
    chance,
    item_terms,
    money,
    number,
    one_or_list,
    parts_of,
    percentage,
    some,
    some_fen,
)

YEARS = ["calendar", "07-01", "03-15", "12-28"]
SPANS = ["2 months", "6 months", "18 months", "30 days", "90 days"]
FILED = ["before_admission", "before_discharge", "after_discharge", "unknown"]


class PoolMaker(BenefitMaker):
    """Makes the files of one world: how periods run, which tables each file has and which layers any file has named."""

    def __init__(self, r: Random, grain: str | None = None) -> None:
        super().__init__(r, grain)
        self.named_in: dict[str | None, list[str]] = {None: ["hifp_pay"]}

    def keyed(self, keys: list[Block], keep: int, rule: Callable[[], Block]) -> list[Block]:
        """Blocks of one table, given keys that exclude each other: some left out, some with a later one or repealed."""
        r, blocks = self.r, []
        for key in keys:
            days = [START, *([r.choice(CHANGES)] if chance(r, 20) else [])] if chance(r, keep) else []
            blocks += [self.cited({**key, **rule()}, day) for day in days]
            if days and chance(r, 5):
                blocks.append(self.cited({**key, "repealed": True}, date(2025, 3, 1)))
        return blocks

    def by_scheme(self) -> list[Block]:
        return (
            [{}] if chance(self.r, 60) else [{"scheme": one_or_list(part)} for part in parts_of(self.r, self.schemes)]
        )

    def by_care(self) -> list[Block]:
        return [{}] if chance(self.r, 60) else [{"care": one_or_list(part)} for part in parts_of(self.r, CARES)]

    def by_person(self) -> list[Block]:
        types = [*PSN_TYPES][:6]
        return [{}] if chance(self.r, 50) else [{"psn_type": one_or_list(part)} for part in parts_of(self.r, types)]

    def crossed(self, *dimensions: list[Block]) -> list[Block]:
        """Every combination of one key of each dimension."""
        return [{name: value for part in parts for name, value in part.items()} for parts in product(*dimensions)]

    # Tables

    def elsewhere(self, keep: int) -> list[Block]:
        r = self.r
        filings = [{"filing": one_or_list(part)} for part in parts_of(r, FILINGS)]
        where: list[Block] = [{}] if chance(r, 50) else [{"where": word} for word in WHERES]
        places: list[list[Block]] = [[{"places": ["9902", "98"]}, {}], [{"places": ["1101"]}, {"places": ["99"]}], [{}]]
        keys = self.crossed(self.by_scheme(), self.by_care(), filings, where, r.choice([*places, [{}], [{}]]))
        return self.keyed(keys, keep, self.reduction)

    def reduction(self) -> Block:
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

    def first_pays(self) -> list[Block]:
        """Ratios for items: in one area no line is selected twice."""
        r = self.r
        apart: list[list[Block]] = [
            [selector(r)],
            [{"negotiated": True}, {"negotiated": False, "class": "乙"}],
            [{"type": kind} for kind in CHARGE_TYPES if kind != "0901"],
            [{"code": code, **({"negotiated": chance(r, 50)} if chance(r, 30) else {})} for code in ITEMS],
            [{"disease": "M016"}, {"disease": ["M005", "M039"], "class": ["乙", "01"]}],
        ]
        where: list[Block] = [{}] if chance(r, 50) else [{"where": word} for word in ["local", *WHERES]]
        items = [{"items": one} for one in r.choice(apart)]
        return self.keyed(
            self.crossed(self.by_scheme(), self.by_care(), where, items),
            70,
            lambda: {"ratio": r.choice(["0%", "100%", "5%", percentage(r)])},
        )

    def filings(self) -> list[Block]:
        r = self.r
        emergency: list[Block] = [{"emergency": True}, {"emergency": False}]
        dimensions = [emergency, [{"filed": one_or_list(part)} for part in parts_of(r, FILED)]]
        dimensions += [[{"where": word} for word in WHERES], self.by_scheme()]
        stated = [{"filing": one_or_list(part)} for part in parts_of(r, FILINGS)]
        return self.keyed(
            self.crossed(stated, *r.sample(dimensions, r.choice([0, 1, 1, 2]))),
            60,
            lambda: {"is": r.choice([*FILINGS, *FILINGS, "manual"])},
        )

    def spans(self, name: str, keep: int) -> list[Block]:
        keys = self.crossed(self.by_scheme(), self.by_person(), self.by_care())
        return self.keyed(keys, keep, lambda: {name: self.r.choice(SPANS)})

    def stays(self) -> list[Block]:
        r = self.r

        def rule() -> Block:
            if chance(r, 15):
                return {"cross_year": "whole"}
            return {"cross_year": "by_days", "deductible": r.choice(["once", "each_year"])}

        return self.keyed(self.crossed(self.by_scheme(), self.by_care()), 85, rule)

    def accounts(self) -> list[Block]:
        r = self.r
        whole = ["own_pay", "over_limit", "first_pay", "in_scope"]
        tables = [
            {**scheme, "covers": r.sample(whole, r.randint(1, 4)), "shared": r.choice(["beside", "inside"])}
            for scheme in self.by_scheme()
        ]
        return [self.cited(table, START) for table in tables]

    # The files

    def head(self, code: str, inherits: str | None) -> Block:
        r = self.r
        head: Block = {"code": code, "name": f"示例{code}", **({"inherits": inherits} if inherits else {})}
        head["benefit_year"] = r.choice(YEARS)
        if chance(r, 15):
            head["scheme_years"] = {scheme: r.choice(YEARS) for scheme in some(r, self.schemes)}
        head["rounding"] = {"at": r.choice(["claim", "line"]), "rounds": r.choice(["in_scope", "first_pay"])}
        head |= {"refunds": r.choice(["any_order", "last_first"])} if chance(r, 50) else {}
        if chance(r, 30):
            head["local_places"] = r.choice([["9902"], ["99"], ["980101", "110105"], [code[:4], "9903"]])
        return head

    def sources(self) -> Block:
        r = self.r
        self.confidence = r.choice(CONFIDENCE)
        source: Block = {"title": "示例办法", "confidence": self.confidence}
        more = {
            "number": "示医保发〔2022〕1号",
            "issued": date(2022, 12, 1),
            "note": "抄录",
            "url": "https://example.org/1",
        }
        return {"text": source | {name: value for name, value in more.items() if chance(r, 40)}}

    def pool(self, code: str, inherits: str | None, coverage: int) -> Block:
        r = self.r
        pool: Block = {"pool": self.head(code, inherits), "source": self.sources()}
        self.named = list(self.named_in[inherits])
        pool["benefit"] = self.benefits(coverage)
        self.named_in[code] = self.named
        if chance(r, 100 if inherits is None else 50):
            pool["elsewhere"] = self.elsewhere(97 if inherits is None else 50)
        if chance(r, 100 if inherits is None else 30):
            pool["account"] = self.accounts()
        tables: dict[str, tuple[int, Callable[[], list[Block]]]] = {
            "first_pay": (30, self.first_pays),
            "filing": (35, self.filings),
            "waiting": (12, lambda: self.spans("wait", 50)),
            "suspension": (20, lambda: self.spans("grace", 80)),
            "stay": (70 if inherits is None else 30, self.stays),
        }
        pool |= {name: make() for name, (often, make) in tables.items() if chance(r, often)}
        if inherits is None:
            pool |= self.national_codes()
        elif chance(r, 5):
            own = r.choice([{"med_type": "14", "is": "outpatient"}, {"med_type": "1", "is": "emergency"}])
            pool["care"] = [self.cited(own, r.choice(CHANGES))]
        return {name: part for name, part in pool.items() if part}

    def pools(self) -> dict[str, Block]:
        """A nation, a province and one to three cities; now and then a city that inherits nothing."""
        r = self.r
        files = {"000000": self.pool("000000", None, 98), "990000": self.pool("990000", "000000", 30)}
        for code in r.sample(["990100", "990200", "310000", "220400", "999900"], r.randint(1, 3)):
            above = "990000" if code.startswith("99") else "000000"
            files[code] = self.pool(code, None if chance(r, 4) else above, 70)
        return files

    def national_codes(self) -> dict[str, list[Block]]:
        """The [[care]], [[level]] and [[group]] tables; one code changes its care in the middle."""
        beginnings = {"2": "inpatient", "1": "outpatient", "13": "emergency", "14": "chronic", "41": "pharmacy"}
        cares: list[Block] = [{"med_type": code, "is": care} for code, care in beginnings.items()]
        cares += [{"med_type": "1402", "is": "outpatient"}, {"med_type": ["51", "52"], "is": "maternity"}]
        cares.append({"med_type": "19", "is": "chronic"})
        levels = [{"hosp_lv": code, "is": level} for code, level in HOSP_LVS.items()]
        groups = [{"psn_type": code, "is": group} for code, group in PSN_TYPES.items()]
        return {
            "care": [self.cited(block, CHANGES[1] if block["med_type"] == "19" else START) for block in cares],
            "level": [self.cited(block, START) for block in levels],
            "group": [self.cited(block, START) for block in groups],
        }


def random_catalogue(r: Random, areas: list[str]) -> list[Block]:
    """Rows of eight items: all in the nation, some again nearer or later."""
    rows = []
    for item in ITEMS:
        places = [("000000", START), *((r.choice(areas), START + timedelta(r.randrange(1000))) for _ in range(3))]
        for area, day in dict.fromkeys(places):
            row = {"area": area, "med_list_codg": item, "from": day.isoformat()}
            row["med_chrgitm_type"] = r.choice([*CHARGE_TYPES, ""])
            rows.append(row | item_terms(r, r.choice(["01", "02", "02", "03"])))
    return rows
