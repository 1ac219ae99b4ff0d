"""How values look in JSON: Structs by their fields, money as `{"amount", "currency"}`, times as RFC 3339 in UTC."""

from functools import cache
from typing import Any

import msgspec

from kernel.money import Money


def encode(value: Any) -> bytes:
    return msgspec.json.encode(to_wire(value))


def to_wire(value: Any) -> Any:
    """Money in its outward form; whatever holds none is handed to the encoder as it is."""
    if isinstance(value, Money):
        return value.to_json()
    if isinstance(value, msgspec.Struct):
        holders = _money_fields(type(value))
        if not holders:
            return value
        return msgspec.structs.asdict(value) | {name: to_wire(getattr(value, name)) for name in holders}
    if isinstance(value, dict):
        return {key: to_wire(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_wire(item) for item in value]
    return value


@cache
def _money_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Fields that may hold some. Lists of anything may; objects of anything are JSON that came from outside and is passed on as it is."""
    shape = msgspec.inspect.type_info(kind)
    assert isinstance(shape, msgspec.inspect.StructType), "asked of Structs alone"
    return tuple(field.name for field in shape.fields if _may_hold_money(field.type))


def _may_hold_money(outermost: msgspec.inspect.Type) -> bool:
    pending: list[Any] = [outermost]
    seen: set[Any] = set()
    while pending:
        shape = pending.pop()
        if isinstance(shape, msgspec.inspect.AnyType):
            return True
        if isinstance(shape, msgspec.inspect.StructType):
            if shape.cls is Money:
                return True
            if shape.cls not in seen:
                seen.add(shape.cls)
                pending += [field.type for field in shape.fields]
        elif isinstance(shape, msgspec.inspect.DictType):
            if not isinstance(shape.value_type, msgspec.inspect.AnyType):
                pending.append(shape.value_type)
        else:
            pending += [getattr(shape, name) for name in ("type", "item_type") if hasattr(shape, name)]
            pending += [*getattr(shape, "types", ()), *getattr(shape, "item_types", ())]
    return False
