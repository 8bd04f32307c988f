"""A virtual card that misbehaves at a chosen command, in a real reader service: for training, and to see what a till does.

Commands are counted from 0 over the card's life; a read takes 15. ``Staged`` is the card, ``faults_of`` turns what the command
line said into what happens when.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pos_adapter.card import CardPulled, Quirks, VirtualCard
from pos_adapter.card_image import CardImage, load_image
from pos_adapter.pcsc_stack import PcscStack
from settlement.errors import BadInput

NEVER = -1


class Faults(NamedTuple):
    """What goes wrong at which command; -1 is never.

    Parameters
    ----------
    pull_at
        The card is pulled at this command.
    mute_at
        The card answers no more from this command on.
    slow_ms
        The chip takes so long for every command.
    sw
        N=6A82: at command N the card answers this status word; may be said several times.
    swap_at
        At this command another card, the one of --swap, takes its place faster than the service looks.
    swap
        The file of the card that comes in.
    reset_at
        Before this command the card forgets what was selected, as after another program's reset.
    kill_service_at
        The card service ends at this command.
    """

    pull_at: int = NEVER
    mute_at: int = NEVER
    slow_ms: int = 0
    sw: tuple[str, ...] = ()
    swap_at: int = NEVER
    swap: Path | None = None
    reset_at: int = NEVER
    kill_service_at: int = NEVER


class Staged(VirtualCard):
    """A card with something that happens before one of its commands; ``True`` from it leaves the command unanswered."""

    def __init__(self, image: CardImage, quirks: Quirks, acts: dict[int, Callable[[Staged], bool]]) -> None:
        super().__init__(image, quirks)
        self._acts = acts

    def process(self, apdu: bytes | bytearray) -> bytes:
        """Answer a command, unless what is staged before it takes the card away."""
        act = self._acts.get(self.commands)
        if act is not None and act(self):
            self.commands += 1
            raise CardPulled
        return super().process(apdu)


def quirks_of(faults: Faults) -> Quirks:
    """Return what the card does by itself. Raises BadInput C15 for a ``sw`` that is none."""
    answers = {}
    for text in faults.sw:
        number, _, sw = text.partition("=")
        if not number.isdecimal() or len(sw) != 4 or not all(one in "0123456789abcdefABCDEF" for one in sw):
            raise BadInput(
                "C15_NOT_AN_OBJECT", f"--sw {text!r}", "it says at which command the card answers what",
                "Write the number of a command, =, and a status word: --sw 7=6A82", "参数 --sw 应为 序号=状态字，例如 7=6A82",
            )  # fmt: skip
        answers[int(number)] = int(sw, 16)
    return Quirks(drop_after=faults.pull_at, mute_after=faults.mute_at, delay_s=faults.slow_ms / 1000, sw_at=answers)


def staged(image: CardImage, faults: Faults, stack: PcscStack, slot: int) -> Staged:
    """Return a card for a slot of a running stack that does what ``faults`` says. Raises BadInput C15, OSError."""
    acts: dict[int, Callable[[Staged], bool]] = {}
    if faults.swap_at >= 0:
        if faults.swap is None:
            raise BadInput(
                "C15_NOT_AN_OBJECT", "--swap-at without --swap", "another card must be there to come in",
                "Name its file: --swap OTHER.json", "缺少换入的卡片文件（--swap）",
            )  # fmt: skip
        other = VirtualCard(load_image(faults.swap))
        acts[faults.swap_at] = lambda card: _elsewhere(lambda: stack.slots[slot].insert(other, settle=False))
    if faults.reset_at >= 0:
        acts[faults.reset_at] = _reset
    if faults.kill_service_at >= 0:
        acts[faults.kill_service_at] = lambda card: _elsewhere(lambda: os.kill(stack.pid, signal.SIGTERM))
    return Staged(image, quirks_of(faults), acts)


def _reset(card: Staged) -> bool:
    card.reset()  # what another program's reset does to what was selected
    return False


def _elsewhere(act: Callable[[], object]) -> bool:
    """Do it in a thread of its own: the one that serves the card must end first."""
    threading.Thread(target=act, daemon=True).start()
    return True
