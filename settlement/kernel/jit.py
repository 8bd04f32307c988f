"""How kernel functions are compiled, cached, warmed and switched off; the only import of numba.

- Lazy and cached: nothing compiles at import; the first call compiles once, later processes load from disk.
- The cache folder's name holds a digest of every kernel source. Numba looks only at the file of the function it
  caches, so an edit in ``arith.py`` would go unnoticed in ``settle.py``; a new digest is a new folder.
- ``NUMBA_DISABLE_JIT=1`` runs the same source as plain Python, with the same bits (a test says so).
- No ``parallel=True``: its default thread pool may not be entered by two threads at once, and a till has many. The
  functions release the GIL instead and ``engine`` runs persons on ordinary threads.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as _config

config: Any = _config  # its settings are made at run time, unknown to a type checker

njit: Any = numba.njit

Function = TypeVar("Function", bound=Callable[..., Any])

KERNEL = Path(__file__).parent


def source_digest() -> str:
    """Return the SHA-256 of all kernel sources and the compiler's version: the identity of the compiled code."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(KERNEL.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Return where compiled code is kept: ``NUMBA_CACHE_DIR``, else the user's cache, under the source digest."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "settlement-kernel" / source_digest()[:16]


_FOLDER = str(cache_folder())


def compiled(function: Function) -> Function:
    """Return the function compiled on first use, or as it is under ``NUMBA_DISABLE_JIT=1``."""
    # The small verbs melt into one loop a claim; a few entry points are compiled, not dozens.
    return _compiled(function, forceinline=True)


def compiled_apart(function: Function) -> Function:
    """Return the function compiled like ``compiled``, but called and not melted in: for what few claims need."""
    return _compiled(function)


def _compiled(function: Function, **options: bool) -> Function:
    if config.DISABLE_JIT:
        return function
    before, config.CACHE_DIR = config.CACHE_DIR, _FOLDER
    try:
        # _nrt=False: the kernel allocates nothing, its caller holds every array; without it each view of a column would
        # count references atomically, three times the time. Internal to numba, so numba is pinned and a test would fail.
        return njit(cache=True, nogil=True, error_model="numpy", _nrt=False, **options)(function)
    finally:
        config.CACHE_DIR = before


def is_compiled() -> bool:
    """Tell whether the kernel runs compiled in this process."""
    return not config.DISABLE_JIT
