from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Boolean,
    Bytea,
    DoublePrecision,
    ForeignKey,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from routing.tables import Project, Task
from skills.tables import Annotator


class Bot(Table, tablename="bot", db=engine):
    """One of those who answer in a project's dialogues: the built-in offline bot, or an OpenAI-compatible endpoint."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    name = Varchar(length=80, default="Bot")
    kind = Varchar(length=20, default="offline")
    base_url = Varchar(length=500, null=True, default=None)
    model = Varchar(length=120, default="callboard-offline")
    api_key_encrypted = Bytea(null=True, default=None)
    system_prompt = Text(default="")
    temperature = DoublePrecision(default=0.7)
    top_p = DoublePrecision(null=True, default=None)
    max_tokens = SmallInt(default=1024)
    connect_seconds = DoublePrecision(null=True, default=None)
    first_token_seconds = DoublePrecision(null=True, default=None)
    between_tokens_seconds = DoublePrecision(null=True, default=None)
    total_seconds = DoublePrecision(null=True, default=None)
    retries = SmallInt(null=True, default=None)
    candidates = SmallInt(default=1)
    enabled = Boolean(default=True)
    version = Integer(default=1)
    created_at = Timestamptz(default=TimestamptzNow())
    changed_at = Timestamptz(default=TimestamptzNow())
    bot_name_in_project = Unique([project, name])
    bot_known_kind = Check("kind IN ('offline', 'openai')")
    bot_openai_has_address = Check("kind <> 'openai' OR base_url IS NOT NULL")
    bot_sane_candidates = Check("candidates BETWEEN 1 AND 8")


class Conversation(Table, tablename="conversation", db=engine):
    """One person's dialogue about one task; outlives leases, so that work can be taken up again."""

    id = UUID(primary_key=True)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=False, on_delete=OnDelete.restrict)
    topic = Varchar(length=300)
    created_at = Timestamptz(default=TimestamptzNow())
    conversation_one_per_person = Unique([task, annotator])


class Turn(Table, tablename="turn", db=engine):
    """One message. A reply keeps what the bot wrote beside what the annotator made of it."""

    id = UUID(primary_key=True)
    conversation = ForeignKey(Conversation, null=False, on_delete=OnDelete.restrict)
    parent: "ForeignKey[Any]" = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict)
    no = SmallInt()
    role = Varchar(length=10)
    text = Text()
    original_text = Text(null=True, default=None)
    model = Varchar(length=120, null=True, default=None)
    rating = SmallInt(null=True, default=None)
    comment = Text(default="")
    created_at = Timestamptz(default=TimestamptzNow())
    changed_at = Timestamptz(default=TimestamptzNow())
    turn_place = Unique([conversation, no])
    turn_known_role = Check("role IN ('system', 'user', 'assistant')")
    turn_sane_rating = Check("rating IS NULL OR (rating BETWEEN 1 AND 5 AND role = 'assistant')")


class BotCall(Table, tablename="bot_call", db=engine):
    """One time that a bot was asked: what came of it, also when that was only a part, and what it was asked with."""

    id = UUID(primary_key=True)
    turn = ForeignKey(Turn, null=False, on_delete=OnDelete.restrict)
    place = SmallInt(default=0)
    attempt = SmallInt(default=1)
    bot = ForeignKey(Bot, null=True, default=None, on_delete=OnDelete.restrict)
    model = Varchar(length=120)
    params = JSONB(default="{}")
    state = Varchar(length=10, default="running")
    code = Varchar(length=40, null=True, default=None)
    text = Text(default="")
    started_at = Timestamptz(default=TimestamptzNow())
    seen_at = Timestamptz(default=TimestamptzNow())
    first_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    bot_call_one_attempt = Unique([turn, place, attempt])
    bot_call_known_state = Check("state IN ('running', 'arrived', 'failed', 'cut')")
