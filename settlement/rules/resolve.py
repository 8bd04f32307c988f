"""Which blocks speak for a claim: nearest area, latest date, exactly one match (docs/pool-format.md).

Everything here is a pure question to the pools; ``compile`` turns the answers into rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from settlement import codes
from settlement.errors import BadRules
from settlement.rules.pool import (
    AccountRule,
    Benefit,
    Elsewhere,
    FilingRule,
    FirstPay,
    Meaning,
    Pool,
    Rounding,
    Standing,
    Stay,
)
from settlement.rules.selectors import Person, begins_with

Block = TypeVar("Block", Benefit, Elsewhere, FirstPay, FilingRule, Standing, Stay)

DEFAULT_ROUNDING = Rounding("claim", "in_scope")


class Missing(NamedTuple):
    """Why nothing applies: a refusal code and what is missing, in words."""

    code: str
    found: str


class Claim(NamedTuple):
    """What the choice of rules asks of a claim; ``filing`` is '' for a local one."""

    scheme: str
    care: str
    level: str
    person: Person
    relation: str
    filing: str
    place: str = ""  # the longest beginning of the place's division code that a rule names, "" if none fits
    disease: str = ""  # the longest beginning of dise_codg that a rule names, "" if none fits


def chain_of(pools: dict[str, Pool], code: str) -> tuple[Pool, ...]:
    """Return the pool of a code and those it inherits from, nearest first."""
    chain: list[Pool] = []
    while code:
        pool = pools.get(code)
        if pool is None:
            raise BadRules(
                "B02_INHERITS", f"{chain[-1].file}: inherits {code}, which is not loaded", cure="Add that file"
            )
        if pool in chain:
            raise BadRules("B02_INHERITS", f"{pool.file}: inherits itself through {chain[-1].file}")
        chain.append(pool)
        code = pool.inherits
    return tuple(chain)


def in_force(blocks: Iterable[Block], day: date) -> list[Block]:
    """Return the latest block of each key that has begun by a day, repealed ones left out."""
    latest: dict[tuple[object, ...], Block] = {}
    for block in sorted((block for block in blocks if block.begins <= day), key=lambda block: block.begins):
        latest[_own_key(block)] = block
    return [block for block in latest.values() if not block.repealed]


def _own_key(block: Any) -> tuple[object, ...]:
    # Benefits are asked for one scheme and care at a time, so lists of them are no part of the key here.
    if isinstance(block, Benefit):
        return (block.layer, block.covered, block.levels, block.diseases, block.who)
    key: tuple[object, ...] = block.key
    return key


def benefits_for(pool: Pool, scheme: str, care: str) -> list[Benefit]:
    """Return a pool's benefit blocks for a scheme and care, of all dates."""
    return [block for block in pool.benefits if scheme in block.schemes and care in block.cares]


def only_match(blocks: list[Benefit], claim: Claim) -> Benefit | None:
    """Return the one block that matches a claim's level, person and disease, None for none; two are refused."""
    matching = [
        block
        for block in blocks
        if block.at_level(claim.level) and block.who.matches(claim.person) and block.for_disease(claim.disease)
    ]
    matching = [block for block in matching if block.diseases] or matching  # what names the disease goes first
    if len(matching) > 1:
        raise overlap(matching[0], matching[1])
    return matching[0] if matching else None


def overlap(first: Any, second: Any) -> BadRules:
    """Return the error for two blocks that both speak for one claim."""
    return BadRules(
        "B03_OVERLAP",
        f"{first.cite.file}:{first.cite.line} and {second.cite.file}:{second.cite.line} both apply to the same claims",
        cure="Give them the same key so that the later replaces the earlier, or make what they ask for exclude each other",
    )  # fmt: skip


def layers_for(chain: Sequence[Pool], claim: Claim, day: date) -> list[Benefit] | Missing:
    """Return the claim's layers in order (none if the pool says it does not pay), or why there are none."""
    chosen: dict[str, Benefit] = {}
    decided: set[str] = set()
    basic_found = False
    for pool in chain:
        blocks = in_force(benefits_for(pool, claim.scheme, claim.care), day)
        if not basic_found and refuses(blocks, claim):
            return []
        here: set[str] = {block.layer for block in blocks if block.covered} - decided
        for layer in here:
            block = only_match([b for b in blocks if b.covered and b.layer == layer], claim)
            if block is not None:
                chosen[layer] = block
                basic_found = basic_found or block.base == "in_scope"
        decided |= here
    layers = sorted(chosen.values(), key=lambda block: (block.order, block.layer))
    what = f"{chain[0].code} {chain[0].name} {claim.scheme}/{claim.care}/{claim.person.group}/{claim.level}"
    if not basic_found:
        return Missing("R01_RULE_MISSING", what)
    for block in layers:
        if not block.says_level(claim.level):
            return Missing("R02_LEVEL_MISSING", f"{what}, {block.layer} ({block.cite.file}:{block.cite.line})")
    return layers


def refuses(blocks: list[Benefit], claim: Claim) -> bool:
    """Tell whether an area says that it pays nothing; one of its paying blocks that names the disease goes before that."""
    said = only_match([block for block in blocks if not block.covered], claim)
    return said is not None and (said.diseases is not None or payer_by_name(blocks, claim) is None)


def payer_by_name(blocks: list[Benefit], claim: Claim) -> Benefit | None:
    """Return a block with base in_scope that names the claim's disease and matches, None for none."""
    named = (block for block in blocks if block.covered and block.diseases and block.base == "in_scope")
    fits = (
        b for b in named if b.at_level(claim.level) and b.who.matches(claim.person) and b.for_disease(claim.disease)
    )
    return next(fits, None)


def not_covered(chain: Sequence[Pool], claim: Claim, day: date) -> Benefit | None:
    """Return the block that says the pool pays nothing for a claim, for its citation."""
    for pool in chain:
        blocks = in_force(benefits_for(pool, claim.scheme, claim.care), day)
        found = only_match([b for b in blocks if not b.covered], claim)
        if found:
            return found
    return None


def elsewhere_for(chain: Sequence[Pool], claim: Claim, day: date) -> Elsewhere | Missing | None:
    """Return the rule that adjusts a claim elsewhere; None for a local claim; Missing if there is none."""
    if claim.relation == "local":
        return None
    for pool in chain:
        speaking = [
            block
            for block in in_force(pool.elsewheres, day)
            if block.matches(claim.scheme, claim.care, claim.filing, claim.relation)
            and begins_with(claim.place, block.places)
        ]
        speaking = [block for block in speaking if block.places] or speaking  # what names the place goes first
        latest = max((block.begins for block in speaking), default=None)
        blocks = [block for block in speaking if block.begins == latest]
        if len(blocks) > 1:
            raise overlap(blocks[0], blocks[1])
        if blocks:
            return blocks[0]
    where = codes.RELATION_ZH[claim.relation]
    return Missing(
        "R03_ELSEWHERE_MISSING",
        f"{chain[0].code} {chain[0].name} {claim.scheme}/{claim.care} {where} {claim.filing}",
    )


def first_pays_for(chain: Sequence[Pool], claim: Claim, day: date) -> tuple[tuple[FirstPay, ...], ...]:
    """Return the first-pay rules for a claim's items, one tuple an area, nearest first."""
    areas = (
        tuple(b for b in in_force(pool.first_pays, day) if b.speaks_for(claim.scheme, claim.care, claim.relation))
        for pool in chain
    )
    return tuple(area for area in areas if area)


def filing_for(
    chain: Sequence[Pool], scheme: str, stated: str, emergency: bool, filed: str, where: str, day: date
) -> FilingRule | None:  # fmt: skip
    """Return the rule that says what a stated filing counts as, None where none speaks."""
    return _nearest(
        [b for b in in_force(pool.filings, day) if b.matches(scheme, stated, emergency, filed, where)] for pool in chain
    )


def standing_for(chain: Sequence[Pool], kind: str, scheme: str, psn_type: str, care: str, day: date) -> Standing | None:
    """Return the waiting period or suspension rule for a person's claim, None where none speaks."""
    tables = (pool.waitings if kind == "waiting" else pool.suspensions for pool in chain)
    return _nearest([b for b in in_force(table, day) if b.matches(scheme, psn_type, care)] for table in tables)


def stay_for(chain: Sequence[Pool], scheme: str, care: str, day: date) -> Stay | None:
    """Return the rule for stays across benefit years, None where none speaks."""
    return _nearest([b for b in in_force(pool.stays, day) if b.matches(scheme, care)] for pool in chain)


def _nearest(areas: Iterable[list[Any]]) -> Any:
    for matching in areas:
        if len(matching) > 1:
            raise overlap(matching[0], matching[1])
        if matching:
            return matching[0]
    return None


def account_for(chain: Sequence[Pool], scheme: str, day: date) -> AccountRule | None:
    """Return the nearest account rule in force for a scheme."""
    for pool in chain:
        begun = [a for a in pool.accounts if a.begins <= day and (a.schemes is None or scheme in a.schemes)]
        if begun:
            return max(begun, key=lambda rule: (rule.begins, rule.schemes is not None))
    return None


def meaning_of(chain: Sequence[Pool], kind: str, code: str, day: date) -> Meaning | None:
    """Return what a national code means here: nearest area first, then the longest beginning, then the latest."""
    for pool in chain:
        fits = [
            (len(given), meaning.begins, meaning)
            for meaning in pool.meanings
            if meaning.kind == kind and meaning.begins <= day
            for given in meaning.codes
            if (code.lstrip("0") == given.lstrip("0") if kind == "level" else code.startswith(given))
        ]
        if fits:
            return max(fits, key=lambda fit: fit[:2])[2]
    return None


def rounding_of(chain: Sequence[Pool]) -> Rounding:
    """Return the nearest rounding that is stated."""
    return next((pool.rounding for pool in chain if pool.rounding), DEFAULT_ROUNDING)


def refunds_of(chain: Sequence[Pool]) -> str:
    """Return the nearest statement of the order in which claims may be refunded."""
    return next((pool.refunds for pool in chain if pool.refunds), "any_order")


def relation_of(chain: Sequence[Pool], insured: str, place: str) -> str:
    """Return how a place of treatment lies to an insured area, a word of codes.RELATIONS."""
    local = next((pool.local_places for pool in chain if pool.local_places), ())
    return "local" if place.startswith(local or ("-",)) else codes.relation_of(insured, place)


def change_days(chain: Sequence[Pool]) -> list[date]:
    """Return every day on which anything in a chain of pools changes, ascending."""
    return sorted(set(_begins(chain)))


def _begins(chain: Sequence[Pool]) -> Iterator[date]:
    for pool in chain:
        for blocks in dated_blocks(pool):
            yield from (block.begins for block in blocks)


def dated_blocks(pool: Pool) -> tuple[tuple[Any, ...], ...]:
    """Return every kind of dated block of a pool."""
    return (
        pool.benefits, pool.elsewheres, pool.accounts, pool.meanings, pool.first_pays, pool.filings, pool.waitings,
        pool.suspensions, pool.stays,
    )  # fmt: skip
