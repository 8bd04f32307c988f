"""When a channel answers: asked for one moment, answered with the hours that count and how far that can be trusted."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from settlement.registry.guide import NOT_SAID, Channel, Guide

CHINA = timezone(timedelta(hours=8))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OpenAt(NamedTuple):
    """Whether a channel answers at a moment: ``yes``, ``no``, or ``not_said``.

    ``season`` is summer or winter, '' where hours do not change; ``hours`` those of that day, () on a day without.
    ``confidence`` is that of the answer: where both seasons would answer the same it does not hang on when they begin.
    """

    answer: str
    season: str
    hours: tuple[str, ...]
    confidence: str
    note: str


def open_at(guide: Guide, channel: Channel, moment: datetime) -> OpenAt:
    """Tell whether a channel answers at a moment: of China's clock, unless the moment says its own zone."""
    local = moment.astimezone(CHINA) if moment.tzinfo else moment
    trust = guide.trust(channel)
    if channel.always:
        return OpenAt("yes", "", ("00:00-24:00",), trust, channel.note)
    if channel.hours is None:
        return OpenAt(NOT_SAID, "", (), trust, channel.note)
    if channel.days and DAYS[local.weekday()] not in channel.days:
        return OpenAt("no", "", (), trust, channel.note)
    by_season = {"summer": channel.hours.summer, "winter": channel.hours.winter}
    answers = {season: _within(hours, local) for season, hours in by_season.items()}
    if guide.seasons is None:
        if len(set(answers.values())) > 1:
            return OpenAt(NOT_SAID, "", (), trust, channel.note)
        return OpenAt("yes" if answers["summer"] else "no", "", (), trust, channel.note)
    season = guide.seasons.of(local.date().isoformat())
    hangs = len(set(answers.values())) > 1
    notes = (channel.note, guide.seasons.note) if hangs else (channel.note,)
    return OpenAt(
        "yes" if answers[season] else "no", season, by_season[season],
        guide.trust(guide.seasons) if hangs else trust, "；".join(note for note in notes if note),
    )  # fmt: skip


def _within(hours: tuple[str, ...], moment: datetime) -> bool:
    now = moment.strftime("%H:%M")
    return any(begins <= now < ends for begins, _, ends in (span.partition("-") for span in hours))
