"""What a mapping says: which place of a source record becomes which field of a task.

The same statements come from a TOML file or from the command line; the command line is the stronger one.
`docs/importing.md` explains them to users.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from callboard.importing.events import Unreadable
from kernel.errors import Invalid
from routing.intake import TaskDraft

FIELDS = tuple(TaskDraft.__struct_fields__)
ANYTHING = "*"
"""In a table of values: whatever no other row matches."""

NO_MAPPING = "none"
"""Asks for no built-in mapping, so that the options alone decide."""

Target = tuple[str, ...]


class BadMapping(Invalid):
    code = "import_mapping"
    title = "The mapping cannot be used"


class Detect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record that has all of `keys` and none of `without` is of this kind."""

    keys: list[str]
    without: list[str] = []

    def fits(self, keys: frozenset[str]) -> bool:
        return keys.issuperset(self.keys) and keys.isdisjoint(self.without)


class Turns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"source": "from"}):
    """How a dialogue stands in a record.

    Either `source` leads to a list and `role` and `text` to places in each member, or it leads to one text of
    "Speaker: words" lines, and the speakers are the rows of `roles`.
    """

    source: str
    role: str | None = None
    text: str | None = None
    roles: dict[str, str] = {}


class MappingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The TOML form. Tables below `set`, `map` and `values` nest: `payload.source.id = "…"`."""

    description: str = ""
    detect: Detect | None = None
    strict: bool = False
    set: dict[str, Any] = {}
    map: dict[str, Any] = {}
    values: dict[str, Any] = {}
    turns: Turns | None = None
    tree: str | None = None
    """Name of the reader of whole trees (`importing.trees`) for records that hold one."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping with its tables flattened: targets are tuples such as ("payload", "source", "id")."""

    name: str = "from the command line"
    detect: Detect | None = None
    strict: bool = False
    constants: dict[Target, Any] = {}
    places: dict[Target, str] = {}
    values: dict[Target, dict[str, Any]] = {}
    turns: Turns | None = None
    tree: str | None = None

    def with_options(self, places: Iterable[str], constants: Iterable[str], values: Iterable[str]) -> "Rules":
        """`--map TARGET=PATH`, `--set TARGET=VALUE`, `--map-value TARGET.VALUE=RESULT` on top. Raises `BadMapping`."""
        changed_places, changed_constants = dict(self.places), dict(self.constants)
        tables = {target: dict(table) for target, table in self.values.items()}
        for option in constants:
            target, text = _option(option)
            changed_constants[target] = _constant(text)
            for replaced in (changed_places, tables):
                replaced.pop(target, None)
        for option in places:
            target, text = _option(option)
            changed_places[target] = text
            tables.pop(target, None)
        for option in values:
            target, value, text = _value_option(option)
            tables[target] = {value: _constant(text)} | tables.get(target, {}) | {value: _constant(text)}
        _check_targets([*changed_places, *changed_constants, *tables])
        return msgspec.structs.replace(self, places=changed_places, constants=changed_constants, values=tables)


EMPTY = Rules()


def read_mapping(path: Path) -> Rules:
    """Raises `BadMapping` with the place of the fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadMapping(f"The mapping file {path} cannot be read: {error}.") from error
    return parse_mapping(text, path.name)


def parse_mapping(text: str, name: str) -> Rules:
    """Raises `BadMapping`."""
    try:
        file = msgspec.convert(tomllib.loads(text), MappingFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadMapping(f"The mapping {name} cannot be read: {error}.") from error
    places = dict(_flat(file.map))
    for target, place in places.items():
        if not isinstance(place, str):
            raise BadMapping(f"In the mapping {name}, map.{'.'.join(target)} is no text; constants belong under [set].")
    values: dict[Target, dict[str, Any]] = {}
    for row, result in _flat(file.values):
        values.setdefault(row[:-1], {})[row[-1]] = result
    constants = dict(_flat(file.set))
    _check_targets([*places, *constants, *values])
    return Rules(
        name=name,
        detect=file.detect,
        strict=file.strict,
        constants=constants,
        places=places,
        values=values,
        turns=file.turns,
        tree=file.tree,
    )


def built_in() -> dict[str, Rules]:
    """The mappings that come along, by name; read from the installed package."""
    folder = resources.files("callboard.importing") / "mappings"
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): parse_mapping(
            (folder / name).read_text(encoding="utf-8"), name.removesuffix(".toml")
        )
        for name in files
    }


def choose(name_or_file: str) -> Rules:
    """A built-in mapping by its name, `none` for an empty one, else a file. Raises `BadMapping`."""
    if name_or_file == NO_MAPPING:
        return EMPTY
    known = built_in()
    if name_or_file in known:
        return known[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        raise BadMapping(f"There is no mapping {name_or_file!r}; known are {', '.join(known)}, or give a file.")
    return read_mapping(path)


def detect(record: Mapping[str, Any]) -> Rules | None:
    """The built-in mapping that names the most keys of a first record."""
    keys = frozenset(record)
    fitting = [rules for rules in built_in().values() if rules.detect and rules.detect.fits(keys)]
    return max(fitting, key=lambda rules: len(rules.detect.keys if rules.detect else ()), default=None)


def refuse_undetected(record: Mapping[str, Any]) -> Unreadable:
    shown = ", ".join(list(record)[:12])
    return Unreadable(
        f"No mapping is known for records with the keys {shown}. Give --mapping with one of {', '.join(built_in())} "
        "or a file, or say it with --map and --set."
    )


def _flat(tables: dict[str, Any], above: Target = ()) -> Iterator[tuple[Target, Any]]:
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, (*above, key))
        else:
            yield (*above, key), value


def _check_targets(targets: Iterable[Target]) -> None:
    for target in targets:
        if not target or target[0] not in FIELDS:
            raise BadMapping(f"{'.'.join(target)!r} is no field of a task; fields are {', '.join(FIELDS)}.")
        if len(target) > 1 and target[0] not in {"payload", "requirements"}:
            raise BadMapping(f"{target[0]} has no parts, so {'.'.join(target)!r} means nothing.")


def _option(option: str) -> tuple[Target, str]:
    name, equals, text = option.partition("=")
    if not equals or not name.strip() or not text:
        raise BadMapping(f"{option!r} should read TARGET=…, for example domain=category.")
    return tuple(name.strip().split(".")), text


def _value_option(option: str) -> tuple[Target, str, str]:
    """The source value may have dots and equals signs when the target is a plain field: `domain.v0.1=general`."""
    name, _, text = option.rpartition("=")
    first, dot, rest = name.strip().partition(".")
    if not dot or not rest or not text:
        raise BadMapping(f"{option!r} should read TARGET.VALUE=RESULT, for example domain.math=general.")
    if first in {"payload", "requirements"}:
        *parts, value = name.strip().split(".")
        return tuple(parts), value, text
    return (first,), rest, text


def _constant(text: str) -> Any:
    """A number, true, false, a list or an object as JSON writes it; anything else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
