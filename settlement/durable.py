"""What must be on the disk before it is relied on."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: of files made, renamed or linked there. Raises OSError.

    On Windows a folder cannot be opened for that, and the file system journals names itself.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
