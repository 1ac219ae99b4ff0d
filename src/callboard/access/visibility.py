"""Whose rows an actor reaches. What one may not see does not exist: the answer is the same 404 as for a wrong id."""

from typing import Any, NamedTuple
from uuid import UUID

from callboard.access.actor import Actor
from callboard.access.permissions import Permission
from kernel import db
from kernel.errors import Forbidden, Invalid
from kernel.sql import load
from routing.errors import NoSuchAssignment, NoSuchTask
from skills.errors import NoSuchAnnotator

sql = load("callboard.access")


def reach(actor: Actor) -> dict[str, Any]:
    """The three parameters that every query over people's rows takes."""
    return {"everybody": actor.sees_everybody, "vendor_id": actor.vendor_id, "self_id": actor.annotator_id}


async def check_annotator(actor: Actor, annotator_id: UUID) -> None:
    """Raises `NoSuchAnnotator`."""
    if not await db.fetch_value(sql.sees_annotator, annotator_id=annotator_id, **reach(actor)):
        raise NoSuchAnnotator


async def check_task(actor: Actor, task_id: UUID) -> None:
    """Raises `NoSuchTask`."""
    if not await db.fetch_value(sql.sees_task, task_id=task_id, **reach(actor)):
        raise NoSuchTask


async def worker(actor: Actor, annotator_id: UUID | None) -> UUID:
    """For whom work is done: oneself, or somebody whom one may see and act for.

    Raises `Invalid` when nobody is named and the actor is no annotator, `NoSuchAnnotator`.
    """
    if annotator_id is None or annotator_id == actor.annotator_id:
        if actor.annotator_id is None:
            raise Invalid("Name the annotator in annotator_id: this account does not work itself.")
        return actor.annotator_id
    if not actor.may(Permission.WORK_BEHALF):
        raise NoSuchAnnotator
    await check_annotator(actor, annotator_id)
    return annotator_id


async def holder(actor: Actor, assignment_id: UUID) -> UUID:
    """In whose name an assignment is worked on: one's own, or its holder's for programs that act on behalf.

    Raises `NoSuchAssignment`.
    """
    if not actor.may(Permission.WORK_BEHALF):
        if actor.annotator_id is None:
            raise NoSuchAssignment
        return actor.annotator_id
    annotator_id = await db.fetch_value(sql.holder_of, assignment_id=assignment_id, **reach(actor))
    if annotator_id is None:
        raise NoSuchAssignment
    return UUID(int=annotator_id.int)


async def may_refuse_own(actor: Actor) -> bool:
    """Four eyes: an appeal against what somebody imposed by hand is refused by another, where there is one."""
    return "admin" in actor.roles or not await db.fetch_value(sql.another_manager, person_id=actor.person_id)


async def annotator_behind(actor: Actor) -> UUID | None:
    """Whose own work the decider must not judge, also where a program of theirs sent the decision."""
    if actor.annotator_id is not None or actor.person_id is None:
        return actor.annotator_id
    found = await db.fetch_value("SELECT annotator FROM person WHERE id = :id", id=actor.person_id)
    return None if found is None else UUID(int=found.int)


def decider(actor: Actor) -> str:
    """The label of the person behind a decision, also where a program of theirs sent it."""
    return actor.label if actor.person_id is None else f"person:{actor.person_id}"


class Limits(NamedTuple):
    """What a list is narrowed to; none and none: nothing."""

    annotator_id: UUID | None
    vendor_id: UUID | None


def filter_for(actor: Actor) -> Limits:
    """Of lists that are narrowed by annotator or vendor. Raises `Forbidden` for an account that is tied to nobody."""
    if actor.sees_everybody:
        return Limits(None, None)
    if actor.vendor_id is not None:
        return Limits(None, actor.vendor_id)
    if actor.annotator_id is None:
        raise Forbidden("This account is tied to no annotator.")
    return Limits(actor.annotator_id, None)
