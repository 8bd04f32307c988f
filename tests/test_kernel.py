"""The kernel's cache and its two ways of running: compiled and plain Python give the same bits on random worlds."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from strategies import random_world

from settlement.engine import settle_batch, settle_drafts
from settlement.kernel import jit
from settlement.rules.rulebook import build

WORLDS = range(40)


def settle_worlds() -> list[list[dict[str, Any]]]:
    worlds = [random_world(seed) for seed in WORLDS]
    return [settle_drafts(world.drafts, build(world.pools, world.catalogue)).rows() for world in worlds]


def test_uncompiled_gives_the_same_bits_on_random_worlds() -> None:
    here = Path(__file__).parent
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(here)}
    code = "import json, test_kernel, settlement.kernel.jit as j; assert not j.is_compiled(); print(json.dumps(test_kernel.settle_worlds()))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    rows = settle_worlds()
    assert json.loads(done.stdout) == json.loads(json.dumps(rows))
    assert sum("refused" not in row for world in rows for row in world) > 100


def test_a_changed_source_is_a_new_cache_folder(tmp_path: Path, monkeypatch: Any) -> None:
    shutil.copytree(jit.KERNEL, tmp_path / "kernel")
    monkeypatch.setattr(jit, "KERNEL", tmp_path / "kernel")
    before, folder = jit.source_digest(), jit.cache_folder()
    arith = tmp_path / "kernel" / "arith.py"
    arith.write_text(arith.read_text().replace("2 * part >= over", "2 * part > over"))
    assert jit.source_digest() != before and jit.cache_folder() != folder


def test_compiled_code_is_kept(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "settlement.cli", "warm"]
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    kept = sorted(file.name for file in tmp_path.rglob("*.nbc"))
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert kept and sorted(file.name for file in tmp_path.rglob("*.nbc")) == kept
    seconds = [float(done.stdout.split(" in ")[1].split(" s")[0]) for done in (first, second)]
    assert str(tmp_path) in first.stdout and seconds[1] < seconds[0]


def test_the_kernel_keeps_nothing_it_was_given() -> None:
    world = random_world(0)
    batch = settle_drafts(world.drafts, build(world.pools, world.catalogue)).batch
    arrays = [*batch.claims, *batch.tables, batch.state.values]
    before = [sys.getrefcount(array) for array in arrays]
    for _ in range(100):
        settle_batch(batch, threads=1)
    assert [sys.getrefcount(array) for array in arrays] == before
