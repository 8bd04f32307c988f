"""The line of every key: each path of a parsed file is found, on the line where it stands."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from strategies import random_world, to_toml

from settlement.rules.positions import positions
from settlement.rules.reading import Lines
from settlement.rules.rulebook import POOLS

# Every form of TOML that moves a key away from its block: the number after # is the line, counted by hand.
ODD = '''
a.b = 1                      # 2
"q r" = """x = 1
[[not_a_block]]
y = 2"""
places = [                   # 6
    "31", # "x" = 1
    { d = 1, e = [1,         # 8
        2] },
    [1,                      # 10
     2.5],                   # 11
]
[t]                          # 13
x = 2024-01-01T00:00:00Z     # 14
text = 'c = "' # [u]
[[u]]                        # 16
x = 1
[u.v]                        # 18
y = 1                        # 19
[[u.w]]
z = 1
[[u.w]]                      # 22
z = { k = "]}", l.m = [] }   # 23
[[u]]                        # 24
[u.v]
y = 2                        # 26
'''
AT = {
    "a": 2, "a.b": 2, "q r": 3, "places": 6, "places[1]": 7, "places[2].e[2]": 9, "places[3]": 10, "places[3][2]": 11,
    "t": 13, "t.x": 14, "t.text": 15, "u": 16, "u[1]": 16, "u[1].v": 18, "u[1].v.y": 19, "u[1].w[2]": 22,
    "u[1].w[2].z.l.m": 23, "u[2]": 24, "u[2].v.y": 26,
}  # fmt: skip


def paths(value: Any, above: str = "") -> Iterator[str]:
    """Every path of a parsed file."""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{above}.{key}" if above else key
            yield path
            yield from paths(inner, path)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield f"{above}[{number}]"
            yield from paths(inner, f"{above}[{number}]")


def test_keys_of_every_form_are_on_their_lines() -> None:
    found = positions(ODD)
    assert set(found) == set(paths(tomllib.loads(ODD)))
    assert {path: found[path] for path in AT} == AT


def test_every_key_of_shipped_and_random_pools_is_found_on_a_line_that_holds_it() -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted(POOLS.glob("*.toml"))]
    texts += [to_toml(pool) for seed in range(10) for pool in random_world(seed, most=1).pools.values()]
    for text in texts:
        found, lines = positions(text), text.split("\n")
        assert set(found) == set(paths(tomllib.loads(text)))
        for path, line in found.items():
            key = re.sub(r"(\[\d+\])+$", "", path).rpartition(".")[2]
            assert key in lines[line - 1] or path.endswith("]"), (path, line)


def test_what_is_not_there_is_looked_for_above_it() -> None:
    lines = Lines(ODD)
    above = {"u[1].v.gone": 18, "u[1].w[2].z.gone[3]": 23, "u[3].x": 16, "t.a[b": 13, "t.x]": 13, "gone": 1, "": 1}
    assert {path: lines.at(path) for path in above} == above
    assert [lines.block("u", 1), lines.block("t", 0), lines.block("u", 7), lines.key(24, "v"), lines.key(16, "q")] == [
        24, 13, 1, 25, 16,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["[", "a = [", "a = {", "]]", "= 1", "a = = {,}", '"""', "[a", "a = [}, 1]", "[" * 5000, ""]
)
def test_what_is_no_toml_is_passed_over(text: str) -> None:
    assert all(line == 1 for line in positions(text).values())
