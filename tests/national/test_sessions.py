"""Signing in and out: what a sign_no is good for, for whom and how long; it outlives a restart."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from wire import HOSPITAL, OTHER_HOSPITAL, Wire, code_of, good, purchase

from settlement.errors import BadInput
from settlement.national.sessions import REMEMBERED_S, Sessions

ASK = {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}


def sign_in(wire: Wire, opter: str = "0001", **head: str) -> str:
    answer = wire.send("9001", {"signIn": {"opter_no": opter, "ip": "127.0.0.1", "mac": "00-11"}}, opter=opter, **head)
    return good(answer)["signinoutb"]["sign_no"]


def test_messages_need_a_sign_in_where_that_is_asked_for(serve):
    running = serve("--require-sign-in")
    wire = Wire(running.url)
    refused = wire.send("1201", ASK)
    assert code_of(refused) == "N23_SIGN_IN"
    assert "请重新签到" in refused["err_msg"]
    sign_no = sign_in(wire)
    good(wire.send("1201", ASK, sign_no=sign_no))
    assert code_of(wire.send("1201", ASK, sign_no="123456")) == "N23_SIGN_IN"
    assert code_of(wire.send("1201", ASK, sign_no=sign_no, opter="0002")) == "N23_SIGN_IN"
    assert code_of(wire.send("1201", ASK, sign_no=sign_no, fixmedins_code=OTHER_HOSPITAL)) == "N23_SIGN_IN"
    assert good(wire.send("1901", {"data": {"type": "insutype"}})) is not None  # catalogues need none
    running.kill()
    again = Wire(serve("--require-sign-in").url)
    good(again.send("1201", ASK, sign_no=sign_no))
    good(again.send("9002", {"signOut": {"opter_no": "0001", "sign_no": sign_no}}))
    assert code_of(again.send("1201", ASK, sign_no=sign_no)) == "N23_SIGN_IN"


def test_a_sign_in_ends_with_its_time(serve):
    wire = Wire(serve("--require-sign-in", "--sign-in-hours", "0.0006").url)  # two seconds
    sign_no = sign_in(wire)
    good(wire.send("1201", ASK, sign_no=sign_no))
    time.sleep(3.2)
    assert code_of(wire.send("1201", ASK, sign_no=sign_no)) == "N23_SIGN_IN"
    good(wire.send("1201", ASK, sign_no=sign_in(wire)))


def test_a_repeated_sign_in_is_one(plain):
    message = plain.message("9001", {"signIn": {"opter_no": "0001", "ip": "127.0.0.1"}})
    first = good(plain.send_whole(message))
    assert good(plain.send_whole(message)) == first
    assert first["signinoutb"]["sign_no"] != sign_in(plain)


def test_who_lost_the_number_can_sign_out_and_nobody_else(plain):
    sign_no = sign_in(plain, "0007")
    foreign = plain.send("9002", {"signOut": {"opter_no": "0008", "sign_no": sign_no}})
    assert code_of(foreign) == "N23_SIGN_IN"
    elsewhere = plain.send("9002", {"signOut": {"opter_no": "0007"}}, fixmedins_code=OTHER_HOSPITAL)
    assert code_of(elsewhere) == "N23_SIGN_IN"
    good(plain.send("9002", {"signOut": {"opter_no": "0007"}}))


def test_a_sandbox_takes_messages_without_a_sign_in(plain):
    good(plain.send("2102", purchase("8.80"), sign_no="651918"))


def session(ends: str = "2024-05-01 20:00:00", state: str = "open") -> bytes:
    said = f'{{"fixmedins_code":"H1","opter_no":"1","begins":"2024-05-01 08:00:00","ends":"{ends}","state":"{state}"}}'
    return said.encode()


class Book:
    """What the book says of sign-ins, and a counter that looks them up as the service does."""

    def __init__(self) -> None:
        self.facts, self.reads, self.seconds = {"s": session()}, [], 0.0
        self.sessions = Sessions(lambda: self.seconds)

    def check(self, sign_no: str = "s", at: str = "2024-05-01 12:00:00") -> None:
        if not self.sessions.remembered(sign_no):
            self.reads.append(sign_no)
            self.sessions.learn(sign_no, self.facts.get(sign_no))
        self.sessions.check(sign_no, "H1", "1", datetime.fromisoformat(at))


@pytest.mark.parametrize(
    ("at", "good_for"),
    [("2024-05-01 08:00:00", True), ("2024-05-01 19:59:59", True), ("2024-05-01 20:00:00", False)],
)
def test_the_last_second_of_a_session(at, good_for):
    book = Book()
    if good_for:
        book.check(at=at)
    else:
        with pytest.raises(BadInput, match="N23_SIGN_IN"):
            book.check(at=at)


def test_a_session_is_read_once_in_a_while_and_a_guess_every_time():
    book = Book()
    for _ in range(3):
        book.check()
        with pytest.raises(BadInput, match="N23_SIGN_IN"):
            book.check("guess")
    assert book.reads == ["s", "guess", "guess", "guess"]
    book.facts["s"] = session(state="closed")  # by another process
    book.check()
    book.seconds += REMEMBERED_S
    with pytest.raises(BadInput, match="N23_SIGN_IN"):
        book.check()
    del book.facts["s"]
    book.seconds += REMEMBERED_S
    with pytest.raises(BadInput, match="N23_SIGN_IN"):
        book.check()


def test_signing_out_is_known_at_once():
    book = Book()
    book.check()
    book.facts["s"] = session(state="closed")
    book.sessions.forget("H1", "2")
    book.check(at="2024-05-01 12:00:01")
    book.sessions.forget("H1", "1")
    with pytest.raises(BadInput, match="N23_SIGN_IN"):
        book.check()
