"""What a till may do on each region's platform to learn of a message: ``platforms.toml``, read."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

QUERY, REPEAT = "query", "repeat"


class Ways(NamedTuple):
    """``ask``: query and repeat in the order in which they are tried. ``late_s``: how long a message may be under way."""

    ask: tuple[str, ...] = (QUERY,)
    late_s: float = 60.0


@cache
def _file() -> dict[str, Any]:
    text = (resources.files("pos_adapter") / "platforms.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def ways_of(profile: str) -> Ways:
    """Return the ways of a profile; one that the file does not name may be queried only."""
    said = _file()
    return Ways(tuple(said.get(profile, {}).get("ask", (QUERY,))), float(said["late_s"]))


@cache
def system_words() -> tuple[str, ...]:
    """Return the words by which an err_msg names a failure of the system."""
    return tuple(_file()["system_words"])
