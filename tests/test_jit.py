"""How kernel functions are compiled: with which options, cached where, and not at all when that is switched off."""

import hashlib
from pathlib import Path
from typing import Any

import numba
import pytest

from settlement.kernel import jit


def double(n: int) -> int:
    return 2 * n


def test_switched_off_a_function_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit.config, "DISABLE_JIT", 1)
    assert jit.compiled(double) is double and jit.compiled_apart(double) is double and not jit.is_compiled()


def test_compiled_without_the_lock_and_cached_under_the_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jit.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(jit.config, "CACHE_DIR", "elsewhere")
    monkeypatch.setattr(jit, "_FOLDER", str(tmp_path))
    made: Any = jit.compiled(double)
    assert jit.is_compiled() and made.py_func is double
    wanted = {"nopython": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    assert made.targetoptions == {**made.targetoptions, **wanted, "forceinline": True}
    assert Path(made.stats.cache_path).parent == tmp_path
    assert jit.config.CACHE_DIR == "elsewhere"
    apart: Any = jit.compiled_apart(double)
    assert apart.py_func is double and not apart.targetoptions.get("forceinline")
    assert {name: apart.targetoptions[name] for name in wanted} == wanted
    assert Path(apart.stats.cache_path).parent == tmp_path


def test_the_folder_is_named_by_every_source_and_the_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("b.py", "two"), ("a.py", "one"), ("c.txt", "not a source")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(jit, "KERNEL", tmp_path)
    digest = hashlib.sha256(numba.__version__.encode() + b"a.py\0oneb.py\0two").hexdigest()
    assert jit.source_digest() == digest
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/at/home")
    assert jit.cache_folder() == Path("/at/home/.cache/settlement-kernel") / digest[:16]
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert jit.cache_folder().parent == Path("/xdg/settlement-kernel")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/numba")
    assert jit.cache_folder().parent == Path("/numba/settlement-kernel")
