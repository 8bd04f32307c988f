"""The command line: ``settlement settle | explain | rules | book | clearing | card | serve | call | demo | warm``."""

from __future__ import annotations

import json
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console

from settlement import __version__
from settlement.book_cli import book_app
from settlement.engine import Settled, settle_drafts
from settlement.errors import BadInput, SettlementError
from settlement.explain import as_text
from settlement.intake import read_file
from settlement.money import yuan
from settlement.national.clearing_cli import clearing_app
from settlement.national.cli import call, serve
from settlement.present import SHOWN_SIDE_BY_SIDE, listing, refusal_table, result_json, side_by_side
from settlement.results import write_parquet
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.rules_cli import rules_app

app = App(name="settlement", version=__version__, help="Settle medical claims exactly, and say why.")
app.command(rules_app)
app.command(book_app)
app.command(clearing_app)
app.command("settlement.national.card_cli:card_app", name="card", help="Social security cards. 社会保障卡")
app.command(serve)
app.command(call)

Format = Literal["table", "json", "parquet"]
TOLD_AT_MOST = 200  # claims printed one by one; more go to a file


def _settled(file: Path, pools: Path | None) -> tuple[Settled, Rulebook]:
    opened = open_rulebook(pools, strict=False)
    for complaint in opened.loaded.complaints:
        print(f"rule file left out: {complaint.text()}", file=sys.stderr)
    return settle_drafts(read_file(file), opened.book), opened.book


@app.command
def settle(
    file: Path, *, pools: Path | None = None, out: Path | None = None,
    format: Format = "table", strict: bool = False,
) -> int:  # fmt: skip
    """Settle the claims of a file; claims that cannot be settled are listed with reasons, the others are.

    Parameters
    ----------
    file
        .json (one claim or many), .csv (one row a fee line) or .parquet; see docs/claim-format.md.
    pools
        A folder of pool files that add areas or take the place of shipped ones.
    out
        A folder for the results; without it they are printed (Parquet needs it).
    format
        table, json or parquet.
    strict
        End with code 1 if any claim was refused.
    """
    settled, book = _settled(file, pools)
    refused = [refusal.as_row() for refusal in settled.refusals]
    if format == "parquet":
        if out is None:
            raise BadInput("F11_NO_FOLDER", "Parquet results need a folder", cure="Add --out DIR")
        for path in write_parquet(settled, out):
            print(path)
    elif format == "json":
        told = [settled.told(k) for k in settled.kept.tolist()]
        content = result_json(told, refused, list(settled.counters()), book.digest)
        _emit(json.dumps(content, ensure_ascii=False, indent=1), out, f"{file.stem}.result.json")
    else:
        _emit(_table_text(settled, refused), out, f"{file.stem}.result.txt")
    print(f"settled {settled.kept.size}, refused {settled.drafts.size - settled.kept.size}", file=sys.stderr)
    return int(strict and settled.kept.size < settled.drafts.size)


def _table_text(settled: Settled, refused: list[dict[str, object]]) -> str:
    told = [settled.told(k) for k in settled.kept[:TOLD_AT_MOST].tolist()]
    console = Console(width=200 if not sys.stdout.isatty() else None, highlight=False, markup=False)
    with console.capture() as captured:
        if told:
            console.print(side_by_side(told) if len(told) <= SHOWN_SIDE_BY_SIDE else listing(told))
        if settled.kept.size > len(told):
            console.print(f"… {settled.kept.size - len(told)} more; use --format parquet --out DIR")
        if refused:
            console.print(refusal_table(refused[:TOLD_AT_MOST]))
        for counter in list(settled.counters())[:TOLD_AT_MOST] if len(told) <= SHOWN_SIDE_BY_SIDE else []:
            value = counter["value"] if counter["kind"] == "admissions" else yuan(counter["value"])
            console.print(
                f"  {counter['psn_no']} {counter['area']} {counter['period']} from {counter['period_start']}: {counter['counter']} = {value}"
            )
    return captured.get()


def _emit(text: str, out: Path | None, name: str) -> None:
    if out is None:
        print(text)
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / name).write_text(text, encoding="utf-8")
    print(out / name)


@app.command
def explain(file: Path, *, claim: str = "", lang: Literal["zh", "en"] = "zh", pools: Path | None = None) -> int:
    """Explain settled claims: every step in a sentence, with article, source and confidence.

    Parameters
    ----------
    file
        A claim file as for ``settle``.
    claim
        The medins_setl_id to explain; without it, every claim of the file (at most 200).
    lang
        zh or en.
    pools
        A folder of pool files.
    """
    settled, book = _settled(file, pools)
    rows = [
        k for k in settled.kept.tolist() if not claim or settled.drafts.claim_id(int(settled.batch.order[k])) == claim
    ]
    if rows:
        print("\n\n".join(as_text(settled.told(k), book, lang) for k in rows[:TOLD_AT_MOST]))
    if len(rows) > TOLD_AT_MOST:
        print(f"… {len(rows) - TOLD_AT_MOST} more; name one with --claim", file=sys.stderr)
    for refusal in settled.refusals:
        if not claim or refusal.claim_id == claim:
            row = refusal.as_row()
            print(f"[{refusal.code}] {row['medins_setl_id']}: {row['message_zh' if lang == 'zh' else 'message_en']}")
            rows.append(-1)
    if not rows:
        missing = f"has no claim {claim!r}" if claim else "has no claims"
        raise BadInput(
            "F12_NO_CLAIM", f"{file.name} {missing}", cure="Check medins_setl_id", zh=f"文件 {file.name} 中没有该结算"
        )
    return 0


@app.command
def warm() -> int:
    """Compile the kernel and fill its cache, so that the first patient of the morning does not wait."""
    from settlement.kernel.jit import cache_folder  # noqa: PLC0415
    from settlement.warm import warm_kernel  # noqa: PLC0415

    seconds = warm_kernel()
    print(f"kernel ready in {seconds:.1f} s, compiled code in {cache_folder()}")
    return 0


@app.command
def demo(*, out: Path = Path("out/demo"), claims: int = 1_000_000, seed: int = 20240501) -> int:
    """Show the whole mission once: a card, a checkout, an explanation, a million claims, a database.

    Parameters
    ----------
    out
        Where the book, the files and the database go; an earlier demo there is replaced.
    claims
        How many claims the night settles.
    seed
        The same seed makes the same claims.
    """
    from settlement.demo import run  # noqa: PLC0415

    return run(out, claims, seed)


def main() -> None:
    """Run the command line; errors of ours are told in a line, without a traceback, with exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that has no Chinese still shows the amounts
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        print(
            f"[F13_DISK] {error.filename or ''}: {error.strerror}. Check the path, the rights and the room on the disk",
            file=sys.stderr,
        )
        sys.exit(2)
    except SettlementError as error:
        print(error, file=sys.stderr)
        if error.zh:
            print(error.zh, file=sys.stderr)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
