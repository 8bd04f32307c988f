"""Who claims, when and where: persons by scheme, area and group, and for each claim its care, level, place and filing.

Shares are drawn in whole parts, so a seed gives the same claims on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from settlement import codes
from settlement.sample.coverage import AWAY, Cell


class Persons(NamedTuple):
    """Everybody who may claim: positions of scheme, area and group in the lists of ``Visits``, and the age in years."""

    scheme: np.ndarray
    area: np.ndarray
    group: np.ndarray
    age: np.ndarray


class Visits(NamedTuple):
    """One row a claim: its person, its cell, its hospital level, place and filing (-1 for none); with the lists they point into."""

    person: np.ndarray
    cell: np.ndarray
    level: np.ndarray
    place: np.ndarray
    filing: np.ndarray
    persons: Persons
    cells: list[Cell]
    areas: list[str]
    groups: list[str]
    places: list[str]


def pick(rng: np.random.Generator, weights: Sequence[int], size: int) -> np.ndarray:
    """Return ``size`` positions drawn with whole-number weights, int64."""
    upto = np.cumsum(np.array(weights, np.int64))
    return np.searchsorted(upto, rng.integers(0, upto[-1], size), side="right")


def between(rng: np.random.Generator, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return one whole number a row, from ``low`` to ``high``, both possible."""
    return low + rng.integers(0, high - low + 1)


def draw_visits(rng: np.random.Generator, about: dict[str, Any], cells: list[Cell], count: int) -> Visits:
    """Draw ``count`` claims: the care by its share of all settlements, then a person whose area covers that care."""
    areas = sorted({cell.area for cell in cells})
    kinds = sorted({(cell.scheme, cell.care) for cell in cells})
    kind = pick(rng, [about["scheme"][scheme]["care"][care]["settlements"] for scheme, care in kinds], count)
    schemes = list(about["scheme"])
    claims = np.bincount(np.array([schemes.index(scheme) for scheme, _ in kinds])[kind], minlength=len(schemes))
    persons = _persons(rng, about, _areas_of(cells, areas, schemes), claims)
    person, cell = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for position, (scheme, care) in enumerate(kinds):
        rows = np.flatnonzero(kind == position)
        covering = np.full(len(areas), -1, np.int64)
        for at, each in enumerate(cells):
            if (each.scheme, each.care) == (scheme, care):
                covering[areas.index(each.area)] = at
        able = np.flatnonzero((persons.scheme == schemes.index(scheme)) & (covering[persons.area] >= 0))
        person[rows] = able[rng.integers(0, able.size, rows.size)]
        cell[rows] = covering[persons.area[person[rows]]]
    groups, places = list(about["assumed"]["group"]), about["assumed"]["places"]["list"]
    level, place, filing = _where(rng, about, cells, cell)
    return Visits(person, cell, level, place, filing, persons, cells, areas, groups, places)


def _areas_of(cells: list[Cell], areas: list[str], schemes: list[str]) -> list[list[int]]:
    """Return for each scheme the positions of the areas that have a cell of it."""
    return [sorted({areas.index(cell.area) for cell in cells if cell.scheme == scheme}) for scheme in schemes]


def _persons(rng: np.random.Generator, about: dict[str, Any], areas: list[list[int]], claims: np.ndarray) -> Persons:
    """Draw as many persons as the claims of a year have, by the bulletin: a year holds several claims of one person."""
    parts: list[np.ndarray] = []
    groups, group_about = list(about["assumed"]["group"]), about["assumed"]["group"]
    ages = np.array([group_about[group]["age"] for group in groups], np.int64)
    for position, figures in enumerate(about["scheme"].values()):
        if not areas[position]:
            continue
        size = max(len(areas[position]), int(claims[position]) * figures["insured"] // figures["settlements"])
        area = np.array(areas[position], np.int64)[np.arange(size) % len(areas[position])]
        drawn = pick(rng, list(figures["groups"].values()), size)
        group = np.array([groups.index(name) for name in figures["groups"]], np.int64)[drawn]
        age = between(rng, ages[group, 0], ages[group, 1])
        parts.append(np.stack([np.full(size, position, np.int64), area, group, age]))
    return Persons(*np.concatenate(parts, axis=1))


def _where(
    rng: np.random.Generator, about: dict[str, Any], cells: list[Cell], cell: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return for each claim the hospital level, the place (-1: at home) and the filing (-1: none)."""
    level, place, filing = (np.full(cell.size, -1, np.int64) for _ in range(3))
    places, filings = about["assumed"]["places"]["list"], about["assumed"]["filings"]
    for position, each in enumerate(cells):
        rows = np.flatnonzero(cell == position)
        shares = about["assumed"]["care"][each.care]["levels"]
        levels = np.array([codes.LEVELS.index(word) for word in each.levels])
        level[rows] = levels[pick(rng, [shares[word] for word in each.levels], rows.size)]
        for relation, away in zip(AWAY, _away(rng, about["scheme"][each.scheme], rows), strict=True):
            able = [at for at, code in enumerate(places) if codes.relation_of(each.area, code) == relation]
            words = each.filings[relation]
            if able and words:
                place[away] = np.array(able)[rng.integers(0, len(able), away.size)]
                filed = np.array([codes.FILINGS.index(word) for word in words])
                filing[away] = filed[pick(rng, [filings[word] for word in words], away.size)]
    return level, place, filing


def _away(rng: np.random.Generator, figures: dict[str, Any], rows: np.ndarray) -> list[np.ndarray]:
    """Return the rows treated elsewhere in the province and those in another province."""
    drawn = rng.integers(0, figures["settlements"], rows.size)
    return [
        rows[(drawn >= figures["cross_province"]) & (drawn < figures["out_of_area"])], rows[drawn < figures["cross_province"]],
    ]  # fmt: skip
