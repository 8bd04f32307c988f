"""Pool files spoilt in one place at random: they load or are complained about, and checking them never fails."""

import copy
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from strategies import random_world, to_toml

from settlement.rules.check import complaints_of, faults
from settlement.rules.load import load_files, load_folder, pools_from_tables
from settlement.rules.pool import Pool
from settlement.rules.rulebook import POOLS

SHIPPED = load_folder(POOLS).pools
VALUES = [
    "5", "-1", "1.5", "inf", "true", "[]", "{}", '""', '"x"', "2024-01-01", "2024-01-01T00:00:00", "07:30:00", '[1, "a"]',
    "{ a = 1 }", "[[1]]", "[{}]", "99999999999999999999", '"none"', '"left_over"', '"85%"', '"800 yuan"', '"employee"',
    '{ per = "year", amount = "1 yuan" }', '[{ over = "0 yuan", rate = "1%" }]', '"0"', '["employee", "resident"]', '"²-1"',
]  # fmt: skip
PIECES = [
    "", '"', "'", "[", "]", "{", "}", "=", ",", "\n", "#", "[[", "]]", '"""', "'''", "\\", "\ufeff", "\x00", "\u2028", "，", "“",
    "％", "元", "９", "\t", "-", "0", "9" * 30, "true", "\r", "\U0001f600", ". ", "[benefit]\n", "[[benefit]]\n", "[a.b]\n",
]  # fmt: skip
DAYS = ["0001-01-01", "9999-12-31", "2024-02-30", "2099-12-31", "1949-01-01", "2024-2-1"]


def of_match(r: Random, text: str, pattern: str, make: Callable[[re.Match[str]], str]) -> str:
    """Replace one match of a pattern, drawn at random; where there is none, spoil the text otherwise."""
    every = list(re.finditer(pattern, text, re.MULTILINE))
    if not every:
        return garbled(r, text)
    found = r.choice(every)
    return text[: found.start()] + make(found) + text[found.end() :]


def without_a_line(r: Random, text: str) -> str:
    return of_match(r, text, r"^.+\n", lambda found: "")


def with_another_value(r: Random, text: str) -> str:
    return of_match(r, text, r"^(\w+ = ).+$", lambda found: found[1] + r.choice(VALUES))


def with_another_value_inside(r: Random, text: str) -> str:
    return of_match(r, text, r'([{,] *\w+ = )("[^"]*"|\w+)', lambda found: found[1] + r.choice(VALUES))


def without_a_key_inside(r: Random, text: str) -> str:
    return of_match(r, text, r'[{,] *\w+ = ("[^"]*"|\w+)', lambda found: found[0][0])


def garbled(r: Random, text: str) -> str:
    at = r.randrange(len(text))
    return text[:at] + r.choice(PIECES) + text[at + r.choice([0, 0, 1, 1, 5, 40]) :]


def with_a_letter_changed(r: Random, text: str) -> str:
    return of_match(r, text, r"[A-Za-z]", lambda found: r.choice("abexyzAÅß_-"))


def with_a_block_again(r: Random, text: str) -> str:
    blocks = re.split(r"(?=^\[)", text, flags=re.MULTILINE)
    blocks.insert(r.randrange(1, len(blocks) + 1), "\n" + r.choice(blocks) + "\n")
    return "".join(blocks)


def with_a_day_shifted(r: Random, text: str) -> str:
    def shifted(found: re.Match[str]) -> str:
        if r.randrange(2):
            return r.choice(DAYS)
        return str(date.fromisoformat(found[0]) + timedelta(r.choice([-3000, -366, -1, 1, 31, 366, 3000])))

    return of_match(r, text, r"\d{4}-\d{2}-\d{2}(?=\n)", shifted)


SPOIL = [
    without_a_line, with_another_value, with_another_value_inside, without_a_key_inside, garbled, garbled,
    with_a_letter_changed, with_a_block_again, with_a_day_shifted,
]  # fmt: skip


def shipped_text(r: Random) -> tuple[str, str, dict[str, Pool]]:
    """A shipped pool as text with its code, and the others."""
    pool = SHIPPED[r.choice(sorted(SHIPPED))]
    return pool.code, (POOLS / pool.file).read_text(encoding="utf-8"), SHIPPED


def random_text(r: Random) -> tuple[str, str, dict[str, Pool]]:
    tables = random_world(r.randrange(10**6), most=1).pools
    code = r.choice(sorted(tables))
    return code, to_toml(tables[code]), pools_from_tables(copy.deepcopy(tables))


def outcome(path: Path, text: str, others: dict[str, Pool]) -> str:
    """Load and check a spoilt text; return whether it was refused for its form, for what it says, or not at all."""
    path.write_bytes(text.encode("utf-8"))
    loaded = load_files([path])
    for said in loaded.complaints:
        assert said.file == path.name and said.key and said.found and said.cure, said
        assert 1 <= said.line <= len(re.split(r"\r\n|\r|\n", text)), said
        assert len(said.text()) < 1000 and "Traceback" not in said.text(), said
    assert bool(loaded.complaints) != bool(loaded.pools)
    for code in loaded.pools:
        pools = {**others, **loaded.pools}
        found = list(faults(pools, code))
        assert bool(complaints_of(pools, code)) == bool(found)
        for fault in found:
            assert fault.code.startswith("B0") and fault.said and fault.cure and fault.line >= 1, fault
        for below in pools:  # an area that inherits from it hears of the same, and of nothing that cannot be told
            assert all(said.found and said.cure for said in complaints_of(pools, below))
        return "faulty" if found else "sound"
    return "unreadable"


@pytest.mark.parametrize(("of", "seeds"), [(shipped_text, 200), (random_text, 75)])
def test_a_spoilt_file_loads_or_is_complained_about(
    of: Callable[[Random], tuple[str, str, dict[str, Pool]]], seeds: int, tmp_path: Path
) -> None:
    told: Counter[str] = Counter()
    for seed in range(seeds):
        r = Random(seed)
        code, text, others = of(r)
        for spoil in r.sample(SPOIL, 2):
            told[outcome(tmp_path / f"{code}_spoilt.toml", spoil(r, text), others)] += 1
    assert told["unreadable"] > seeds and told["sound"] > seeds // 8 and told["faulty"] > seeds // 20, told


def test_what_is_not_spoilt_is_sound(tmp_path: Path) -> None:
    """The texts before they are spoilt have nothing wrong with them, so that what is told is of the spoiling."""
    for seed in range(10):
        for of in (shipped_text, random_text):
            code, text, others = of(Random(seed))
            assert outcome(tmp_path / f"{code}_whole.toml", text, others) == "sound", (of, seed)
