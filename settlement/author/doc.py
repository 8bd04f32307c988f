"""``settlement rules doc``: one page an area, as Markdown and as HTML: what is in force, drawn and in tables; what changed when; on which
grounds; and what is missing.

A page is of a fixed day, the last one on which a rule of the area changed: it says the same until a rule changes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from settlement import codes
from settlement.author import charts, curves, doc_rest
from settlement.author.curves import PEOPLE, Picture
from settlement.author.pages import INDEX, Element, Figure, Grid, Heading, Para, markdown, page_html
from settlement.author.sheets import Kind, Sheet, kinds_of, layer_name, sheet_of
from settlement.author.words import Words
from settlement.money import percent_text
from settlement.rules import resolve
from settlement.rules.pool import ANY_LEVEL, Pool
from settlement.rules.rulebook import Rulebook

NOTE = (
    "图中每一点都由结算引擎算出：本地就医、当年第一次、费用全部在政策范围内（甲类）、不用个人账户；"
    "在职按 45 岁、退休按 65 岁，居民按 10 岁、45 岁、68 岁。横轴为对数。"
)
TOLD = {
    "inpatient": (1_000, 5_000, 10_000, 50_000, 100_000, 500_000),
    "outpatient": (100, 200, 500, 1_000, 5_000, 20_000),
}
NOTHING_BEGAN = date(2000, 1, 1)  # the day of the page of a file without any rule
OVERVIEW, OVERVIEW_BILL = "overview.svg", 10_000


class Area(NamedTuple):
    """One area as its page needs it: its pools (nearest first), the day of the page, its charts, and the file's own remarks."""

    code: str
    chain: tuple[Pool, ...]
    day: date
    pictures: tuple[Picture, ...]
    remarks: str

    @property
    def name(self) -> str:
        """Return the area's name with its code."""
        return f"{self.chain[0].name} {self.code}"


def areas(book: Rulebook, folders: Sequence[Path], day: date | None = None) -> list[Area]:
    """Return every area of a rulebook, on a day or (None) on the last day on which its rules changed."""
    days = {
        code: day or max(resolve.change_days(chain), default=NOTHING_BEGAN)
        for code, chain in book.builder.chains.items()
    }
    drawn = curves.pictures(book, days)
    return [
        Area(code, chain, days[code], tuple(drawn[code]), _remarks(chain[0], folders))
        for code, chain in sorted(book.builder.chains.items())
    ]


def _remarks(pool: Pool, folders: Sequence[Path]) -> str:
    """Return what the file says of itself in the comment at its head: what its author did not find."""
    file = next((folder / pool.file for folder in reversed(folders) if (folder / pool.file).is_file()), None)
    lines = file.read_text(encoding="utf-8-sig").splitlines() if file else []
    head = [
        line.lstrip("# ").strip()
        for line in lines[: next((n for n, line in enumerate(lines) if not line.startswith("#")), 0)]
    ]
    return "".join(head)


def files(found: Sequence[Area], all_areas: Sequence[Area], with_html: bool) -> dict[str, str]:
    """Return the files of the areas ``found`` by name, and the index of all; HTML only where asked for."""
    made: dict[str, str] = {}
    pages = {area.code: (area.name, area_page(area)) for area in found}
    pages[INDEX] = ("统筹区待遇规则", index_page(all_areas))
    for name, (title, page) in pages.items():
        made[f"{name}.md"] = markdown(page)
        made |= {element.file: element.svg for element in page if isinstance(element, Figure)}
        if with_html:
            made[f"{'index' if name == INDEX else name}.html"] = page_html(title, page)
    return made


def index_page(found: Sequence[Area]) -> list[Element]:
    """Return the page that lists the areas and sets them side by side."""
    say = Words("zh")
    rows, links = [], []
    for area in found:
        covers = [kind for kind in kinds_of(area.chain) if sheet_of(area.chain, kind, area.day, say).rows]
        told = [
            f"{say.scheme(scheme)}：{say.listed(say.care(care) for _, care in kinds)}"
            for scheme, kinds in groupby(covers, key=lambda kind: kind[0])
        ]
        links.append((area.name, area.code))
        above = " → ".join(pool.code for pool in area.chain[1:])
        rows.append(
            (area.name, above, "；".join(told) or "—", str(area.day), doc_rest.trust_text(area.chain, area.day, say))
        )
    heads = (
        "统筹区 area",
        "上级 inherits",
        "有规则的类别 covers",
        "规则最近变动 last change",
        "可信度（条目数） confidence",
    )
    page: list[Element] = [
        Heading(1, "统筹区待遇规则 The rules, area by area"),
        Para(
            "由 settlement rules doc 根据规则文件写成，请勿手改；每页按该统筹区规则最近一次变动之日的规则。数字多为二手资料，"
            "可信度逐条标明，不是待遇承诺。"
        ),
        Para(
            "Written by settlement rules doc from the pool files. Most figures are from secondary material, marked so one by one: "
            "a reading to check, not a promise of benefit. The same pages as HTML, each one file with its charts inside, are written by "
            "settlement rules doc and not kept here."
        ),
        Grid(heads, tuple(rows), tuple(links)),
    ]
    figure = _overview(found)
    return page + ([Heading(2, "并列比较 Side by side"), figure, Para(NOTE)] if figure else [])


def _overview(found: Sequence[Area]) -> Figure | None:
    """Return the chart that sets the areas side by side: a stay of one size, by hospital level, for the working."""
    dots: list[tuple[str, str, int]] = []
    for area in found:
        for picture in area.pictures:
            if (picture.scheme, picture.care) == ("employee", "inpatient"):
                panel = next((lines for groups, lines in picture.panels if "working" in groups), ())
                dots += [
                    (area.name, level, curves.share_at(picture, curve, OVERVIEW_BILL))
                    for curve in panel
                    for level in curve.levels
                ]
    if not dots:
        return None
    title = f"在职职工住院 {OVERVIEW_BILL:,} 元，基金支付多少 What the funds pay of a stay of {OVERVIEW_BILL:,} yuan (working employees)"
    levels = [level for level in codes.LEVELS if any(dot[1] == level for dot in dots)]
    names = list(dict.fromkeys(dot[0] for dot in dots))
    cells = {(name, level): percent_text(share) for name, level, share in dots}
    table = Grid(
        ("统筹区 area", *(charts.level_names((level,)) for level in levels)),
        tuple((name, *(cells.get((name, level), "—") for level in levels)) for name in names),
    )
    alt = f"每个统筹区一行，每个医院等级一个点；共 {len(names)} 个统筹区。"
    return Figure(OVERVIEW, charts.dots(dots, title, alt), title, alt, table)


def area_page(area: Area) -> list[Element]:
    """Return the page of one area."""
    say = Words("zh")
    grounds = doc_rest.Grounds(say)
    above = "，继承 " + " → ".join(f"{pool.name} {pool.code}" for pool in area.chain[1:]) if len(area.chain) > 1 else ""
    page: list[Element] = [
        Heading(1, area.name),
        Para(
            f"按 {area.day}（规则最近变动之日）的规则，此后未变{above}。规则文件 {area.chain[0].file}。",
            (INDEX, "全部统筹区 all areas"),
        ),
        Para(f"在效条目的可信度：{doc_rest.trust_text(area.chain, area.day, say)}。"),
    ]
    kinds = kinds_of(area.chain)
    sheets = [sheet for kind in kinds if (sheet := sheet_of(area.chain, kind, area.day, say)).rows]
    page += [Heading(2, "现行待遇 Benefits in force")] if sheets else []
    page += [Para(NOTE)] if area.pictures else []
    for sheet in sheets:
        page += _sheet(area, sheet, grounds, say)
    page += doc_rest.rest(area.chain, area.day, grounds, say)
    page += doc_rest.history(area.chain, area.day, say)
    page += grounds.elements()
    page += doc_rest.gaps(area.chain, area.day, sheets, say)
    return page + ([Heading(3, "规则文件自述 The author's remarks"), Para(area.remarks)] if area.remarks else [])


def kind_name(kind: Kind, say: Words) -> str:
    """Return the name of a scheme and care in Chinese and in the codes' own words."""
    scheme, care = kind
    return f"{say.scheme(scheme)} {say.care(care)} {scheme.replace('_', ' ')} {care.replace('_', ' ')}"


def _sheet(area: Area, sheet: Sheet, grounds: doc_rest.Grounds, say: Words) -> list[Element]:
    page: list[Element] = [Heading(3, kind_name((sheet.scheme, sheet.care), say))]
    picture = next((p for p in area.pictures if (p.scheme, p.care) == (sheet.scheme, sheet.care)), None)
    page += [_figure(area, picture, say)] if picture else []
    alike: dict[tuple[str, ...], list[str]] = {}
    for at, level in enumerate(sheet.levels):  # levels with the same figures share a column
        alike.setdefault(tuple(row.figures[at] for row in sheet.rows), []).append(level)
    levels = (say("any_level") if names == [ANY_LEVEL] else say.levels(names) for names in alike.values())
    rows = tuple(
        (
            layer_name(row.block, say),
            row.people,
            row.what,
            *figures,
            str(row.block.begins),
            grounds.mark(row.block.cite),
        )
        for row, *figures in zip(sheet.rows, *alike, strict=True)
    )
    heads = (say("layer"), say("people"), say("item"), *levels, say("since"), say("ground"))
    return [*page, Grid(heads, rows, quiet=2)]


def _figure(area: Area, picture: Picture, say: Words) -> Figure:
    kind = (picture.scheme, picture.care)
    title = f"{area.chain[0].name} {say.scheme(picture.scheme)} {say.care(picture.care)}：基金支付占医疗费的比例"
    bills = TOLD[picture.care]
    rows = [
        (
            " / ".join(say.group(group) for group in groups), say.levels(curve.levels),
            *(percent_text(curves.share_at(picture, curve, bill)) for bill in bills),
        )
        for groups, lines in picture.panels
        for curve in lines
    ]  # fmt: skip
    first, *_, last = picture.bills
    alt = f"横轴医疗费 {first:,} 元至 {last:,} 元，纵轴基金支付占比，每条线一个医院等级，每幅一类人。"
    alone = say("semicolon").join(
        say.group(group) for group in PEOPLE[picture.scheme] if all(group not in groups for groups, _ in picture.panels)
    )
    alt += f"{alone}没有可画的规则。" if alone else ""
    heads = ("人群", "医院等级", *(f"{bill:,} 元" for bill in bills))
    file = f"{area.code}_{'_'.join(kind)}.svg"
    return Figure(file, charts.svg(picture, title, alt), title, alt, Grid(heads, tuple(rows)))
