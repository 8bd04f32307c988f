"""Drafts → claim batch and refusals with reasons.

``read`` turns files and JSON into ``Drafts`` (columns, whatever the source), ``batch`` turns drafts into the kernel's
arrays. Nothing that can be refused gets past this room, so the kernel never meets it.
"""

from settlement.intake.batch import ClaimBatch, admit
from settlement.intake.drafts import Drafts, from_arrow, from_dicts
from settlement.intake.files import read_file

__all__ = ["ClaimBatch", "Drafts", "admit", "from_arrow", "from_dicts", "read_file"]
