"""Standing rules as managers write them: drafts, versions, the switch."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.sql import load
from skills.errors import BadStandingRule, NoSuchStandingRule, StandingRuleExists
from skills.registry import check_domains
from skills.standing import Action, Rule
from skills.standing_conditions import Condition, Rejected

sql = load(__package__)
LONGEST_REASON = 1000
Reason = Annotated[str, Meta(max_length=LONGEST_REASON)]


class RuleDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    condition: Condition
    action: Action
    domain: str | None = None
    """Judges the domain and everything below it together; none: every domain by itself."""
    reason_en: Reason = ""
    """What the annotator reads; in at least one of the two languages."""
    reason_zh: Reason = ""
    lasts_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    """Of a pause; none: until what was measured is in order again, or a manager lifts it."""


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    condition: Condition
    action: Action
    domain: str | None
    reason_en: str
    reason_zh: str
    lasts_days: int | None
    on: bool
    version: int
    changed_at: datetime
    """It judges from then on, while it is on."""
    active: int | None
    """How many it holds in force now; none for those who do not answer for everybody."""

    def judging(self) -> Rule:
        return Rule(self.condition, self.action, self.domain, self.lasts_days, self.changed_at)


def both_languages(reason_en: str, reason_zh: str) -> tuple[str, str]:
    """Who writes one language alone is read in it by everybody. Raises `BadStandingRule`."""
    en, zh = reason_en.strip(), reason_zh.strip()
    if not en and not zh:
        raise BadStandingRule("Say why, in English or in Chinese: the person reads it.")
    return en or zh, zh or en


async def check(draft: RuleDraft) -> RuleDraft:
    """With a reason in both languages. Raises `BadStandingRule`, `NoSuchDomain`."""
    if draft.domain is not None:
        await check_domains({draft.domain})
    if draft.lasts_days is not None and draft.action != "pause":
        raise BadStandingRule(
            "Only a pause has a length: an exam ends when it is passed, a question when it is answered."
        )
    if isinstance(draft.condition, Rejected) and draft.condition.count > draft.condition.last:
        raise BadStandingRule("Of the last pieces of work no more can be rejected than there are.")
    reason_en, reason_zh = both_languages(draft.reason_en, draft.reason_zh)
    return msgspec.structs.replace(draft, reason_en=reason_en, reason_zh=reason_zh)


async def rules(*, on_only: bool = False, rule_id: UUID | None = None) -> list[RuleView]:
    return await db.fetch_as(RuleView, sql.standing_rules, rule_id=rule_id, on_only=on_only)


async def rule(rule_id: UUID) -> RuleView:
    """Raises `NoSuchStandingRule`."""
    found = await rules(rule_id=rule_id)
    if not found:
        raise NoSuchStandingRule
    return found[0]


async def create_rule(draft: RuleDraft) -> UUID:
    """Switched off. Raises `BadStandingRule`, `NoSuchDomain`, `StandingRuleExists`."""
    db.require_transaction()
    draft = await check(draft)
    rule_id = uuid7()
    if await db.fetch_value(sql.insert_standing_rule, id=rule_id, **_columns(draft)) is None:
        raise StandingRuleExists
    await audit.record("standing_rule.created", "standing_rule", rule_id, after=msgspec.to_builtins(draft))
    return rule_id


async def change_rule(rule_id: UUID, draft: RuleDraft, version: int | None = None) -> RuleView:
    """The next version; what earlier ones brought about stays as it is. With a `version`: only from that one.

    Raises `BadStandingRule`, `NoSuchDomain`, `NoSuchStandingRule`, `StandingRuleExists`, `PreconditionFailed`.
    """
    db.require_transaction()
    draft, before = await check(draft), await rule(rule_id)
    if await db.fetch_value(sql.update_standing_rule, rule_id=rule_id, version=version, **_columns(draft)) is None:
        if version is not None and before.version != version:
            raise PreconditionFailed
        raise StandingRuleExists
    await audit.record(
        "standing_rule.changed", "standing_rule", rule_id, before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(draft),
    )  # fmt: skip
    return await rule(rule_id)


async def switch_rule(rule_id: UUID, *, on: bool) -> bool:
    """Off ends nothing that is in force. False where it was like that. Raises `NoSuchStandingRule`."""
    db.require_transaction()
    await rule(rule_id)
    state = "on" if on else "off"
    if await db.fetch_value(sql.switch_standing_rule, rule_id=rule_id, state=state) is None:
        return False
    await audit.record(f"standing_rule.switched_{state}", "standing_rule", rule_id, after={"state": state})
    return True


def _columns(draft: RuleDraft) -> dict[str, Any]:
    return {
        "name": draft.name, "condition": db.jsonb(draft.condition), "action": draft.action, "domain": draft.domain,
        "reason_en": draft.reason_en, "reason_zh": draft.reason_zh, "lasts_days": draft.lasts_days,
    }  # fmt: skip
