"""The workspace where replies have rivals: candidates waiting, failed and there, ranked, rated by a rubric; topics by quota."""

from uuid import UUID

from callboard.pages import views as v
from callboard.pages import views_desk as d
from callboard.pages import views_judged as j
from dialogue.diffs import difference
from dialogue.rubric_defaults import DIMENSIONS, SPAN_LABELS
from dialogue.topics import QuotaView, TopicView
from tests.pages.sample_facts import BETTER, BOT, LOCKED, uid


def scales(turn: UUID | None, **values: int) -> list[d.Scale]:
    return [
        d.Scale(
            key=f"{turn or 'whole'}-{one.code}", code=one.code, name=dict(one.name), description=dict(one.description),
            lowest=one.lowest, highest=one.highest, required=one.required, comment_at=one.comment_at,
            anchors={value: dict(words) for value, words in one.anchors.items()}, value=values.get(one.code),
        )
        for one in DIMENSIONS[:3]
    ]  # fmt: skip


def candidate(slot: int, text: str, **changes: object) -> d.Candidate:
    values: dict[str, object] = {
        "slot": slot, "state": "ready", "id": uid(70 + slot), "text": text,
        "rated": d.Rated(turn_id=uid(70 + slot), scales=scales(uid(70 + slot))), **changes,
    }  # fmt: skip
    return d.Candidate(**values)  # type: ignore[arg-type]


PASSAGES = [
    j.Passage(id=uid(80), quote="break the small pane", label="unsafe", reason="Costs more <than> the locksmith.", current=True),
    j.Passage(id=uid(81), quote="", label="praise", reason="", current=False),
]  # fmt: skip
DESK = d.DeskView(
    version=7, candidates=2, labels=SPAN_LABELS, rated=True, min_turns=3, can_undo=True,
    missing=[
        d.Missing(code="choice_missing", target="turn-3", number=2),
        d.Missing(code="comment_missing", target=f"scale-{uid(60)}-helpfulness", number=1, name=dict(DIMENSIONS[0].name)),
        d.Missing(code="score_missing", target="scale-whole-helpfulness", name=dict(DIMENSIONS[0].name)),
    ],
    whole=scales(None),
)  # fmt: skip
RATED = d.Rated(turn_id=uid(60), scales=scales(uid(60), helpfulness=2, honesty=5), passages=PASSAGES)
DECIDED = v.Turn(
    number=1, prompt=LOCKED, state="ready", message_no=1, reply_id=uid(60), reply=BETTER, original=BOT,
    more=d.More(
        message_id=uid(61), by_choice=True, rated=RATED,
        ways=[d.Way(tip=uid(62), text=LOCKED, turns=4, here=True), d.Way(tip=uid(63), text="Something else", turns=1)],
        choice=d.Choice(
            id=uid(64), state="ranked",
            candidates=[candidate(1, BETTER, chosen=True, rank=1, rated=None, id=uid(60)), candidate(4, BOT, rank=2)],
        ),
    ),
)  # fmt: skip


def open_turn(choice: d.Choice) -> v.Turn:
    return v.Turn(
        number=2, prompt="And if nobody answers?", state="choosing", message_no=3,
        more=d.More(message_id=uid(65), choice=choice, own_draft="Call the"),
    )  # fmt: skip


CHOOSING = open_turn(d.Choice(id=uid(66), state="open", candidates=[candidate(1, BOT), candidate(2, BETTER)]))
TROUBLED = open_turn(
    d.Choice(
        id=uid(67), state="open",
        candidates=[
            candidate(1, BOT),
            d.Candidate(slot=2, state="failed", fault=d.Fault(code="bot_cut"), partial="First of all, <b>keep calm</b>"),
        ],
    )
)  # fmt: skip
WAITING = open_turn(d.Choice(id=None, state="open", candidates=[], asking=True))
ALL_BAD = open_turn(
    d.Choice(
        id=uid(68), state="all_bad", candidates=[candidate(1, BOT), candidate(2, BOT)],
        earlier=[d.Choice(id=uid(69), state="all_bad", candidates=[candidate(1, "Worse.")])],
    )
)  # fmt: skip
QUOTAS = [
    QuotaView(
        id=uid(90), domain="general", language="en", difficulty=2, wanted=10, taken=4, own_words=True,
        topics=[
            TopicView(id=uid(91), text="Locked out", brief="At night, in winter.", seed=[], most=3, taken=1),
            TopicView(id=uid(92), text="Lost keys", brief="", seed=[{"role": "user", "text": LOCKED}], most=None, taken=0),
        ],
    ),
    QuotaView(id=uid(93), domain="law", language="de", difficulty=None, wanted=2, taken=0, own_words=True, topics=[]),
]  # fmt: skip
TOPICS_BY_QUOTA = d.DeskView(topics="quota", quotas=QUOTAS)
TOPIC_OF_TASK = d.DeskView(topics="task")
RANKED = d.DeskView(candidates=3, decision="rank", version=3, ways=[d.Way(tip=uid(94), text="Before", turns=2)])
SAID = d.Said(what="trouble")
SCORES = [
    j.Score(code=one.code, name=dict(one.name), value=value, highest=one.highest, comment=why,
            means=dict(one.anchors.get(str(value), {})))
    for one, value, why in zip(DIMENSIONS, (2, 5, 4), ("Half of it is <missing>.", "", ""), strict=False)
]  # fmt: skip
ROUNDS = [
    j.Round(state="all_bad", rivals=[j.Rival(slot=1, text="Worse."), j.Rival(slot=2, text="Worse, and rude.")], reason="Both are rude."),
    j.Round(
        state="ranked", chosen=2, rank=1, ranking="2 › 1 = 3",
        rivals=[j.Rival(slot=1, text=BOT, rank=2, scores=SCORES[:2], passages=PASSAGES[:1]), j.Rival(slot=3, text="Call a friend.", rank=2)],
    ),
]  # fmt: skip
MARKED = [*PASSAGES, j.Passage(id=uid(82), quote="locksmith", label="praise", reason="", current=False, original=True)]
MATHS = (
    r"Wait $t = \frac{d}{v}$, at most $5 an hour, or so that"
    "\n\n$$\\sum_{i=1}^{n} \\sqrt{x_i^2 + \\alpha} = \\left(\\begin{matrix}a & b\\\\ c & d\\end{matrix}\\right)$$\n\n"
    r"and \(\undreamt{x}\) stays, as does $\href{javascript:alert(1)}{x}$."
)
JUDGED = [
    v.Turn(
        number=1, prompt=LOCKED, state="ready", message_no=1, reply_no=2, reply=BETTER, original=BOT, diff=difference(BOT, BETTER),
        more=d.More(judged=j.Judged(scores=SCORES, passages=MARKED, rounds=ROUNDS)),
    ),
    v.Turn(
        number=2, prompt="And at night?", state="ready", message_no=3, reply_no=4, reply=MATHS, original=MATHS, rating=2,
        author="person", more=d.More(judged=j.Judged(comment="Too short", rounds=[j.Round(state="set_aside", rivals=ROUNDS[0].rivals)])),
    ),
]  # fmt: skip
