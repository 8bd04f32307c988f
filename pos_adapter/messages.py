"""What goes between a till and a platform: a message, what came back, and the line that both go over."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Protocol

DONE: Literal["done"] = "done"  # infcode 0
REFUSED: Literal["refused"] = "refused"  # a clear refusal: nothing was done
UNSENT: Literal["unsent"] = "unsent"  # it never left: no connection was made
UNCLEAR: Literal["unclear"] = "unclear"  # it may have been done
Outcome = Literal["done", "refused", "unsent", "unclear"]


class Outgoing(NamedTuple):
    """A message as a till means it: the transaction, its areas, who sends it, and the input in canonical spelling."""

    infno: str
    msgid: str
    input: dict[str, Any]
    mdtrtarea_admvs: str
    insuplc_admdvs: str = ""
    opter: str = ""
    opter_name: str = ""


class Reply(NamedTuple):
    """What came back, as far as it can be told.

    ``code``: the platform's, or one of this program (TIMEOUT, BROKEN_LINE …). ``text``: err_msg or warn_msg. ``output``
    in canonical spelling; ``file`` what a 9102 brought; ``at`` the platform's time, yyyyMMddHHmmss.
    """

    outcome: Outcome
    code: str = ""
    text: str = ""
    output: Any = None
    file: bytes = b""
    at: str = ""

    def node(self, name: str) -> dict[str, Any]:
        """Return a node of the output, empty if it is not there."""
        node = self.output.get(name) if isinstance(self.output, dict) else None
        return node if isinstance(node, dict) else {}


class Line(Protocol):
    """What carries a message and says what became of it. It never raises for what a network does.

    ``sign_no`` is the sign-in (9001) under which messages go, '' for none.
    """

    sign_no: str

    def ask(self, message: Outgoing, deadline_s: float) -> Reply:
        """Send a message once and return what came back within ``deadline_s``."""
