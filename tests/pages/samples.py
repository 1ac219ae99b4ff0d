"""One believable view of every screen, in its usual, its empty and its troubled state."""

import msgspec
from msgspec import Struct

from callboard.pages import views as v
from callboard.pages.views_judged import Answered, Mend, PlanStage
from dialogue.diffs import difference
from kernel.money import Money
from routing.presence import PresenceView
from tests.pages import samples_desk as desk
from tests.pages import samples_people as people
from tests.pages import samples_person as person
from tests.pages.sample_facts import (
    BETTER,
    BETTER_ZH,
    BONDS,
    BOT,
    BOT_ZH,
    DOSE,
    KEYS,
    LEASE,
    LOCKED,
    NOW,
    REASON,
    minutes,
    uid,
    usd,
)
from tests.pages.samples_agreement import AGREEMENT, DECIDING, REVIEWERS
from tests.pages.samples_bots import BOTS_SAMPLES
from tests.pages.samples_dialogue import DIALOGUE
from tests.pages.samples_earnings import EARNED, PRICED
from tests.pages.samples_exam_manage import MANAGED_EXAMS
from tests.pages.samples_exams import EXAMS, EXAMS_EMPTY, PASSED, PRACTICE, PRACTICE_DONE, QUESTION, TIME_UP
from tests.pages.samples_exports import EXPORTS_SAMPLES
from tests.pages.samples_floor import (
    DIFFICULTY,
    DIFFICULTY_EMPTY,
    FLOOR,
    FLOOR_EMPTY,
    GIVE,
    TASK,
    TASKS,
    TASKS_DONE,
    TASKS_EMPTY,
    WHO,
    WHO_SEVERAL,
)
from tests.pages.samples_gold import GOLD, TOLD
from tests.pages.samples_kinds import KINDS_MANAGED, KINDS_REVIEW, KINDS_WORK, TASK_FORM
from tests.pages.samples_lots import LOTS
from tests.pages.samples_pay import PAY
from tests.pages.samples_policies import POLICIES, POLICIES_FIRST
from tests.pages.samples_projects import PROJECTS
from tests.pages.samples_quality import OF_VENDOR, QUALITY_SAMPLES
from tests.pages.samples_registry import DECIDED, NONE_YET, NOTHING, OWN, REGISTRY, SEEN, WAITING
from tests.pages.samples_reviews import DISPUTES, DISPUTES_EMPTY, VERDICTS, VERDICTS_EMPTY
from tests.pages.samples_standing import (
    PERSON_GOOD,
    PERSON_OF,
    PERSON_OWN,
    RESTRICTIONS,
    RULE,
    RULE_NEW,
    STANDING,
    STANDING_EMPTY,
    TOUCHED,
    TOUCHED_NOBODY,
)
from tests.pages.samples_webhooks import WEBHOOK_SAMPLES


def cny(micros: int) -> Money:
    return Money(micros, "CNY")


def held(facts: v.TaskFacts, number: int, **changes: object) -> v.HeldTask:
    values: dict[str, object] = {
        "assignment_id": uid(900 + number), "epoch": 1, "task": facts, "stage": "annotation", "price": usd(180),
        "lease_until": minutes(24.2), "deadline": minutes(192), "turns_done": 1, "turns_wanted": 3, **changes,
    }  # fmt: skip
    return v.HeldTask(**values)  # type: ignore[arg-type]


CNY = {
    "exchange": {"from": "USD", "to": "CNY", "rate": "7.1243", "day": "2026-03-11", "source": "Central bank, daily fixing", "rounding": "half_even_micro", "amount": "6.411870"},
}  # fmt: skip
"""Of a price of 90 cents."""


def shell(path: str = "/", *roles: str, lang: str = "en", theme: str = "auto", live: bool = False) -> v.Shell:
    names = {"reviewer": "Dr. Amara Oyelaran", "manager": "Jonas Weber"}
    who = v.Person(
        name=names.get(roles[0], "Mei Lin") if roles else "", email="mei.lin@example.org", roles=list(roles),
        vendor="Northlight" if roles else None,
    )  # fmt: skip
    return v.Shell(
        now=NOW, path=path, lang=lang, theme=theme, csrf_token="csrf-sample", person=who if roles else None,
        live_url="/live" if live else None,
    )  # fmt: skip


SIGN_IN = v.SignInView(
    demo_logins=[
        v.DemoLogin(role="annotator", name="Mei Lin", email="annotator@demo.example", password="stage-left-lamp"),
        v.DemoLogin(
            role="reviewer", name="Dr. Amara Oyelaran", email="reviewer@demo.example", password="quiet-wings-cue"
        ),
        v.DemoLogin(role="manager", name="Jonas Weber", email="manager@demo.example", password="house-lights-half"),
    ]
)
SIGN_IN_WRONG = v.SignInView(
    email="mei.lin@example.org", problem=v.Problem(status=401, code="invalid_credentials", title="Sign in failed")
)
SIGN_IN_WAIT = v.SignInView(
    email="mei.lin@example.org",
    problem=v.Problem(status=429, code="too_many_requests", title="Too many attempts", retry_after_seconds=272),
)

METERED = {
    "metered": True, "base": "0.100000", "per_turn": "0.050000", "most_turns": 20, "per_hour": "12.000000", "most_seconds": 3600,
    "difficulty_factor": "1.25", "difficulty_band": 3, "expert_factor": "1", "class_factor": "1", "asked_level": 1, "language_factor": "1.1", "language": "pt-BR",
    "minimum": "0.400000",
}  # fmt: skip
"""A price by messages and time."""

QUEUE = v.QueueView(
    put_down=[v.PutDown(assignment_id=uid(830), title="Locked out late at night", state="released", at=NOW), v.PutDown(assignment_id=uid(831), title="Deposit withheld", state="expired", at=NOW)],
    offer=v.NextOffer(
        count=37, price=v.PriceRange(low=usd(120), high=usd(240)), lease_seconds=1800, deadline_seconds=14400,
        formulas=[("Clinic dialogues", "USD", METERED), ("Spring dialogues", "USD", PRICED)],
    ),
    held=[
        held(KEYS, 1),
        held(DOSE, 2, turns_done=0, price=usd(240), lease_until=minutes(3.4), deadline=minutes(21)),
    ],
    returned=[v.ReturnedTask(task=LEASE, price=usd(210), price_inputs=PRICED, reason=REASON)],
    waiting=[
        v.WaitingGroup(kind="dialogue", domain="general", language="en", level=2, count=18, price=v.PriceRange(low=usd(120), high=usd(120))),
        v.WaitingGroup(kind="dialogue", domain="law", language="en", level=3, count=11, price=v.PriceRange(low=usd(180), high=usd(210))),
        v.WaitingGroup(kind="dialogue", domain="medicine", language="zh-CN", level=4, count=8, price=v.PriceRange(low=usd(240), high=usd(240))),
    ],
    today=v.Today(done=6, earned=[usd(720)], pending=[usd(390), Money(12_000_000, "CNY")], active_seconds=2 * 3600 + 840),
    kept=[v.KeptTask(task=DOSE, price=usd(210), price_inputs=PRICED, kept_until=minutes(4.2))],
    offered=[v.OfferedTask(offer_id=uid(950), task=BONDS, price=usd(320), expires_at=minutes(1.6))],
    capacity=3, presence=PresenceView(uid(1), "available", "available", minutes(-40), minutes(-1), "", 1),
)  # fmt: skip
QUEUE_BREAK = msgspec.structs.replace(
    QUEUE, no_work=v.NoWork(code="not_available"), returned=[], offer=None, offered=[],
    presence=PresenceView(uid(1), "break", "break", minutes(-4), minutes(-5), "Called to the weekly meeting.", 1),
)  # fmt: skip
QUEUE_CAPPED = msgspec.structs.replace(
    QUEUE, offer=None, offered=[], kept=[], returned=[], waiting=[],
    no_work=v.NoWork(code="capped", refusals={"cap_project_day": 2, "cap_day": 5}, retry_at=minutes(417)),
)  # fmt: skip
QUEUE_EMPTY = v.QueueView(
    offer=None, held=[], returned=[], waiting=[], capacity=3,
    today=v.Today(done=0, earned=[], pending=[], active_seconds=0),
    no_work=v.NoWork(code="not_eligible", refusals={"level": 4, "language": 1}, retry_at=minutes(0.75)),
)  # fmt: skip
REVIEWS = v.QueueView(
    offer=v.NextOffer(count=9, price=v.PriceRange(low=cny(4_274_580), high=cny(6_411_870), beside=v.PriceRange(low=usd(60), high=usd(90))), lease_seconds=1800, deadline_seconds=7200),
    held=[held(DOSE, 5, stage="review", turns_done=0, turns_wanted=0, price=usd(90), price_inputs=CNY)],
    returned=[], waiting=QUEUE.waiting[:2], today=QUEUE.today, capacity=3, review=True,
)  # fmt: skip

GUIDELINES = [
    v.Guideline(
        title="How to work",
        body="1. Open as a real person would.\n2. Rate the bot's **own** words.\n3. Edit the reply until you would sign "
        "it: right, complete, plainly put.\n4. Go on for at least three exchanges.",
    ),
    v.Guideline(
        title="Ratings", body="Rate what the bot wrote, not what you made of it. `5` means nothing to improve."
    ),
    v.Guideline(title="Never", body="No real names, addresses or numbers of people. No advice that could harm."),
]


def turn(number: int, prompt: str, **changes: object) -> v.Turn:
    values: dict[str, object] = {
        "number": number, "prompt": prompt, "state": "ready", "message_no": 2 * number - 1, "reply_id": uid(300 + number),
        "changed_at": minutes(-5), "reply": BOT, "original": BOT,
    }  # fmt: skip
    return v.Turn(**{**values, **changes})  # type: ignore[arg-type]


EDITED = turn(1, LOCKED, reply=BETTER, original=BOT, diff=difference(BOT, BETTER), rating=3)
UNRATED = turn(2, "The locksmith says it will be 90 euros. Is that fair?", reply="For a door that only fell shut, in the daytime, 70 to 110 is usual. At night and on Sundays expect about double. Ask for an itemised bill.", original="")  # fmt: skip
UNRATED.original = UNRATED.reply
CHECKS = [
    v.Check(code="topic", done=True),
    v.Check(code="min_turns", done=False, done_count=2, wanted_count=3),
    v.Check(code="rated", done=False, done_count=1, wanted_count=2),
    v.Check(code="drafts", done=True),
]


def work(**changes: object) -> v.WorkView:
    values: dict[str, object] = {
        "held": held(KEYS, 1, turns_done=2), "guidelines": GUIDELINES, "turns": [EDITED, UNRATED], "checks": CHECKS,
        "brief": "An everyday mishap. Bring the person from worry to a plan; mind costs and safety.",
        "topics": ["Locked out late at night", "A neighbour who plays drums", "Lost luggage on the way to a wedding"],
        "max_turns": 8, "text_limit": 32000, "topic": "Locked out late at night", "draft_saved_at": minutes(-0.3),
        "draft_message": "And if nobody answers",
        "awaits_rating": True,
        "suggestions": ["And what if it happens again?"], **changes,
    }  # fmt: skip
    return v.WorkView(**values)  # type: ignore[arg-type]


WORK = work()
WORK_START = work(
    turns=[], topic=None, begun=False, draft_message="", draft_saved_at=None,
    suggestions=["I locked myself out and my phone is at 4 %. What should I do first?"],
    checks=[v.Check(code="topic", done=False), v.Check(code="min_turns", done=False, done_count=0, wanted_count=3), v.Check(code="rated", done=False, done_count=0), v.Check(code="drafts", done=True)],
)  # fmt: skip
WORK_WAITING = work(turns=[EDITED, turn(2, UNRATED.prompt, state="waiting", reply="", original="")])
WORK_FAILED = work(
    held=held(LEASE, 3, stage="rework", reason=REASON, price=usd(210)),
    turns=[
        EDITED,
        turn(2, UNRATED.prompt, state="failed", reply="", original="",
             problem=v.Problem(status=503, code="bot_cut", title="The connection was cut"), partial="First of all, <b>keep calm</b> and"),
    ],
)  # fmt: skip
WORK_EDITING = work(
    turns=[
        EDITED,
        turn(
            2,
            UNRATED.prompt,
            reply=UNRATED.reply,
            original=UNRATED.reply,
            rating=4,
            draft=UNRATED.reply + " Keep the receipt.",
        ),
    ]
)
WORK_READY = work(
    turns=[EDITED, turn(2, UNRATED.prompt, rating=4), turn(3, "Thank you!", reply="Gern.", original="", author="person")],
    checks=[v.Check(code="topic", done=True), v.Check(code="min_turns", done=True, done_count=3, wanted_count=3), v.Check(code="rated", done=True, done_count=3, wanted_count=3), v.Check(code="drafts", done=True)],
)  # fmt: skip
WORK_IMPORTED = work(
    begun=False,
    bot_opens=True,
    topic=None,
    turns=[
        v.Turn(number=1, prompt=LOCKED, state="ready", message_no=1, reply=BOT, original=BOT, author="import"),
        v.Turn(number=2, prompt=UNRATED.prompt, state="ready", message_no=3, author="import"),
    ],
)
WORK_LONGEST = work(max_turns=2, draft_message="")
WORK_ENDED = work(ended="submitted")
WORK_HANDED_ON = work(ended="released", handed_on=True, you=1, draft_message="")
WORK_CHOOSING = work(turns=[desk.DECIDED, desk.CHOOSING], desk=desk.DESK)
WORK_ZH = work(
    held=held(DOSE, 2, price=usd(240)), topic="饮食与降压药", draft_message="",
    brief="面向患者的说明：请用平实的语言解释饮食和用药。**不要**给出具体处方。",
    guidelines=[v.Guideline(title="怎样做", body="1. 像真实患者那样提问。\n2. 给机器人的**原话**打分。\n3. 把回复改到你愿意署名为止。")],
    turns=[turn(1, "我爸爸有高血压，平时吃饭要注意什么？", reply=BETTER_ZH, original=BOT_ZH, diff=difference(BOT_ZH, BETTER_ZH), rating=2)],
)  # fmt: skip

REVIEW = v.ReviewView(
    held=held(KEYS, 5, stage="review", price=usd(90)),
    submission_id=uid(800), brief=WORK.brief, guidelines=GUIDELINES[:2],
    topic="Locked out late at night", turns=[EDITED, turn(2, UNRATED.prompt, reply=UNRATED.reply, original=UNRATED.reply, rating=4)],
    dimensions=[v.Dimension(key=key) for key in ("helpfulness", "factuality", "fluency", "instructions")],
    rubric_items=[v.Option(value=key, label="") for key in ("factual_error", "instruction_missed", "rating_mismatch", "language", "other")],
    draft=v.VerdictDraft(scores={"helpfulness": 4, "factuality": 3}), text_limit=32000,
)  # fmt: skip
REVIEW_STAGE = v.ReviewView(
    held=REVIEW.held,
    submission_id=uid(800), brief=REVIEW.brief, guidelines=[], topic=REVIEW.topic, stage=PlanStage(number=2, of=3, name="expert"),
    turns=[turn(1, UNRATED.prompt, reply=BETTER, original=BOT, diff=difference(BOT, BETTER), mended=[Mend("reply", BOT, difference(BOT, BETTER))])],
    dimensions=REVIEW.dimensions, rubric_items=[v.Option(value="tone", label="", words={"en": "Tone", "zh": "语气"}), *REVIEW.rubric_items],
    draft=v.VerdictDraft(outcome="reject"), text_limit=32000,
)  # fmt: skip
REVIEW_RIVALS = v.ReviewView(
    held=REVIEW.held,
    submission_id=uid(800), brief=REVIEW.brief, guidelines=[], topic=REVIEW.topic, turns=desk.JUDGED, whole=desk.SCORES, span_labels=desk.DESK.labels,
    dimensions=REVIEW.dimensions, rubric_items=REVIEW.rubric_items, draft=v.VerdictDraft(), text_limit=32000,
)  # fmt: skip
REVIEW_REWORK = v.ReviewView(
    held=REVIEW.held,
    submission_id=uid(800), brief=REVIEW.brief, guidelines=REVIEW.guidelines, topic=REVIEW.topic, turns=REVIEW.turns,
    dimensions=REVIEW.dimensions, rubric_items=REVIEW.rubric_items, text_limit=32000, earlier=[REASON],
    answered=[
        Answered(item="factual_error", words={}, text="The founding year is 1872.", at=minutes(-9000), outcome="accepted",
                 mends=[Mend("reply", "It was founded in 1871.", difference("It was founded in 1871.", "It was founded in 1872."), "author")]),
        Answered(item="tone", words={"en": "The tone of a bank", "zh": "银行的语气"}, text="Too cheerful.", at=minutes(-20000), outcome="", mends=[]),
    ],
    draft=v.VerdictDraft(outcome="rework", scores={"helpfulness": 4}, item="rating_mismatch", reason="The second rating is too high."),
    problem=v.Problem(status=422, code="invalid", title="", detail="Score every scale before you give the verdict."),
)  # fmt: skip
REVIEW_ENDED = v.ReviewView(
    held=REVIEW.held,
    submission_id=uid(800), brief=REVIEW.brief, guidelines=[], topic=REVIEW.topic, turns=REVIEW.turns, dimensions=[],
    rubric_items=[], draft=v.VerdictDraft(), text_limit=32000, ended="submitted",
)  # fmt: skip


class Sample(Struct):
    template: str
    view: object
    path: str
    roles: tuple[str, ...] = ("annotator",)
    live: bool = False


def _error(status: int) -> v.Problem:
    return v.Problem(status=status, code="internal", title="Error", request_id="req-7f3a")


SAMPLES: dict[str, Sample] = {
    "sign-in": Sample("sign_in.html", SIGN_IN, "/sign-in", ()),
    "sign-in-wrong": Sample("sign_in.html", SIGN_IN_WRONG, "/sign-in", ()),
    "sign-in-wait": Sample("sign_in.html", SIGN_IN_WAIT, "/sign-in", ()),
    "queue": Sample("queue.html", QUEUE, "/queue", ("annotator", "reviewer"), live=True),
    "task-give": Sample("tasks/give.html", GIVE, "/tasks/1/give", ("manager",)),
    "queue-break": Sample("queue.html", QUEUE_BREAK, "/queue"),
    "queue-capped": Sample("queue.html", QUEUE_CAPPED, "/queue"),
    "queue-empty": Sample("queue.html", QUEUE_EMPTY, "/queue"),
    "work": Sample("work.html", WORK, "/work/1"),
    "work-start": Sample("work.html", WORK_START, "/work/1"),
    "work-waiting": Sample("work.html", WORK_WAITING, "/work/1"),
    "work-failed": Sample("work.html", WORK_FAILED, "/work/1"),
    "work-editing": Sample("work.html", WORK_EDITING, "/work/1"),
    "work-ready": Sample("work.html", WORK_READY, "/work/1"),
    "work-imported": Sample("work.html", WORK_IMPORTED, "/work/1"),
    "work-longest": Sample("work.html", WORK_LONGEST, "/work/1"),
    "work-handed-on": Sample("work.html", WORK_HANDED_ON, "/work/1"),
    "work-ended": Sample("work.html", WORK_ENDED, "/work/1"),
    "work-zh": Sample("work.html", WORK_ZH, "/work/1"),
    "work-choosing": Sample("work.html", WORK_CHOOSING, "/work/1"),
    "fragment-measured": Sample("work/measured_again.html", work(), "/work/1"),
    "fragment-overtaken": Sample("work/edit_overtaken.html", work(changed=1), "/work/1"),
    "fragment-said": Sample("work/said.html", desk.SAID, "/work/1"),
    "fragment-desk": Sample("work/desk_again.html", WORK_CHOOSING, "/work/1"),
    "work-troubled": Sample("work.html", work(turns=[desk.DECIDED, desk.TROUBLED], desk=desk.DESK), "/work/1"),
    "work-asking": Sample("work.html", work(turns=[desk.DECIDED, desk.WAITING], desk=desk.DESK), "/work/1"),
    "work-all-bad": Sample("work.html", work(turns=[desk.ALL_BAD], desk=desk.RANKED), "/work/1"),
    **{
        f"work-gold-{n}": Sample("work.html", work(ended="submitted", gold=one), "/work/1")
        for n, one in enumerate(TOLD)
    },
    "work-decided": Sample("work.html", work(turns=[desk.DECIDED], desk=desk.DESK, ended="submitted"), "/work/1"),
    "work-topics": Sample("work.html", work(turns=[], topic=None, begun=False, desk=desk.TOPICS_BY_QUOTA), "/work/1"),
    "work-topic": Sample("work.html", work(turns=[], topic=None, begun=False, desk=desk.TOPIC_OF_TASK), "/work/1"),
    "reviews": Sample("queue.html", REVIEWS, "/reviews", ("annotator", "reviewer")),
    "review": Sample("review.html", REVIEW, "/review/1", ("reviewer",)),
    "review-stage": Sample("review.html", REVIEW_STAGE, "/review/1", ("reviewer",)),
    "review-rivals": Sample("review.html", REVIEW_RIVALS, "/review/1", ("reviewer",)),
    "review-rework": Sample("review.html", REVIEW_REWORK, "/review/1", ("reviewer",)),
    "review-ended": Sample("review.html", REVIEW_ENDED, "/review/1", ("reviewer",)),
    "floor": Sample("floor.html", FLOOR, "/floor", ("manager",), live=True),
    "difficulty": Sample("difficulty.html", DIFFICULTY, "/floor/difficulty", ("manager",)),
    "difficulty-empty": Sample("difficulty.html", DIFFICULTY_EMPTY, "/floor/difficulty", ("manager",)),
    "floor-empty": Sample("floor.html", FLOOR_EMPTY, "/floor", ("manager",), live=True),
    "tasks": Sample("tasks.html", TASKS, "/tasks", ("manager",)),
    "tasks-done": Sample("tasks.html", TASKS_DONE, "/tasks", ("manager",)),
    "tasks-empty": Sample("tasks.html", TASKS_EMPTY, "/tasks", ("manager",)),
    "task": Sample("task.html", TASK, "/tasks/1", ("manager",), live=True),
    "task-kind": Sample(
        "task.html", msgspec.structs.replace(TASK, form=TASK_FORM, work=[]), "/tasks/1", ("manager",), live=True
    ),
    "task-kind-new": Sample(
        "task.html",
        msgspec.structs.replace(
            TASK, form=msgspec.structs.replace(TASK_FORM, answers=[], key="Sencha"), work=[], live=None
        ),
        "/tasks/1",
        ("manager",),
    ),
    "task-who": Sample("task_who.html", WHO, "/tasks/1/who", ("manager",)),
    "registry": Sample("registry.html", REGISTRY, "/registry", ("manager",)),
    "credentials-own": Sample("credentials_of_person.html", OWN, "/people/1/credentials"),
    "credentials-decided": Sample("credentials_of_person.html", DECIDED, "/people/1/credentials", ("manager",)),
    "credentials-none": Sample("credentials_of_person.html", NONE_YET, "/people/1/credentials", ("vendor_manager",)),
    "credentials": Sample("credentials.html", WAITING, "/credentials", ("manager",)),
    "credentials-seen": Sample("credentials.html", SEEN, "/credentials", ("vendor_manager",)),
    "credentials-nothing": Sample("credentials.html", NOTHING, "/credentials", ("manager",)),
    "exams": Sample("exams.html", EXAMS, "/exams"),
    "exams-empty": Sample("exams.html", EXAMS_EMPTY, "/exams"),
    "exam": Sample("exam.html", QUESTION, "/exams/1/attempts/1"),
    "exam-practice": Sample("exam.html", PRACTICE, "/exams/1/attempts/1"),
    "exam-practice-done": Sample("exam.html", PRACTICE_DONE, "/exams/1/attempts/1"),
    "exam-passed": Sample("exam.html", PASSED, "/exams/1/attempts/1"),
    "exam-time-up": Sample("exam.html", TIME_UP, "/exams/1/attempts/1"),
    **{name: Sample(template, view, path, roles) for name, (template, view, path, roles) in (PAY | EARNED).items()},
    "policies": Sample("policies.html", POLICIES, "/policies", ("manager",)),
    "policies-first": Sample("policies.html", POLICIES_FIRST, "/policies", ("manager",)),
    "verdicts": Sample("verdicts.html", VERDICTS, "/verdicts", ("annotator",)),
    "verdicts-empty": Sample("verdicts.html", VERDICTS_EMPTY, "/verdicts", ("annotator",)),
    "disputes": Sample("disputes.html", DISPUTES, "/disputes", ("manager",)),
    "disputes-empty": Sample("disputes.html", DISPUTES_EMPTY, "/disputes", ("manager",)),
    "standing": Sample("standing.html", STANDING, "/standing", ("manager",)),
    "standing-empty": Sample("standing.html", STANDING_EMPTY, "/standing", ("vendor_manager",)),
    "standing-rule": Sample("standing_rule.html", RULE, "/standing/rules/1", ("manager",)),
    "standing-rule-new": Sample("standing_rule.html", RULE_NEW, "/standing/rules/new", ("manager",)),
    "person-standing": Sample("person_standing.html", PERSON_OWN, "/people/1/standing"),
    "person-standing-of": Sample("person_standing.html", PERSON_OF, "/people/1/standing", ("manager",)),
    "person-standing-good": Sample("person_standing.html", PERSON_GOOD, "/people/1/standing"),
    "queue-restricted": Sample(
        "queue.html", msgspec.structs.replace(QUEUE, restrictions=RESTRICTIONS, person_id=uid(1)), "/queue"
    ),
    "fragment-standing-preview": Sample("standing/preview.html", TOUCHED, "/standing/rules/1", ("manager",)),
    "fragment-standing-nobody": Sample("standing/preview.html", TOUCHED_NOBODY, "/standing/rules/1", ("manager",)),
    "person": Sample("person.html", person.OWN, "/people/1"),
    "person-new": Sample("person.html", person.NEW, "/people/1"),
    "person-managed": Sample("person.html", person.MANAGED, "/people/1", ("manager",)),
    "person-paused": Sample("person.html", person.PAUSED, "/people/1", ("manager",)),
    "person-evidence": Sample("person_evidence.html", person.EVIDENCE, "/people/1/evidence"),
    "person-evidence-managed": Sample(
        "person_evidence.html", person.EVIDENCE_MANAGED, "/people/1/evidence", ("manager",)
    ),
    "person-evidence-empty": Sample("person_evidence.html", person.EVIDENCE_EMPTY, "/people/1/evidence"),
    **{name: Sample(template, view, "/exams/manage", ("manager",)) for name, (template, view) in MANAGED_EXAMS.items()},
    **{
        name: Sample(template, view, "/projects/1", ("manager",))
        for name, (template, view) in (PROJECTS | DIALOGUE | LOTS | GOLD | AGREEMENT).items()
    },
    **{name: Sample("adjudicate.html", view, "/review/1", ("reviewer",)) for name, view in DECIDING.items()},
    **{name: Sample("reviewers.html", view, "/reviewers", ("manager",)) for name, view in REVIEWERS.items()},
    **{name: Sample(template, view, "/quality", ("manager",)) for name, (template, view) in QUALITY_SAMPLES.items()},
    "quality-vendor": Sample("quality.html", OF_VENDOR, "/quality", ("vendor_manager",)),
    **{
        name: Sample(template, view, "/projects/1/forms", ("manager",))
        for name, (template, view) in KINDS_MANAGED.items()
    },
    **{name: Sample(template, view, "/work/1") for name, (template, view) in KINDS_WORK.items()},
    **{name: Sample(template, view, "/review/1", ("reviewer",)) for name, (template, view) in KINDS_REVIEW.items()},
    "people": Sample("people.html", people.PEOPLE, "/people", ("manager",)),
    "people-done": Sample("people.html", people.PEOPLE_DONE, "/people", ("manager",)),
    "people-empty": Sample("people.html", people.PEOPLE_EMPTY, "/people", ("vendor_manager",)),
    "people-compare": Sample("people_compare.html", people.COMPARE, "/people/compare", ("manager",)),
    "people-import": Sample("people_import.html", people.IMPORT_EMPTY, "/people/import", ("vendor_manager",)),
    "people-import-tried": Sample("people_import.html", people.IMPORT_TRIED, "/people/import", ("manager",)),
    "people-import-nothing": Sample("people_import.html", people.IMPORT_NOTHING, "/people/import", ("manager",)),
    "people-import-taken": Sample("people_import.html", people.IMPORT_TAKEN, "/people/import", ("manager",)),
    **{name: Sample(page, view, "/projects/1/bots", ("manager",)) for name, (page, view) in BOTS_SAMPLES.items()},
    **{name: Sample(page, view, "/projects/1/exports", ("manager",)) for name, (page, view) in EXPORTS_SAMPLES.items()},
    **{name: Sample(page, view, "/webhooks", ("manager",)) for name, (page, view) in WEBHOOK_SAMPLES.items()},
    "error-404": Sample("error.html", _error(404), "/nowhere"),
    "error-403": Sample("error.html", _error(403), "/floor"),
    "error-500": Sample("error.html", _error(500), "/queue"),
    "error-503": Sample("error.html", _error(503), "/queue", ()),
    "fragment-turn-added": Sample("work/turn_added.html", WORK_WAITING, "/work/1"),
    "fragment-turn-changed": Sample("work/turn_changed.html", work(changed=2, arrived=True), "/work/1"),
    "fragment-checks": Sample("work/checks_again.html", work(), "/work/1"),
    "fragment-rating": Sample("work/rating_changed.html", work(changed=1), "/work/1"),
    "fragment-no-work": Sample("no_work.html", QUEUE_EMPTY.no_work, "/queue"),
    "password": Sample(
        "password.html",
        v.PasswordView(
            must=True,
            least_characters=12,
            problem=v.Problem(status=422, code="bad_password", title="It cannot be used"),
        ),
        "/password",
    ),
    "fragment-queue": Sample("queue_body.html", QUEUE, "/queue"),
    "fragment-floor": Sample("floor/body.html", FLOOR, "/floor", ("manager",)),
    "fragment-who": Sample("tasks/who.html", WHO_SEVERAL, "/tasks/1", ("manager",)),
    "fragment-task": Sample("tasks/body.html", TASK, "/tasks/1", ("manager",)),
    "fragment-problem": Sample("problem.html", _error(409), "/queue"),
}
