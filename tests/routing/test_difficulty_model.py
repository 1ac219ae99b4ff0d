"""What texts and lanes foretell of difficulty, on simulated outcomes and through the product's own functions."""

import random
from collections.abc import Callable
from uuid import UUID
from zlib import crc32

import asyncpg
import pytest
from msgspec.structs import replace

from kernel import db
from kernel.settings import Settings
from routing import estimating, intake
from routing.difficulty import SIZE, UNKNOWN, Closed, estimate, fit, inputs_of, rank_correlation
from routing.explain import explain
from routing.wording import WORDING, features, text_of
from skills.belief import Belief, difficulty_prior, difficulty_updated, level_centre, sigmoid
from skills.difficulty import seen_of
from tests.routing.factory import claim_one, make_annotator, make_project, make_reviewer, make_tasks, submit, verdict

SKILL = Belief(0.3, 0.2)
WORDS = ["tea", "house", "tree", "water", "light", "stone", "road", "morning", "paper", "window", "garden", "letter"]


def _text(dice: random.Random, hardness: float) -> str:
    """The harder, the longer, and the more of it asks for reasons and binds the answer."""
    said = dice.choices(WORDS, k=max(3, int(15 + 12 * hardness + dice.uniform(0, 10))))
    said += ["explain why you must"] * max(0, round(hardness + dice.uniform(-0.5, 1.5)))
    dice.shuffle(said)
    return " ".join(said) + "?"


def _closed(dice: random.Random, truth: float, text: str, level: int | None = None, answers: int = 3) -> Closed:
    """As the product would have it: outcomes of people whose skill is roughly known, from the prior that was given."""
    prior = now = difficulty_prior(level)
    for _ in range(answers):
        theta = dice.gauss(SKILL.mean, SKILL.variance**0.5)
        now = difficulty_updated(SKILL, now, float(dice.random() < sigmoid(theta - truth)))
    inputs = inputs_of(text, 1, "general", "en")
    return Closed(f"lane/{level or 0}", level, inputs, seen_of(prior, now), crc32(text.encode()))


def _world(
    count: int, seed: int, *, tells: float, level: Callable[[float], int | None] = lambda _: None
) -> list[tuple[float, Closed]]:
    """`tells`: which share of the difficulty shows in the text."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        truth = dice.gauss(0.2, 1.0)
        text = _text(dice, tells * truth + (1 - tells) * dice.gauss(0, 1))
        made.append((truth, _closed(dice, truth, text, level(truth))))
    return made


def _level(truth: float) -> int:
    return min(range(1, 6), key=lambda one: abs(level_centre(one) - truth))


def test_what_the_text_tells_is_found() -> None:
    world = _world(900, 1, tells=0.9)
    model = fit([task for _, task in world[:600]])
    assert model.errors.rmse < model.errors.rmse_constant
    assert model.errors.rank_correlation > 0.2
    assert model.text_variance < model.errors.base_variance
    fresh = [estimate(model, None, "new", task.inputs).belief.mean for _, task in world[600:]]
    assert rank_correlation(fresh, [truth for truth, _ in world[600:]]) > 0.5
    off = [(mean - truth) ** 2 for mean, (truth, _) in zip(fresh, world[600:], strict=True)]
    constant = [(model.base.mean - truth) ** 2 for truth, _ in world[600:]]
    assert sum(off) < 0.8 * sum(constant)


def test_where_the_text_tells_nothing_it_is_not_believed() -> None:
    model = fit([task for _, task in _world(600, 2, tells=0.0)])
    assert model.errors.rank_correlation < 0.15
    prior = estimate(model, None, "new", inputs_of("explain why you must " * 30, 1, "general", "en"))
    assert prior.belief.variance > 0.7 * model.errors.base_variance
    assert abs(prior.belief.mean - model.base.mean) < 0.5


def test_a_text_is_never_foretold_from_itself() -> None:
    """Difficulties that belong to texts by chance: in one fold together, the copies teach nothing about themselves."""
    dice = random.Random(3)
    tasks = []
    for n in range(60):
        truth, text = dice.gauss(0, 1.5), f"{'{}' * (n % 12)} {' '.join(dice.choices(WORDS, k=5 + n))}"
        tasks += [_closed(dice, truth, text) for _ in range(8)]
    copies = fit(tasks)
    assert len({task.text_hash for task in tasks}) == 60
    assert copies.errors.rank_correlation < 0.2
    apart = fit([Closed(t.lane, t.level, t.inputs, t.seen, n) for n, t in enumerate(tasks)])
    assert apart.errors.rmse < copies.errors.rmse


def test_priors_are_as_unsure_as_they_turn_out() -> None:
    """With all three sources: no sharper than measured, and about right on tasks that the model has not seen."""
    world = _world(1200, 4, tells=0.8, level=_level)
    model = fit([task for _, task in world[:800]])
    z2 = []
    for truth, task in world[800:]:
        prior = estimate(model, task.level, task.lane, task.inputs)
        assert {one.source for one in prior.sources} >= {"stated", "lane"}
        assert sum(one.share for one in prior.sources) == pytest.approx(1)
        assert prior.belief.variance >= model.floors["stated"]
        z2.append((prior.belief.mean - truth) ** 2 / prior.belief.variance)
    assert 0.3 < sum(z2) / len(z2) < 1.3
    assert model.floors["stated"] < model.floors["unstated"]


def test_the_fit_repeats_itself_and_the_history_of_a_lane_counts() -> None:
    dice = random.Random(5)
    texts = [f"{' '.join(dice.choices(WORDS, k=9))} {n}" for n in range(80)]
    hard, easy = ([_closed(dice, truth, text) for text in texts] for truth in (2.0, -2.0))
    tasks = [Closed("hard", None, t.inputs, t.seen, t.text_hash) for t in hard]
    tasks += [Closed("easy", None, t.inputs, t.seen, t.text_hash) for t in easy]
    model = fit(tasks)
    assert model == fit(tasks)
    inputs = hard[0].inputs
    means = [estimate(model, None, lane, inputs).belief.mean for lane in ("easy", "new", "hard")]
    assert means == sorted(means)
    assert means[2] - means[0] > 1


def test_without_a_model_it_is_the_stated_level_or_the_middle() -> None:
    assert estimate(None, 4, "", ()).belief == difficulty_prior(4)
    assert estimate(None, None, "", ()).belief == UNKNOWN
    with pytest.raises(ValueError, match="too few"):
        fit([])


@pytest.mark.parametrize(
    ("text", "language", "name", "more_than"),
    [
        ("解释为什么合同违约的责任由被告承担", "zh-CN", "terms", 1.3),
        ("解释为什么合同违约的责任由被告承担", "zh-CN", "length", 2.0),
        ("Explain why it must hold", "en", "reasons", 1.0),
        ("Explain why it must hold", "en", "rules", 0.6),
        ("x = f(a[3]) {y} <z>", "en", "code", 3.0),
        ("1 2 3 4 5", "en", "numbers", 5.0),
        ("incomprehensibilities notwithstanding", "en", "long_words", 0.9),
    ],
)
def test_what_is_counted(text: str, language: str, name: str, more_than: float) -> None:
    counted = dict(zip(WORDING, features(text, 1, language), strict=True))
    plain = dict(zip(WORDING, features("the cat sat on a mat", 1, "en"), strict=True))
    assert counted[name] > more_than
    assert counted[name] > plain[name]


def test_chinese_is_as_long_as_what_it_says() -> None:
    english = features("The contract was broken because the goods were not delivered on time", 1, "en")[0]
    chinese = features("合同被违反是因为货物没有按时交付所以要赔偿", 1, "zh-CN")[0]
    assert abs(english - chinese) < 0.2
    assert features("", 0, "en") == (0.0,) * len(WORDING)
    assert len(inputs_of("", 0, "law", "en")) == SIZE == 20


def test_the_answer_is_not_looked_at() -> None:
    payload = {"title": "T", "opening": "Why?", "reference": "because explain why", "follow_ups": ["And then?"]}
    assert text_of(payload) == ("T\nWhy?\nAnd then?", 2)
    assert text_of({"turns": [{"role": "user", "text": "A"}, 7], "title": 3}) == ("A", 2)


async def _close_some(settings: Settings, project: UUID, count: int) -> None:
    """Half of them hard (long, sent back), half easy."""
    author, reviewer = await make_annotator(settings), await make_reviewer(settings)
    drafts = [
        intake.TaskDraft(
            external_id=f"c{n}", domain="general", language="en",
            payload={"title": f"Task {n}", "opening": f"{n} " + ("explain why you must compare " * 8 if n % 2 else "tea")},
        )
        for n in range(count)
    ]  # fmt: skip
    async with db.transaction("person:test"):
        await intake.import_tasks(project, drafts)
    for _ in range(count):
        held = await claim_one(settings, author, kinds=["annotation"])
        await submit(settings, held)
        judged = await claim_one(settings, reviewer, kinds=["review"])
        await verdict(settings, judged, "reject" if int(held.external_id[1:]) % 2 else "accept")


@pytest.mark.usefixtures("pool")
async def test_outcomes_reach_the_next_tasks(settings: Settings) -> None:
    few = replace(settings, difficulty_fit_tasks=24)
    project = await make_project(settings, answer_limit=1)
    (before,) = await make_tasks(project, difficulty=None)
    assert [one.source for one in (await estimating.of_task(before)).sources] == ["base"]
    async with db.transaction("person:test"):
        await db.execute("UPDATE slot SET state = 'cancelled' WHERE task = :id", id=before)
    await _close_some(settings, project, 24)
    async with db.transaction("system"):
        assert await estimating.fit_difficulty(settings) is None
        assert await estimating.fit_difficulty(few) == 1
    found = await estimating.report(few)
    assert (found.version, found.closed, found.errors and found.errors.tasks) == (1, 24, 24)
    assert found.errors is not None
    assert found.errors.rmse < found.errors.rmse_constant
    (band,) = found.bands
    assert (band.band, band.tasks, band.first_pass) == (3, 24, 0.5)
    hard, easy, stated = await _three_more(project)
    now = [await estimating.of_task(task) for task in (hard, easy, stated)]
    assert now[0].prior is not None
    assert now[1].prior is not None
    assert now[0].prior.mean > now[1].prior.mean + 0.2
    assert {one.source for one in now[0].sources} == {"lane", "text"}
    assert {one.source for one in now[2].sources} == {"stated", "text"}
    assert now[2].model_version == 1
    bands = "SELECT l.difficulty_band FROM task t JOIN lane l ON l.id = t.lane WHERE t.id = :id"
    assert await db.fetch_value(bands, id=stated) == 4
    person = await make_annotator(settings, "Bo")
    assert (await explain(hard, person, settings)).difficulty == now[0]


async def _three_more(project: UUID) -> list[UUID]:
    texts = {"hard": "explain why you must compare " * 8, "easy": "tea", "stated": "explain why you must compare " * 8}
    drafts = [
        intake.TaskDraft(
            external_id=name, domain="general", language="en", difficulty=4 if name == "stated" else None,
            payload={"title": "One more", "opening": text},
        )
        for name, text in texts.items()
    ]  # fmt: skip
    async with db.transaction("person:test"):
        made = await intake.import_tasks(project, drafts)
    return [made.ids[name] for name in texts]


@pytest.mark.usefixtures("pool")
async def test_fits_stay(settings: Settings) -> None:
    assert (await estimating.report(settings)).version is None
    with pytest.raises(asyncpg.PostgresError, match="never changed or removed"):
        async with db.transaction("person:test"):
            await db.execute("DELETE FROM difficulty_model")
