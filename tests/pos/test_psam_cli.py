"""A shop with a security module, and a service window, as they run the program: on the real stack, through the worker."""

import json
import queue
import subprocess
import sys
from pathlib import Path

import pytest

from pos_adapter.credentials import CardSource
from pos_adapter.pin import Window
from pos_adapter.watch import Watch
from settlement.errors import CardFault

pytestmark = pytest.mark.xdist_group("pcsc")
ROOT = Path(__file__).parents[2]
TILL, WINDOW = "data/psam/test_till.json", "data/psam/test_window.json"
CERTNO, NAME = "220400199003070041", "虚构丁"
INITIAL, OTHER, WRONG = "123456", "246802", "975310"
AT_THE_WINDOW = ("--office", "220402000001", "--clerk", "K0001", "--stdin")


def run(reader, *arguments, given=None):
    """Name the reader: the card of the test before may still be seen in the other one."""
    return subprocess.run(
        [sys.executable, "-m", "pos_adapter", *arguments, "--reader", reader],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False, input=given,
    )  # fmt: skip


@pytest.fixture
def shut(real_bench, card):
    made = card("3_auth")
    real_bench.insert(made)
    return made, real_bench.reader


def test_read_with_a_module_and_without(shut):
    _, reader = shut
    without, opened = run(reader, "read", "--json"), run(reader, "read", "--json", "--full", "--psam", TILL)
    assert without.returncode == 1 and "[D12_AUTH_NEEDED]" in without.stderr and "三代卡" in without.stderr
    assert json.loads(opened.stdout)["certno"] == CERTNO, opened.stderr
    assert json.loads(opened.stdout)["how"] == f"PC/SC {reader}"


@pytest.mark.parametrize(
    ("text", "code"), [(None, "D45_NO_MODULE"), ('{"sm4": {"read": "CAFE"}}', "C15_NOT_AN_OBJECT")]
)
def test_a_module_that_cannot_be_had(shut, tmp_path, text, code):
    _, reader = shut
    path = tmp_path / "psam.json"
    if text:
        path.write_text(text, encoding="utf-8")
    told = run(reader, "read", "--psam", str(path))
    assert (told.returncode, f"[{code}]" in told.stderr, "安全模块" in told.stderr) == (1, True, True), told.stderr
    assert "CAFE" not in told.stderr and "Traceback" not in told.stderr


def test_a_trace_shows_no_proof_and_nobodys_number(shut, tmp_path):
    _, reader = shut
    out = tmp_path / "steps.jsonl"
    told = run(reader, "trace", "--psam", TILL, "--out", str(out))
    assert told.returncode == 0 and told.stdout.rstrip().endswith("read whole"), told.stdout
    steps = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    proofs = [step for step in steps if step["sent"][:5] in ("00 88", "00 84", "00 82")]
    assert [step["sent"].count("··") for step in proofs] == [16, 0, 16]
    assert [step["got"][-5:] for step in proofs] == ["90 00"] * 3
    assert [step["got"].count("··") for step in proofs] == [6, 6, 0], "but for two bytes of random"
    assert CERTNO.encode().hex() not in out.read_text(encoding="utf-8").replace(" ", "").lower()


def test_a_locked_pin_is_reset_at_the_window_and_works(shut):
    made, reader = shut
    wrong = [run(reader, "pin", "verify", "--psam", TILL, "--stdin", given=f"{WRONG}\n") for _ in range(3)]
    assert ["还可试 2 次" in wrong[0].stderr, "还可试 1 次" in wrong[1].stderr] == [True, True]
    holder, twice = f"{CERTNO}\n{NAME}\n", f"{OTHER}\n{OTHER}\n"
    at_till = run(reader, "pin", "reset", "--psam", TILL, *AT_THE_WINDOW, given=holder + twice)
    other_person = run(
        reader, "pin", "reset", "--psam", WINDOW, *AT_THE_WINDOW, given=f"220400196802290012\n{NAME}\n{twice}"
    )
    unlike = run(reader, "pin", "reset", "--psam", WINDOW, *AT_THE_WINDOW, given=f"{holder}{OTHER}\n{WRONG}\n")
    initial = run(reader, "pin", "reset", "--psam", WINDOW, *AT_THE_WINDOW, given=f"{holder}{INITIAL}\n{INITIAL}\n")
    assert made.tries_left == 0, "none of these helped"
    done = run(reader, "pin", "reset", "--psam", WINDOW, *AT_THE_WINDOW, given=holder + twice)
    after = run(reader, "pin", "verify", "--psam", TILL, "--stdin", given=f"{OTHER}\n")
    codes = {"D27": at_till, "D26": other_person, "D39": unlike, "D35": initial}
    assert {code: (told.returncode, f"[{code}_" in told.stderr) for code, told in codes.items()} == dict.fromkeys(
        codes, (1, True)
    )
    assert (done.returncode, done.stdout) == (0, "密码已重置\n"), done.stderr
    assert (after.returncode, after.stdout) == (0, "密码正确\n"), after.stderr
    for told in (*wrong, *codes.values(), done, after):
        assert not any(secret in told.stdout + told.stderr for secret in (INITIAL, OTHER, WRONG, CERTNO, NAME))


def test_the_watch_reads_it_and_its_worker_resets_it(stack, today):
    """A page asks the watch; whoever sits at a window asks a worker with the window's module."""
    from pos_adapter import id_card
    from pos_adapter.card import VirtualCard
    from pos_adapter.card_image import load_image
    from pos_adapter.worker import Worker

    events = queue.SimpleQueue()
    with Watch(events.put, stack.readers[0], lambda: today, psam=str(ROOT / TILL)) as watch:
        stack.slots[0].insert(VirtualCard(load_image(ROOT / "data/cards/fictional_gen3_auth.json")))
        try:
            while (event := events.get(timeout=5)).kind not in ("identity", "fault"):
                pass
            assert event.kind == "identity", event
            identity = event.identity
            document = id_card.typed(identity.certno, today, identity.psn_name)
            new, place = bytearray(OTHER, "ascii"), Window("220402000001", "K0001")
            with Worker(str(ROOT / WINDOW)) as window:
                window.reset_pin(stack.readers[0], identity, new, (INITIAL,), window=place, document=document)
            assert not any(new)
            assert watch.verify_pin(stack.readers[0], identity, bytearray(OTHER, "ascii")).initial is False
            with Worker() as nobody, pytest.raises(CardFault) as error:
                again = bytearray(WRONG, "ascii")
                nobody.reset_pin(stack.readers[0], identity, again, (INITIAL,), window=place, document=document)
            assert error.value.code == "D27_NOT_AT_A_WINDOW" and not any(again)
        finally:
            stack.slots[0].pull()


def test_the_door_of_all_credentials_takes_a_module(real_bench, card, today, till):
    transport = real_bench.insert(card("3_auth"))
    with pytest.raises(CardFault) as error:
        CardSource(transport).present(today)
    assert error.value.code == "D12_AUTH_NEEDED"
    source = CardSource(transport, till)
    assert source.still_there(source.present(today))
