"""A new area's two files, begun from another area's: its figures carried over, every one of them marked to be checked.

What the model says about its own grounds (sources, articles, notes, comments beside a figure) is left behind: a receipt
from one city proves nothing in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit

from settlement import codes
from settlement.author import keys
from settlement.author.keys import Keys
from settlement.errors import BadInput
from settlement.rules import resolve
from settlement.rules.load import load_files
from settlement.rules.pool import Pool
from settlement.rules.reading import Lines
from settlement.rules.rulebook import NATION, POOLS

INNER: dict[str, Keys] = {
    "rounding": keys.ROUNDING, "who": keys.WHO, "items": keys.ITEMS, "deductible": keys.DEDUCTIBLE, "bands": keys.BAND,
    "measure": keys.MEASURE, "retired": keys.RETIRED, "cap": keys.CAP,
}  # fmt: skip
_NOT_IN_NAMES = re.compile(r"[^\w-]+")
LEFT_BEHIND = ("source", "article", "note", "confidence")

HEAD = """\
# {name}（{code}）的规则文件，由 {model_code} {model_name}（{file}）起头，样本里已停止和已被替换的条目没有带来。
# 下面的数字都是样本的，不是本地的。对照本地文件逐条改写：改好一条，就把它的 source、article、note 换成本地的依据，
# 并删去 confidence = "assumed"（来源见过原件才写 official；转引的写 secondary）。本地没有的条目整条删去。
# 能写的全部内容见 docs/pool-format.md；检查：settlement rules check；编辑器提示：settlement rules schema > pool.schema.json，
# 再在本文件首行写 #:schema ./pool.schema.json
"""
SOURCE = """\

[source.to_check]
# 依据：每份文件写一个 [source.名字]，条目用 source = "名字" 引用。title 文件名称，confidence 可信度必填。
title = "待填：本地文件的名称"
# number = "文号"
# issued = 2024-01-01
# url = "网址"
confidence = "assumed"
note = "数字由样本带来，本地文件未核对。"
"""
CASES = """\
# {name}（{code}）的案例：每张票据、文件里的每个例子写成一个 [[case]]，由 settlement rules test {code} --pools 文件夹 逐分核对。
# 去掉下面各行行首的“#”和空格，就是第一个案例；金额写在引号里，单位是元。
#
# [[case]]
# id = "{code}-1"
# kind = "real_receipt"
# trust = "medium"
# source = "票据或文件的出处"
# scenario = "退休职工，二级医院住院第二次"
# arithmetic = "用文字写出算式，例如 (21600 - 400) x 91% = 19292"
# claim = {{ insuplc_admdvs = "{code}", insutype = "310", psn_type = "12", med_type = "21", medinslv = "2", setl_time = "2024-05-08" }}
# year_so_far = {{ admissions = "1" }}
# lines = [["01", "", "21600.00"], ["02", "0.1", "1000.00"], ["03", "", "500.00"]]
# expected = {{ act_pay_dedc = "400.00", hifp_pay = "19292.00" }}
#
# 全部写法见 docs/case-format.md。kind：real_receipt 真实票据，official_statement 官方例子，derived_from_params 按条文自己算的，illustration 示意。
# trust：high、medium、low，或用文字说明可信到什么程度。
# claim 的字段见 docs/claim-format.md；lines 的每行是 [目录等级或医保编码, 先行自付比例, 金额]，
# 或 {{ class = "02", ratio = "0.1", amount = "100.00", type = "09", negotiated = true, disease = "M01600", cnt = "2" }}。
# 还可以写：before = [{{ claim = {{ … }}, lines = [ … ] }}] 同一人先结算的费用；refused = "R01_RULE_MISSING" 代替 expected；
# counters = {{ admissions = 2 }} 结算后的累计；layers.hifp_pay = {{ base = "21600.00", eligible = "21200.00" }} 各层的步骤。
"""


class Written(NamedTuple):
    """The two files of a new area, and what the model had from above that the new one will not inherit."""

    pool: Path
    cases: Path
    left_above: tuple[Pool, ...]


def write_new(code: str, name: str, model: str, folder: Path) -> Written:
    """Write ``CODE_NAME.toml`` and ``cases/CODE_NAME.toml`` into a folder.

    Raises BadInput: C11 for what is no code, P01 for a model without a file, F14 where a file is there already.
    """
    if not codes.is_division(code):
        raise BadInput(
            "C11_NOT_A_CODE", f"{code!r} is not a division code", cure="Write six digits", zh="区划代码应为六位数字"
        )
    pools = load_files([*sorted(POOLS.glob("*.toml"))]).pools
    files = {pool.code: POOLS / pool.file for pool in pools.values()}
    for file in sorted(folder.glob("*.toml")):
        for own in load_files([file]).pools.values():
            pools[own.code], files[own.code] = own, file
    if model not in pools:
        raise BadInput(
            "P01_UNKNOWN_AREA", f"there is no readable pool file for {model}", cure="See `settlement rules list`",
            zh=f"没有可读的 {model} 规则文件",
        )  # fmt: skip
    stem = f"{code}_{_NOT_IN_NAMES.sub('_', name)}.toml"
    taken = [file for file in (*folder.glob(f"{code}_*.toml"), folder / stem, folder / "cases" / stem) if file.exists()]
    if taken:
        raise BadInput(
            "F14_FILE_EXISTS",
            f"{taken[0]} is there already",
            "it is not overwritten",
            "Move it away first",
            f"{taken[0]} 已存在，不覆盖",
        )
    above = _above(code, pools)
    inherited = {pool.code for pool in resolve.chain_of(pools, above)} if above else set()
    lost = tuple(pool for pool in resolve.chain_of(pools, model)[1:] if pool.code not in inherited)
    text = pool_text(code, name, above, pools[model], files[model].read_text(encoding="utf-8-sig"))
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    (folder / stem).write_text(text, encoding="utf-8")
    (folder / "cases" / stem).write_text(CASES.format(code=code, name=name), encoding="utf-8")
    return Written(folder / stem, folder / "cases" / stem, lost)


def _above(code: str, pools: dict[str, Pool]) -> str:
    """Return the code that a new area inherits from: its province if that has a file, else the nation."""
    province = code[:2] + "0000"
    return next((near for near in (province, NATION) if near in pools and near != code), "")


def pool_text(code: str, name: str, above: str, model: Pool, text: str) -> str:
    """Return the new pool file: the model's blocks as they stand last, under explained keys."""
    document = tomlkit.parse(text)
    explained: set[str] = set()
    parts = [HEAD.format(code=code, name=name, model_code=model.code, model_name=model.name, file=model.file)]
    parts.append("\n".join(["", "[pool]", *_head_lines(code, name, above, document, explained)]) + "\n")
    parts.append(SOURCE)
    lines = Lines(text)
    kept = _lines_in_force(model)
    for kind, said in keys.BLOCKS.items():
        numbered = [(lines.block(kind, nth), block) for nth, block in enumerate(document.get(kind, []))]
        blocks = [(line, block) for line, block in numbered if line in kept]
        if blocks:
            parts.append(f"\n# ======== [[{kind}]] {keys.BLOCK_NAMES[kind].zh} ========\n")
        for line, block in blocks:
            first = f"# 待核对：样本第 {line} 行"
            parts.append(
                "\n".join(["", first, f"[[{kind}]]", *_block_lines(kind, block, said, model, explained)]) + "\n"
            )
    absent = [f"[[{kind}]] {keys.BLOCK_NAMES[kind].zh}" for kind in keys.BLOCKS if kind not in document]
    parts.append(f"\n# 样本没有、本地可能有的：{'，'.join(absent)}。写法见 docs/pool-format.md。\n" if absent else "")
    return "".join(parts)


def _head_lines(code: str, name: str, above: str, document: Any, explained: set[str]) -> Iterator[str]:
    given = {"code": tomlkit.item(code), "name": tomlkit.item(name)} | (
        {"inherits": tomlkit.item(above)} if above else {}
    )
    head = document["pool"]
    # Which places count as local is the model's own geography; everything else may hold here too.
    given |= {key: head[key] for key in ("benefit_year", "scheme_years", "rounding", "refunds") if key in head}
    for key, value in given.items():
        yield from _explained("pool", key, keys.POOL, value, explained)
        yield f"{key} = {_plain(value)}"
    yield f'# local_places = ["{code[:4]}"]  # {keys.POOL["local_places"].zh}'


def _block_lines(kind: str, block: Any, said: Keys, model: Pool, explained: set[str]) -> Iterator[str]:
    carried = {key: value for key, value in block.items() if key not in LEFT_BEHIND}
    for key, value in carried.items():
        yield from _explained(kind, key, {**said, **keys.BLOCK}, value, explained)
        yield f"{key} = {_plain(value)}"
    own = {
        "source": "to_check",
        "article": "待填",
        "confidence": "assumed",
        "note": f"数字取自样本 {model.code} {model.name}，本地未核对。",
    }
    for key, text in own.items():
        yield from _explained("block", key, keys.BLOCK, text, explained)
        yield f"{key} = {tomlkit.item(text).as_string()}"


def _explained(table: str, key: str, said: Keys, value: Any, explained: set[str]) -> Iterator[str]:
    """Yield the comments of a key, and of the keys inside its table, that the file does not have yet."""
    known = {"block": "block", "pool": "pool"}.get(table, "block" if key in keys.BLOCK else table)
    if f"{known}.{key}" not in explained:
        explained.add(f"{known}.{key}")
        yield f"# {said[key].zh}"
    inner = keys.CHANGE if (table, key) == ("elsewhere", "deductible") else INNER.get(key, {})
    tables = value if isinstance(value, list) else [value]
    for name in dict.fromkeys(name for each in tables if isinstance(each, dict) for name in each):
        if name in inner and f"{table}.{key}.{name}" not in explained:
            explained.add(f"{table}.{key}.{name}")
            yield f"#   {name}：{inner[name].zh}"


def _plain(value: Any) -> str:
    """Return a value as the model wrote it; one over several lines is written anew, without the comments inside."""
    text: str = tomlkit.item(value).as_string()
    if "\n" not in text:
        return text
    inline = tomlkit.inline_table()
    inline["anew"] = value.unwrap()
    return str(inline["anew"].as_string())


def _lines_in_force(model: Pool) -> set[int]:
    """Return the lines of the blocks that count when all have begun: the latest of each key, unless it is repealed."""
    kinds = {(s, c) for block in model.benefits for s in block.schemes for c in block.cares}
    kept: list[Any] = [b for s, c in kinds for b in resolve.in_force(resolve.benefits_for(model, s, c), date.max)]
    further: tuple[tuple[Any, ...], ...] = (
        model.elsewheres, model.first_pays, model.filings, model.waitings, model.suspensions, model.stays,
    )  # fmt: skip
    kept += [block for table in further for block in resolve.in_force(table, date.max)]
    latest = {(m.kind, m.codes): m for m in sorted(model.meanings, key=lambda m: m.begins)}
    accounts = {rule.schemes: rule for rule in sorted(model.accounts, key=lambda rule: rule.begins)}
    return {block.cite.line for block in (*kept, *latest.values(), *accounts.values())}
