"""Why a situation is settled as it is: which block won for each layer, what it replaced and overrode, what did not fit.

The choice itself is ``rules.resolve``'s; here every other block that could have spoken gets its reason. All as data:
``why_text`` puts it into words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from settlement import codes
from settlement.rules import resolve
from settlement.rules.compile import LayerInfo
from settlement.rules.pool import Benefit, Elsewhere, FilingRule, Meaning, Pool
from settlement.rules.resolve import Claim, Missing
from settlement.rules.rulebook import Rulebook
from settlement.rules.selectors import begins_with


class Situation(NamedTuple):
    """What is asked about: one claim as the rules see it, the filing as it was stated."""

    claim: Claim
    day: date
    emergency: bool = False
    filed: str = "unknown"


class Reason(NamedTuple):
    """Why a block does not fit: a phrase of ``words`` and what the block asks for."""

    key: str
    said: Any


class Considered(NamedTuple):
    """One block and what became of it.

    ``verdict`` is chosen, replaced, ended, is_end, overridden, passed_over, ended_program, nearer_pays or not_matched;
    ``by`` is the block that was taken instead.
    """

    block: Any
    pool: str
    verdict: str
    by: Any = None
    reasons: tuple[Reason, ...] = ()


class Choice(NamedTuple):
    """All blocks that could decide one thing (a layer, the rule for care elsewhere …), what won first."""

    name: str
    chosen: Any
    considered: tuple[Considered, ...]


class Needed(NamedTuple):
    """A block, or a figure of a block, that would let the claim be settled."""

    kind: str
    keys: tuple[tuple[str, str], ...]
    at: str = ""  # file:line of a block that lacks a figure


class Means(NamedTuple):
    """Which national codes mean the situation's care, level or group here."""

    kind: str
    word: str
    meanings: tuple[Meaning, ...]


class Why(NamedTuple):
    """Everything that decided one situation."""

    pool: Pool
    situation: Situation
    claim: Claim  # with the filing that counts
    meanings: tuple[Means, ...]
    stop: Benefit | None
    layers: tuple[Choice, ...]  # in the order of calculation; then layers that nothing was chosen for
    unpaid: Choice  # the blocks that say the pool pays nothing
    others: tuple[Choice, ...]  # elsewhere, filing, first_pay, waiting, suspension, stay, account
    missing: Missing | None
    needed: tuple[Needed, ...]
    rows: tuple[LayerInfo, ...]  # of the program, with the exact rates of this situation


def why(book: Rulebook, code: str, situation: Situation) -> Why:
    """Return what decided a situation in a pool; raises BadRules B03 where two blocks speak at once."""
    chain = book.builder.chains[code]
    stated, day = situation.claim, situation.day
    filing = _filing(chain, situation)
    claim = stated._replace(filing=filing.chosen.filing) if filing.chosen else stated
    layers, unpaid, stop = _layers(chain, claim, day)
    answer = (
        Missing("R08_MANUAL_CLAIM", stated.filing)
        if claim.filing == codes.MANUAL
        else book.builder.program(code, claim, day)
    )
    missing = answer if isinstance(answer, Missing) else None
    rows = () if isinstance(answer, Missing) else tuple(book.layer(row) for row in book.program(answer).layers)
    others = (_elsewhere(chain, claim, day), filing, *_further(chain, claim, day))
    return Why(
        chain[0], situation, claim, tuple(_means(chain, claim, day)), stop, tuple(layers), unpaid, others, missing,
        tuple(_needed(missing, claim, layers)), rows,
    )  # fmt: skip


def _means(chain: Sequence[Pool], claim: Claim, day: date) -> Iterable[Means]:
    for kind, word in (("care", claim.care), ("level", claim.level), ("group", claim.person.group)):
        given = [
            (m, code) for pool in chain for m in pool.meanings if m.kind == kind and m.word == word for code in m.codes
        ]
        found = [m for m, code in given if resolve.meaning_of(chain, kind, code, day) is m]
        yield Means(kind, word, tuple(dict.fromkeys(found)))


# ---- the layers ----------------------------------------------------------------------------------------------------


def benefit_reasons(block: Benefit, claim: Claim) -> tuple[Reason, ...]:
    """Return what a benefit block asks for that a claim does not have."""
    reasons = [] if block.at_level(claim.level) else [Reason("wrong_level", block.levels)]
    reasons += [] if block.who.matches(claim.person) else [Reason("wrong_who", block.who)]
    return (*reasons, *([] if block.for_disease(claim.disease) else [Reason("wrong_disease", block.diseases)]))


def _layers(chain: Sequence[Pool], claim: Claim, day: date) -> tuple[list[Choice], Choice, Benefit | None]:
    blocks = {pool.code: resolve.benefits_for(pool, claim.scheme, claim.care) for pool in chain}
    force = {code: resolve.in_force(found, day) for code, found in blocks.items()}
    names = dict.fromkeys(b.layer for pool in chain for b in blocks[pool.code] if b.covered)
    chosen: dict[str, Benefit | None] = {}
    deciding: dict[str, Benefit] = {}
    for name in names:
        for pool in chain:
            here = [block for block in force[pool.code] if block.covered and block.layer == name]
            if here:
                chosen[name] = resolve.only_match(here, claim)
                deciding[name] = chosen[name] or here[0]
                break
    stop, pays = _stop(chain, force, claim, chosen)
    made = []
    for name in names:
        won = chosen.get(name)

        def of(pool: Pool, name: str = name) -> list[Benefit]:
            return [block for block in blocks[pool.code] if block.covered and block.layer == name]

        choice = _choice(name, chain, of, day, (won, deciding.get(name)), lambda block: benefit_reasons(block, claim))
        made.append(_cut_short(choice, stop) if stop else choice)
    made.sort(key=lambda choice: (choice.chosen is None, choice.chosen.order if choice.chosen else 0, choice.name))

    def no_pay(pool: Pool) -> list[Benefit]:
        return [block for block in blocks[pool.code] if not block.covered]

    unpaid = _choice("", chain, no_pay, day, (stop, stop or pays), lambda block: benefit_reasons(block, claim))
    if stop is None:
        unpaid = unpaid._replace(considered=tuple(_nearer(each, pays) for each in unpaid.considered))
    return made, unpaid, stop


def _stop(
    chain: Sequence[Pool], force: dict[str, list[Benefit]], claim: Claim, chosen: dict[str, Benefit | None]
) -> tuple[Benefit | None, Benefit | None]:
    """Return the block that ends the program, if any; else the block of the nearest area that pays in scope."""
    for pool in chain:
        unpaid = resolve.only_match([block for block in force[pool.code] if not block.covered], claim)
        if unpaid is not None:
            if resolve.refuses(force[pool.code], claim):
                return unpaid, None
            return None, resolve.payer_by_name(force[pool.code], claim)
        for block in force[pool.code]:
            if block.covered and block.base == "in_scope" and block is chosen.get(block.layer):
                return None, block
    return None, None


def _cut_short(choice: Choice, stop: Benefit) -> Choice:
    cut = tuple(
        each._replace(verdict="ended_program", by=stop) if each.verdict == "chosen" else each
        for each in choice.considered
    )
    return Choice(choice.name, None, cut)


def _nearer(each: Considered, pays: Benefit | None) -> Considered:
    return each._replace(verdict="nearer_pays", by=pays) if each.verdict == "overridden" else each


# ---- any kind of block ---------------------------------------------------------------------------------------------


def _key(block: Any) -> tuple[Any, ...]:
    """Return what a later block repeats to take a block's place, for claims of one scheme and care."""
    if isinstance(block, Benefit):
        return (block.layer, block.covered, block.levels, block.diseases, block.who)
    return tuple(block.key) if hasattr(block, "key") else (block.schemes,)


def _choice(
    name: str, chain: Sequence[Pool], blocks_of: Callable[[Pool], Iterable[Any]], day: date,
    won: tuple[Any, Any], unmet: Callable[[Any], tuple[Reason, ...]],
) -> Choice:  # fmt: skip
    """Give every block its verdict; ``won`` is what was chosen, and the block that decided even if nothing fitted."""
    chosen, decider = won
    found: list[Considered] = []
    for pool in chain:
        blocks = list(blocks_of(pool))
        found += [_verdict(block, pool, blocks, day, (chosen, decider, unmet(block))) for block in blocks]
    found.sort(key=lambda each: each.verdict != "chosen")
    return Choice(name, chosen, tuple(found))


def _verdict(
    block: Any, pool: Pool, blocks: list[Any], day: date, known: tuple[Any, Any, tuple[Reason, ...]]
) -> Considered:
    chosen, decider, reasons = known
    if block is chosen:
        return Considered(block, pool.code, "chosen")
    if block.begins > day:
        return Considered(block, pool.code, "not_matched", None, (Reason("begins_later", block.begins), *reasons))
    verdict, by = _lost(block, blocks, day, (decider, bool(reasons)))
    return Considered(block, pool.code, verdict, by, reasons if verdict == "not_matched" else ())


def _lost(block: Any, blocks: list[Any], day: date, known: tuple[Any, bool]) -> tuple[str, Any]:
    """Return why a block that has begun was not chosen, and the block that was taken instead."""
    decider, unfit = known
    later = [other for other in blocks if _key(other) == _key(block) and block.begins < other.begins <= day]
    last = max(later, key=lambda other: other.begins, default=None)
    if last is not None:
        return ("ended" if getattr(last, "repealed", False) else "replaced"), last
    if getattr(block, "repealed", False):
        return "is_end", None
    if unfit:
        return "not_matched", None
    if decider is None or decider.cite.file != block.cite.file:
        return "overridden", decider
    named = decider.diseases if isinstance(block, Benefit) else getattr(decider, "places", None)
    return ("passed_over" if named else "replaced"), decider


# ---- what surrounds the layers -------------------------------------------------------------------------------------


def _scope_reasons(block: Any, claim: Claim) -> list[Reason]:
    reasons = []
    if getattr(block, "schemes", None) is not None and claim.scheme not in block.schemes:
        reasons.append(Reason("wrong_scheme", block.schemes))
    if getattr(block, "cares", None) is not None and claim.care not in block.cares:
        reasons.append(Reason("wrong_care", block.cares))
    if hasattr(block, "wheres") and claim.relation not in block.wheres:
        reasons.append(Reason("wrong_where", block.wheres))
    return reasons


def _elsewhere(chain: Sequence[Pool], claim: Claim, day: date) -> Choice:
    found = resolve.elsewhere_for(chain, claim, day)
    chosen = found if isinstance(found, Elsewhere) else None

    def unmet(block: Elsewhere) -> tuple[Reason, ...]:
        filing = [] if claim.filing in block.filings else [Reason("wrong_filing", block.filings)]
        filing += [] if begins_with(claim.place, block.places) else [Reason("wrong_place", block.places)]
        return (*_scope_reasons(block, claim), *filing)

    if claim.relation == "local":
        return Choice("elsewhere", None, ())
    return _choice("elsewhere", chain, lambda pool: pool.elsewheres, day, (chosen, chosen), unmet)


def _filing(chain: Sequence[Pool], situation: Situation) -> Choice:
    claim, day = situation.claim, situation.day
    if claim.relation == "local":
        return Choice("filing", None, ())
    asked = (claim.scheme, claim.filing, situation.emergency, situation.filed, claim.relation)
    chosen = resolve.filing_for(chain, *asked, day)

    def unmet(block: FilingRule) -> tuple[Reason, ...]:
        reasons = [] if claim.filing in block.filings else [Reason("wrong_filing", block.filings)]
        reasons += _scope_reasons(block, claim)
        if block.emergency is not None and block.emergency != situation.emergency:
            reasons.append(Reason("wrong_emergency", block.emergency))
        filed = block.filed is None or situation.filed in block.filed
        return (*reasons, *([] if filed else [Reason("wrong_filed", block.filed)]))

    return _choice("filing", chain, lambda pool: pool.filings, day, (chosen, chosen), unmet)


def _further(chain: Sequence[Pool], claim: Claim, day: date) -> Iterable[Choice]:
    def scoped(block: Any) -> tuple[Reason, ...]:
        return tuple(_scope_reasons(block, claim))

    def standing(block: Any) -> tuple[Reason, ...]:
        fits = begins_with(claim.person.psn_type, block.psn_types)
        return (*scoped(block), *([] if fits else [Reason("wrong_psn_type", block.psn_types)]))

    speaking = [block for area in resolve.first_pays_for(chain, claim, day) for block in area]
    first = _choice("first_pay", chain, lambda pool: pool.first_pays, day, (None, None), scoped)
    told = (each._replace(verdict="chosen") if each.block in speaking else each for each in first.considered)
    yield Choice("first_pay", None, tuple(sorted(told, key=lambda each: each.verdict != "chosen")))
    for kind, table in (("waiting", "waitings"), ("suspension", "suspensions")):
        rule = resolve.standing_for(chain, kind, claim.scheme, claim.person.psn_type, claim.care, day)
        yield _choice(kind, chain, lambda pool, table=table: getattr(pool, table), day, (rule, rule), standing)  # type: ignore[misc]
    stay = resolve.stay_for(chain, claim.scheme, claim.care, day)
    yield _choice("stay", chain, lambda pool: pool.stays, day, (stay, stay), scoped)
    account = resolve.account_for(chain, claim.scheme, day)
    yield _choice("account", chain, lambda pool: pool.accounts, day, (account, account), scoped)


def _needed(missing: Missing | None, claim: Claim, layers: Sequence[Choice]) -> Iterable[Needed]:
    """Yield the blocks that would be needed for a claim that no rule covers."""
    if missing is None:
        return
    here = (("scheme", claim.scheme), ("care", claim.care))
    if missing.code == "R01_RULE_MISSING":
        who = (("who", claim.person.group),)
        yield Needed("benefit", (*here, ("level", claim.level), *who, ("fund", "hifp_pay")))
    elif missing.code == "R02_LEVEL_MISSING":
        for choice in layers:
            if choice.chosen is not None and not choice.chosen.says_level(claim.level):
                at = f"{choice.chosen.cite.file}:{choice.chosen.cite.line}"
                yield Needed("benefit", (("level", claim.level),), at)
    elif missing.code == "R03_ELSEWHERE_MISSING":
        yield Needed("elsewhere", (*here, ("filing", claim.filing), ("where", claim.relation)))
