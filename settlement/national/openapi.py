"""The interface as an OpenAPI 3.1 document, made from the same structs that check the messages.

One path a transaction, with the plain body of the sandbox; the single path of the regional profiles, where ``infno``
says which transaction it is; and health, readiness and metrics. Deterministic: the same code gives the same document.
"""

from __future__ import annotations

from typing import Any

from msgspec import inspect as shape

from settlement.errors import REASONS
from settlement.national.frames import EnvelopeIn, EnvelopeOut
from settlement.national.reading import FAULTS
from settlement.national.routes import ALIASES, ROUTES, Route

Schema = dict[str, Any]
SINGLE_PATH = "/fsi/api/rsfComIfsService/callService"
ABSENT = {"type": ["string", "null"], "maxLength": 0, "description": "空值或空串，视为未填 / counts as absent"}
JSON = "application/json"


def openapi() -> Schema:
    """Return the document."""
    made = _Components()
    paths: Schema = {f"/fsi/api/{infno}": {"post": made.operation(route)} for infno, route in ROUTES.items()}
    paths[SINGLE_PATH] = {"post": made.any_operation()}
    for path, what in {
        "/health": ("存活检查 / alive", "The process answers."),
        "/ready": ("就绪检查 / ready", "The book can be written; 503 while it cannot, or while draining."),
        "/metrics": ("运行指标 / metrics", "Prometheus text; no personal data."),
    }.items():
        paths[path] = {"get": _plain_operation(path, *what)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "定点医药机构接口 / national interface of designated institutions",
            "version": "1",
            "description": "Amounts may be JSON numbers or text and are answered as the profile says. Unknown fields pass "
            "through. A transaction answers HTTP 200 with infcode 0, or with a negative infcode and "
            "err_msg `[CODE] 原因。处理办法`.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(made.schemas.items())),
            "responses": {
                status: {"description": said, "content": {JSON: {"schema": _ref("Error")}}}
                for status, said in _AT_THE_DOOR.items()
            },
        },
    }


def _plain_operation(path: str, summary: str, said: str) -> Schema:
    answers = {"200": {"description": said}} | ({"503": {"description": "not ready"}} if path == "/ready" else {})
    return {"operationId": path.strip("/"), "summary": summary, "responses": answers}


class _Components:
    """Gathers the schemas of the structs that the paths use, each once, under the struct's name."""

    def __init__(self) -> None:
        self.schemas: Schema = {}
        self.schemas |= {"Absent": ABSENT, "Error": _ERROR}
        for frame in (EnvelopeIn, EnvelopeOut):
            self._of(shape.type_info(frame))

    def operation(self, route: Route) -> Schema:
        """One transaction on a path of its own."""
        codes = [route.infno] + [alias for alias, infno in ALIASES.items() if infno == route.infno]
        asked = self._framed("EnvelopeIn", infno={"enum": codes}, input=self._of(shape.type_info(route.input)))
        answer: Schema = {} if route.output in (None, Any) else self._of(shape.type_info(route.output))
        content = {JSON: {"schema": self._framed("EnvelopeOut", output={"anyOf": [answer, {"type": "null"}]})}}
        if route.output is bytes:
            content = {"application/octet-stream": {}, JSON: {"schema": _ref("EnvelopeOut")}}
        return {
            "operationId": f"t{route.infno}",
            "summary": f"{route.infno} {route.name_zh} / {route.name_en}",
            "description": _nodes_told(shape.type_info(route.input)),
            "x-roles": sorted(route.roles),
            "x-booked": route.booked,
            "x-reversible-by-2601": route.reversible,
            "requestBody": {"required": True, "content": {JSON: {"schema": asked}}},
            "responses": _responses(content),
        }

    def any_operation(self) -> Schema:
        """Every transaction on one path, as most gateways have it."""
        return {
            "operationId": "callService",
            "summary": "任一交易，由 infno 区分 / any transaction, by its infno",
            "requestBody": {"required": True, "content": {JSON: {"schema": _ref("EnvelopeIn")}}},
            "responses": _responses({JSON: {"schema": _ref("EnvelopeOut")}}),
        }

    def _framed(self, frame: str, **instead: Schema) -> Schema:
        """Return a frame's schema with some of its fields said more closely."""
        whole = self.schemas[frame]
        return {"type": "object", "properties": whole["properties"] | instead, "required": whole["required"]}

    def _of(self, kind: shape.Type) -> Schema:
        if isinstance(kind, shape.StructType):
            name = _name(kind)
            if name not in self.schemas:
                self.schemas[name] = {}  # before its fields, so that a name is taken once
                self.schemas[name] = self._object(kind.fields, kind.cls.__doc__)
            return _ref(name)
        if isinstance(kind, shape.Metadata):
            return _described(self._of(kind.type), kind)
        if isinstance(kind, shape.ListType):
            return {"type": "array", "items": self._of(kind.item_type)} | ({"minItems": 1} if kind.min_length else {})
        if isinstance(kind, shape.UnionType):
            present = [one for one in kind.types if not isinstance(one, shape.NoneType)]
            return {"anyOf": [self._of(one) for one in present]} if len(present) > 1 else self._of(present[0])
        return {shape.StrType: {"type": "string"}, shape.DictType: {"type": "object"}}.get(type(kind), {})

    def _object(self, fields: tuple[shape.Field, ...], doc: str | None) -> Schema:
        told = {field.encode_name: self._field(field) for field in fields}
        required = [field.encode_name for field in fields if field.required]
        made: Schema = {"type": "object", "description": " ".join((doc or "").split()), "properties": told}
        return made | ({"required": required} if required else {})

    def _field(self, field: shape.Field) -> Schema:
        """Return a field's schema; one that may be absent may also be null, empty text or an empty list."""
        kind = field.type
        optional = isinstance(kind, shape.UnionType) and any(isinstance(one, shape.NoneType) for one in kind.types)
        if isinstance(kind, shape.UnionType) and len(kind.types) == 1 + optional:
            kind = next(one for one in kind.types if not isinstance(one, shape.NoneType))
        made = self._of(kind)
        if isinstance(kind, shape.Metadata) and kind.extra:  # the same name has the same type everywhere
            self.schemas[field.encode_name] = made
            made = _ref(field.encode_name)
        if made.get("type") == "array" and optional:
            made = {"type": ["array", "null"], "items": made["items"]}
        elif optional:
            made = {"anyOf": [made, _ref("Absent")]}
        return made


def _described(made: Schema, kind: shape.Metadata) -> Schema:
    extra = kind.extra or {}
    limits = {"minLength": 1, "maxLength": extra["length"]} if extra else {}
    return made | limits | (kind.extra_json_schema or {})


def _name(kind: shape.StructType) -> str:
    """Return a struct's name; of a node data around another struct, DataOf and that one's."""
    inner = kind.fields[0].type if len(kind.fields) == 1 else None
    if kind.cls.__name__ == "Data" or not isinstance(kind.cls, type):
        assert isinstance(inner, shape.StructType)
        return f"DataOf{inner.cls.__name__}"
    return str(kind.cls.__name__)


def _nodes_told(kind: shape.Type) -> str:
    """Return what the nodes of an input are, in a line each."""
    assert isinstance(kind, shape.StructType)
    told = []
    for field in kind.fields:
        inner: Any = field.type
        while not isinstance(inner, shape.StructType | shape.DictType):
            inner = inner.types[0] if isinstance(inner, shape.UnionType) else inner.item_type
        if isinstance(inner, shape.StructType):
            told.append(f"`{field.encode_name}`: {' '.join((inner.cls.__doc__ or '').split())}")
    return "\n\n".join(told)


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _responses(content: Schema) -> Schema:
    answered = {
        "description": "答复：infcode 为 0 成功，为负失败 / an answer, or a refusal with its reason",
        "content": content,
    }
    return {"200": answered} | {status: {"$ref": f"#/components/responses/{status}"} for status in _AT_THE_DOOR}


_AT_THE_DOOR = {
    "400": "报文无法读取 / the body is no message",
    "401": "未通过身份验证 / not authenticated",
    "403": "无权代该机构上传 / not the sender's institution",
    "408": "报文接收超时 / the body did not come in time",
    "413": "报文过大 / too large",
    "429": "请求过于频繁 / too many requests",
    "503": "暂不可用，请稍后重发原报文 / not available now; send the same message again",
}
_ERROR: Schema = {
    "type": "object",
    "description": "What the gateway says outside the frame: no message was read, nothing was done.",
    "properties": {"code": {"type": ["integer", "string"]}, "message": {"type": "string"}},
    "x-error-codes": {code: f"{reason.zh}。{reason.cure_zh}" for code, reason in sorted((FAULTS | REASONS).items())},
}
