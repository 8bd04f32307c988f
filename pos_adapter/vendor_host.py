"""The process in which a vendor's library runs: it may hang there, crash, print or be of 32 bits without harm to the till.

Started by ``vendor_dll`` as a file, under any Python from 3.8 on, and so with nothing but the standard library. One line
of JSON comes in for every call and one goes out; the line out leaves on a copy of the standard output, because libraries
print on the other.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import sys
import threading

ROOM = 64 * 1024  # bytes for an output; callers in the wild give 1 to 4 KiB
GUARD = b"\xa5" * 4096  # behind the room


def load(path: str, convention: str) -> ctypes.CDLL:
    """Load the library, with its own folder for what it needs beside it."""
    folder = os.path.dirname(os.path.abspath(path))
    if hasattr(os, "add_dll_directory"):
        os.add_dll_directory(folder)
    maker = getattr(ctypes, "WinDLL", ctypes.CDLL) if convention == "stdcall" else ctypes.CDLL
    return maker(path)


def call(library: ctypes.CDLL, name: str, arguments: list[int | str]) -> dict[str, object]:
    """Call a function with its arguments (numbers, or bytes as hexadecimal digits) and room for an output."""
    try:
        function = getattr(library, name)
    except AttributeError:
        return {"error": "lacks", "found": f"no function {name}"}
    function.restype = ctypes.c_int  # declared long in places: its lower 32 bits are the same
    room = ctypes.create_string_buffer(bytes(ROOM) + GUARD, ROOM + len(GUARD))
    given = [ctypes.c_int(one) if isinstance(one, int) else ctypes.c_char_p(bytes.fromhex(one)) for one in arguments]
    code = function(*given, room)
    output = room.raw
    end = output.find(b"\0", 0, ROOM)
    if end < 0 or output[ROOM:] != GUARD:
        return {"error": "overrun", "found": f"{name} wrote more than {ROOM} bytes"}
    return {"code": code, "output": output[:end].hex()}


def main(path: str, convention: str) -> int:
    """Load the library and serve calls, in this thread as libraries expect, until the pipe closes."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def tell(answer: dict[str, object]) -> None:
        out.write(json.dumps(answer).encode() + b"\n")

    try:
        library = load(path, convention)
    except OSError as error:
        tell({"error": "missing", "found": f"{os.path.basename(path)}: {error}"[:300]})
        return 1
    tell({"ready": 1})
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while True:
        asked = json.loads(lines.get())
        tell(call(library, asked["function"], asked["arguments"]))


def _listen(lines: queue.SimpleQueue[bytes]) -> None:
    """Pass lines on; when the pipe closes the till is gone, and this process ends even in the middle of a call."""
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
