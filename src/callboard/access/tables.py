from piccolo.columns import JSONB, UUID, BigSerial, Boolean, Bytea, ForeignKey, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check
from piccolo.table import Table

from kernel.db import engine
from skills.tables import Annotator, Vendor


class Person(Table, tablename="person", db=engine):
    """Somebody who signs in. Someone who also works is tied to an annotator."""

    id = UUID(primary_key=True)
    email = Varchar(length=254, unique=True)
    display_name = Varchar(length=120)
    password_hash = Text()
    roles = JSONB()
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    vendor = ForeignKey(Vendor, null=True, default=None, on_delete=OnDelete.restrict)
    locale = Varchar(length=10, default="en")
    theme = Varchar(length=10, default="auto")
    active = Boolean(default=True)
    must_change_password = Boolean(default=False)
    created_at = Timestamptz(default=TimestamptzNow())


class Session(Table, tablename="session", db=engine):
    """A sign-in. Only the hash of the cookie's secret is kept."""

    secret_hash = Bytea(primary_key=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.restrict)
    csrf_token = Varchar(length=64)
    created_at = Timestamptz(default=TimestamptzNow())
    seen_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


class ApiToken(Table, tablename="api_token", db=engine):
    """A program's key: `cb_<id>.<secret>`; only the hash of the secret is kept."""

    id = UUID(primary_key=True)
    name = Varchar(length=120)
    secret_hash = Bytea()
    scopes = JSONB()
    person = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=TimestamptzNow())
    expires_at = Timestamptz()
    last_used_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class LoginFailure(Table, tablename="login_failure", db=engine):
    """Failed sign-ins, counted in the database, so that a missing Redis opens no door."""

    id = BigSerial(primary_key=True)
    email = Varchar(length=254)
    address = Varchar(length=64)
    at = Timestamptz(default=TimestamptzNow())
    login_failure_named = Check("length(email) > 0")
