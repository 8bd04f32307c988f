"""A whole, smallest input for any struct of the interface, made from the struct: for tests that then spoil one thing."""

from __future__ import annotations

from typing import Any

from msgspec import inspect as shape

GOOD = {
    "text": "1", "decimal": "1", "date": "2024-02-29", "time": "2024-02-29 23:59:59", "month": "202412",
}  # fmt: skip


def good(kind: shape.Type, *, optional: bool = False) -> Any:
    """Return what a type takes: every required field, and the optional ones too if asked."""
    if isinstance(kind, shape.Metadata):
        return GOOD[kind.extra["form"]] if kind.extra else good(kind.type, optional=optional)
    if isinstance(kind, shape.StructType):
        return {
            field.encode_name: good(field.type, optional=optional)
            for field in kind.fields
            if field.required or optional
        }
    if isinstance(kind, shape.ListType):
        return [good(kind.item_type, optional=optional)]
    if isinstance(kind, shape.UnionType):
        return good(next(one for one in kind.types if not isinstance(one, shape.NoneType)), optional=optional)
    return {} if isinstance(kind, shape.DictType) else "1"


def text_fields(kind: shape.Type, at: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], shape.Field]]:
    """Return every field of text of a struct with the keys that lead to it, rows of lists by the first of them."""
    if isinstance(kind, shape.UnionType):
        return text_fields(next(one for one in kind.types if not isinstance(one, shape.NoneType)), at)
    if isinstance(kind, shape.ListType):
        return text_fields(kind.item_type, (*at, 0))
    if isinstance(kind, shape.Metadata) and not kind.extra:
        return text_fields(kind.type, at)
    if not isinstance(kind, shape.StructType):
        return []
    found = []
    for field in kind.fields:
        here = (*at, field.encode_name)
        found += [(here, field)] if form_of(field) else text_fields(field.type, here)
    return found


def form_of(field: shape.Field) -> dict[str, Any] | None:
    """Return what a field of text says of itself (form, length, zh), None for a node."""
    kind = field.type
    if isinstance(kind, shape.UnionType):
        kind = next((one for one in kind.types if not isinstance(one, shape.NoneType)), kind)
    return kind.extra if isinstance(kind, shape.Metadata) and kind.extra else None


def put(node: Any, keys: tuple[Any, ...], value: Any) -> None:
    """Set one place of an input; Ellipsis takes it out."""
    for key in keys[:-1]:
        node = node[key]
    if value is ...:
        del node[keys[-1]]
    else:
        node[keys[-1]] = value


def spelt(keys: tuple[Any, ...]) -> str:
    """Return keys as errors write them: feedetail[0].cnt."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
