"""The frame around every message: the request that carries an input, and the answer that carries an output."""

from __future__ import annotations

from typing import Any

from settlement.national import fields as f
from settlement.national.types import Anything, Node


class EnvelopeIn(Node, frozen=True, kw_only=True):
    """A request. ``input`` is an object, or the base64 text of a ciphered body.

    A msgid is 12 + 14 + 4 characters by the rule and anything up to 30 in the wild. ``insuplc_admdvs`` is asked for
    where the input names a person; ``sign_no`` where a sign-in is needed.
    """

    infno: f.infno
    msgid: f.msgid
    mdtrtarea_admvs: f.mdtrtarea_admvs
    recer_sys_code: f.recer_sys_code
    infver: f.infver
    opter_type: f.opter_type
    opter: f.opter
    opter_name: f.opter_name
    inf_time: f.inf_time
    fixmedins_code: f.fixmedins_code
    fixmedins_name: f.fixmedins_name
    input: Anything | str
    insuplc_admdvs: f.insuplc_admdvs | None = None
    sign_no: f.sign_no | None = None
    dev_no: f.dev_no | None = None
    dev_safe_info: f.dev_safe_info | None = None
    cainfo: f.cainfo | None = None
    signtype: f.signtype | None = None
    enc_type: f.enc_type | None = None


class EnvelopeOut(Node, frozen=True, kw_only=True):
    """An answer: infcode 0 with an output, or a negative infcode with the reason, ids and times then perhaps null."""

    infcode: f.infcode
    inf_refmsgid: f.inf_refmsgid | None = None
    refmsg_time: f.refmsg_time | None = None
    respond_time: f.respond_time | None = None
    err_msg: f.err_msg | None = None
    warn_msg: f.warn_msg | None = None
    enctype: f.enctype | None = None
    signtype: f.signtype | None = None
    cainfo: f.cainfo | None = None
    output: Any = None
