"""Contents made smaller before they are sealed: whatever goes in comes out, and what books held before stays readable."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from settlement.errors import NotAvailable
from settlement.ledger.packed import pack, unpack

LONG = json.dumps({"lines": [{"med_list_codg": "XC08CAX066A011010100002", "cnt": str(n)} for n in range(50)]}).encode()
repetitive = st.builds(lambda part, times: part * times, st.binary(max_size=40), st.integers(0, 400))


@given(st.binary(max_size=2000) | repetitive)
@example(b"")
@example(b"\xc1")
@example(b"\xc1" * 1000)
def test_what_goes_in_comes_out(content):
    packed = pack(content)
    assert unpack(packed) == content
    assert len(packed) <= len(content) + 5


@given(st.text(max_size=900) | st.integers() | st.lists(st.text(), max_size=9))
def test_what_was_written_before_there_was_packing_is_read_as_it_lies(said):
    for old in (json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"), msgspec.msgpack.encode([str(said)])):
        assert unpack(old) == old


def test_a_settlement_becomes_less_than_half():
    assert len(pack(LONG)) < len(LONG) / 2


@pytest.mark.parametrize(
    "damaged",
    [
        b"\xc1",
        b"\xc1\0\0",
        pack(LONG)[:-20],
        pack(LONG)[:1] + b"\xff\xff\xff\xff" + pack(LONG)[5:],
        pack(LONG)[:1] + (10).to_bytes(4, "big") + pack(LONG)[5:],
    ],
    ids=["mark", "cut in the length", "cut in the block", "a length without end", "a length too small"],
)
def test_what_pack_never_made_is_refused(damaged):
    with pytest.raises(NotAvailable, match="L21_CONTENT_DAMAGED"):
        unpack(damaged)
