"""Pages: headings, paragraphs, tables and charts, written as Markdown or as one HTML file that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple


class Heading(NamedTuple):
    """A heading of level 1 to 3."""

    level: int
    text: str


class Para(NamedTuple):
    """A paragraph; ``link`` (file without its ending, words) stands at its end."""

    text: str
    link: tuple[str, str] | None = None


class Items(NamedTuple):
    """A list."""

    items: tuple[str, ...]


class Grid(NamedTuple):
    """A table; the first column names the row.

    ``links`` pairs the text of a cell with the page it leads to (file without its ending); of the first ``quiet`` columns Markdown
    leaves out what the row above says.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[tuple[str, str], ...] = ()
    quiet: int = 0


class Figure(NamedTuple):
    """A chart: the file that holds it, its SVG, a title, what it shows in words, and its figures as a table."""

    file: str
    svg: str
    title: str
    alt: str
    table: Grid


Element = Heading | Para | Items | Grid | Figure
INDEX = "README"  # the page that a folder opens with: README.md on a code host, index.html in a browser
DATA = "图中数据 the figures of the chart"
STYLE = """
body { font-family: sans-serif; line-height: 1.5; max-width: 75rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; } caption { text-align: left; font-weight: bold; }
th, td { border: 1px solid #bbb; padding: .2rem .5rem; text-align: left; vertical-align: top; }
th { background: #f3f3f3; font-weight: 600; } figure { margin: 1rem 0; overflow-x: auto; } svg { max-width: 100%; height: auto; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2rem; } @media print { details { display: none; } }
"""


def markdown(page: Sequence[Element]) -> str:
    """Return a page as Markdown; charts are linked as files beside it."""
    return "\n\n".join(_markdown(element) for element in page) + "\n"


def _markdown(element: Element) -> str:
    if isinstance(element, Heading):
        return f"{'#' * element.level} {_plain(element.text)}"
    if isinstance(element, Para):
        link = f" [{_plain(element.link[1])}]({element.link[0]}.md)" if element.link else ""
        return _plain(element.text) + link
    if isinstance(element, Items):
        return "\n".join(f"- {_plain(item)}" for item in element.items)
    if isinstance(element, Figure):
        picture = f"![{_plain(element.title)}。{_plain(element.alt)}]({element.file})"
        return f"{picture}\n\n<details><summary>{DATA}</summary>\n\n{_markdown(element.table)}\n\n</details>"
    lines = [[_cell(head, ()) for head in element.heads], ["---" for _ in element.heads]]
    above: tuple[str, ...] = ()
    for row in element.rows:
        same = next((n for n in range(element.quiet) if above[n : n + 1] != row[n : n + 1]), element.quiet)
        lines.append(["" if n < same else _cell(cell, element.links) for n, cell in enumerate(row)])
        above = row
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str, links: tuple[tuple[str, str], ...]) -> str:
    shown = _plain(text).replace("|", "\\|").replace("\n", " ")
    page = dict(links).get(text)
    return f"[{shown}]({page}.md)" if page else shown


def _plain(text: str) -> str:
    """Return a text in which Markdown sees no marks of its own."""
    return "".join(f"\\{letter}" if letter in "\\`*_<>[]#" else letter for letter in text)


def page_html(title: str, page: Sequence[Element]) -> str:
    """Return a page as a whole HTML file: style and charts inside, no scripts, nothing fetched from anywhere."""
    body = "\n".join(_html(element) for element in page)
    return (
        f'<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html(element: Element) -> str:
    if isinstance(element, Heading):
        return f"<h{element.level}>{html.escape(element.text)}</h{element.level}>"
    if isinstance(element, Para):
        link = f' <a href="{_file(element.link[0])}">{html.escape(element.link[1])}</a>' if element.link else ""
        return f"<p>{html.escape(element.text)}{link}</p>"
    if isinstance(element, Items):
        return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in element.items) + "</ul>"
    if isinstance(element, Figure):
        table = f"<details><summary>{DATA}</summary>{_table(element.table)}</details>"
        caption = f"<figcaption><strong>{html.escape(element.title)}</strong> {html.escape(element.alt)}</figcaption>"
        return f"<figure>{element.svg.strip()}{caption}{table}</figure>"
    return _table(element)


def _file(link: str) -> str:
    return f"{'index' if link == INDEX else link}.html"


def _table(grid: Grid) -> str:
    def cell(text: str) -> str:
        page = dict(grid.links).get(text)
        return f'<a href="{_file(page)}">{html.escape(text)}</a>' if page else html.escape(text)

    heads = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in grid.heads)
    rows = "\n".join(
        f'<tr><th scope="row">{cell(row[0])}</th>' + "".join(f"<td>{cell(text)}</td>" for text in row[1:]) + "</tr>"
        for row in grid.rows
    )
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
