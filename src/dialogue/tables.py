from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
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
from routing.tables import Assignment, Project, Task
from skills.tables import Annotator, Domain


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


class DialogueRules(Table, tablename="dialogue_rules", db=engine):
    """What a project asks of its dialogues beyond the plain form; a project without a row asks for nothing more."""

    project = ForeignKey(Project, primary_key=True, null=False, on_delete=OnDelete.restrict)
    candidates = SmallInt(default=1)
    decision = Varchar(length=10, default="choose")
    ties = Boolean(default=True)
    all_bad = Boolean(default=True)
    branches = Boolean(default=True)
    topics = Varchar(length=10, default="free")
    handover = Varchar(length=10, default="never")
    version = Integer(default=1)
    changed_at = Timestamptz(default=TimestamptzNow())
    dialogue_rules_sane_candidates = Check("candidates BETWEEN 1 AND 8")
    dialogue_rules_known_decision = Check("decision IN ('choose', 'rank')")
    dialogue_rules_known_topics = Check("topics IN ('free', 'task', 'quota')")
    dialogue_rules_known_handover = Check("handover IN ('never', 'release', 'expiry', 'both')")


class Rubric(Table, tablename="rubric", db=engine):
    """What is rated in a project's dialogues, and on which scales. Append-only: a change is the next version."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    version = Integer()
    dimensions = JSONB()
    span_labels = JSONB(default="[]")
    created_at = Timestamptz(default=TimestamptzNow())
    rubric_version_once = Unique([project, version])


class TopicQuota(Table, tablename="topic_quota", db=engine):
    """How many dialogues a project wants of one domain, difficulty (none: any) and language."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    domain = ForeignKey(Domain, null=False, on_delete=OnDelete.restrict)
    difficulty = SmallInt(null=True, default=None)
    language = Varchar(length=35)
    wanted = Integer()
    own_words = Boolean(default=False)
    position = SmallInt(default=0)
    archived = Boolean(default=False)
    created_at = Timestamptz(default=TimestamptzNow())
    topic_quota_sane_difficulty = Check("difficulty IS NULL OR difficulty BETWEEN 1 AND 5")
    topic_quota_sane_number = Check("wanted >= 0")


class Topic(Table, tablename="topic", db=engine):
    """One topic of a quota, with turns that open its dialogues and cannot be edited. `most`: dialogues about it."""

    id = UUID(primary_key=True)
    quota = ForeignKey(TopicQuota, null=False, on_delete=OnDelete.restrict)
    text = Varchar(length=300)
    brief = Text(default="")
    seed = JSONB(default="[]")
    most = Integer(null=True, default=None)
    position = SmallInt(default=0)
    archived = Boolean(default=False)
    topic_text_once = Unique([quota, text])
    topic_sane_most = Check("most IS NULL OR most > 0")


class Conversation(Table, tablename="conversation", db=engine):
    """One person's dialogue about one task; outlives leases, so that work can be taken up again.

    Its turns are a tree. `head_id` is the turn where it goes on: the way from the root to there is the active path.
    Without an annotator it came with the task. `version` rises with every change of anything in it.
    """

    id = UUID(primary_key=True)
    task = ForeignKey(Task, null=False, on_delete=OnDelete.restrict)
    annotator = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    topic = Varchar(length=300)
    head_id = UUID(null=True, default=None)
    version = Integer(default=1)
    rubric = ForeignKey(Rubric, null=True, default=None, on_delete=OnDelete.restrict)
    quota = ForeignKey(TopicQuota, null=True, default=None, on_delete=OnDelete.restrict)
    listed_topic = ForeignKey(Topic, null=True, default=None, on_delete=OnDelete.restrict)
    source = JSONB(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    conversation_one_per_person = Unique([task, annotator])


class Turn(Table, tablename="turn", db=engine):
    """One message. A reply keeps what the bot wrote beside what the annotator made of it.

    `no` counts from the root, `position` among siblings. A candidate names its choice and its place in it.
    """

    id = UUID(primary_key=True)
    conversation = ForeignKey(Conversation, null=False, on_delete=OnDelete.restrict)
    parent: "ForeignKey[Any]" = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict)
    no = SmallInt()
    position = SmallInt(default=1)
    role = Varchar(length=10)
    text = Text()
    text_version = SmallInt(default=1)
    original_text = Text(null=True, default=None)
    language = Varchar(length=35, null=True, default=None)
    model = Varchar(length=120, null=True, default=None)
    bot = ForeignKey(Bot, null=True, default=None, on_delete=OnDelete.restrict)
    parameters = JSONB(null=True, default=None)
    author = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    choice_id = UUID(null=True, default=None)
    slot = SmallInt(null=True, default=None)
    rank = SmallInt(null=True, default=None)
    rating = SmallInt(null=True, default=None)
    comment = Text(default="")
    labels = JSONB(default="{}")
    source = JSONB(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    changed_at = Timestamptz(default=TimestamptzNow())
    turn_sibling = Unique([parent, position])
    turn_in_conversation = Unique([id, conversation])  # noqa: A003  the column, not the builtin
    turn_in_choice = Unique([id, choice_id])  # noqa: A003
    turn_slot = Unique([choice_id, slot])
    turn_known_role = Check("role IN ('system', 'user', 'assistant')")
    turn_sane_rating = Check("rating IS NULL OR (rating BETWEEN 1 AND 5 AND role = 'assistant')")
    turn_sane_place = Check("no > 0 AND position > 0 AND text_version > 0 AND (rank IS NULL OR rank > 0)")
    turn_candidate_is_reply = Check(
        "(choice_id IS NULL) = (slot IS NULL) AND (choice_id IS NULL OR (role = 'assistant' AND slot > 0))"
    )


class Choice(Table, tablename="choice", db=engine):
    """Candidates for one reply, asked together and judged against each other. A new round is a new row.

    People see nothing of a candidate's origin but its slot. Slot n stands at `position` + n among the turns that follow
    the message, in whatever order the candidates come.
    """

    id = UUID(primary_key=True)
    conversation = ForeignKey(Conversation, null=False, on_delete=OnDelete.restrict)
    message = ForeignKey(Turn, null=False, on_delete=OnDelete.restrict)
    round = SmallInt(default=1)
    wanted = SmallInt()
    position = SmallInt(default=0)
    state = Varchar(length=10, default="open")
    chosen_id = UUID(null=True, default=None)
    reason = Text(default="")
    author = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    source = JSONB(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    decided_at = Timestamptz(null=True, default=None)
    choice_round = Unique([message, round])  # noqa: A003
    choice_of_message = Unique([id, message])  # noqa: A003
    choice_known_state = Check("state IN ('open', 'chosen', 'ranked', 'all_bad', 'set_aside')")
    choice_names_preferred = Check("(chosen_id IS NOT NULL) = (state IN ('chosen', 'ranked'))")
    choice_decided_has_time = Check("(decided_at IS NULL) = (state = 'open')")
    choice_sane_number = Check("wanted BETWEEN 1 AND 8")


class TurnEdit(Table, tablename="turn_edit", db=engine):
    """Every text that an edited turn ever had, the first one included. Append-only; version 1 of a reply is the bot's."""

    id = UUID(primary_key=True)
    turn = ForeignKey(Turn, null=False, on_delete=OnDelete.restrict)
    version = SmallInt()
    text = Text()
    author = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    source = JSONB(null=True, default=None)
    at = Timestamptz(default=TimestamptzNow())
    turn_edit_version_once = Unique([turn, version])


class TurnScore(Table, tablename="turn_score", db=engine):
    """One value of the rubric; without a turn it is of the whole dialogue."""

    id = UUID(primary_key=True)
    conversation = ForeignKey(Conversation, null=False, on_delete=OnDelete.restrict)
    turn = ForeignKey(Turn, null=True, default=None, on_delete=OnDelete.restrict)
    dimension = Varchar(length=40)
    value = SmallInt()
    comment = Text(default="")
    author = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    source = JSONB(null=True, default=None)
    changed_at = Timestamptz(default=TimestamptzNow())


class TurnSpan(Table, tablename="turn_span", db=engine):
    """A marked passage of one version of a turn's text, in code points, `from_char` included and `to_char` not."""

    id = UUID(primary_key=True)
    turn = ForeignKey(Turn, null=False, on_delete=OnDelete.restrict)
    text_version = SmallInt()
    from_char = Integer()
    to_char = Integer()
    label = Varchar(length=40)
    reason = Text(default="")
    author = ForeignKey(Annotator, null=True, default=None, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=True, default=None, on_delete=OnDelete.restrict)
    source = JSONB(null=True, default=None)
    created_at = Timestamptz(default=TimestamptzNow())
    removed_at = Timestamptz(null=True, default=None)
    turn_span_is_passage = Check("0 <= from_char AND from_char < to_char")


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


class Handover(Table, tablename="handover", db=engine):
    """A dialogue that went on in other hands, at the claim of whoever goes on with it. Append-only."""

    id = UUID(primary_key=True)
    conversation = ForeignKey(Conversation, null=False, on_delete=OnDelete.restrict)
    from_assignment = ForeignKey(Assignment, null=False, on_delete=OnDelete.restrict)
    to_assignment = ForeignKey(Assignment, null=False, on_delete=OnDelete.restrict, unique=True)
    way = Varchar(length=10)
    at = Timestamptz(default=TimestamptzNow())
    handover_known_way = Check("way IN ('release', 'expiry')")


class TurnTime(Table, tablename="turn_time", db=engine):
    """What was measured while one hold worked on one turn: seconds by the server's clock, pastes as counted by the page."""

    id = UUID(primary_key=True)
    turn = ForeignKey(Turn, null=False, on_delete=OnDelete.restrict)
    assignment = ForeignKey(Assignment, null=False, on_delete=OnDelete.restrict)
    active_seconds = Integer(default=0)
    waited_seconds = DoublePrecision(null=True, default=None)
    pastes = Integer(default=0)
    pasted_characters = Integer(default=0)
    changed_characters = Integer(null=True, default=None)
    changed_at = Timestamptz(default=TimestamptzNow())
    turn_time_once = Unique([turn, assignment])
    turn_time_sane_numbers = Check("active_seconds >= 0 AND pastes >= 0 AND pasted_characters >= 0")


class Export(Table, tablename="export", db=engine):
    """A snapshot of a project's dialogues in one format: what was asked for, of which moment, and what came of it.

    `works` and `trees` are the ids that were found at that moment, 16 bytes each, in the order of the file. What was
    ready once never changes, nor do its bytes: a file that was removed is built again equal, or not at all. `rebuild`
    says how far that is.
    """

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    format = Varchar(length=30)
    filters = JSONB()
    identities = Varchar(length=10, default="pseudonym")
    reason = Text(default="")
    state = Varchar(length=10, default="making")
    position = Varchar(length=200)
    works = Bytea()
    trees = Bytea()
    dialogues = Integer()
    done = Integer(default=0)
    lines = BigInt(default=0)
    size = BigInt(default=0)
    left_out = JSONB(default="{}")
    sha256 = Bytea(null=True, default=None)
    failure = Varchar(length=300, null=True, default=None)
    made_by = Varchar(length=200)
    created_at = Timestamptz(default=TimestamptzNow())
    ready_at = Timestamptz(null=True, default=None)
    built_at = Timestamptz(null=True, default=None)
    removed_at = Timestamptz(null=True, default=None)
    rebuild = JSONB(null=True, default=None)
    export_known_state = Check("state IN ('making', 'ready', 'failed', 'cancelled', 'removed', 'rebuilding')")
    export_known_identities = Check("identities IN ('pseudonym', 'real')")
    export_ready_has_digest = Check(
        "(state IN ('ready', 'removed', 'rebuilding')) = (sha256 IS NOT NULL)"
        " AND (sha256 IS NULL) = (ready_at IS NULL) AND (state = 'ready') = (built_at IS NOT NULL)"
        " AND (state = 'rebuilding') = (rebuild IS NOT NULL) AND (state <> 'removed' OR removed_at IS NOT NULL)"
    )
    export_real_has_reason = Check("identities = 'pseudonym' OR reason <> ''")


class ExportPart(Table, tablename="export_part", db=engine):
    """A piece of a snapshot's file, compressed; the file is its pieces by number. Append-only, until the file as a whole goes."""

    id = UUID(primary_key=True)
    export = ForeignKey(Export, null=False, on_delete=OnDelete.restrict)
    no = Integer()
    size = Integer()
    data = Bytea()
    export_part_once = Unique([export, no])
