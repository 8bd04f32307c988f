"""``settlement rules …``: which areas there are, what is in force on a day, and whether files can be computed."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.table import Table

from settlement import codes
from settlement.errors import BadInput, BadRules
from settlement.money import percent_text, yuan_text
from settlement.rules import resolve
from settlement.rules.compile import check_pools
from settlement.rules.load import Loaded, load_files, load_folder
from settlement.rules.pool import ANY_LEVEL, Benefit, Elsewhere, Pool
from settlement.rules.rulebook import POOLS, open_rulebook

rules_app = App(name="rules", help="Look at the rules and check rule files.")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 180, highlight=False)


@rules_app.command(name="list")
def list_areas(*, pools: Path | None = None) -> int:
    """List the areas with rules: code, name, what each covers, and its weakest confidence.

    Parameters
    ----------
    pools
        A folder of pool files to add.
    """
    book = open_rulebook(pools, strict=False).book
    table = Table()
    for head in ("区划 code", "名称 name", "上级 inherits", "险种/医疗类别 covers", "规则自 from", "可信度 confidence"):
        table.add_column(head)
    for pool in sorted(book.pools.values()):
        covers = sorted({f"{s}/{c}" for block in pool.benefits for s in block.schemes for c in block.cares})
        blocks: list[Benefit | Elsewhere] = [*pool.benefits, *pool.elsewheres]
        days = [block.begins for block in blocks]
        marks = {block.cite.confidence for block in blocks}
        table.add_row(
            pool.code, pool.name, pool.inherits or "—", ", ".join(covers) or "—", str(min(days, default="—")),
            " ".join(mark for mark in codes.CONFIDENCES if mark in marks) or "—",
        )  # fmt: skip
    _console().print(table)
    return 0


@rules_app.command
def show(area: str, *, on: date | None = None, pools: Path | None = None) -> int:
    """Print what is in force in an area on a day, with source and confidence of every rule.

    Parameters
    ----------
    area
        Six-digit division code of the insured area.
    on
        The day, YYYY-MM-DD; left out: today.
    pools
        A folder of pool files to add.
    """
    book = open_rulebook(pools, strict=False).book
    code = book.area(area)
    if code is None:
        raise BadInput(
            "P01_UNKNOWN_AREA", f"no rules for {area}", cure="See `settlement rules list`", zh=f"没有 {area} 的规则"
        )
    day = on or date.today()
    chain = book.builder.chains[code]
    console = _console()
    month, first = book.benefit_year(code)
    rounding = resolve.rounding_of(chain)
    console.print(f"{chain[0].name} {code}，{day}（继承 {' → '.join(pool.code for pool in chain[1:]) or '无'}）")
    console.print(
        f"待遇年度自 {month:02d}-{first:02d}；取整 {rounding.at}/{rounding.rounds}；规则库 {book.digest[:16]}"
    )
    for pool in chain:
        _show_benefits(console, pool, day)
    for pool in chain:
        _show_elsewhere(console, pool, day)
    names = ", ".join(f"{name}（{c.kind}/{c.period}）" for name, c in book.counters(code).items())
    console.print(f"累计项 counters: {names or '—'}", markup=False)
    return 0


def _by_level(table: dict[str, int], show_one: object) -> str:
    render = percent_text if show_one == "rate" else yuan_text
    if ANY_LEVEL in table:
        return render(table[ANY_LEVEL])
    return " ".join(f"{codes.LEVEL_ZH[level]} {render(figure)}" for level, figure in table.items())


def _who(block: Benefit) -> str:
    who = block.who
    parts = ["/".join(codes.GROUP_ZH[group] for group in who.groups)] if who.groups else []
    parts += [f"{who.age_from} 岁起"] if who.age_from is not None else []
    parts += [f"不满 {who.age_under} 岁"] if who.age_under is not None else []
    parts += ["公务员" if who.civil_servant else "非公务员"] if who.civil_servant is not None else []
    parts += ["救助对象" if who.assistance else "非救助对象"] if who.assistance is not None else []
    parts += ["、".join(codes.LEVEL_ZH[level] for level in block.levels)] if block.levels else []
    return " ".join(parts) or "全部"


def _deductible(block: Benefit) -> str:
    dedc = block.deductible
    if dedc.per == "none":
        return "无"
    parts = [{"year": "年", "admission": "次住院", "visit": "次"}[dedc.per] + " " + _by_level(dedc.standard_fen, "fen")]
    parts += (
        [f"再次 -{yuan_text(dedc.later_minus_fen)} 不低于 {yuan_text(dedc.floor_fen)}"] if dedc.later_minus_fen else []
    )
    parts += ["再次 " + "、".join(percent_text(p) for p in dedc.later_percent_bp)] if dedc.later_percent_bp else []
    parts += [f"每满 {dedc.again_after_days} 天再计"] if dedc.again_after_days else []
    parts += ["转院补差"] if dedc.on_transfer else []
    return "；".join(parts)


def _bands(block: Benefit) -> str:
    parts = [
        (f"{yuan_text(band.over_fen)} 以上 " if len(block.bands) > 1 else "") + _by_level(band.rate_bp, "rate")
        for band in block.bands
    ]
    parts += [f"退休 +{percent_text(block.retired_points_bp).rstrip('%')} 点"] if block.retired_points_bp else []
    parts += [f"退休个人负担×{percent_text(block.retired_share_bp)}"] if block.retired_share_bp != 10_000 else []
    return "；".join(parts)


def _show_benefits(console: Console, pool: Pool, day: date) -> None:
    table = Table(title=f"{pool.name} {pool.code} 待遇", title_justify="left")
    for head in ("险种/类别", "对象", "基金（基数）", "起付线", "比例", "封顶线", "自", "依据（可信度）"):
        table.add_column(head, overflow="fold")
    kinds = sorted({(s, c) for block in pool.benefits for s in block.schemes for c in block.cares})
    for scheme, care in kinds:
        for block in sorted(resolve.in_force(resolve.benefits_for(pool, scheme, care), day), key=lambda b: b.order):
            what = f"{codes.SCHEME_ZH.get(scheme, scheme)}/{codes.CARE_ZH[care]}"
            cite = f"{block.cite.text()}（{codes.CONFIDENCE_ZH[block.cite.confidence]}）{block.cite.file}:{block.cite.line}"
            if not block.covered:
                table.add_row(what, _who(block), "基金不支付", "—", "—", "—", str(block.begins), cite)
                continue
            cap = "无"
            if block.cap:
                cap = f"{block.cap.per} {block.cap.on} {_by_level(block.cap.amount_fen, 'fen')}"
            body = ("外部报来", "—", "—") if block.reported else (_deductible(block), _bands(block), cap)
            table.add_row(what, _who(block), f"{block.layer}（{block.base}）", *body, str(block.begins), cite)
    if table.row_count:
        console.print(table)


def _change(block: Elsewhere) -> str:
    amount = percent_text(block.amount_bp)
    text = {
        "none": "不降低",
        "points": f"减 {amount.rstrip('%')} 个百分点",
        "multiply": f"比例×{amount}",
        "first_pay": f"先自付 {amount}",
    }
    parts = [text[block.mode]]
    parts += [f"起付线×{percent_text(block.dedc_times_bp)}"] if block.dedc_times_bp != 10_000 else []
    parts += [f"起付线+{yuan_text(block.dedc_plus_fen)}"] if block.dedc_plus_fen else []
    parts += [f"起付线 {yuan_text(block.dedc_is_fen)}"] if block.dedc_is_fen is not None else []
    return "；".join(parts)


def _show_elsewhere(console: Console, pool: Pool, day: date) -> None:
    table = Table(title=f"{pool.name} {pool.code} 异地就医", title_justify="left")
    for head in ("险种/类别", "备案", "范围", "待遇变化", "自", "依据（可信度）"):
        table.add_column(head, overflow="fold")
    for block in resolve.in_force(list(pool.elsewheres), day):
        scope = "/".join((*(block.schemes or ("全部险种",)), *(block.cares or ("全部类别",))))
        filings = "、".join(codes.FILING_ZH[filing] for filing in block.filings)
        wheres = "、".join(codes.RELATION_ZH[where] for where in block.wheres)
        cite = f"{block.cite.text()}（{codes.CONFIDENCE_ZH[block.cite.confidence]}）{block.cite.file}:{block.cite.line}"
        table.add_row(scope, filings, wheres, _change(block), str(block.begins), cite)
    if table.row_count:
        console.print(table)


@rules_app.command
def check(*paths: Path) -> int:
    """Check pool files: each fault with file, line, key, what was found and what would be right.

    Parameters
    ----------
    paths
        Folders or .toml files; left out: the shipped pools. They are checked together with the shipped ones they inherit from.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    for path in paths:
        if not path.exists():
            raise BadInput("F02_NO_FILE", f"{path} is not there", cure="Check the path")
    shipped = load_folder(POOLS)
    given = load_files([file for file in files if file.resolve().parent != POOLS.resolve()])
    loaded = Loaded({**shipped.pools, **given.pools}, shipped.complaints + given.complaints)
    for complaint in loaded.complaints:
        print(complaint.text())
    faults = len(loaded.complaints)
    if not faults:
        try:
            check_pools(loaded.pools)
        except BadRules as error:
            print(error)
            faults += 1
    print(f"{len(loaded.pools)} areas readable, {faults} fault(s)")
    return int(bool(faults))
