"""The demo's workforce: 40 people who are simulated, the vendors they come from, and four accounts to sign in with."""

import datetime as dt
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from callboard.demo.content.topics import Domain, Language, Level, Text

Role = Literal["admin", "manager", "reviewer", "annotator"]
Share = Annotated[float, Meta(ge=0, le=1)]


class Vendor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: Text
    name: Text


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: Literal["degree", "licence", "certificate", "employment"]
    title: Text
    issuer: Text
    domain: Text | None = None
    """Where it is not the person's strongest: a child of it, say."""
    isced_level: Annotated[int, Meta(ge=0, le=8)] | None = None
    isced_field: Text | None = None
    document_ref: str = ""
    expires_in_days: int | None = None
    """From the day on which the demo is made: so that something always is about to run out."""
    expires_on: dt.date | None = None
    verified: bool


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    key: Annotated[str, Meta(pattern="^[a-z-]{3,40}$")]
    display_name: Text
    email: Annotated[str, Meta(pattern="^[a-z.]+@callboard[.]example$")]
    vendor: str | None = None
    """Key of the vendor; None for people of the house."""
    roles: Annotated[tuple[Role, ...], Meta(min_length=1)]
    languages: dict[Language, Level]
    skills: dict[Domain, Level]
    """The hardest topics that this person does well, by domain."""
    credentials: tuple[Credential, ...] = ()
    speed: Annotated[int, Meta(ge=10, le=90)]
    """Words written per minute; a Chinese word is taken as 1.6 characters."""
    care: Share
    """How often the work is acceptable in the simulation, on topics within the person's skill."""
    tendency: str = "even"
    """Key of the habit in rating replies (`conduct.Tendency`)."""


class _Workforce(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vendors: tuple[Vendor, ...]
    logins: tuple[Person, ...]
    annotators: tuple[Person, ...]


@cache
def _workforce() -> _Workforce:
    data = resources.files(__package__ or __name__).joinpath("people.json").read_bytes()
    return msgspec.json.decode(data, type=_Workforce)


def vendors() -> tuple[Vendor, ...]:
    return _workforce().vendors


def people() -> tuple[Person, ...]:
    """The 40 whose work is simulated; who does both jobs has both roles."""
    return _workforce().annotators


def logins() -> tuple[Person, ...]:
    """The accounts shown to a visitor (admin, manager, annotator, reviewer); nobody moves them but the visitor."""
    return _workforce().logins
