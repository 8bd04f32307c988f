"""Who opens a generation-3 card: the module in a reader (PSAM), or the bureau's key server (HSM), behind one interface.

Two questions are asked of it, with the card's own words: what this card must have answered if it is genuine, and what it
wants to hear from a reader that may read it. The second is asked of a till; a new PIN only of a service window, whose module
alone holds a key for it.

Known (read in public sources): the fields of the question and the form of the bureau's answer; that a module makes a card's
keys from three factors, the division and ``sx``, the province's and ``sh``, and bytes of the ATR; the key's number 0A for
reading. In what order, and which bytes of the ATR, is inferred: the last eight name maker, date and serial number.
``SoftwarePsam`` holds test keys for test cards. A real PSAM was never at hand, so none is driven here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from pos_adapter.card_crypto import FACTOR, Algorithm, KeySet, cryptogram, diversified, mac, sealed
from pos_adapter.faults import fault
from settlement.errors import BadInput, SettlementError

READ_KEY = 0x0A  # RKSSSE
# The bureau's answer: internal authentication | factor and cryptogram for EXTERNAL AUTHENTICATE, as hexadecimal digits.
_ANSWER = re.compile(r"([0-9A-Fa-f]{16}(?:[0-9A-Fa-f]{16})?)\|([0-9A-Fa-f]{32})\|?")


class Present(NamedTuple):
    """The card that a connection is open to: what its keys are made of, and its algorithm's number."""

    card_sn: str
    atr_history: bytes
    algorithm: int

    @property
    def region(self) -> str:
        """Division that issued it."""
        return self.card_sn[:6]


class Question(NamedTuple):
    """What is asked about a card: factor and data of its internal authentication, and of the reader's own, 8 bytes each."""

    card: Present
    int_factor: bytes
    int_data: bytes
    ext_factor: bytes
    ext_data: bytes  # the card's challenge


class Answer(NamedTuple):
    """``card``: what a genuine card has answered. ``reader``: the data of EXTERNAL AUTHENTICATE, factor and cryptogram."""

    card: bytes
    reader: bytes


class ExternalAuth(Protocol):
    """What speaks for a reader. Raises CardFault: D12 when it has no key or algorithm for this card, D57 when it is away."""

    how: str

    def answer(self, question: Question) -> Answer:
        """Answer for one card and one challenge."""


class ResetAuth(ExternalAuth, Protocol):
    """What speaks for a service window: it can also give a card a new PIN."""

    def order(self, card: Present, challenge: bytes, head: bytes, pin: bytearray) -> bytes:
        """Return the data of the command ``head`` (CLA INS P1 P2): the PIN enciphered, and a MAC. Raises CardFault D27."""


class SoftwarePsam:
    """A module made of a file of test keys: the roots, from which the keys of every test card follow."""

    how = "software PSAM (test keys)"

    def __init__(self, roots: dict[Algorithm, KeySet]) -> None:
        self._roots = roots

    def __repr__(self) -> str:
        return f"SoftwarePsam({', '.join(f'{one.name}: {keys!r}' for one, keys in self._roots.items())})"

    def answer(self, question: Question) -> Answer:
        """Answer for one card and one challenge. Raises CardFault D12."""
        algorithm, keys = self._keys(question.card)
        if not keys.internal or not keys.read:
            raise fault("D12_AUTH_NEEDED", "the module holds no key that reads")
        proof = cryptogram(algorithm, keys.of("internal"), question.int_factor, question.int_data)
        return Answer(proof, question.ext_factor + cryptogram(algorithm, keys.of("read"), *question[-2:]))

    def order(self, card: Present, challenge: bytes, head: bytes, pin: bytearray) -> bytes:
        """Seal a new PIN for one card and one challenge. Raises CardFault D12, D27."""
        algorithm, keys = self._keys(card)
        if not keys.reset:
            raise fault("D27_NOT_AT_A_WINDOW", "the module holds no key that resets a PIN")
        hidden = sealed(algorithm, keys.of("reset"), challenge, pin)
        text = head + bytes((len(hidden) + 4,)) + hidden
        return hidden + mac(algorithm, keys.of("reset"), challenge, text)

    def keys_of(self, card: Present) -> KeySet:
        """Return the keys that a test card is personalised with. Raises CardFault D12."""
        return self._keys(card)[1]

    def _keys(self, card: Present) -> tuple[Algorithm, KeySet]:
        algorithm = next((one for one in self._roots if one == card.algorithm), None)
        if algorithm is None:
            raise fault("D12_AUTH_NEEDED", f"the module lacks the card's algorithm {card.algorithm:02X}")
        roots, keys = self._roots[algorithm], {}
        for name in roots.__struct_fields__:
            key = roots.of(name)
            for factor in factors(card) if key else ():
                key = diversified(algorithm, key, factor)
            keys[name] = key.hex()
        return algorithm, KeySet(**keys)


class BureauAuth:
    """The bureau's key server: ``bureau`` carries a question in its text form there, with a deadline of its own."""

    how = "key server of the bureau"

    def __init__(self, bureau: Callable[[str], str], terminal: str) -> None:
        self._bureau, self._terminal = bureau, terminal

    def answer(self, question: Question) -> Answer:
        """Ask the bureau. Raises CardFault D57 for whatever goes wrong on the way, without what was said."""
        try:
            said = self._bureau(question_text(question, self._terminal))
        except SettlementError:
            raise
        except Exception as error:  # whatever a network does
            raise fault("D57_BUREAU_SILENT", f"asking the bureau failed: {type(error).__name__}") from None
        parts = _ANSWER.fullmatch(said) if isinstance(said, str) else None
        if parts is None:
            raise fault("D57_BUREAU_SILENT", "the bureau's answer is not two groups of hexadecimal digits")
        return Answer(bytes.fromhex(parts[1]), bytes.fromhex(parts[2]))


def question_text(question: Question, terminal: str) -> str:
    """Return a question as drivers write it in their first step: nine fields, each closed by ``|``."""
    card, *rest = question
    fields = (card.region, card.atr_history.hex(), f"{card.algorithm:02X}", card.card_sn, *(one.hex() for one in rest))
    return "|".join((*(field.upper() for field in fields), terminal, ""))


def factors(card: Present) -> tuple[bytes, bytes, bytes]:
    """Return what a card's keys are made with, from the province down to the card. Raises CardFault D22."""
    if len(card.atr_history) < FACTOR or not card.region.isdecimal():
        raise fault("D22_DATA_BAD", "the card's reset answer or region cannot make a key")
    return f"{card.region[:2]}0000sh".encode(), f"{card.region}sx".encode(), card.atr_history[-FACTOR:]


class _PsamFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sm4: KeySet | None = None
    des3: KeySet | None = None
    note: str = ""


def load_psam(path: str | Path) -> SoftwarePsam:
    """Return the module of a file like data/psam/test_till.json. Raises BadInput C15, which quotes no key, or OSError."""
    text = Path(path).read_bytes()
    try:
        made = msgspec.json.decode(text, type=_PsamFile)
    except msgspec.DecodeError as error:
        raise BadInput(
            "C15_NOT_AN_OBJECT", f"{path}: {error}", "no security module can be made of it", "Compare data/psam/test_till.json",
            "安全模块文件内容有误",
        ) from None  # fmt: skip
    held = {Algorithm.SM4: made.sm4, Algorithm.DES3: made.des3}
    return SoftwarePsam({algorithm: keys for algorithm, keys in held.items() if keys is not None})
