"""Random small worlds: pool files, a catalogue and claims in settlement order; seeded for speed, hypothesis on top."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random
from typing import Any

from hypothesis import strategies as st
from random_claims import random_drafts, random_person, random_refunds
from random_pools import PoolMaker, random_catalogue
from random_words import Block, chance


@dataclass(frozen=True, repr=False)
class World:
    """Pools as parsed TOML by code, catalogue rows, and drafts in settlement order."""

    seed: int
    pools: dict[str, Block]
    catalogue: list[Block]
    drafts: list[Block]

    def __repr__(self) -> str:
        return f"random_world({self.seed}, {len(self.drafts)} claims)"  # the whole text would be a hundred kilobytes

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))  # hypothesis asks a dataclass for its fields otherwise


def random_world(seed: int, most: int = 12) -> World:
    """One world of up to `most` claims and their refunds."""
    r = Random(seed)
    maker = PoolMaker(r)
    pools = maker.pools()
    catalogue = random_catalogue(r, [*pools, "990300", "990302", "980100", "980101", "980000"])
    persons = [random_person(r, n, pools, maker.schemes) for n in range(r.randint(1, 3))]
    drafts = random_drafts(r, pools, persons, r.randint(1, most))
    for n, draft in enumerate(drafts):
        draft["medins_setl_id"] = f"S{n}"
    if chance(r, 60):
        drafts += random_refunds(r, drafts)
    drafts.sort(key=lambda draft: draft["setl_time"])
    minutes: dict[str, int] = {}
    for draft in drafts:
        minute = draft["setl_time"]
        minutes[minute] = second = minutes.get(minute, -1) + 1
        draft["setl_time"] += f":{second:02d}"
    return World(seed, pools, catalogue, drafts)


@st.composite
def worlds(draw: st.DrawFn, most: int = 12) -> World:
    """Draw a world that shrinks: towards few claims of few lines and few blocks (a claim may then be refused)."""
    world = random_world(draw(st.integers(0, 2**32)), most)
    kept = [draft for draft in world.drafts if draw(st.booleans()) or len(world.drafts) == 1] or world.drafts[:1]
    lines = draw(st.integers(1, 4))
    short = [{**d, "feedetail": d["feedetail"][:lines]} if "feedetail" in d else d for d in kept]
    return replace(world, drafts=short)


def to_toml(pool: Block) -> str:
    """Write a parsed pool file as TOML text again."""
    text = []
    for name, table in pool.items():
        if isinstance(table, list):
            text += ["\n".join([f"[[{name}]]", *pairs(block)]) for block in table]
        elif name == "source":
            text += ["\n".join([f"[source.{source}]", *pairs(block)]) for source, block in table.items()]
        else:
            text.append("\n".join([f"[{name}]", *pairs(table)]))
    return "\n\n".join(text) + "\n"


def pairs(table: Block) -> list[str]:
    return [f"{name} = {literal(value)}" for name, value in table.items()]


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(pairs(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
