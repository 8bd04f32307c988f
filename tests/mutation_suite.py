"""The quick, strong selection that each mutant of the kernel and of the compiler of rules must get past (scripts/mutation.py).

Not part of `make test`: the same cases and worlds are there, in tests of their own. What is not mutated (files read, worlds made) is done
once and shared by every mutant; rulebooks are built anew for each, because the compiler of rules is among what is mutated.
"""

from case_world import books
from strategies import random_world
from test_against_oracle import compare

from settlement.author.case_run import run_case
from settlement.rules.rulebook import Rulebook

# The odder a case, the sooner it notices: those of the folders here first.
BOOKS = sorted(books(), key=lambda world: world[0].folder is None)
WORLDS = [random_world(seed, most=12 if seed % 4 else 40) for seed in range(40)]


def test_every_case() -> None:
    fresh: dict[int, Rulebook] = {}
    for setting, read in BOOKS:
        if id(read) not in fresh:
            fresh[id(read)] = Rulebook(read.pools, read.catalogue)
        assert run_case(setting.case, fresh[id(read)]).differences == (), setting.case.id


def test_random_worlds_agree_with_the_oracle() -> None:
    assert sum(compare(world) for world in WORLDS) > 300
