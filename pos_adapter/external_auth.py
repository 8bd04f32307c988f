"""Card and reader prove themselves to each other: the commands of the two authentications, in the safe order.

The card goes first. A reader with the wrong keys learns it from that, before it has said anything that the card would count
against its key; what the card counts is sent once and never again. The challenge is the card's, the factors and the data for
the card are drawn anew each time, so that no answer can be played a second time.
"""

from __future__ import annotations

import hmac
import secrets

from pos_adapter.card_crypto import CRYPTOGRAM, FACTOR
from pos_adapter.faults import SW_OK, fault, from_sw
from pos_adapter.psam import READ_KEY, Answer, ExternalAuth, Present, Question
from pos_adapter.transport import Transport, exchange
from settlement.errors import CardFault

GET_CHALLENGE = bytes.fromhex("0084000008")
_INTERNAL, _EXTERNAL = bytes.fromhex("0088000010"), bytes((0x00, 0x82, 0x00, READ_KEY, 0x10))
_LOCKED = (0x9303, 0x6283)
_KEY_LOCKED = 0x6983


def authenticate(transport: Transport, card: Present, auth: ExternalAuth) -> None:
    """Make the selected application of ``card`` readable, by one try.

    Raises CardFault: D24 when the card cannot prove itself (then nothing was sent that it counts), D25 when it does not accept
    the reader, D13 when the key is locked, and what ``auth`` raises.
    """
    answer = proved(transport, card, auth)
    _, sw = exchange(transport, _EXTERNAL + answer.reader)
    if sw != SW_OK:
        raise refused(sw, "EXTERNAL AUTHENTICATE")


def proved(transport: Transport, card: Present, auth: ExternalAuth) -> Answer:
    """Let the card prove itself, and return what opens it if it is the very next command. Raises as ``authenticate``."""
    factor, data, ours = (secrets.token_bytes(FACTOR) for _ in range(3))
    said, sw = exchange(transport, _INTERNAL + factor + data)
    if sw in _LOCKED:
        raise from_sw(sw, "INTERNAL AUTHENTICATE")
    if sw != SW_OK:
        raise fault("D24_NOT_GENUINE", f"SW {sw:04X} on INTERNAL AUTHENTICATE")
    answer = auth.answer(Question(card, factor, data, ours, challenge_of(transport)))
    if not hmac.compare_digest(said, answer.card):
        raise fault("D24_NOT_GENUINE", f"the card's answer is not what {auth.how} expects")
    return answer


def challenge_of(transport: Transport) -> bytes:
    """Return a challenge of the card; it is good for the next command only. Raises CardFault."""
    challenge, sw = exchange(transport, GET_CHALLENGE)
    if sw != SW_OK:
        raise from_sw(sw, "GET CHALLENGE")
    if len(challenge) != CRYPTOGRAM:
        raise fault("D15_UNEXPECTED", f"a challenge of {len(challenge)} bytes")
    return challenge


def refused(sw: int, doing: str) -> CardFault:
    """Return the error for a status word on what a card counts against a key. 63Cx speaks of the key, not of the PIN."""
    if sw in _LOCKED or sw == _KEY_LOCKED:
        return fault("D13_LOCKED", f"SW {sw:04X} on {doing}: the key is locked")
    return fault("D25_AUTH_REFUSED", f"SW {sw:04X} on {doing}")
