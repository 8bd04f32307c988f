"""Profile files: what one region's service does otherwise than the plain interface, as data.

A profile is ``profiles/NAME.toml``; ``profiles/_shared.toml`` holds what every region has: spellings that are accepted,
names of A-variants, the paths of single services. Every choice carries its trust mark: S, a stored public source says
so; M, from memory; I, inferred. A file with an unknown key, or a choice without its mark, is refused. Spelling and
number forms are worked in ``profile``, transport, signing and cipher in ``signing``.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from settlement.checkout.base import Conventions
from settlement.errors import BadInput

HOME = resources.files("settlement.national") / "profiles"
_MARK = re.compile(r"[SMI]: \S")
_MARKED = ("transport", "security", "answer", "accounts")  # the sections whose every key needs a mark


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a profile file."""


class Rename(Part, frozen=True, kw_only=True):
    """``wire``, the region's spelling, is ``canonical`` here; ``only`` and ``never`` name transactions (base codes)."""

    wire: str
    canonical: str
    trust: str
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def holds(self, infno: str) -> bool:
        """Return whether the spelling is used in a transaction."""
        return (not self.only or infno in self.only) and infno not in self.never


class Copy(Part, frozen=True, kw_only=True):
    """An answer says ``of`` a second time, as ``wire``, in the node ``node`` of its output."""

    wire: str
    of: str
    node: str
    only: tuple[str, ...]
    trust: str


class Transport(Part, frozen=True, kw_only=True):
    """Where requests go. ``path`` '' means one path a service, from ``paths``; ``token`` oauth asks for one first."""

    path: str
    content_type: str
    token: Literal["none", "oauth"]
    token_path: str = ""
    timeout_s: int = 20  # how long this region's clients wait


class Security(Part, frozen=True, kw_only=True):
    """How requests are signed and bodies ciphered; ``window_s``: how far a request's time may be from the clock."""

    signing: Literal["none", "sm2_cainfo", "hmac_sha1", "sha256_tif", "hmac_sm3"]
    cipher: Literal["none", "sm4"]
    window_s: int


class Answers(Part, frozen=True, kw_only=True):
    """The form of answers.

    ``err_msg``: the text on success, absent for null. ``system`` and ``business``: infcode of a failure that may have
    left something to undo, and of a plain refusal. ``amounts``: decimals as JSON numbers or as text. ``region``: what
    inf_refmsgid begins with, '' for the area of the message. ``stmt_rslt``: one digit or six. ``clr_way``: its digits.
    """

    infcode: Literal["number", "text"]
    system: int
    business: int
    amounts: Literal["number", "text"]
    region: str
    stmt_rslt: Literal["one", "six"]
    clr_way: Literal[1, 2]
    err_msg: str | None = None


class Accounts(Part, frozen=True, kw_only=True):
    """Conventions of accounts, as ``checkout.base.Conventions`` means them."""

    refunds_counted: bool
    mulaid_in_acct: bool
    mulaid_in_stmt: bool
    stmt_rslt_first: bool
    clr_optins: Literal["city", "area", "place", "district"]
    clr_way: str


class Shared(Part, frozen=True, kw_only=True):
    """What every region has. ``accepts`` is read in requests and never written; ``paths`` is the path of a service."""

    accepts: tuple[Rename, ...]
    aliases: dict[str, str]
    paths: dict[str, str]


class Profile(Part, frozen=True, kw_only=True, eq=False):
    """One region. ``requests`` and ``answers`` are spelt so in both directions; ``paths`` overrides shared ones."""

    name: str
    title: str
    note: str
    transport: Transport
    security: Security
    answer: Answers
    accounts: Accounts
    trust: dict[str, str]
    requests: tuple[Rename, ...] = ()
    answers: tuple[Rename, ...] = ()
    copies: tuple[Copy, ...] = ()
    paths: dict[str, str] = {}


def list_profiles() -> list[str]:
    """Return the names of the profiles there are."""
    files = (file.name for file in HOME.iterdir())
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml") and not name.startswith("_"))


@cache
def load_profile(name: str) -> Profile:
    """Return a profile. Raises BadInput N60 if there is none of this name."""
    if name not in list_profiles():
        raise BadInput(
            "N60_UNKNOWN_PROFILE",
            f"there is no profile {name!r}",
            "The service would not know how the region spells and signs",
            f"Choose one of {', '.join(list_profiles())}",
            "未知的地区配置名称",
        )
    return read_profile((HOME / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")


@cache
def shared() -> Shared:
    """Return what every region has."""
    return _converted((HOME / "_shared.toml").read_text(encoding="utf-8"), "_shared.toml", Shared)


def read_profile(text: str, where: str) -> Profile:
    """Return the profile of a TOML text. Raises BadInput N61; ``where`` names the text."""
    profile = _converted(text, where, Profile)
    said = tomllib.loads(text)
    choices = {f"{section}.{key}" for section in _MARKED for key in said[section]}
    choices |= {"paths"} if profile.paths else set()
    if unmarked := sorted(choices ^ set(profile.trust)):
        raise _unusable(where, f"[trust] must name every choice and nothing else: {', '.join(unmarked)}")
    if (profile.security.signing == "sm2_cainfo") != (profile.security.cipher == "sm4"):
        raise _unusable(
            where, "sm2_cainfo signs the text of a ciphered input: it goes with cipher sm4, and only it does"
        )
    marks = [*profile.trust.values(), *(row.trust for row in (*profile.requests, *profile.answers, *profile.copies))]
    if any(not _MARK.match(mark) for mark in marks):
        raise _unusable(where, "a trust mark is S, M or I, a colon and where it is from")
    return profile


def _converted(text: str, where: str, type_: type[Any]) -> Any:
    try:
        return msgspec.convert(tomllib.loads(text), type_)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _unusable(where, str(error)) from None


def _unusable(where: str, found: str) -> BadInput:
    return BadInput(
        "N61_BAD_PROFILE",
        f"{where}: {found}",
        "Messages of the region would be misread",
        "Mend the profile file",
        "地区配置文件有误",
    )


# --- what a profile says, asked for ---


def base_infno(infno: str) -> str:
    """Return the transaction that an A-variant stands for, the code itself if it is none."""
    return shared().aliases.get(infno, infno)


def request_path(profile: Profile, infno: str) -> str:
    """Return where a transaction is sent; a service whose path no source names has ``/fsi/api/INFNO`` (inferred)."""
    if profile.transport.path:
        return profile.transport.path
    return profile.paths.get(infno) or shared().paths.get(infno) or f"/fsi/api/{infno}"


def infnos_at(profile: Profile, path: str) -> frozenset[str] | None:
    """Return the transactions that may be sent to a path: empty for any, None if the path is not one of this region."""
    if profile.transport.path:
        return frozenset() if path == profile.transport.path else None
    named = frozenset(shared().paths) | frozenset(profile.paths)
    here = frozenset(infno for infno in named if request_path(profile, infno) == path)
    if here:
        return here
    infno = path.removeprefix("/fsi/api/")
    return frozenset({infno}) if re.fullmatch(r"[0-9]{4,5}A?|K[0-9A-C][0-9]{2}", infno) and infno not in named else None


def infcode_of(profile: Profile, kind: str) -> int:
    """Return the infcode of a failure: ``kind`` is system or business."""
    return profile.answer.system if kind == "system" else profile.answer.business


def receipt_area(profile: Profile, mdtrtarea_admvs: str) -> str:
    """Return the six digits that inf_refmsgid begins with."""
    return profile.answer.region or mdtrtarea_admvs


def conventions(profile: Profile) -> Conventions:
    """Return what the checkout must know of the region."""
    return Conventions(**{key: getattr(profile.accounts, key) for key in Accounts.__struct_fields__})
