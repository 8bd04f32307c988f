"""Who may do what: the matrix cell by cell, in the table and on the wire; clients, institutions, terminals, operators."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from wire import HOSPITAL, OTHER_HOSPITAL, PHARMACY, Wire, code_of, good, purchase

from settlement.errors import BadInput
from settlement.national.roles import OPEN_CLIENT, load_clients
from settlement.national.routes import ALIASES, ROLES, ROUTES

POLICY = tomllib.loads((Path(__file__).parents[1] / "data/national/roles.toml").read_text(encoding="utf-8"))
CELLS = [
    (infno, role, cell == "yes")
    for infno, row in POLICY["matrix"].items()
    for role, cell in zip(POLICY["roles"], row, strict=True)
]
SIGN_IN = {"9001", "9002"}  # on record too, but they change nothing of a person, a visit or a settlement

CLIENTS = """
[[client]]
id = "hospital-one"
secret = "env:TEST_SECRET_ONE"
fixmedins_codes = ["H22040000001"]
addresses = ["127.0.0.0/8"]
terminals = ["T01", "T02"]
[client.operators]
"0001" = ["cashier"]
"0002" = ["cashier", "supervisor"]

[[client]]
id = "hospital-two"
secret = "second secret"
fixmedins_codes = ["H22040000002", "P22040000001"]
addresses = ["10.0.0.0/8"]
terminals = ["*"]
[client.operators]
"*" = ["cashier"]

[[client]]
id = "auditors"
secret = "third secret"
fixmedins_codes = ["*"]
addresses = ["*"]
terminals = ["*"]
[client.operators]
"a1" = ["auditor"]
"""


def test_every_transaction_and_role_has_its_cell():
    assert tuple(POLICY["roles"]) == ROLES
    assert set(POLICY["matrix"]) == set(ROUTES)
    assert {cell for row in POLICY["matrix"].values() for cell in row} == {"yes", "no"}


@pytest.mark.parametrize(("infno", "role", "allowed"), CELLS)
def test_the_table_is_the_policy(infno, role, allowed):
    assert (role in ROUTES[infno].roles) is allowed


def test_the_service_keeps_to_the_policy_in_every_cell(services):
    wire = Wire(services("plain").url)
    wrong = []
    for infno, role, allowed in CELLS:
        for code in (infno, *(alias for alias, base in ALIASES.items() if base == infno)):
            answer = wire.send(code, {"data": {}}, opter=role)
            refused = str(answer.get("err_msg")).startswith("[N24_ROLE]")
            if refused is allowed:
                wrong.append((code, role, answer))
    assert wrong == []


def test_an_auditor_writes_nothing(services):
    booked = {infno for infno, route in ROUTES.items() if route.booked and "auditor" in route.roles}
    assert booked == SIGN_IN
    running = services("plain")
    wire = Wire(running.url)

    def written() -> str:
        return re.search(r"(?m)^settlement_booked (\S+)", wire.http.get(f"{running.url}/metrics").text)[1]

    good(wire.send("2102", purchase("7.70")))
    before = written()
    for infno in sorted(set(ROUTES) - SIGN_IN):
        wire.send(infno, purchase("7.70") if infno == "2102" else {"data": {}}, opter="auditor")
    assert written() == before
    good(wire.send("2102", purchase("7.70")))
    assert written() != before  # so the figure does tell


@pytest.fixture
def guarded(serve, tmp_path, monkeypatch):
    """Return the address of a service with three clients, and their file."""
    file = tmp_path / "clients.toml"
    file.write_text(CLIENTS, encoding="utf-8")
    monkeypatch.setenv("TEST_SECRET_ONE", "first secret")
    return serve("--clients", str(file)).url, file


def test_clients_speak_for_themselves_only(guarded):
    url, file = guarded
    one = Wire(url, clients=file, client="hospital-one", dev_no="T01")
    ask = {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}
    assert "output" in one.send("1201", ask)
    assert one.response.status_code == 200
    good(one.send("1201", ask))
    foreign = one.send("1201", ask, fixmedins_code=OTHER_HOSPITAL)
    assert (one.response.status_code, foreign["code"]) == (403, "N22_NOT_YOURS")
    assert code_of(one.send("1201", ask, dev_no="T99")) == "N26_TERMINAL"
    assert code_of(one.send("1201", ask, dev_no="")) == "N26_TERMINAL"
    assert code_of(one.send("1201", ask, opter="0003")) == "N25_OPERATOR"
    assert code_of(one.send("2208", {"data": {}}, opter="0001")) == "N24_ROLE"
    assert code_of(one.send("2208", {"data": {}}, opter="0002")) == "N01_FIELD_MISSING"
    two = Wire(url, clients=file, client="hospital-two", fixmedins_code=PHARMACY)
    assert code_of(two.send("1201", ask)) == "N26_TERMINAL"  # its address is not 127.0.0.1
    auditor = Wire(url, clients=file, client="auditors", opter="a1")
    assert code_of(auditor.send("2102", purchase())) == "N24_ROLE"


def test_without_its_secret_nobody_is_let_in(guarded):
    url, file = guarded
    one = Wire(url, clients=file, client="hospital-one", dev_no="T01")
    message_url, headers, body = one.signed(one.message("1201", {"data": {}}))
    for said in ({}, {"Authorization": "Basic !!"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        response = one.post(message_url, said, body)
        assert (response.status_code, response.json()["code"]) == (401, "N44_NOT_AUTHENTICATED")
    assert one.post(message_url, headers, body).status_code == 200
    assert one.http.get(f"{url}/sandbox/log").status_code == 404
    assert one.http.get(f"{url}/health").json()["sandbox"] is False


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('terminals = ["*"]', "", "terminals must be a list"),
        ('addresses = ["*"]', 'addresses = ["anywhere"]', "not an address or network"),
        ('"a1" = ["auditor"]', '"a1" = ["director"]', "roles are a list of"),
        ('"a1" = ["auditor"]', "", "must name operators"),
        ('id = "auditors"', 'id = "hospital-two"', "twice"),
        ('secret = "third secret"', "", "needs an id and a secret"),
        ("env:TEST_SECRET_ONE", "env:NOT_THERE", "NOT_THERE is not set"),
        ("[[client]]", "[settings]\n[[client]]", "nothing else"),
        ('secret = "third secret"', 'secret = "third', "Illegal character"),
    ],
)
def test_a_clients_file_that_lets_nobody_in_is_refused(tmp_path, monkeypatch, old, new, found):
    file = tmp_path / "clients.toml"
    file.write_text(CLIENTS.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setenv("TEST_SECRET_ONE", "first secret")
    with pytest.raises(BadInput, match=re.escape(found)) as refused:
        load_clients(file)
    assert refused.value.code == "N40_CLIENTS_FILE"
    assert "secret" not in str(refused.value).replace("a secret or a key", "")


def test_a_client_does_not_show_its_keys(tmp_path, monkeypatch):
    file = tmp_path / "clients.toml"
    file.write_text(CLIENTS, encoding="utf-8")
    monkeypatch.setenv("TEST_SECRET_ONE", "first secret")
    assert "secret" not in repr(load_clients(file))


def test_a_role_that_may_is_chosen_before_one_that_may_not():
    assert OPEN_CLIENT.role("0001", {"clerk"}) == "clerk"
    assert OPEN_CLIENT.role("auditor", {"auditor", "cashier"}) == "auditor"
    with pytest.raises(BadInput, match="N24_ROLE"):
        OPEN_CLIENT.role("0001", {"rule_author"})
