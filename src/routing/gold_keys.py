"""Keys of gold: written in versions; another one scores all that was answered anew, as if it had been right from the start."""

from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import gold_doubts
from routing.errors import BadGold, GoldContested, SameGoldKey
from routing.forms.answers import answer_faults
from routing.forms.faults import below
from routing.forms.store import FormView, form_of
from routing.gold_doubts import Doubter, GoldDoubtDecision, locked
from routing.gold_reading import scored
from routing.gold_scoring import RATING, GoldKey
from routing.verdict_items import of_rubric
from skills.evidence import correct, lock_people

sql = load(__package__)


class GoldCorrected(msgspec.Struct, frozen=True):
    gold_id: UUID
    version: int
    answers: int
    """That were scored anew."""
    evidence: int
    """Of which the score is another one: retracted, and added anew at its own time."""
    people: int


async def check_key(project_id: UUID, kind: str, key: GoldKey, payload: dict[str, Any]) -> None:
    """Raises `BadGold` for a key that no answer to this kind could be held against."""
    form = await form_of(project_id, kind)
    fault = fault_of(kind, form, key, payload)
    if fault is not None:
        raise BadGold(fault)
    if key.bands and form is None:
        known = set(await of_rubric(project_id, {})) or {RATING} if kind == "dialogue" else {RATING}
        stray = next((name for name in key.bands if name not in known), None)
        if stray is not None:
            raise BadGold(f"{stray!r} is not rated in {kind}: {', '.join(sorted(known))}.")


def fault_of(kind: str, form: FormView | None, key: GoldKey, payload: dict[str, Any]) -> str | None:
    """Why no answer to this kind could be held against the key, as far as its declaration says."""
    if bool(key.bands) == (key.answer is not None):
        return "A key is a known answer, or bands of ratings: one of the two."
    wrong = next((name for name, (least, most) in key.bands.items() if least > most), None)
    if wrong is not None:
        return f"The band of {wrong} goes from its least to its most."
    if key.bands:
        known = _rated(form) if form is not None else set(key.bands)
        stray = next((name for name in key.bands if name not in known), None)
        return (
            None if stray is None else f"{stray!r} is not rated in {kind}: {', '.join(sorted(known)) or 'nothing is'}."
        )
    if form is None or form.declaration.right is None:
        return f"The kind {kind} has no answer that is right or wrong; state bands of ratings."
    # The rest of an answer is not part of the key.
    field = below("", form.declaration.right.answer)
    found = answer_faults(form.declaration, payload, {form.declaration.right.answer: key.answer})
    faults = [one for one in found if one.path == field or one.path.startswith(f"{field}/")]
    return f"The known answer does not fit {kind}: {faults[0].message}" if faults else None


def _rated(form: FormView) -> set[str]:
    properties = form.declaration.answer.get("properties", {})
    return {name for name, part in properties.items() if part.get("type") in {"integer", "number", "array"}}


async def change(
    gold_id: UUID, key: GoldKey, reason: str, by: str, settings: Settings, *, project_id: UUID | None = None
) -> GoldCorrected:
    """A manager's hand. Raises `NoSuchGold`, `BadGold`, `SameGoldKey`, `GoldContested` (a doubt is decided by another)."""
    gold = await locked(gold_id, project_id)
    if gold["state"] == "contested":
        raise GoldContested
    return await _change(gold, key, reason, by, settings)


async def decide(
    contest_id: UUID, decision: GoldDoubtDecision, by: Doubter, settings: Settings
) -> GoldCorrected | None:
    """None: the key was upheld. Raises what `begin_decision` and `change` raise."""
    gold = await gold_doubts.begin_decision(contest_id, decision, by, settings)
    found = None
    if decision.key is not None:
        found = await _change(gold, decision.key, decision.reason, by.label, settings)
    await gold_doubts.close(contest_id, gold, decision, by)
    return found


async def _change(gold: Any, key: GoldKey, reason: str, by: str, settings: Settings) -> GoldCorrected:
    gold_id, project_id = plain_uuid(gold["id"]), plain_uuid(gold["project_id"])
    before = msgspec.convert(gold["key"], GoldKey)
    if key == before:
        raise SameGoldKey
    if bool(key.bands) != bool(before.bands):
        raise BadGold("A known answer stays one, and bands stay bands; retire this gold and make another.")
    await check_key(project_id, gold["kind"], key, gold["payload"])
    version = gold["version"] + 1
    await db.execute(sql.change_gold_key, gold_id=gold_id, key=db.jsonb(key))
    await db.execute(
        sql.insert_gold_version, id=uuid7(), gold_id=gold_id, version=version, key=db.jsonb(key), reason=reason, by=by
    )
    found = await _rescore(gold, key, reason, settings)
    await audit.record(
        "gold.key_changed", "gold", gold_id, before={"key": msgspec.to_builtins(before)},
        after={"key": msgspec.to_builtins(key), "version": version}, reason=reason,
    )  # fmt: skip
    facts = {"gold_id": str(gold_id), "version": version, "evidence": found.evidence, "people": found.people}
    await outbox.publish("gold.key_changed", facts, project_id=project_id, subject_id=gold_id)
    return found


async def _rescore(gold: Any, key: GoldKey, reason: str, settings: Settings) -> GoldCorrected:
    """Evidence that a manager retracted stays so. Locks the people in the order of their ids."""
    gold_id, version = plain_uuid(gold["id"]), gold["version"] + 1
    rows = await db.fetch(sql.gold_answers, gold_id=gold_id)
    await lock_people(plain_uuid(row["annotator_id"]) for row in rows)
    changed: set[UUID] = set()
    for row in rows:
        found = await scored(plain_uuid(row["project_id"]), gold["kind"], key, row["payload"], settings)
        await db.execute(sql.rescore_gold, serving_id=row["id"], share=found.share, met=found.met, version=version)
        if found.share != row["share"] and row["evidence_id"] is not None:
            await correct(plain_uuid(row["evidence_id"]), reason, outcome=found.share)
            changed.add(plain_uuid(row["annotator_id"]))
    return GoldCorrected(gold_id, version, len(rows), len(changed), len(changed))
