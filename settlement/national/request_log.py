"""What came and what was answered, for the developer at the other end: JSON lines in a file and a page to read.

Persons are masked before anything is kept. Masking and writing are done by a thread of its own, so that no message
waits for them; when that thread cannot keep up, records are left out and counted, never the messages themselves.
"""

from __future__ import annotations

import html
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue
from typing import Any, NamedTuple

from settlement.national import masking

KEPT = 500  # records on the page
WAITING = 2000  # records that may wait for the thread
WORDS = ("err_msg", "warn_msg", "code", "message")  # fields of an answer that are words of ours
LARGEST_FILE = 20 * 1024 * 1024  # bytes; then the file is put aside as .1 and begun anew


class Record(NamedTuple):
    """One message and its answer, deciphered, before masking; an answer that is bytes is read by the log's thread."""

    at: str
    address: str
    request: dict[str, Any]
    answer: dict[str, Any] | bytes
    status: int  # 0: the line was cut
    ms: float


def masked_record(record: Record) -> dict[str, Any]:
    """Return a record as it may be kept: no value in it tells who it was about."""
    told = json.loads(record.answer or b"{}") if isinstance(record.answer, bytes) else record.answer
    answer = masking.shown(told)
    about = [record.request, told.get("output")]
    answer |= {name: _words(str(told[name]), about) for name in WORDS if told.get(name)}
    return {
        "at": record.at, "address": record.address, "status": record.status, "ms": round(record.ms, 1),
        "request": masking.shown(record.request), "answer": answer,
    }  # fmt: skip


def _words(text: str, about: list[Any]) -> str:
    """Return what an answer says in words, without what it quotes; where a quote was cut, the code only."""
    return f"{text.partition(']')[0]}] …" if "…" in text else masking.without(text, about)


class RequestLog:
    """Keeps the last records for the page and all of them in a file (``file`` None: page only)."""

    def __init__(self, file: Path | None) -> None:
        self.dropped = 0
        self._file = file
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._queue: Queue[Record | None] = Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def note(self, record: Record) -> None:
        """Hand over a record; never blocks, and leaves it out when too many wait."""
        try:
            self._queue.put_nowait(record)
        except Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, then end."""
        with suppress(Full):
            self._queue.put(None, timeout=5)
        self._thread.join(timeout=5)

    def records(self, infno: str = "", msgid: str = "", fixmedins_code: str = "") -> list[dict[str, Any]]:
        """Return the kept records, latest first, of one transaction, message or institution ('': of any)."""
        wanted = {"infno": infno, "msgid": msgid, "fixmedins_code": fixmedins_code}
        asked = {name: (value, masking.masked(value)) for name, value in wanted.items() if value}
        kept = reversed(list(self._kept))
        return [one for one in kept if all(one["request"].get(name) in either for name, either in asked.items())]

    def _run(self) -> None:
        for record in iter(self._queue.get, None):
            try:
                made = masked_record(record)
                self._write(json.dumps(made, ensure_ascii=False))
                self._kept.append(made)
            except Exception:  # a record that cannot be written is one less to read; the service goes on
                self.dropped += 1

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        if self._file.exists() and self._file.stat().st_size > LARGEST_FILE:
            self._file.replace(self._file.with_suffix(self._file.suffix + ".1"))
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>报文记录 Request log</title>
<style>body{{font:14px/1.5 system-ui,sans-serif;margin:1.5rem}}table{{border-collapse:collapse;width:100%}}
td,th{{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}}
pre{{margin:.3rem 0;white-space:pre-wrap;word-break:break-all}}.bad{{color:#a00000}}input{{margin-right:.8rem}}</style>
<h1>报文记录 <small>Request log</small></h1>
<p>最近 {kept} 条，个人信息已遮盖；相同的 ••• 标记表示同一个值。The last {kept}, persons masked; equal tags are equal values.</p>
<form><label>infno <input name="infno" value="{infno}" size="6"></label><label>msgid <input name="msgid" value="{msgid}"
 size="32"></label><label>fixmedins_code <input name="fixmedins_code" value="{place}" size="14"></label><button>查询</button></form>
<table><tr><th>时间<th>infno<th>msgid<th>机构<th>infcode<th>毫秒<th>说明</tr>{rows}</table></html>"""


def page(log: RequestLog, infno: str, msgid: str, fixmedins_code: str) -> str:
    """Return the page of the kept records; needs nothing from any other host."""
    rows = "".join(_row(record) for record in log.records(infno, msgid, fixmedins_code))
    texts = {"infno": infno, "msgid": msgid, "place": fixmedins_code}
    return _PAGE.format(kept=KEPT, rows=rows, **{name: html.escape(text, quote=True) for name, text in texts.items()})


def _row(record: dict[str, Any]) -> str:
    request, answer = record["request"], record["answer"]
    cells = [record["at"], request.get("infno"), request.get("msgid"), request.get("fixmedins_code")]
    good = str(answer.get("infcode")) == "0"
    cells += [answer.get("infcode") if "infcode" in answer else record["status"], record["ms"]]
    told = "".join(f"<td>{html.escape(str(cell if cell is not None else ''))}" for cell in cells)
    return f'<tr class="{"" if good else "bad"}">{told}<td>{"".join(_details(record))}</tr>'


def _details(record: dict[str, Any]) -> Iterator[str]:
    answer = record["answer"]
    yield html.escape(str(answer.get("err_msg") or answer.get("message") or ""))
    both = {"request": record["request"], "answer": answer}
    text = json.dumps(both, ensure_ascii=False, indent=1)
    yield f"<details><summary>报文</summary><pre>{html.escape(text)}</pre></details>"
