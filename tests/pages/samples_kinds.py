"""Declared kinds, for samples.py: every block, typed, wrong, answered."""

from typing import Any
from uuid import UUID

import msgspec

from callboard.pages import views as v
from callboard.pages.kind_fields import blocks_of, typed_of
from callboard.pages.project_kinds import EXAMPLE, check_of
from callboard.pages.views_kinds import KindPage, KindReviewView, KindRow, KindsView, KindWorkView, TaskAnswer, TaskForm
from callboard.pages.views_projects import ProjectHead
from routing.forms import answers, store
from routing.forms.declaration import Declaration
from routing.forms.faults import Fault
from routing.forms.store import FormView
from tests.forms.examples import ANSWERS, PAYLOADS
from tests.pages import samples_projects
from tests.pages.sample_facts import LEASE, NOW, REASON, minutes, uid, usd

HELD = v.HeldTask(
    assignment_id=uid(981), epoch=1, task=LEASE, stage="annotation", price=usd(45), lease_until=minutes(24), deadline=minutes(190)
)  # fmt: skip
GUIDELINES = [v.Guideline(title="", body="Be **fair**: judge what is said.")]


def blocks(kind: str, *, typed: bool = True, answered: bool = False, faults: list[Fault] | None = None) -> Any:
    one, payload = store.built_in()[kind].declaration, PAYLOADS[kind]
    fields = typed_of(one, payload, ANSWERS[kind]) if typed else {}
    order = answers.shown(one, payload, UUID(int=5))
    return blocks_of(one, payload, order, fields, answer=ANSWERS[kind] if answered else None, faults=faults)


def work(kind: str, **changes: Any) -> KindWorkView:
    one = store.built_in()[kind].declaration
    values: dict[str, Any] = {
        "held": HELD, "kind": one.names, "help": one.help, "version": 0, "brief": "", "guidelines": GUIDELINES,
        "blocks": blocks(kind), "draft_saved_at": NOW, "draft_version": 2, "diff_at": "/work/1/form/diff", **changes,
    }  # fmt: skip
    return KindWorkView(**values)


def review(kind: str, **changes: Any) -> KindReviewView:
    one = store.built_in()[kind].declaration
    values: dict[str, Any] = {
        "held": msgspec.structs.replace(HELD, stage="review"), "submission_id": uid(77), "kind": one.names, "version": 0,
        "brief": "", "guidelines": GUIDELINES, "blocks": blocks(kind, answered=True), "key": "", "right": None,
        "dimensions": [v.Dimension(key="factuality")], "rubric_items": [v.Option(value="facts", label="")],
        "draft": v.VerdictDraft(outcome="fix"), "diff_at": "/work/1/form/diff", **changes,
    }  # fmt: skip
    return KindReviewView(**values)


EMPTY = [
    Fault("/helpfulness", "required", "This is required."),
    Fault("/comment", "too_long", "Too long.", {"limit": 4000}),
]
DECLARED = msgspec.convert(EXAMPLE, Declaration)
OWN = FormView(kind="tone", version=2, declaration=DECLARED, created_at=NOW)
TEXT = msgspec.json.encode(DECLARED).decode()


def head(**changes: Any) -> ProjectHead:
    return msgspec.structs.replace(samples_projects.head("forms"), **changes)


def one(**changes: Any) -> KindPage:
    values: dict[str, Any] = {
        "head": head(), "kind": "tone", "text": TEXT, "payload": "", "version": 2,
        "versions": [OWN, msgspec.structs.replace(OWN, version=1)], "check": check_of(uid(1), TEXT), "shown_version": 2, **changes,
    }  # fmt: skip
    return KindPage(**values)


TALK: dict[str, Any] = {
    "turns": [
        {"role": role, "text": text}
        for role, text in (
            ("user", "你好，我想找一家离故宫近的酒店，价格在 400 到 500 元之间。"),
            ("assistant", "推荐您去北京贵宾楼饭店，离故宫很近，评分 4.6 分。"),
            ("user", "Does it have a swimming pool, and what does breakfast cost?"),
            (
                "assistant",
                "It has a pool of 25 metres. Breakfast is 88 yuan for each person, and free for children below six.",
            ),
        )
    ]
}
RATED: dict[str, Any] = {
    "replies": [{"turn": 2, "value": 3}, {"turn": 4, "value": 5}],
    "goal": "partly",
    "coherence": 4,
    "tone": 5,
    "comment": "The price range was not kept.",
}


def rated(*, answered: bool = True, typed: bool = True) -> Any:
    one = store.built_in()["dialogue_evaluation"].declaration
    return blocks_of(one, TALK, {}, typed_of(one, TALK, RATED) if typed else {}, answer=RATED if answered else None)


TASK_FORM = TaskForm(
    names=store.built_in()["dialogue_evaluation"].declaration.names, blocks=[one for one in rated() if not one.asks], key="",
    answers=[
        TaskAnswer(who="Mia Lindqvist", state="accepted", at=NOW, blocks=rated(), corrected=True),
        TaskAnswer(who="Wei Chen", state="rejected", at=NOW, text='{\n  "old": true\n}'),
        TaskAnswer(who="Ada", state="pending", at=NOW, blocks=blocks("choice", answered=True), right=False),
    ],
)  # fmt: skip
ROWS = [KindRow(form=OWN, inputs=2, unfinished=1840)] + [
    KindRow(form=form, inputs=len(form.declaration.inputs()), unfinished=0) for form in store.built_in().values()
]
KINDS_WORK: dict[str, tuple[str, Any]] = {
    **{f"kind-{kind}": ("kinds/work.html", work(kind)) for kind in PAYLOADS},
    "kind-wrong": ("kinds/work.html", work("rating", blocks=blocks("rating", typed=False, faults=EMPTY), faults=2)),
    "kind-rework": (
        "kinds/work.html",
        work("preference_pair", held=msgspec.structs.replace(HELD, stage="rework", reason=REASON)),
    ),
    **{
        f"kind-done-{kind}": (
            "kinds/work.html",
            work(kind, ended="submitted", read_only=True, blocks=blocks(kind, answered=True)),
        )
        for kind in PAYLOADS
    },
    "kind-turns": ("kinds/work.html", work("dialogue_evaluation", blocks=rated(answered=False, typed=False))),
    "kind-expired": ("kinds/work.html", work("rating", ended="expired")),
    "fragment-kind-form": ("kinds/form.html", work("rating", faults=1, blocks=blocks("rating", faults=EMPTY[:1]))),
    "fragment-kind-diff": ("kinds/diff.html", blocks("rewriting", answered=True)[1].diff),
}
KINDS_REVIEW: dict[str, tuple[str, Any]] = {
    "kind-review": ("kinds/review.html", review("preference_ranking")),
    "kind-review-turns": ("kinds/review.html", review("dialogue_evaluation", blocks=rated())),
    "kind-review-key": ("kinds/review.html", review("choice", key="Assam", right=False)),
    "kind-review-right": ("kinds/review.html", review("spans", key="[…]", right=True, ended="submitted")),
    "fragment-kind-review": ("kinds/review_body.html", review("rewriting", faults=1)),
}
KINDS_MANAGED: dict[str, tuple[str, Any]] = {
    "kinds": ("kinds/list.html", KindsView(head=head(), rows=ROWS)),
    "kinds-one": ("kinds/one.html", one()),
    "kinds-new": ("kinds/one.html", one(kind="", versions=[], version=0, shown_version=None)),
    "kinds-wrong": (
        "kinds/one.html",
        one(
            check=check_of(uid(1), "{"), text="{", head=head(problem=v.Problem(status=422, code="bad_form", title="No"))
        ),
    ),
    "kinds-stale": ("kinds/one.html", one(head=head(stale=True))),
    "kinds-saved": ("kinds/one.html", one(head=head(done="saved"))),
    "kinds-same": ("kinds/one.html", one(head=head(done="same"))),
    "kinds-read": ("kinds/one.html", one(head=head(may_edit=False), shown_version=0)),
    "fragment-kind-check": ("kinds/check.html", check_of(uid(1), TEXT)),
    "fragment-kind-check-wrong": ("kinds/check.html", check_of(uid(1), TEXT.replace("tone", "tune", 1))),
}
