"""What dialogues a project still needs, and what they may be about: quotas with lists of topics.

A place in a quota is taken by a dialogue that somebody holds, or that was handed in and not turned down. It is counted
under the quota's lock when a dialogue is opened, so no more are begun than are wanted. A dialogue that was put down
gives its place free; whoever takes it up again goes on with it, also when the place was taken meanwhile.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from dialogue.errors import BadTopics, SeedUnusable, TopicFull, TopicNotOffered
from dialogue.ground import Ground
from dialogue.rules import rules_of
from dialogue.seeds import read_seeds
from dialogue.texts import require_storable, require_text
from dialogue.views import Seed, Start
from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import NoSuchProject
from skills.languages import check_language
from skills.registry import check_domains

sql = load(__package__)

MOST_QUOTAS, MOST_TOPICS = 500, 1000
"""Of one project, and of one quota: a list that people choose from, not a corpus."""


class TopicDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=300)]
    brief: Annotated[str, Meta(max_length=4000)] = ""
    seed: Annotated[list[dict[str, Any]], Meta(max_length=50)] = []
    """Turns with `role` and `text` that open its dialogues and cannot be edited."""
    most: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """Dialogues about this topic; none: as many as the quota wants."""


class QuotaDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    domain: str
    language: str
    difficulty: Annotated[int, Meta(ge=1, le=5)] | None = None
    """None: any."""
    wanted: Annotated[int, Meta(ge=0, le=1_000_000)]
    own_words: bool = False
    """Whether the annotator may think of a topic beside the listed ones."""
    topics: Annotated[list[TopicDraft], Meta(max_length=MOST_TOPICS)] = []


class TopicView(Struct, frozen=True, kw_only=True):
    id: UUID
    text: str
    brief: str
    seed: list[dict[str, Any]]
    most: int | None
    taken: int


class QuotaView(Struct, frozen=True, kw_only=True):
    id: UUID
    domain: str
    language: str
    difficulty: int | None
    wanted: int
    taken: int
    """In progress, waiting for review, or accepted."""
    own_words: bool
    topics: list[TopicView]

    @property
    def open(self) -> int:
        return max(self.wanted - self.taken, 0)


class _Quota(Struct, frozen=True):
    id: UUID
    domain: str
    language: str
    difficulty: int | None
    wanted: int
    taken: int
    own_words: bool


class _Topic(Struct, frozen=True):
    id: UUID
    quota_id: UUID
    text: str
    brief: str
    seed: list[dict[str, Any]]
    most: int | None
    taken: int


class Pick(Struct, frozen=True, kw_only=True):
    """What a dialogue is opened about."""

    text: str
    quota_id: UUID | None = None
    topic_id: UUID | None = None
    seeds: list[Seed] = []


async def quotas(project_id: UUID) -> list[QuotaView]:
    """As the manager set them, full ones too."""
    return await _with_topics(await db.fetch_as(_Quota, sql.quotas_of_project, project_id=project_id))


async def topics_for(ground: Ground) -> list[QuotaView]:
    """What may be chosen for this task now: its domain or one below it, its language and difficulty, not full yet."""
    found = await db.fetch_as(
        _Quota, sql.quotas_of_task, project_id=ground.project_id, domain=ground.domain, language=ground.language,
        difficulty=ground.difficulty,
    )  # fmt: skip
    still = await _with_topics([quota for quota in found if quota.taken < quota.wanted])
    offered = [
        msgspec.structs.replace(
            quota, topics=[topic for topic in quota.topics if topic.most is None or topic.taken < topic.most]
        )
        for quota in still
    ]
    return [quota for quota in offered if quota.topics or quota.own_words]


async def pick(
    ground: Ground, start: Start, text: str, settings: Settings, *, topic_id: UUID | None, quota_id: UUID | None
) -> Pick:
    """Takes the place until the caller's transaction ends. Raises `TopicNotOffered`, `TopicFull`."""
    rules = await rules_of(ground.project_id)
    if rules.topics == "free":
        if topic_id or quota_id:
            raise TopicNotOffered("This project has no list of topics; name the topic in words.")
        return Pick(text=text)
    if rules.topics == "task":
        if topic_id or quota_id or (start.title and text != start.title):
            raise TopicNotOffered("The topic of this task is given; it cannot be changed.", topic=start.title)
        return Pick(text=text)
    return await _take_place(ground, text, topic_id, quota_id, settings)


async def _take_place(
    ground: Ground, text: str, topic_id: UUID | None, quota_id: UUID | None, settings: Settings
) -> Pick:
    locked = await db.fetch_value(sql.lock_quota, topic_id=topic_id, quota_id=quota_id, project_id=ground.project_id)
    if locked is None:
        raise TopicNotOffered
    # Read only now: whoever held the lock before has taken a place that must be counted.
    found = await db.fetch_as(
        _Quota, sql.quotas_of_task, project_id=ground.project_id, domain=ground.domain, language=ground.language,
        difficulty=ground.difficulty,
    )  # fmt: skip
    quota = next((one for one in found if one.id == UUID(int=locked.int)), None)
    if quota is None:
        raise TopicNotOffered
    if quota.taken >= quota.wanted:
        raise TopicFull
    if topic_id is None:
        if not quota.own_words:
            raise TopicNotOffered("Choose one of the listed topics.")
        return Pick(text=text, quota_id=quota.id)
    (whole,) = await _with_topics([quota])
    topic = next((one for one in whole.topics if one.id == topic_id), None)
    if topic is None:
        raise TopicNotOffered
    if topic.most is not None and topic.taken >= topic.most:
        raise TopicFull
    return Pick(text=topic.text, quota_id=quota.id, topic_id=topic.id, seeds=read_seeds(topic.seed, settings))


async def _with_topics(found: list[_Quota]) -> list[QuotaView]:
    topics = await db.fetch_as(_Topic, sql.topics_of_quotas, quota_ids=[one.id for one in found]) if found else []
    return [
        QuotaView(
            topics=[
                TopicView(id=t.id, text=t.text, brief=t.brief, seed=t.seed, most=t.most, taken=t.taken)
                for t in topics if t.quota_id == one.id
            ],
            **msgspec.structs.asdict(one),
        )
        for one in found
    ]  # fmt: skip


async def put_quotas(
    project_id: UUID, drafts: list[QuotaDraft], *, settings: Settings, reason: str | None = None
) -> list[QuotaView]:
    """The whole list: what is named is added or changed, what is not named is archived, and dialogues of it stay.

    A quota is known by domain, difficulty and language, a topic by its text. Raises `BadTopics`, `NoSuchProject`,
    `NoSuchDomain`, `DomainArchived`, `BadLanguage`.
    """
    db.require_transaction()
    if await db.fetch_value(sql.lock_project_of_bot, project_id=project_id) is None:
        raise NoSuchProject
    await _judge(drafts, settings)
    before = await quotas(project_id)
    await db.execute(sql.archive_quotas, project_id=project_id)
    for place, draft in enumerate(drafts):
        quota_id = await db.fetch_value(
            sql.put_quota, id=uuid7(), project_id=project_id, domain=draft.domain, difficulty=draft.difficulty,
            language=check_language(draft.language), wanted=draft.wanted, own_words=draft.own_words, position=place,
        )  # fmt: skip
        topics = draft.topics
        await db.execute(
            sql.put_topics, quota_id=quota_id, ids=[uuid7() for _ in topics], texts=[one.text for one in topics],
            briefs=[one.brief for one in topics], seeds=[db.jsonb(one.seed) for one in topics],
            mosts=[one.most for one in topics],
        )  # fmt: skip
    after = await quotas(project_id)
    await audit.record(
        "topics.changed",
        "project",
        project_id,
        before=_told(before, after),
        after=_told(after, before),
        reason=reason or None,
    )
    await outbox.publish("project.changed", {"what": "topics"}, project_id=project_id, subject_id=project_id)
    return after


def drafted(quota: QuotaView) -> QuotaDraft:
    """As it would be asked for."""
    return QuotaDraft(
        domain=quota.domain, language=quota.language, difficulty=quota.difficulty, wanted=quota.wanted, own_words=quota.own_words,
        topics=[TopicDraft(text=one.text, brief=one.brief, seed=one.seed, most=one.most) for one in quota.topics],
    )  # fmt: skip


def _key(one: QuotaView | QuotaDraft | dict[str, Any]) -> tuple[str, str, int | None]:
    if isinstance(one, dict):
        return one["domain"], one["language"], one["difficulty"]
    return one.domain, one.language, one.difficulty


def _told(rows: list[QuotaView], others: list[QuotaView]) -> list[dict[str, Any]]:
    """For the audit log: what is not the same on the other side whole, of the rest how many topics there are."""
    beside = {_key(one): drafted(one) for one in others}
    found = []
    for row in rows:
        draft = drafted(row)
        told = msgspec.to_builtins(draft)
        found.append(told if beside.get(_key(row)) != draft else told | {"topics": len(draft.topics)})
    return found


async def put_back(project_id: UUID, before: list[dict[str, Any]], *, settings: Settings, reason: str) -> None:
    """What a change of the list wrote down as the state before it, where nothing was changed since."""
    now = {_key(one): drafted(one) for one in await quotas(project_id)}
    drafts = [now[_key(row)] if isinstance(row["topics"], int) else msgspec.convert(row, QuotaDraft) for row in before]
    await put_quotas(project_id, drafts, settings=settings, reason=reason)


async def _judge(drafts: list[QuotaDraft], settings: Settings) -> None:
    if len(drafts) > MOST_QUOTAS:
        raise BadTopics(f"At most {MOST_QUOTAS} quotas; this list has {len(drafts)}.")
    await check_domains({draft.domain for draft in drafts})
    keys = [(draft.domain, draft.difficulty, check_language(draft.language)) for draft in drafts]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise BadTopics(f"Two quotas are of {twice[0]}, {twice[1] or 'any difficulty'}, {twice[2]}; put them together.")
    for draft in drafts:
        texts = [topic.text for topic in draft.topics]
        if len(set(texts)) < len(texts):
            raise BadTopics(f"A topic stands twice in the quota of {draft.domain}.")
        if not texts and not draft.own_words:
            raise BadTopics(f"The quota of {draft.domain} has no topics; name some, or allow own words.")
        for topic in draft.topics:
            require_text(topic.text, 300, "A topic")
            require_storable(topic.brief, settings.comment_text_limit, "The brief of a topic")
            try:
                read_seeds(topic.seed, settings)
            except SeedUnusable as error:
                raise BadTopics(f"The topic {topic.text!r} cannot begin like that: {error.detail}") from error
