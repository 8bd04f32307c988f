"""The benchmark at a small size: the peers agree with the kernel claim by claim, a difference is seen, the table is written."""

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks import render
from benchmarks.checkout import figures
from benchmarks.checkout_load import due, requests, run
from benchmarks.peers import DuckPeer, floor, uncompiled
from benchmarks.uncompiled import digest
from benchmarks.world import (
    World,
    empty_results,
    first_claim,
    first_persons,
    fresh,
    make,
    only_persons,
    plain_persons,
    settled,
)
from settlement.kernel.layout import M, R

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
CLAIMS = 4_000
PERSONS = 60


@pytest.fixture(scope="module")
def world() -> World:
    return make(CLAIMS)


def test_uncompiled_python_gives_the_same_bits(world: World) -> None:
    _, results = settled(first_persons(world.batch, PERSONS))
    theirs = uncompiled(PERSONS, CLAIMS)
    assert theirs["digest"] == digest(results) and theirs["seconds"] > 0
    results.lines[M.inscp_scp_amt_e4, -1] += 1
    assert theirs["digest"] != digest(results)


def test_sql_agrees_on_every_claim_and_line_and_sees_one_fen(world: World) -> None:
    mask = plain_persons(world.batch)
    plain = only_persons(world, mask)
    assert 0.3 < plain.claims / world.claims < 1
    peer = DuckPeer(plain)
    _, results = settled(plain.batch)
    peer.run()
    assert peer.differing(results) == 0
    results.columns[R.fund_pay_sumamt_fen, 7] += 1
    results.lines[M.preselfpay_amt_e4, 9] += 1
    assert peer.differing(results) == 2


def test_a_part_of_the_world_settles_as_in_the_whole(world: World) -> None:
    _, whole = settled(world.batch)
    for part in (first_persons(world.batch, PERSONS), first_claim(world.batch)):
        _, results = settled(part)
        assert (results.columns == whole.columns[:, : part.order.size]).all()
    _, plain = settled(only_persons(world, plain_persons(world.batch)).batch)
    assert plain.columns[R.fund_pay_sumamt_fen].sum() < whole.columns[R.fund_pay_sumamt_fen].sum()


def test_the_floor_writes_every_output_byte(world: World) -> None:
    results, mine = empty_results(world.batch), fresh(world.batch)
    assert floor(mine, results, 2) > 0
    assert all((part != 0).all() for part in (*results, mine.state.values))


def test_the_table_is_rendered_between_the_marks(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    figures = json.loads((render.ROOT / "benchmarks" / "results" / "kernel.json").read_text(encoding="utf-8"))
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "kernel.json").write_text(json.dumps(figures | {"kernel_vs_python": 4321.5}))
    (tmp_path / "README.md").write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n", encoding="utf-8")
    (tmp_path / "README.zh-CN.md").write_text("no place for it\n", encoding="utf-8")
    monkeypatch.setattr(render, "ROOT", tmp_path)
    render.main()
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"above\n{BEGIN}\n|") and text.endswith(f"{END}\nbelow\n")
    assert "4,321.5×" in text and "old" not in text
    assert (tmp_path / "README.zh-CN.md").read_text(encoding="utf-8") == "no place for it\n"
    assert "README.zh-CN.md: no marks" in capsys.readouterr().out


def test_a_mark_without_its_end_is_an_error_not_a_lost_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bench:end"):
        render.placed(f"above\n{BEGIN}\nall the rest of the page", "| table |")


def test_the_table_of_the_checkout_says_what_was_measured(tmp_path: Path, monkeypatch: Any) -> None:
    def one(per_s: float) -> dict[str, float]:
        return {"per_s": per_s, "p50_ms": 1.25, "p99_ms": 9.96, "max_ms": 41.5}

    figures = {
        "raw_log": {"0ms": {"8": one(4000.0) | {"p99_ms": 4.98}}}, "sqlite": {"0ms": {"8": one(1000.4)}}, "postgresql": {},
        "machine": {"cores": 2, "python": "3.11", "day": "2024-05-01"},
    }  # fmt: skip
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "checkout.json").write_text(json.dumps(figures))
    (tmp_path / "README.md").write_text("<!-- bench-checkout:begin -->\n<!-- bench-checkout:end -->\n")
    monkeypatch.setattr(render, "ROOT", tmp_path)
    render.main()
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| +0ms | 8 | 4,000 | 1,000 (0.25×) | 1.2 / 10.0 (2.0×) / 42 | – | – |" in text
    assert "2 cores, Python 3.11, 2024-05-01" in text


def _measured(**changed: Any) -> dict[str, Any]:
    sent = {"latencies_ns": [2_000_000] * 900, "by_client": [450, 450], "wall_ns": 3_000_000_000, "failed": []}
    return sent | changed


def test_a_load_whose_messages_ran_out_is_counted_over_the_time_it_lasted() -> None:
    assert figures(_measured(), 4.0) == {"per_s": 300.0, "p50_ms": 2.0, "p99_ms": 2.0, "max_ms": 2.0}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"wall_ns": 1_900_000_000}, "only 1.90 s"),
        ({"failed": ["B01"]}, "1 messages failed, first: B01"),
        ({"by_client": [900, 0]}, "never answered"),
    ],
)
def test_a_load_that_shows_nothing_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        figures(_measured(**changed), 4.0)


def test_the_load_takes_an_answer_that_comes_in_parts_and_sees_a_refusal() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\nx: y\r\n\r\n"
    answer = head + b'{"infcode": 0}'
    assert all(due(answer[:cut]) > cut for cut in range(len(answer))) and due(answer) == len(answer)

    def serve(bodies: list[bytes]) -> None:
        connection = server.accept()[0]
        with connection:
            for body in bodies:
                assert connection.recv(4096).endswith(b"{}")
                for part in (head[:30], head[30:] + body[:3], body[3:]):
                    connection.sendall(part)
                    time.sleep(0.002)

    bodies = [b'{"infcode": 0}', b'{"infcode":-1}', b'{"infcode": 0}']
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        served = pool.submit(serve, bodies)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        made: Any = asyncio.run(run(url, requests(url, [b"{}"] * len(bodies)), 1, 30, 0))
        served.result()
    assert made["by_client"] == [3] and made["left"] == 0 and len(made["failed"]) == 1
    assert '{"infcode":-1}' in made["failed"][0] and made["wall_ns"] < 5e9
