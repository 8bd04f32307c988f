"""``settlement clearing`` on a book in PostgreSQL: the address and the keys are given, the decision is booked there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from postgres_server import Cluster

from settlement.checkout import DATA
from settlement.checkout.base import House, Said, loads
from settlement.checkout.transactions import settle_message
from settlement.errors import NotAvailable
from settlement.ledger.opening import open_ledger
from settlement.national.clearing_cli import clearing_app
from settlement.registry import load_registry
from settlement.rules.rulebook import open_rulebook
from settlement.vault import Vault, open_vault


def test_an_application_is_accepted_by_address(
    cluster: Cluster, database: str, vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, keys = cluster.dsn(database), ["--keys", str(tmp_path / "keys.toml")]
    nothing = dict.fromkeys(("medfee_sumamt", "med_sumfee", "fund_appy_sum", "cash_payamt", "acct_pay"), "0.00")
    node = nothing | {"clr_type": "11", "setlym": "202405", "begndate": "2024-05-01", "enddate": "2024-05-31"}
    with open_ledger(book, vault) as ledger:
        clock = datetime(2024, 6, 3, 9, 0, 0)
        house = House(open_rulebook().book, ledger, load_registry(DATA / "registry.json"), lambda: clock)
        said = Said("3203", "M1", "H22040000001", "220402", "", "1", "1", f"{clock:%Y-%m-%d %H:%M:%S}", {"data": node})
        evt = loads(settle_message(house, said))["output"]["result"]["clr_appy_evt_id"]
    assert clearing_app(["list", book, "--month", "202405", *keys], result_action="return_value") == 0
    assert f"\n{evt}\t202405\tH22040000001\t11\t-\t10 " in capsys.readouterr().out
    assert clearing_app(["accept", book, evt, *keys], result_action="return_value") == 0
    assert "\t20 accepted" in capsys.readouterr().out
    open_vault(tmp_path / "other.toml", create=True)
    with pytest.raises(NotAvailable, match="L16"):
        clearing_app(["decide", book, evt, "30", "--keys", str(tmp_path / "other.toml")], result_action="return_value")
    with open_ledger(book, vault) as ledger:
        found = ledger.fact("clearing", evt)
        assert found is not None and loads(found.content)["state"] == "20" and ledger.verify() == []
