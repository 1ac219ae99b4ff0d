"""Which column of an export of votes says what. A mapping is a TOML file; some come along."""

import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from callboard.importing.mapping import BadMapping


class VoteMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    source: str
    """People become `<source>:<person>`; the same row of the same source is evidence once."""
    person: str
    task: str
    answer: str | None = None
    outcome: str | None = None
    """In the place of an answer: how good others found the work, from 0 to 1, or true and false."""
    truth: str | None = None
    """Without it an answer is held against those that others gave to the same task."""
    row: str | None = None
    """The export's own id of a row; without it, person and task."""
    items: str | None = None
    """Expression with one group that finds the single answers in a cell; without it, the cell is one."""
    nothing: str | None = None
    """How the export writes that nothing was chosen."""
    time: str | None = None
    started: str | None = None
    time_format: str = "%Y-%m-%dT%H:%M:%S"
    """Times without an offset are UTC."""
    domain: str | None = None
    domains: dict[str, str] = {}
    """The export's word for a domain → ours."""
    default_domain: str = "general"
    leave_out: dict[str, str] = {}
    """Rows whose column has this value do not count."""
    description: str = ""

    def columns(self) -> set[str]:
        named = (
            self.person,
            self.task,
            self.answer,
            self.outcome,
            self.truth,
            self.row,
            self.time,
            self.started,
            self.domain,
        )
        return {name for name in named if name} | set(self.leave_out)


def choose(name: str) -> VoteMapping:
    """One that comes along, or a file. Raises `BadMapping`."""
    folder = resources.files("callboard.votes") / "mappings"
    known = sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    try:
        text = (folder / f"{name}.toml").read_text("utf-8") if name in known else Path(name).read_text("utf-8")
        mapping = msgspec.convert(tomllib.loads(text), VoteMapping)
    except (OSError, UnicodeDecodeError) as error:
        raise BadMapping(f"{name} is no mapping that comes along ({', '.join(known)}), nor a readable file.") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadMapping(f"The mapping {name} cannot be read: {error}.") from error
    if (mapping.answer is None) == (mapping.outcome is None):
        raise BadMapping(f"The mapping {name} names either a column with answers or one with outcomes.")
    return mapping
