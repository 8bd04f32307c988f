"""Inputs of signing in and out, and of undoing a message whose outcome is unknown: 9001, 9002, 2601."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class SignIn(Node, frozen=True, kw_only=True):
    """9001: who signs in, and from where."""

    opter_no: f.opter_no
    ip: f.ip
    mac: f.mac | None = None


class SignInInput(Node, frozen=True, kw_only=True):
    """9001."""

    signIn: SignIn  # noqa: N815 - so spelt in the interface


class SignOut(Node, frozen=True, kw_only=True):
    """9002: who signs out; a client that lost its sign_no may leave it out."""

    opter_no: f.opter_no
    sign_no: f.sign_no | None = None


class SignOutInput(Node, frozen=True, kw_only=True):
    """9002."""

    signOut: SignOut  # noqa: N815 - so spelt in the interface


class Reversal(Node, frozen=True, kw_only=True):
    """2601: the message to undo, by the id and code under which it was sent."""

    psn_no: f.psn_no
    omsgid: f.omsgid
    oinfno: f.oinfno
