"""F20 and F21: persons are looked for in everything that a service says of itself, and on the disk that it leaves."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settlement.checkout import DATA
from settlement.national.routes import ROUTES
from settlement.vault import open_vault
from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import canaries, wire
from tests.faults.trace import ROOT
from tests.ledger.postgres_server import programs, running_cluster

CLIENTS = 4
PAGES = ("/metrics", "/health", "/ready", "/sandbox/log", "/sandbox/log?format=json")
OPEN = wire.PHARMACY  # the code of an institution lies open in the book: a search that does not find it is none


def forms(text: str) -> dict[str, bytes]:
    """Return a text as it may lie in a file or a line, by the name of the form."""
    raw = text.encode()
    made = {
        "utf-8": raw, "utf-16-le": text.encode("utf-16-le"), "utf-16-be": text.encode("utf-16-be"),
        "gb18030": text.encode("gb18030"), "escaped": json.dumps(text)[1:-1].encode(),
        "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(), "gb18030 hex": text.encode("gb18030").hex().encode(),
    }  # fmt: skip
    for shift in range(3):  # in the midst of a longer text; what depends on its neighbours is left out
        whole = base64.b64encode(b"\0" * shift + raw)
        begin, end = -(-8 * shift // 6), (8 * (shift + len(raw))) // 6
        made[f"base64 {shift}"] = whole[begin:end]
    return made


NEEDLES = {(text, name): form for text in canaries.CANARIES for name, form in forms(text).items()}


def found_in(content: bytes) -> set[str]:
    """Return which canary is in a content in which form; never the content."""
    return {f"{text} as {name}" for (text, name), form in NEEDLES.items() if form in content}


def scan(folder: Path) -> tuple[Counter[str], int, int]:
    """Look through every file; return which canaries are where, how often the open code was found, how many bytes."""
    hits: Counter[str] = Counter()
    seen = size = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a server at work removes files
                continue
            hits.update(f"{path.relative_to(folder)}: {hit}" for hit in found_in(content))
            seen += content.count(OPEN.encode())
            size += len(content)
    return hits, seen, size


def registry(folder: Path) -> Path:
    """Write a registry in which the canary is insured, so that good answers hold it too."""
    content = json.loads((DATA / "registry.json").read_text(encoding="utf-8"))
    content["persons"][0] |= {
        "psn_no": canaries.PSN_NO, "certno": canaries.CERTNO, "psn_name": canaries.NAME, "card_sn": canaries.CARD,
        "evoucher": canaries.TOKEN, "card_no": canaries.CARD,
    }  # fmt: skip
    file = folder / "registry.json"
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def sent(url: str, requests: int, seed: int) -> Counter[str]:
    """Let the canary buy and see a doctor, then send canaries in every transaction, well formed and not."""
    first = wire.Wire(url)
    canaries.settled_for_real(first)
    first.close()

    def part(number: int) -> Counter[str]:
        client, dice, statuses = wire.Wire(url), random.Random(seed * 100 + number), Counter[str]()
        infnos = sorted(ROUTES)
        for n in range(number, requests, CLIENTS):
            canaries.spoilt(client, infnos[n % len(infnos)], dice)
            assert client.response is not None
            statuses[str(client.response.status_code)] += 1
            refused = b'"infcode":0' not in client.response.content[:40]
            statuses["refused"] += refused
            statuses["quoted_to_the_sender"] += refused and bool(found_in(client.response.content))
        client.close()
        return statuses

    return sum(town.side_by_side(part, range(CLIENTS), CLIENTS), Counter())


# ---- F20 ----


def f20_persons_in_logs(requests: int, seed: int = 20) -> Figures:
    """Send canaries to a service; look for them in its logs, pages, figures, standard output and log of requests."""
    with town.scratch() as folder:
        home = folder / "serve"
        with town.serving(home, "--registry", str(registry(folder))) as running:
            statuses = sent(running.url, requests, seed)
            client = wire.Wire(running.url)
            told = {path: client.http.get(f"{running.url}{path}").content for path in PAGES}
            client.close()
            running.stop()
        told["standard output"] = running.shown.encode()
        for file in [home / "service.log", home / "stderr.txt", *home.glob("requests.jsonl*")]:
            told[file.name] = file.read_bytes()
    hits = sorted(f"{where}: {hit}" for where, content in told.items() for hit in found_in(content))
    logged = sum(content.count(b"\n") for name, content in told.items() if name.startswith("requests.jsonl"))
    assert logged > 0.9 * requests, f"only {logged} lines in the log of requests"
    assert OPEN.encode() in told["requests.jsonl"], "the search finds nothing"
    for hit in hits:
        print(hit, file=sys.stderr)
    worst = max(int(status) for status in statuses if status.isdigit())
    figures: Figures = {"count": requests, "passed": requests if not hits and worst < 500 else 0, "hits": len(hits)}
    figures |= {"places": len(told), "bytes_searched": sum(map(len, told.values()))}
    return figures | {name: statuses[name] for name in ("refused", "quoted_to_the_sender")} | {"seed": seed}


# ---- F21 ----


def f21_stolen_disk(requests: int, seed: int = 21) -> Figures:
    """Fill a book with canaries and look through every byte on the disk, at work, backed up, killed, and ended in order."""
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        given, home, temporary = registry(folder), folder / "disk", folder / "disk" / "tmp"
        temporary.mkdir(parents=True)
        for life, end in enumerate(("killed", "ended")):
            with _disk_service(home, temporary, given) as running:
                sent(running.url, requests // 2, seed + life)
                if end == "ended":
                    _kept(home, str(home / "book.sqlite"), home / "book.sqlite.keys")
                _looked(counts, home, "at_work")
                running.kill() if end == "killed" else running.stop()
            _looked(counts, home, end)
        counts["planted"] = _planted(folder / "planted")
    return _figures(counts, seed)


def f21_stolen_disk_postgresql(requests: int, seed: int = 121) -> Figures:
    """The same for the data folder and the log of a PostgreSQL server."""
    if programs() is None:
        return {"skipped": "no PostgreSQL here"}
    counts: Counter[str] = Counter()
    with running_cluster() as cluster, town.scratch() as folder:
        given, home, temporary = registry(folder), folder / "disk", folder / "disk" / "tmp"
        temporary.mkdir(parents=True)
        dsn, keys = cluster.dsn(cluster.new_database()), folder / "keys.toml"
        open_vault(keys, create=True)
        with _disk_service(home, temporary, given, "--store", dsn, "--keys", str(keys)) as running:
            sent(running.url, requests, seed)
            _kept(home, dsn, keys)
            _looked(counts, cluster.folder, "at_work")
            _looked(counts, home, "beside")
        cluster.stop()
        _looked(counts, cluster.folder, "ended")
    return _figures(counts, seed)


@contextmanager
def _disk_service(home: Path, temporary: Path, given: Path, *said: str) -> Iterator[wire.Running]:
    environment = {"TMPDIR": str(temporary), "SQLITE_TMPDIR": str(temporary)}
    with town.serving(home, "--registry", str(given), *said, environment=environment) as running:
        yield running


def _kept(home: Path, book: str, keys: Path) -> None:
    """Make a backup and an anchor of a book in use."""
    _command("backup", book, str(home / "backup.sqlite"), "--keys", str(keys))
    _command("anchor", book, str(home / "anchor.json"), "--keys", str(keys))


def _command(*words: str) -> None:
    command = [sys.executable, "-m", "settlement.cli", "book", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _looked(counts: Counter[str], folder: Path, when: str) -> None:
    hits, seen, size = scan(folder)
    assert seen, f"{when}: the search finds nothing"
    counts["count"] += 1
    counts["passed"] += not hits
    counts["hits"] += sum(hits.values())
    counts["bytes_searched"] += size
    for hit in sorted(hits):
        print(f"{when}: {hit}", file=sys.stderr)


def _planted(folder: Path) -> int:
    """Return in how many forms the search finds what was put there."""
    folder.mkdir()
    (folder / "plain").write_bytes(b"".join(b"\xff\x00" + form for form in NEEDLES.values()))
    hits, _, _ = scan(folder)
    assert len(hits) == len(NEEDLES)
    return len(hits)


def _figures(counts: Counter[str], seed: int) -> Figures:
    names = ("count", "passed", "hits", "bytes_searched")
    return {name: counts[name] for name in names} | {"forms": len(NEEDLES), "seed": seed}


EXPERIMENTS = [
    Experiment(
        "F20", "persons in logs, errors and figures", f20_persons_in_logs, {"requests": 200}, {"requests": 10_000},
        how="an insured canary buys, is treated and gives back; then canaries stand in every field of every transaction, in "
        "headers, addresses, names of fields and broken bodies. Log, error stream, standard output, log of requests, pages "
        "and figures are searched in eleven spellings",
        proves="No name, number, card or token comes out unmasked, and nothing ends in a 500.",
        proves_not="What the sender is told: an answer holds the person it is about, and a refusal may quote the field that "
        "it is about; how often is among the figures.",
    ),
    Experiment(
        "F21", "stolen disk", f21_stolen_disk, {"requests": 60}, {"requests": 2000},
        how="the same messages; then every byte of book, WAL, shm, temporary files, logs, backup and anchor is searched, with "
        "the service at work, killed, and ended, in UTF-8, UTF-16, GB 18030, hex, base64 and JSON escapes",
        proves="The disk without the keys tells nobody's name, number, card or token.",
        proves_not="That the keys are elsewhere: beside the book, where the sandbox puts them, they protect nothing. Institution "
        "codes, message numbers, times and amounts lie open on purpose. Memory and swap.",
    ),
    Experiment(
        "F21b", "stolen disk, PostgreSQL", f21_stolen_disk_postgresql, {"requests": 40}, {"requests": 1000},
        how="the same for the server's data folder with its WAL and its log, and for what the service keeps beside it",
        proves="The same.",
        proves_not="The same. The experiments F14, F15 and F22 to F28 (a centre that cannot be reached, the night's files, "
        "readers beside the writer, upgrades, the day's reconciliation in bulk, the payment leg, the card reader) belong to "
        "other parts of the project and are not run here.",
    ),
]  # fmt: skip
