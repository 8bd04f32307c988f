"""Which program (list of layers) applies to each claim: codes on the claim → one row of the compiled tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from settlement import codes, money
from settlement.errors import BadInput
from settlement.intake.columns import DAY_SECONDS, Texts
from settlement.kernel.layout import FUNDS
from settlement.spans import rows_on

if TYPE_CHECKING:
    from settlement.intake.door import Book, Door


KEY_BOUND = 2**62  # combined keys stay below it


class Chosen(NamedTuple):
    """For each draft: its relation, when its filing was made (positions in codes.FILED), and its program row (-1 if refused)."""

    relation: np.ndarray
    filed: np.ndarray
    program: np.ndarray


def choose_programs(door: Door, book: Book, pools: list[str], pool: np.ndarray, day: np.ndarray) -> Chosen:
    """Resolve every claim's relation to the place, and its program on its day; ``pool`` are positions in ``pools``."""
    relation = _relations(door, book)
    filed, program = _filed(door, day), np.full(pool.size, -1, np.int64)
    open_rows = np.flatnonzero(~door.refused)
    if open_rows.size:
        keys, position = _combinations(door, book, (pool, relation, filed), day, open_rows)
        spans = [book.program_spans(_asked(door, book, pools, key)) for key in keys]
        program[open_rows] = rows_on(spans, position, day[open_rows])
        _refuse_missing(door, book, open_rows, program)
        _check_reported(door, book, open_rows, program)
    return Chosen(relation, filed, program)


def insured_pools(door: Door, book: Book) -> tuple[list[str], np.ndarray]:
    """Return the codes of the pools that insure the claims, and each draft's position among them (-1 none)."""
    insured = door.drafts.text["insuplc_admdvs"]
    found = [book.area(str(code)) for code in insured.values]
    for at, code in enumerate(found):
        if code is None and codes.is_division(
            str(insured.values[at])
        ):  # what is no code at all has been refused already
            rows = np.flatnonzero(insured.codes == at)
            door.refuse(rows, "P01_UNKNOWN_AREA", "insuplc_admdvs", str(insured.values[at]))
    pools = sorted({code for code in found if code is not None})
    places = np.array([pools.index(code) if code is not None else -1 for code in found] + [-1], np.int64)
    return pools, places[insured.codes]


def _relations(door: Door, book: Book) -> np.ndarray:
    """Return how each place lies to the insured area, as positions in codes.RELATIONS."""
    insured, place = door.drafts.text["insuplc_admdvs"], door.drafts.text["mdtrtarea_admvs"]
    table = np.zeros((len(insured.values) + 1, len(place.values) + 1), np.int64)
    for i, one in enumerate(insured.values):
        pool = book.area(str(one))
        for p, other in enumerate(place.values):
            if pool is not None:
                table[i, p] = codes.RELATIONS.index(book.relation(pool, str(one), str(other)))
    return table[insured.codes, place.codes]


def _level_words(column: Texts) -> np.ndarray:
    words = [codes.LEVEL_WORDS.get(str(word), "") for word in column.values]
    return np.array([codes.LEVELS.index(word) if word else -1 for word in words] + [-1], np.int64)[column.codes]


def _ages(door: Door, book: Book, day: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the position of each person's age among the ages that rules ask for; 0 for an unknown age."""
    number = door.drafts.number
    born = number["brdy"].values[rows] // DAY_SECONDS
    age = _whole_years(born, day[rows])
    age = np.where(number["age"].given[rows], number["age"].values[rows], np.where(number["brdy"].given[rows], age, -1))
    return np.where(age < 0, 0, 1 + np.searchsorted(np.array(book.ages, np.int64), age, side="right"))


def _whole_years(born: np.ndarray, day: np.ndarray) -> np.ndarray:
    birth, now = born.astype("datetime64[D]"), day.astype("datetime64[D]")
    years = now.astype("datetime64[Y]").astype(np.int64) - birth.astype("datetime64[Y]").astype(np.int64)
    months = now.astype("datetime64[M]").astype(np.int64) % 12 - birth.astype("datetime64[M]").astype(np.int64) % 12
    days = (now - now.astype("datetime64[M]")).astype(np.int64) - (birth - birth.astype("datetime64[M]")).astype(
        np.int64
    )
    early = (months < 0) | ((months == 0) & (days < 0))
    full: np.ndarray = years - early
    return full


def _combinations(
    door: Door, book: Book, known: tuple[np.ndarray, np.ndarray, np.ndarray], day: np.ndarray, rows: np.ndarray
) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Return the distinct combinations of what a program depends on, and each open claim's combination."""
    (pool, relation, filed), text, number = known, door.drafts.text, door.drafts.number
    plain = np.where(
        text["dedc_hosp_lv"].codes >= 0, _level_words(text["dedc_hosp_lv"]), _level_words(text["medinslv"])
    )
    elsewhere = relation[rows] > 0
    filing = np.where(elsewhere, _filings(text["filing"])[rows], -1)
    emergency = np.where(elsewhere, number["emergency_flag"].values[rows], 0)
    columns = [
        pool[rows], text["insutype"].codes[rows], text["med_type"].codes[rows], text["psn_type"].codes[rows], plain[rows],
        np.where(plain[rows] >= 0, -1, text["hosp_lv"].codes[rows]), _ages(door, book, day, rows),
        number["cvlserv_flag"].values[rows], number["assistance"].values[rows], relation[rows], filing,
        number["family_doctor"].values[rows], _cut(text["dise_codg"], book.asks.diseases)[rows], emergency,
        np.where(elsewhere, filed[rows], codes.FILED.index("unknown")),
        np.where(elsewhere, _cut(text["mdtrtarea_admvs"], book.asks.places)[rows], -1),
    ]  # fmt: skip
    table = np.stack(columns)
    low, high = table.min(axis=1).tolist(), table.max(axis=1).tolist()
    key, bound = np.zeros(rows.size, np.int64), 1
    for column, least, most in zip(table, low, high, strict=True):
        width = most - least + 1
        if width == 1:  # the same for all claims: it tells none from another
            continue
        if bound * width > KEY_BOUND:  # many different codes: number what is there, so that no two keys become one
            key = np.unique(key, return_inverse=True)[1].reshape(-1).astype(np.int64)
            bound = int(key.max(initial=0)) + 1
        key, bound = key * width + (column - least), bound * width
    _, first, position = np.unique(key, return_index=True, return_inverse=True)
    return [tuple(row) for row in table[:, first].T.tolist()], position.reshape(-1)


def _cut(column: Texts, beginnings: tuple[str, ...]) -> np.ndarray:
    """Return the position of the longest beginning (they stand longest first) that each code has, -1 for none."""
    found = [next((at for at, one in enumerate(beginnings) if str(code).startswith(one)), -1) for code in column.values]
    return np.array([*found, -1], np.int64)[column.codes]


def _filed(door: Door, day: np.ndarray) -> np.ndarray:
    """Return when each filing was made, as positions in codes.FILED: beside the days of admission and of discharge."""
    number = door.drafts.number
    filed, begin = number["filed_on"], number["begntime"]
    on, settled = filed.values // DAY_SECONDS, number["setl_time"].values // DAY_SECONDS
    admission = np.where(begin.given, begin.values // DAY_SECONDS, settled)
    when = np.where(on <= admission, 0, np.where(on <= day, 1, 2))
    return np.where(filed.given, when, codes.FILED.index("unknown"))


def _filings(column: Texts) -> np.ndarray:
    """Return filings as positions in codes.FILINGS; a claim elsewhere without one is unfiled."""
    words = [codes.FILINGS.index(str(w)) if w in codes.FILINGS else 0 for w in column.values]
    return np.array([*words, codes.FILINGS.index("unfiled")], np.int64)[column.codes]


def _asked(door: Door, book: Book, pools: list[str], key: tuple[int, ...]) -> Any:
    text = door.drafts.text
    pool, insutype, med_type, psn_type, level, hosp_lv, age, civil, assistance, relation, filing, *more = key
    doctor, disease, emergency, filed, place = more
    lowest = [-1, 0, *book.ages]  # any age of a class stands for it
    return book.asked(
        pools[pool], str(text["insutype"].values[insutype]), str(text["med_type"].values[med_type]),
        str(text["psn_type"].values[psn_type]), codes.LEVELS[level] if level >= 0 else "",
        str(text["hosp_lv"].values[hosp_lv]) if hosp_lv >= 0 else "", lowest[age], bool(civil), bool(assistance),
        codes.RELATIONS[relation], codes.FILINGS[filing] if filing >= 0 else "", bool(doctor),
        book.asks.diseases[disease] if disease >= 0 else "", bool(emergency), codes.FILED[filed],
        book.asks.places[place] if place >= 0 else "",
    )  # fmt: skip


def _refuse_missing(door: Door, book: Book, rows: np.ndarray, program: np.ndarray) -> None:
    for answer in np.unique(program[rows]).tolist():
        if answer >= 0:
            continue
        code, found = (
            book.missing[-2 - answer] if answer < -1 else ("R01_RULE_MISSING", "no rule had begun on that day")
        )
        door.refuse(rows[program[rows] == answer], code, _FIELDS.get(code, ""), found)


_FIELDS = {"R02_LEVEL_MISSING": "hosp_lv", "R03_ELSEWHERE_MISSING": "filing", "R01_RULE_MISSING": "med_type"}


def _check_reported(door: Door, book: Any, rows: np.ndarray, program: np.ndarray) -> None:
    """Refuse claims whose program pays a reported amount that the claim does not carry, or that cannot be read."""
    given: dict[int, set[str]] = {}
    for entry in door.drafts.reported_pay:
        if entry.name not in FUNDS:
            door.refuse(np.array([entry.claim]), "C11_NOT_A_CODE", "reported_pay", f"{entry.name!r} is not a fund")
            continue
        try:
            if money.fen(entry.value) < 0:
                raise BadInput("C03_NEGATIVE", f"{entry.name} {entry.value}")
            given.setdefault(entry.claim, set()).add(entry.name)
        except BadInput as error:
            door.refuse(np.array([entry.claim]), error.code, f"reported_pay.{entry.name}", error.found)
    for at in np.unique(program[rows]).tolist():
        funds = book.reported_funds(at) if at >= 0 else frozenset()
        if funds:
            asked = rows[
                (program[rows] == at) & (door.originals[rows] < 0)
            ]  # a refund gives back what was reported then
            lacking = [row for row in asked.tolist() if not funds <= given.get(row, set())]
            door.refuse(np.array(lacking, np.int64), "R06_REPORTED_MISSING", "reported_pay", ", ".join(sorted(funds)))
