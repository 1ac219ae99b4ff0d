"""The part of JSON Schema (2020-12) that declarations may use, and its check.

A keyword that is not in here is refused when a declaration is saved: nobody believes that something is checked which is
not. `pattern` is left out on purpose, because a pattern can take longer than the rest of the request; so is `$ref`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from routing.forms.faults import MISSING, Fault, below

DEEPEST = 6
MOST_ENUM = 500
TYPES = ("string", "integer", "number", "boolean", "array", "object")
WORDS = frozenset({"title", "description", "$schema", "$comment", "examples", "default"})
"""Said to people and not checked."""
LIMITS: dict[str, tuple[str, ...]] = {
    "minLength": ("string",), "maxLength": ("string",), "minimum": ("integer", "number"), "maximum": ("integer", "number"),
    "minItems": ("array",), "maxItems": ("array",),
}  # fmt: skip
KEYWORDS: dict[str, tuple[str, ...]] = LIMITS | {
    "enum": TYPES, "const": TYPES, "items": ("array",), "uniqueItems": ("array",), "properties": ("object",),
    "required": ("object",), "additionalProperties": ("object",),
}  # fmt: skip


def judge(schema: Any, path: str = "", depth: int = 0) -> Iterator[Fault]:
    """What is wrong with a schema itself."""
    if not isinstance(schema, dict):
        yield Fault(path, "bad_schema", "A schema is an object.")
        return
    if depth > DEEPEST:
        yield Fault(path, "bad_schema", f"Schemas stand at most {DEEPEST} deep inside each other.")
        return
    kind = schema.get("type")
    if kind not in TYPES:
        yield Fault(below(path, "type"), "bad_schema", f"Every schema names its type: one of {', '.join(TYPES)}.")
        return
    for key, value in schema.items():
        if key in WORDS or key == "type":
            continue
        if kind not in KEYWORDS.get(key, ()):
            yield Fault(below(path, key), "bad_schema", f"The keyword {key[:40]!r} is not understood for type {kind}.")
        elif not _well_formed(key, value):
            yield Fault(below(path, key), "bad_schema", f"The value of {key} cannot be used.")
    if kind == "array" and "items" in schema:
        yield from judge(schema["items"], below(path, "items"), depth + 1)
    properties = schema.get("properties")
    for name, part in properties.items() if isinstance(properties, dict) else ():
        yield from judge(part, below(below(path, "properties"), name), depth + 1)


def _well_formed(key: str, value: Any) -> bool:
    if key in ("minimum", "maximum"):
        return _is_number(value)
    if key in LIMITS:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if key == "enum":
        return isinstance(value, list) and 0 < len(value) <= MOST_ENUM
    if key == "required":
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    if key in ("uniqueItems", "additionalProperties"):
        return isinstance(value, bool)
    return key != "properties" or isinstance(value, dict)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str), "integer": _is_whole, "number": _is_number,
    "boolean": lambda value: isinstance(value, bool), "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}  # fmt: skip


def check(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[Fault]:
    """Every place where a value does not fit a schema that `judge` found nothing in."""
    kind = schema["type"]
    if not IS[kind](value):
        yield Fault(path, "wrong_type", f"Expected {kind}.", {"type": kind})
        return
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        yield Fault(path, "not_a_choice", "Not one of the allowed values.")
    if "const" in schema and not _same(value, schema["const"]):
        yield Fault(path, "not_a_choice", "Not the allowed value.")
    match kind:
        case "string":
            yield from _between(len(value), schema, path, ("minLength", "maxLength"), ("too_short", "too_long"))
        case "integer" | "number":
            yield from _between(value, schema, path, ("minimum", "maximum"), ("too_small", "too_large"))
        case "array":
            yield from _items(value, schema, path)
        case "object":
            yield from _members(value, schema, path)


def _same(one: Any, other: Any) -> bool:
    """JSON's equality: true is not 1."""
    return (type(one) is type(other) and one == other) or (_is_number(one) and _is_number(other) and one == other)


SENTENCES = {
    "too_short": "Shorter than {limit} characters.", "too_long": "Longer than {limit} characters.",
    "too_small": "Below {limit}.", "too_large": "Above {limit}.",
    "too_few": "Fewer than {limit}.", "too_many": "More than {limit}.",
}  # fmt: skip


def _between(
    size: float, schema: dict[str, Any], path: str, keys: tuple[str, str], codes: tuple[str, str]
) -> Iterator[Fault]:
    least, most = schema.get(keys[0]), schema.get(keys[1])
    if least is not None and size < least:
        yield Fault(path, codes[0], SENTENCES[codes[0]].format(limit=least), {"limit": least})
    if most is not None and size > most:
        yield Fault(path, codes[1], SENTENCES[codes[1]].format(limit=most), {"limit": most})


def _items(value: list[Any], schema: dict[str, Any], path: str) -> Iterator[Fault]:
    yield from _between(len(value), schema, path, ("minItems", "maxItems"), ("too_few", "too_many"))
    if schema.get("uniqueItems") and any(_same(one, other) for n, one in enumerate(value) for other in value[:n]):
        yield Fault(path, "twice", "Something stands twice.")
    if "items" in schema:
        for n, one in enumerate(value):
            yield from check(one, schema["items"], below(path, n))


def _members(value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[Fault]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if value.get(name, MISSING) is MISSING:
            yield Fault(below(path, name), "required", "This is required.")
    for name, one in value.items():
        if name in properties:
            yield from check(one, properties[name], below(path, name))
        elif schema.get("additionalProperties") is False:
            yield Fault(below(path, name), "unknown_field", "There is no such field.")
