"""A small project of the demo that several people answered and others judged, so that every page about review has something to show.

Two people check each claim against its source; where they differ, somebody decides, and one such decision waits for the visitor's
reviewer. So do a second blind look, a sample of a lot, and, for the manager, a dispute. Nobody who is simulated works here later.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from callboard.demo.operation import ARBITER, CHECKS, guidelines
from callboard.demo.workforce import MARK
from kernel import db
from kernel.ids import plain_uuid
from kernel.money import Money, parse_amount
from kernel.settings import Settings
from payments.ledger import fund
from payments.rates import Terms, create_rate_card
from routing import calibration_sets, dispatch, disputes, lot_book, quality, review_plans
from routing.calibration_sets import CalibrationPiece, SetDraft
from routing.disputes import DisputeDraft
from routing.intake import TaskDraft, import_tasks
from routing.lot_book import Inspector, LookDraft, LotDraft
from routing.projects import ProjectDraft, change_state, create_project
from routing.review import Reason, VerdictDraft, give_verdict
from routing.review_plans import Adjudicator, PlanDraft, Stage
from routing.submission import submit

BY = "system:demo"
CURRENCY, BUDGET, ANSWER, LOOK = "USD", "500", "0.60", "0.25"
CHOICES = ("Supported", "Contradicted", "Not in the source")
ANSWERERS = ("chidi-eze", "gwen-aldous", "maeve-donnelly", "mateo-ibarra")
JUDGES = ("margaret-hale", "joseph-adeyemi", "richard-castellanos")
STRICT = "richard-castellanos"
"""Mends what the others accept, so that there is something to compare."""
MOST_LOOKS, PIECES = 40, 5
WHY = "So that the pages about review show something."


class Claim(NamedTuple):
    source: str
    claim: str
    answers: tuple[int, int]
    """Places in `CHOICES`."""


CLAIMS = (
    Claim("The ferry runs from April to October, twice a day.", "In July there are two ferries a day.", (0, 0)),
    Claim("The library opened in 1911 and was rebuilt after the fire of 1954.", "The library burned in the 1950s.", (0, 0)),
    Claim("Adults pay 12 euros; children under six enter free.", "A child of seven enters free.", (1, 1)),
    Claim("The bridge is closed to lorries above 7.5 tonnes.", "Buses may not use the bridge.", (2, 2)),
    Claim("She led the orchestra for nine years and left in 2008.", "She became its conductor in 1999.", (0, 0)),
    Claim("The battery lasts ten hours when the screen is dimmed.", "At full brightness it lasts ten hours.", (2, 2)),
    Claim("Applications close at noon on 3 May.", "One can still apply on the evening of 3 May.", (1, 1)),
    Claim("The recipe serves four and needs no oven.", "It is baked for half an hour.", (1, 1)),
    Claim("The lake froze over in two of the last ten winters.", "The lake freezes in most winters.", (1, 0)),
)  # fmt: skip
"""About the last one people differ: it comes when the others are judged, so that its decision waits."""


async def live_through(settings: Settings) -> int:
    """In a transaction of its own, after everybody was hired; the number of its tasks."""
    project_id = await _open(settings)
    names = [MARK + key for key in (*ANSWERERS, *JUDGES)]
    rows = await db.fetch("SELECT id, external_id FROM annotator WHERE external_id = ANY (:names)", names=names)
    ids = {row["external_id"].removeprefix(MARK): plain_uuid(row["id"]) for row in rows}
    await _answer(project_id, ids, CLAIMS[:-1], settings)
    await _judge(project_id, ids, settings)
    await _answer(project_id, ids, CLAIMS[-1:], settings)
    await _look_again(project_id, settings)
    await quality.fold()
    return len(CLAIMS)


async def _answer(project_id: UUID, ids: dict[str, UUID], claims: Sequence[Claim], settings: Settings) -> None:
    for one in claims:
        number = CLAIMS.index(one)
        await import_tasks(project_id, [_task(number, one)])
        first = number % 2 * 2
        for key, choice in zip(ANSWERERS[first : first + 2], one.answers, strict=True):
            (held,) = (
                await dispatch.claim(ids[key], settings, kinds=["annotation"], project_ids=[project_id])
            ).assignments
            await submit(held.id, ids[key], held.epoch, {"label": CHOICES[choice]}, settings)


async def _open(settings: Settings) -> UUID:
    draft = ProjectDraft(
        name=CHECKS, description="Two people check each claim against its source. Where they differ, somebody decides.",
        guidelines=guidelines("checks.en", "checks.zh-CN"), currency=CURRENCY, sla_seconds=7 * 86_400, overlap=2,
        consensus_target=0.75, most_answers=2,
    )  # fmt: skip
    project_id = await create_project(draft, settings)
    answer, look = parse_amount(ANSWER, CURRENCY), parse_amount(LOOK, CURRENCY)
    terms = Terms(bill_annotation=Money(answer.micros * 8 // 5, CURRENCY), bill_review=Money(look.micros * 8 // 5, CURRENCY))  # fmt: skip
    await create_rate_card(project_id, CURRENCY, answer, look, {}, expert_factor="1", terms=terms)
    await fund(project_id, parse_amount(BUDGET, CURRENCY), f"demo:{project_id}", "The demo's budget")
    stages = [Stage(name="Peer review", double_share=0.5, due_hours=48)]
    made = await review_plans.create_plan(project_id, PlanDraft(stages, WHY, Adjudicator(who={"role": ARBITER})), BY)
    await review_plans.activate(project_id, made.version, WHY, BY)
    await change_state(project_id, "published")
    return project_id


def _task(number: int, one: Claim) -> TaskDraft:
    return TaskDraft(
        external_id=f"check-{number + 1}", kind="choice", domain="general", language="en", difficulty=2,
        priority=5 if one is CLAIMS[-1] else 3,
        payload={
            "title": one.claim, "brief": "Does the source say so?", "choices": list(CHOICES),
            "question": f"> {one.source}\n\n**{one.claim}**",
        },
    )  # fmt: skip


async def _judge(project_id: UUID, ids: dict[str, UUID], settings: Settings) -> None:
    """In turn, as long as there is something that one of them may look at; what is left over waits for the visitor."""
    done, idle = 0, 0
    while idle < len(JUDGES) and done < MOST_LOOKS:
        key = JUDGES[done % len(JUDGES)]
        done += 1
        offered = await db.fetch_value(
            "SELECT EXISTS (SELECT FROM slot WHERE project = :id AND kind = 'review' AND state = 'free')", id=project_id
        )  # fmt: skip
        if not offered:
            return
        got = (await dispatch.claim(ids[key], settings, kinds=["review"], project_ids=[project_id])).assignments
        idle = 0 if got else idle + 1
        for held in got:
            await give_verdict(held.id, ids[key], _verdict(held.epoch, key, done), settings)


def _verdict(epoch: int, key: str, number: int) -> VerdictDraft:
    if key != STRICT or number % 2:
        return VerdictDraft(epoch=epoch, outcome="accept")
    reason = Reason(item="factual_error", text="The source does not go that far.")
    return VerdictDraft(epoch=epoch, outcome="fix", reasons=[reason], corrected={"label": CHOICES[2]})


async def _look_again(project_id: UUID, settings: Settings) -> None:
    """A set of known verdicts, a dispute, and two lots: one decided, one whose sample waits."""
    rows = await db.fetch(
        "SELECT DISTINCT ON (v.submission) v.id, v.outcome, v.author_id FROM verdict v JOIN submission b ON b.id = v.submission "
        "WHERE b.project = :id ORDER BY v.submission, v.given_at", id=project_id,
    )  # fmt: skip
    known = [CalibrationPiece(plain_uuid(row["id"])) for row in rows[:PIECES]]
    await calibration_sets.make(project_id, SetDraft(name="First reviews", note=WHY, share=0.1, items=known), BY)
    mended = next((row for row in rows if row["outcome"] == "fix"), None)
    if mended is not None:
        said = DisputeDraft("The sentence before says it: the answer follows from the source.")
        await disputes.open_dispute(plain_uuid(mended["id"]), plain_uuid(mended["author_id"]), said, settings)
    wish = LotDraft(name="First delivery", level="II", aql=6.5, inspectors={"role": "reviewer"})
    lot_id = await lot_book.make(project_id, wish, BY, settings)
    first = (await lot_book.sample(lot_id))[0]
    await lot_book.look(lot_id, first.id, LookDraft(outcome="good"), Inspector("Demo manager", "manager", None))
