"""The rows of other packages that money refers to, written with plain SQL, and work that moves through its states."""

from uuid import UUID

from kernel import db, invariants
from kernel.ids import uuid7
from kernel.money import Money
from payments import ledger, rates, verify
from payments.rates import RateCardView
from routing.events import AssignmentEnded, Hold, Price, PriceQuery, WorkAccepted, emit, pricing

CENT = 10_000


def usd(micros: int) -> Money:
    return Money(micros, "USD")


def plain_price(micros: int, currency: str = "USD") -> Price:
    """A price that no rate card made."""
    return Price(micros, currency, {"kind": "annotation"})


def a_hold(project_id: UUID, annotator_id: UUID, price: Price, assignment_id: UUID | None = None) -> Hold:
    """For an assignment that has no row."""
    return Hold(assignment_id or uuid7(), uuid7(), project_id, annotator_id, price)


async def make_project(*, funded_micros: int = 0, currency: str = "USD", name: str = "") -> UUID:
    project_id = uuid7()
    async with db.transaction():
        await db.execute(
            "INSERT INTO project (id, name, currency, lease_seconds, deadline_seconds, state)"
            " VALUES (:id, :name, :currency, 900, 7200, 'published')",
            id=project_id, name=name or f"Project {project_id}", currency=currency,
        )  # fmt: skip
        if funded_micros:
            await ledger.fund(project_id, Money(funded_micros, currency), f"first:{project_id}", "agreed budget")
    return project_id


async def make_card(
    project_id: UUID, *, annotation: int, review: int, currency: str = "USD", **factors: str
) -> RateCardView:
    """Factors are given as `d1="1.05"` to `d5` and `expert="1.3"`."""
    async with db.transaction():
        return await rates.create_rate_card(
            project_id, currency, Money(annotation, currency), Money(review, currency),
            {name[1:]: value for name, value in factors.items() if name != "expert"}, expert_factor=factors.get("expert", "1"),
        )  # fmt: skip


async def make_annotator(vendor_id: UUID | None = None) -> UUID:
    annotator_id = uuid7()
    await db.execute(
        "INSERT INTO annotator (id, display_name, vendor) VALUES (:id, :name, :vendor_id)",
        id=annotator_id, name=f"Annotator {annotator_id}", vendor_id=vendor_id,
    )  # fmt: skip
    return annotator_id


async def make_vendor(name: str) -> UUID:
    vendor_id = uuid7()
    await db.execute("INSERT INTO vendor (id, name) VALUES (:id, :name)", id=vendor_id, name=name)
    return vendor_id


async def _make_slot(
    project_id: UUID, domain: str, kind: str, submission_id: UUID | None, author_id: UUID | None
) -> UUID:
    lane_id, task_id, slot_id = uuid7(), uuid7(), uuid7()
    await db.execute(
        "INSERT INTO lane (id, project, kind, domain, language, difficulty_band, min_level, required_role, key)"
        " VALUES (:id, :project_id, :kind, :domain, 'en', 3, 1, 'annotator', :key)",
        id=lane_id, project_id=project_id, kind=kind, domain=domain, key=str(lane_id),
    )  # fmt: skip
    await db.execute(
        "INSERT INTO task (id, project, external_id, domain, language, difficulty_mean, difficulty_variance, payload, lane)"
        " VALUES (:id, :project_id, :external_id, :domain, 'en', 0, 1, '{}', :lane_id)",
        id=task_id, project_id=project_id, external_id=f"t-{task_id}", domain=domain, lane_id=lane_id,
    )  # fmt: skip
    await db.execute(
        "INSERT INTO slot (id, task, project, lane, kind, rank, submission_id, author_id)"
        " VALUES (:id, :task_id, :project_id, :lane_id, :kind, 1, :submission_id, :author_id)",
        id=slot_id, task_id=task_id, project_id=project_id, lane_id=lane_id, kind=kind, submission_id=submission_id,
        author_id=author_id,
    )  # fmt: skip
    return slot_id


async def claim(
    project_id: UUID,
    annotator_id: UUID,
    *,
    band: int = 3,
    expert: bool = False,
    domain: str = "general",
    review_of: UUID | None = None,
    asked_level: int = 1,
    language: str = "",
    assignment_id: UUID | None = None,
) -> UUID:
    """A live assignment with its money, in one transaction. `review_of` is a submitted assignment; raises what a hold raises."""
    kind = "review" if review_of else "annotation"
    async with db.transaction():
        work = await _submission_of(review_of) if review_of else None
        slot_id = await _make_slot(
            project_id, domain, kind, UUID(int=work["id"].int) if work else None, work["author"] if work else None
        )
        task_id = UUID(int=(await db.fetch_value("SELECT task FROM slot WHERE id = :id", id=slot_id)).int)
        currency = await db.fetch_value("SELECT currency FROM annotator WHERE id = :id", id=annotator_id)
        (price,) = await pricing().quote([PriceQuery(project_id, kind, band, expert, asked_level, language, currency)])
        price.require_rate()
        assignment_id = assignment_id or uuid7()
        await db.execute(
            "INSERT INTO assignment (id, slot, task, project, annotator, vendor, kind, epoch, lease_until, deadline,"
            " price_micros, currency, price_inputs, why)"
            " SELECT :id, :slot_id, :task_id, :project_id, annotator.id, annotator.vendor, :kind, 1,"
            " now() + interval '1 hour', now() + interval '2 hours', :micros, :currency, :inputs, '{}'"
            " FROM annotator WHERE annotator.id = :annotator_id",
            id=assignment_id, slot_id=slot_id, task_id=task_id, project_id=project_id, kind=kind, micros=price.micros,
            currency=price.currency, inputs=db.jsonb(price.inputs), annotator_id=annotator_id,
        )  # fmt: skip
        await pricing().reserve(Hold(assignment_id, task_id, project_id, annotator_id, price))
    return assignment_id


async def submit(assignment_id: UUID, payload: dict[str, object] | None = None) -> None:
    async with db.transaction():
        await _end(assignment_id, "submitted")
        await db.execute(
            "INSERT INTO submission (id, assignment, slot, task, project, author, payload, content_hash)"
            " SELECT :id, id, slot, task, project, annotator, :payload, '\\x00'::bytea FROM assignment WHERE id = :assignment_id",
            id=uuid7(), assignment_id=assignment_id, payload=db.jsonb(payload or {}),
        )  # fmt: skip


async def decide(assignment_id: UUID, state: str) -> None:
    """`accepted` pays; `rejected` and `rework` give the money back."""
    async with db.transaction():
        await db.execute(
            "UPDATE submission SET state = :state WHERE assignment = :assignment_id",
            state=state,
            assignment_id=assignment_id,
        )
        if state == "accepted":
            await emit(await accepted_fact(assignment_id))
        else:
            await emit(AssignmentEnded(assignment_id, state))


async def give_verdict(review_id: UUID, reviewed_id: UUID) -> None:
    """The reviewer's own assignment ends and is paid; the reviewed submission is decided elsewhere."""
    async with db.transaction():
        work = await _submission_of(reviewed_id)
        await _end(review_id, "submitted")
        await db.execute(
            "INSERT INTO verdict (id, submission, assignment, reviewer, author_id, outcome, scores, reasons)"
            " SELECT :id, :submission_id, id, annotator, :author_id, 'accept', '{}', '[]' FROM assignment WHERE id = :review_id",
            id=uuid7(), submission_id=work["id"], author_id=work["author"], review_id=review_id,
        )  # fmt: skip
        await emit(await accepted_fact(review_id))


async def end_without_work(assignment_id: UUID, state: str = "expired") -> None:
    async with db.transaction():
        await _end(assignment_id, state)
        await emit(AssignmentEnded(assignment_id, state))


async def accepted_fact(assignment_id: UUID) -> WorkAccepted:
    row = await db.fetch_one(
        "SELECT task, project, annotator, kind, vendor FROM assignment WHERE id = :id", id=assignment_id
    )
    assert row is not None
    return WorkAccepted(assignment_id, row["task"], row["project"], row["annotator"], row["kind"], row["vendor"])


async def _submission_of(assignment_id: UUID) -> dict[str, UUID]:
    row = await db.fetch_one("SELECT id, author FROM submission WHERE assignment = :id", id=assignment_id)
    assert row is not None
    return dict(row)


async def _end(assignment_id: UUID, state: str) -> None:
    await db.execute(
        "UPDATE assignment SET state = :state, ended_at = clock_timestamp() WHERE id = :id",
        state=state,
        id=assignment_id,
    )


async def broken() -> list[str]:
    """Names of the money's invariants that do not hold."""
    return [result.name for result in await invariants.run(verify.INVARIANTS) if result.violations]
