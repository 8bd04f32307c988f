"""``rules doc``: pages that say what the file says, charts that the engine drew, nothing fetched, the same bytes every time."""

import re
import subprocess
import sys
import tomllib
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from desk import ROOT, rules

from settlement.author import charts, curves, doc, pages
from settlement.author.curves import Curve, Picture, grid, share_at
from settlement.author.pages import Figure, Grid, Heading, Items, Para, markdown, page_html
from settlement.rules.load import load_files
from settlement.rules.rulebook import Rulebook, open_rulebook

EVERY = tomllib.loads((Path(__file__).parent / "every_rule.toml").read_text(encoding="utf-8"))
DIFF = tomllib.loads((Path(__file__).parent / "diff.toml").read_text(encoding="utf-8"))["pool"]
SVG = "{http://www.w3.org/2000/svg}"


def world(folder: Path, text: str) -> tuple[Rulebook, dict[str, doc.Area]]:
    """The shipped nation with one invented city."""
    (folder / "990100_example.toml").write_text("# 示例市。没有写：生育。\n" + text, encoding="utf-8")
    loaded = load_files([folder / "990100_example.toml"])
    assert loaded.complaints == []
    shipped = open_rulebook().book
    book = Rulebook({"000000": shipped.pools["000000"], **loaded.pools}, shipped.catalogue)
    return book, {area.code: area for area in doc.areas(book, [folder])}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> doc.Area:
    return world(tmp_path_factory.mktemp("city"), DIFF["head"] + DIFF["old"] + DIFF["new"])[1]["990100"]


@pytest.fixture(scope="module")
def page(city: doc.Area) -> list[pages.Element]:
    return doc.area_page(city)


def test_curves_are_the_engines(city: doc.Area) -> None:
    """A working person's stay under the rules of 2024-04-01, in basis points of the bill, by hand."""
    (picture,) = city.pictures
    assert (picture.scheme, picture.care) == ("employee", "inpatient")
    by_hand = {
        ("working", "1", 1_000): 5_950, ("working", "1", 100_000): 8_474,  # (1000 − 300) × 85 %; 99700 × 85 % = 84745
        ("working", "3", 1_000): 0, ("working", "3", 10_000): 5_400,  # (10000 − 1000) × 60 %
        ("retired", "2", 10_000): 7_520,  # (10000 − 600) × 80 %
        ("retired", "1", 1_000_000): 8_997,  # 999700 × 90 %, and no cap
    }  # fmt: skip
    for (group, level, bill), share in by_hand.items():
        lines = next(lines for groups, lines in picture.panels if group in groups)
        curve = next(line for line in lines if level in line.levels)
        assert share_at(picture, curve, bill) == share, (group, level, bill)
    assert all(curve.levels in (("1",), ("2",), ("3",)) for _, lines in picture.panels for curve in lines)


def test_levels_and_groups_that_fare_alike_share_a_line(tmp_path: Path) -> None:
    flat = DIFF["old"].replace('by_level = { 1 = "300 yuan", 2 = "800 yuan", 3 = "1000 yuan" }', 'amount = "500 yuan"')
    flat = flat.replace('{ 1 = "80%", 2 = "70%", 3 = "60%" }', '"70%"').replace('retired = { points = "5" }\n', "")
    ((picture,), *_) = [a.pictures for a in world(tmp_path, DIFF["head"] + flat)[1].values() if a.code == "990100"]
    ((groups, (curve,)),) = picture.panels
    assert groups == ("working", "retired") and len(curve.levels) == 6


def test_the_grid_is_round_numbers() -> None:
    bills = grid(200, 1_000_000)
    assert bills[0] == 200 and bills[-1] == 1_000_000 and list(bills) == sorted(set(bills))
    assert all(bill in bills for bill in doc.TOLD["inpatient"])
    assert all(bill in grid(20, 50_000) for bill in doc.TOLD["outpatient"])


def test_the_page_says_what_is_in_force(page: list[pages.Element]) -> None:
    text = markdown(page)
    assert "按 2024-04-01（规则最近变动之日）" in text
    table = next(e for e in page if isinstance(e, Grid) and e.heads[3:6] == ("一级", "二级", "三级"))
    rows = {(row[1], row[2]): row[3:6] for row in table.rows}
    dedc = "起付线（每次住院；再次住院起付线：每次减 100 元，不低于 200 元）"
    assert rows["全部人员", dedc] == ("300", "600", "1,000")
    assert rows["退休以外", "支付比例"] == ("85%", "75%", "60%") and rows["退休", "支付比例"] == ("90%", "80%", "65%")
    assert rows["全部人员", "封顶线"] == ("不封顶",) * 3
    assert "| 职工医保 住院、急诊、定点药店购药 | 转诊备案 | 跨省异地 | 比例减 5 个百分点 |" in text


def test_the_page_says_what_changed_when(page: list[pages.Element]) -> None:
    at = next(n for n, e in enumerate(page) if isinstance(e, Heading) and e.text == "2024-04-01")
    (items,) = [e for e in page[at : at + 2] if isinstance(e, Items)]
    assert "起付线（二级） 每次住院 800 元 → 每次住院 600 元；支付比例（一级） 80% → 85%" in items.items[0]
    assert any(item.startswith("删除 职工医保 急诊") for item in items.items)
    assert any(item.startswith("新增 职工医保 定点药店购药，退休") for item in items.items)


def test_the_page_says_on_which_grounds_and_what_is_missing(page: list[pages.Element]) -> None:
    text = markdown(page)
    grounds = next(e for e in page if isinstance(e, Grid) and e.heads[0] == "依据")
    trusted = [row for row in grounds.rows if row[1] == "调整待遇的通知"]
    assert trusted[0][2:6] == ("示医保发〔2024〕1号", "—", "第一条", "二手资料，未核对原文")
    missing = text[text.index("还缺什么") :]
    assert "没有规则的类别（结算被拒绝，R01）：普通门诊、急诊" in missing
    assert "职工医保 住院没有规则（R02）：社区机构、省级三级、未定级" in missing
    assert "职工医保 定点药店购药没有规则（R01）：在职，未定级" in missing
    assert "异地没有规则（结算被拒绝，R03）：职工医保 住院、定点药店购药，异地长期居住备案，省内异地" in missing
    assert "示例市。没有写：生育。" in missing


def test_a_day_may_be_asked_for(tmp_path: Path, city: doc.Area) -> None:
    book, _ = world(tmp_path, DIFF["head"] + DIFF["old"] + DIFF["new"])
    (then,) = [area for area in doc.areas(book, [], date(2024, 3, 31)) if area.code == "990100"]
    text = markdown(doc.area_page(then))
    assert "按 2024-03-31" in text and "## 历次变动" in text and "### 2024-04-01" not in text
    assert then.pictures != city.pictures


def test_every_kind_of_rule_is_on_the_page(tmp_path: Path) -> None:
    text = markdown(doc.area_page(world(tmp_path, EVERY["pool"])[1]["990100"])).replace("\\", "")
    asked = [
        "退休以外", "人员类别 1103", "病种 M01600", "第二次为 50%，第三次起为 25%", "每满 90 天再计一次", "全年起付线合计上限：1,600 元",
        "谈判药品", "加上一层封顶后剩余", "上一层未用完的起付线", "由支付方报来", "基金不支付", "70.5%", "已签约家庭医生",
        "先自付范围内金额的 10%；起付线乘 120%；起付线加 200 元；只影响 hifp_pay", "| 转诊备案 | 跨省异地（31）、跨省异地（32） | 比例乘 95% |",
        "异地长期居住备案 | 跨省异地（其他地方）、跨省异地（31）、跨省异地（32） | 不降低", "本地；谈判药品 | 5%", "不能直接结算，手工报销",
        "居民医保 | 90 天", "人员类别 11 | 3 个月", "按天数分到各年度，起付线每年收", "07-01（居民医保 09-01）", "先退后发生的", "9902",
    ]  # fmt: skip
    assert [word for word in asked if word not in text] == []


class Reader(HTMLParser):
    """Notes the tags that are open, and what the page would fetch."""

    VOID = ("meta", "br", "img", "link", "input")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self.open += [tag] if tag not in self.VOID else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_stands_alone(page: list[pages.Element], city: doc.Area) -> None:
    reader = Reader()
    reader.feed(page_html(city.name, page))
    assert reader.open == []
    tags = [tag for tag, _ in reader.seen]
    assert not {"script", "link", "img", "iframe", "image", "use"} & set(tags)
    links = [
        value for _, attrs in reader.seen for name, value in attrs.items() if name in ("href", "src", "xlink:href")
    ]
    assert links == ["index.html"]
    assert reader.seen[0] == ("html", {"lang": "zh-CN"}) and tags.count("h1") == 1
    assert tags.count("svg") == tags.count("figure") == tags.count("details") == 1
    assert all(attrs["scope"] in ("col", "row") for tag, attrs in reader.seen if tag == "th")


def test_text_is_text_and_not_marks() -> None:
    tricky = "<b>*a* | [x](y) & `c`</b>"
    page = [Heading(1, tricky), Para(tricky), Grid((tricky,), ((tricky,),))]
    assert "<b>" not in page_html(tricky, page) and page_html(tricky, page).count("&lt;b&gt;") == 5
    told = markdown(page)
    assert told.count("\\<b\\>\\*a\\* ") == 4 and "\\|" in told.splitlines()[4]


def test_each_chart_is_named_and_has_its_figures(page: list[pages.Element]) -> None:
    (figure,) = [e for e in page if isinstance(e, Figure)]
    root = ElementTree.fromstring(figure.svg)
    assert (
        root.get("role") == "img"
        and root.findtext(f"{SVG}title") == figure.title
        and root.findtext(f"{SVG}desc") == figure.alt
    )
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {
        "在职 working",
        "退休 retired",
        "一级 L1",
        "二级 L2",
        "三级 L3",
        "基金支付占比 paid by the funds",
        "100%",
        "100,000",
    } <= set(words)
    cells = {(row[0], row[1]): row[2:] for row in figure.table.rows}
    assert cells["在职", "三级"] == ("0%", "48%", "54%", "58.8%", "59.4%", "59.88%")  # (bill − 1000) × 60 %
    assert f"![{figure.title}" in markdown(page) and f"]({figure.file})" in markdown(page)


PICTURE = Picture(
    "employee", "inpatient", (200, 1_000, 1_000_000),
    ((("working",), (Curve(("1", "2"), (0, 5_000, 9_000)), Curve(("3",), (0, 4_000, 8_000)))), (("retired",), (Curve(("3",), (0, 0, 0)),))),
)  # fmt: skip


def test_a_chart_depends_on_no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other fonts give other widths; only the font's name may differ in the bytes."""
    rows = [("辽源市 220400", "1", 8_000), ("辽源市 220400", "3", 7_000), ("北京市 110000", "3", 7_395)]
    plain = charts.svg(PICTURE, "a", "b") + charts.dots(rows, "a", "b")
    assert plain == charts.svg(PICTURE, "a", "b") + charts.dots(rows, "a", "b")
    monkeypatch.setattr(charts, "FONT", "monospace")
    other = charts.svg(PICTURE, "a", "b") + charts.dots(rows, "a", "b")
    assert other != plain and other.replace("monospace", "sans-serif") == plain


def test_a_chart_is_drawn_to_scale() -> None:
    root = ElementTree.fromstring(charts.svg(PICTURE, "a", "b"))
    lines = [
        path.get("d") or ""
        for path in root.iter(f"{SVG}path")
        if (path.get("stroke-width"), path.get("fill")) == ("2", None)
    ]
    ends = [re.findall(r"[ML]([\d.]+),([\d.]+)", line)[-1] for line in lines if "L" in line]
    assert (str(charts.WIDTH), "22") in ends and (str(charts.WIDTH), "44") in ends  # 90 % and 80 % of 220 from above


def test_without_the_extra(tmp_path: Path) -> None:
    refused = "import sys\nclass Refuse:\n    def find_spec(self, name, path=None, target=None):\n"
    refused += "        if name.partition('.')[0] in {'altair', 'vl_convert'}:\n            raise ModuleNotFoundError(name=name)\n"
    refused += (
        "sys.meta_path.insert(0, Refuse())\nsys.argv = ['settlement', 'rules', 'doc', '220400', '--to', sys.argv[1]]\n"
    )
    refused += "from settlement.cli import main\nmain()\n"
    done = subprocess.run(
        [sys.executable, "-c", refused, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "F14_NO_CHARTS" in done.stderr and "settlement[docs]" in done.stderr


def test_the_command_and_its_index(tmp_path: Path) -> None:
    done = rules("doc", "220400", "--to", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"220400.md", "220400.html", "README.md", "index.html", "overview.svg"} <= names
    for name in ("220400.md", "README.md"):
        linked = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (tmp_path / "out" / name).read_text(encoding="utf-8"))
        assert linked and set(linked) <= names
    kept = ROOT / "docs" / "rules"
    index = (kept / "README.md").read_text(encoding="utf-8")
    pages_named = re.findall(r"\]\((\d{6}\.md)\)", index)
    assert [name for name in pages_named if not (kept / name).is_file()] == []
    assert curves.SHOWN and len(pages_named) == len({area for area in open_rulebook().book.pools})
