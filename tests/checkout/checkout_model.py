"""A checkout on paper: a list of what stands, and sums over it. Shares no code with the checkout it is held against.

The rules of its one area are done by hand: 100.00 a year is borne by the person, for purchases and for visits apart; of
the rest the fund pays 80 %, at most 300.00 a year; the account pays what it can; cash is what is left. Amounts are fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEDUCTIBLE, CAP, RATE = 10000, 30000, 8000  # fen, fen, 1/10 000
Name = tuple[str, str]  # institution, msgid
Figures = tuple[int, int, int, int]  # deductible, fund, account, cash


@dataclass
class Row:
    """One settlement: what it cost, who paid, whether it stands."""

    who: str
    infno: str
    total: int
    dedc: int
    fund: int
    acct: int
    batch: str = ""
    stands: bool = True

    @property
    def figures(self) -> Figures:
        return self.dedc, self.fund, self.acct, self.total - self.fund - self.acct


@dataclass
class Paper:
    """What has been settled, cancelled and reversed, by (institution, msgid)."""

    opening: dict[str, int]
    rows: dict[Name, Row] = field(default_factory=dict)
    cancels: dict[Name, Name] = field(default_factory=dict)  # → what each gave back
    undos: set[Name] = field(default_factory=set)
    voids: dict[Name, tuple[str, str]] = field(default_factory=dict)  # → (infno, person)
    bodies: dict[Name, str] = field(default_factory=dict)

    def standing(self, who: str) -> list[Row]:
        return [row for row in self.rows.values() if row.who == who and row.stands]

    def balance(self, who: str) -> int:
        return self.opening[who] - sum(row.acct for row in self.standing(who))

    def counters(self, who: str) -> dict[str, int]:
        mine = self.standing(who)
        met = {infno: sum(row.dedc for row in mine if row.infno == infno) for infno in ("2102", "2207")}
        return {"pharmacy": met["2102"], "outpatient": met["2207"], "pool": sum(row.fund for row in mine)}

    def priced(self, who: str, infno: str, total: int, batch: str = "") -> Row:
        """Return what a settlement now would be."""
        counters = self.counters(who)
        met = counters["pharmacy" if infno == "2102" else "outpatient"]
        dedc = min(total, max(0, DEDUCTIBLE - met))
        fund = min(((total - dedc) * RATE + 5000) // 10000, max(0, CAP - counters["pool"]))
        return Row(who, infno, total, dedc, fund, min(self.balance(who), total - fund), batch)

    def before(self, name: Name, infno: str, body: str) -> str:
        """Return what a message meets before anything is done: ``new``, ``again``, or the code of a refusal."""
        if name in self.bodies and self.bodies[name] != body:
            return "L01"
        if name in self.voids and infno != "2601":
            return "B02"
        return "again" if name in self.bodies else "new"

    def settle(self, name: Name, infno: str, body: str, row: Row, shown: Figures | None = None) -> str:
        """Settle; return ``new``, ``again`` or the code of a refusal. ``shown`` are figures that must still hold."""
        met = self.before(name, infno, body)
        if met != "new":
            return met
        if row.batch and any(other.batch == row.batch and other.stands for other in self.rows.values()):
            return "B09"
        if shown is not None and shown != row.figures:
            return "B14"
        self.rows[name], self.bodies[name] = row, body
        return "new"

    def cancel(self, name: Name, infno: str, body: str, target: Name) -> str:
        met = self.before(name, infno, body)
        if met != "new":
            return met
        if target[0] != name[0]:
            return "B16"
        if not self.rows[target].stands:
            return "B19"
        self.rows[target].stands = False
        self.cancels[name], self.bodies[name] = target, body
        return "new"

    def undo(self, name: Name, body: str, omsgid: str, oinfno: str, who: str) -> str:
        met = self.before(name, "2601", body)
        if met != "new":
            return met
        original = (name[0], omsgid)
        refusal = self._undone(original, oinfno, who)
        if not refusal:
            self.voids[original] = (oinfno, who)
            self.undos.add(name)
            self.bodies[name] = body
        return refusal or "new"

    def _undone(self, original: Name, oinfno: str, who: str) -> str:
        booked = self.voids.get(original) or self._booked_as(original)
        if booked is None:
            return "B24" if original in self.bodies else ""
        if booked != (oinfno, who):
            return "B24" if booked[0] != oinfno else "B26"
        if original in self.voids:
            return ""
        return self._given_back(original) if original in self.rows else self._stands_again(original)

    def _given_back(self, original: Name) -> str:
        row = self.rows[original]
        refusal = "" if row.stands else "B19"
        row.stands = False
        return refusal

    def _stands_again(self, cancellation: Name) -> str:
        row = self.rows[self.cancels[cancellation]]
        if self.balance(row.who) < row.acct:
            return "B28"
        if row.batch and any(other.batch == row.batch and other.stands for other in self.rows.values()):
            return "B27"
        row.stands = True
        return ""

    def _booked_as(self, name: Name) -> tuple[str, str] | None:
        if name in self.rows:
            return self.rows[name].infno, self.rows[name].who
        if name in self.cancels:
            row = self.rows[self.cancels[name]]
            return {"2102": "2103", "2207": "2208"}[row.infno], row.who
        return None
