"""``settlement demo``: the whole mission once, on real parts, with its progress shown.

The counter's scene runs in its own process, as a till does (``python -m pos_adapter scene``): nothing in ``settlement``
imports the till.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from settlement.analysis.database import build_database, query, view_names
from settlement.engine import settle_drafts
from settlement.errors import NotAvailable
from settlement.intake import read_file
from settlement.results import write_parquet
from settlement.rules.rulebook import open_rulebook
from settlement.sample import write_sample
from settlement.warm import warm_kernel


def run(out: Path, claims: int, seed: int) -> int:
    """Run the demo into ``out`` (replaced if it is an earlier demo's); return the exit code."""
    console = Console(highlight=False)
    if out.exists():
        if not (out / ".settlement-demo").exists():
            raise NotAvailable("X01_FOLDER", f"{out} exists and is not a demo's", cure="Name another folder with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / ".settlement-demo").touch()
    console.print(f"kernel ready in {warm_kernel():.1f} s (compiled once, then loaded from the cache)")
    scene = subprocess.run([sys.executable, "-m", "pos_adapter", "scene", str(out)], check=False)
    if scene.returncode:
        return scene.returncode
    console.rule("⑥ 夜间批量 A night: one file of claims")
    night(console, out, claims, seed)
    return 0


def night(console: Console, out: Path, claims: int, seed: int) -> None:
    """Generate, settle and store ``claims`` claims; query them; print the throughput and what to try next."""
    book = open_rulebook().book
    source, results, database = out / "claims.parquet", out / "results", out / "settlement.duckdb"
    seconds: dict[str, float] = {}
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("")

        def step(name: str, begin: float) -> float:
            seconds[name] = time.perf_counter() - begin
            return time.perf_counter()

        progress.update(task, description=f"generating {claims:,} seeded claims")
        at = time.perf_counter()
        lines = write_sample(source, claims, seed, book)
        at = step("generate", at)
        progress.update(task, description=f"settling {claims:,} claims, {lines:,} lines")
        settled = settle_drafts(read_file(source), book)
        at = step("read and settle", at)
        progress.update(task, description="writing Parquet")
        write_parquet(settled, results)
        at = step("write", at)
        progress.update(task, description="building the DuckDB file")
        build_database(database, results)
        step("database", at)
    kept = int(settled.kept.size)
    console.print(
        f"  settled {kept:,}, refused {settled.drafts.size - kept:,} with reasons; balance A–D holds on every row"
    )
    console.print("  " + ", ".join(f"{name} {spent:.1f} s" for name, spent in seconds.items()))
    rate = claims / seconds["read and settle"]
    console.print(
        f"  from Parquet to settled results: {rate:,.0f} claims/s, {lines / seconds['read and settle']:,.0f} lines/s"
    )
    for name in ("fund_by_area_month", "cross_province_matrix", "refusals_by_code"):
        console.print(f"\n[bold]{name}[/bold]")
        console.print(query(database, name, 12), markup=False, soft_wrap=True)
    here = Path(sys.executable).with_name("settlement")
    command = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
    console.print(
        "\nTry next:\n"
        f"  {command} settle data/examples/beijing_each_filing.json\n"
        f"  {command} explain data/examples/liaoyuan_inpatient.json --lang en\n"
        f"  {command} rules show 220400 --on 2024-05-01\n"
        f"The database is yours: {database} (open it with duckdb; views {', '.join(view_names())})",
        markup=False,
        soft_wrap=True,
    )
