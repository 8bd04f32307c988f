"""Write what is generated: docs/claim-format.md (from schema and layout), docs/pool.schema.json, docs/card-life.md
(from the table of states), docs/rules (from the pools), the example in both READMEs.

``python scripts/write_docs.py`` writes; ``--check`` ends with 1 if a file is not as it would be written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from settlement.author import doc
from settlement.author.json_schema import pool_schema
from settlement.engine import settle_drafts
from settlement.errors import REASONS
from settlement.explain import explain, grounds
from settlement.intake import read_file
from settlement.kernel.layout import LAYER_RESULT, LINE_RESULT, RESULT, Column
from settlement.registry.states import document as card_life
from settlement.rules.rulebook import POOLS, open_rulebook
from settlement.schema import CLAIM_FIELDS, LINE_FIELDS, Field

ROOT = Path(__file__).parent.parent
RULES = ROOT / "docs" / "rules"
EXAMPLE = ROOT / "data" / "examples" / "liaoyuan_inpatient.json"
KINDS = {
    "text": "text", "yuan": "yuan, 2 decimals", "price": "yuan, 6 decimals", "quantity": "number, 4 decimals", "rate": "0–1, 4 decimals",
    "day": "date or date and time", "whole": "whole number", "flag": "0 or 1", "table": "table",
}  # fmt: skip


def fields(rows: tuple[Field, ...]) -> list[str]:
    """Return a Markdown table of draft fields."""
    lines = ["| field | kind | must | 中文 | meaning |", "| --- | --- | --- | --- | --- |"]
    return lines + [f"| `{f.name}` | {KINDS[f.kind]} | {'yes' if f.needed else ''} | {f.zh} | {f.en} |" for f in rows]


def columns(rows: tuple[Column, ...]) -> list[str]:
    """Return a Markdown table of result columns."""
    lines = ["| column | unit | 中文 | meaning |", "| --- | --- | --- | --- |"]
    return lines + [f"| `{c.name}` | {c.unit} | {c.zh} | {c.en} |" for c in rows]


def refusal(code: str) -> str:
    """Return the row of a refusal code."""
    r = REASONS[code]
    return f"| `{code}` | {r.zh}；{r.cure_zh} | {r.en} | {r.cure_en} |"


def claim_format() -> str:
    """Return docs/claim-format.md."""
    parts = [
        "# The claim file and the results",
        "Written by `scripts/write_docs.py` from `settlement/schema.py` and `settlement/kernel/layout.py`; do not edit.",
        "`settlement settle FILE [--pools DIR] [--out DIR] [--format table|json|parquet] [--strict]` reads\n\n"
        "- **JSON**: one claim, a list of claims, or `{\"claims\": […]}`; amounts as decimal text or numbers (read as text, never as floats);\n"
        "- **CSV**: one row a fee line, UTF-8 (a BOM is fine); rows with one `medins_setl_id` are one claim and repeat its fields;\n"
        "  `year_so_far.NAME` and `reported_pay.NAME` columns fill those tables;\n"
        "- **Parquet**: one row a claim with a `feedetail` list of structs (amounts as decimal, text or whole yuan; floating point is refused), or\n"
        "  one row a fee line as in CSV.\n\n"
        "A field not listed here passes through unread, unless it looks like a misspelt one of these: then the claim is refused.",
        "A moment that names a time zone is read as the same moment at +08:00.",
        "A runnable example: `settlement settle data/examples/liaoyuan_inpatient.json`",
        "```json\n" + EXAMPLE.read_text(encoding="utf-8").strip() + "\n```",
        "## Claim", "\n".join(fields(CLAIM_FIELDS)),
        "Levels: `dedc_hosp_lv` and `medinslv` take plain words (`community`, `1`, `2`, `3`, `provincial`, `ungraded` or `9`); `hosp_lv` takes the national\n"
        "grade codes, where 1–4 are tertiary, 5–7 secondary, 8–10 primary grades and 11 ungraded. The order of those codes is not verified; the explanation\n"
        "says so when it was used. Counter names for `year_so_far` are an area's own: `settlement rules show AREA` lists them.",
        "## Fee line (`feedetail[]`)", "\n".join(fields(LINE_FIELDS)),
        "## Result of a claim", "JSON and tables show yuan under the name without `_fen`; Parquet holds the fen.", "\n".join(columns(RESULT[:-1])),
        "## Result of a layer (`layers[]`), one a benefit layer in order", "With `fund` and `rule` (file, line, level, group and filing) as text.",
        "\n".join(columns(LAYER_RESULT[1:])),
        "## Result of a fee line", "\n".join(columns(LINE_RESULT)),
        "## Refusals",
        "\n".join(["| code | 中文 | meaning | what to do |", "| --- | --- | --- | --- |", *map(refusal, REASONS)]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def example(lang: str) -> str:
    """Return the shortened explanation of the example claim."""
    book = open_rulebook().book
    told = settle_drafts(read_file(EXAMPLE), book).told(0)
    sentences = explain(told, book, lang)
    numbers, texts = grounds(sentences, lang)
    lines = [s.text + "".join(f"[{numbers[c]}]" for c in s.cites) for s in sentences]
    return "```\n" + "\n".join([*lines, "…", *texts]) + "\n```"


def rule_pages() -> dict[Path, str]:
    """Return the pages and charts of docs/rules; HTML pages are written by `settlement rules doc` and not kept here."""
    every = doc.areas(open_rulebook().book, [POOLS])
    return {RULES / name: text for name, text in doc.files(every, every, with_html=False).items()}


def between(text: str, mark: str, content: str) -> str:
    """Return a text with what stands between the marks replaced."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n{content}\n{end}{rest.partition(end)[2]}"


def main() -> int:
    """Write the files, or check them; return the exit code."""
    made = {ROOT / "docs" / "claim-format.md": claim_format()}
    made[ROOT / "docs" / "pool.schema.json"] = json.dumps(pool_schema(), ensure_ascii=False, indent=1) + "\n"
    made[ROOT / "docs" / "card-life.md"] = card_life()
    made |= rule_pages()
    for name, lang in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        path = ROOT / name
        made[path] = between(path.read_text(encoding="utf-8"), "example", example(lang))
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    gone = [path for path in sorted(RULES.glob("*")) if path.suffix in (".md", ".svg") and path not in made]
    if "--check" in sys.argv:
        for path in [*stale, *gone]:
            print(f"{path.name} is not as scripts/write_docs.py writes it")
        return int(bool(stale or gone))
    RULES.mkdir(exist_ok=True)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    for path in gone:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
