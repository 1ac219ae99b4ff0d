"""A price is base × factors, exact until it is rounded once; the card in force is the one that counts."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock, db
from kernel.ids import uuid7
from kernel.money import Money
from payments import earnings, rates, repricing
from payments.errors import BadRateCard, NoSuchProject
from payments.rates import RateCardView, Terms, price, recompute
from routing.events import NoRateCard, Price, PriceQuery
from tests.payments.world import broken, claim, decide, make_annotator, make_card, make_project, submit, usd

factors = st.decimals("0", "999.999999", places=6, allow_nan=False).map(lambda value: format(value, "f"))
bases = st.integers(0, rates.LARGEST_PRICE_MICROS)
bands = st.integers(1, 5)


def card(
    annotation: int = 0, review: int = 0, difficulty: dict[str, str] | None = None, expert: str = "1"
) -> RateCardView:
    return RateCardView(
        uuid7(),
        uuid7(),
        3,
        datetime(2026, 1, 1, tzinfo=UTC),
        "USD",
        usd(annotation),
        usd(review),
        difficulty or {},
        expert,
    )


def priced(view: RateCardView, *, kind: str = "annotation", band: int = 3, expert: bool = False) -> Price:
    return price(view, PriceQuery(view.project_id, kind, band, expert))


@given(
    base=bases,
    difficulty=factors,
    expert_factor=factors,
    band=bands,
    expert=st.booleans(),
    kind=st.sampled_from(["annotation", "review"]),
)
def test_price_is_the_exact_product_rounded_once_half_to_even(
    *, base: int, difficulty: str, expert_factor: str, band: int, expert: bool, kind: str
) -> None:
    view = card(
        annotation=base if kind == "annotation" else 7, review=base if kind == "review" else 7,
        difficulty={str(band): difficulty}, expert=expert_factor,
    )  # fmt: skip
    got = priced(view, kind=kind, band=band, expert=expert)
    exact = base * Fraction(difficulty) * (Fraction(expert_factor) if expert else 1)
    assert got.micros == round(exact)  # Fraction rounds half to even, with no digits to lose
    assert abs(got.micros - exact) <= Fraction(1, 2)
    assert got.currency == "USD"


@given(bases, factors, factors, bands, st.booleans())
def test_the_inputs_are_enough_to_compute_the_price_again(
    base: int, difficulty: str, expert_factor: str, band: int, expert: bool
) -> None:
    view = card(annotation=base, difficulty={str(band): difficulty}, expert=expert_factor)
    got = priced(view, band=band, expert=expert)
    assert recompute(got.inputs) == got.micros
    assert got.inputs["rate_card_id"] == str(view.id)
    assert got.inputs["rate_card_version"] == 3


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50), st.integers(0, 10**6))
def test_halves_carry_no_bias(odd: list[int], shift: int) -> None:
    """x.5 rounds down as often as up over consecutive bases."""
    views = [card(annotation=2 * (base + shift) + 1, difficulty={"3": "0.5"}) for base in odd]
    for view in views:
        micros = priced(view).micros
        assert micros % 2 == 0
        assert abs(2 * micros - view.annotation.micros) == 1


@pytest.mark.parametrize(
    ("base", "factor", "expected"),
    [
        (1, "0.5", 0),
        (3, "0.5", 2),
        (5, "0.5", 2),
        (7, "0.5", 4),
        (450_000, "1.1", 495_000),
        (13_500, "1", 13_500),
        (0, "999", 0),
    ],
)
def test_examples_by_hand(base: int, factor: str, expected: int) -> None:
    assert priced(card(annotation=base, difficulty={"3": factor})).micros == expected


def test_two_factors_are_rounded_together_not_one_after_the_other() -> None:
    view = card(annotation=1, difficulty={"5": "0.5"}, expert="3")
    assert priced(view, band=5, expert=True).micros == 2  # 1.5 → 2; 0.5 → 0 first would have given 0


def test_a_band_without_a_factor_counts_one_and_a_generalist_gets_no_expert_factor() -> None:
    view = card(annotation=100, review=40, difficulty={"5": "2"}, expert="1.5")
    assert [priced(view, band=band).micros for band in (1, 4, 5)] == [100, 100, 200]
    assert priced(view, kind="review", expert=True).micros == 60


def test_the_longest_tag_that_fits_counts_and_a_minimum_lifts_only_annotations() -> None:
    view = msgspec.structs.replace(
        card(annotation=100, review=40), class_factors={"4": "2"}, language_factors={"zh": "1.1", "zh-Hans": "1.5"}, minimum=usd(130)
    )  # fmt: skip

    def micros(kind: str, level: int, language: str) -> int:
        got = price(view, PriceQuery(view.project_id, kind, 3, expert=False, asked_level=level, language=language))
        assert recompute(got.inputs) == got.micros
        return got.micros

    assert [micros("annotation", 4, tag) for tag in ("zh-Hans-CN", "zh-CN", "zhx", "")] == [300, 220, 200, 200]
    assert (micros("annotation", 1, "en"), micros("review", 1, "en")) == (130, 40)


async def _create(project_id: UUID, **changes: object) -> RateCardView:
    values: dict[str, object] = {
        "currency": "USD", "annotation": usd(450_000), "review": usd(150_000), "difficulty_factors": {"4": "1.2"},
    } | changes  # fmt: skip
    async with db.transaction("person:manager"):
        return await rates.create_rate_card(project_id, **values)  # type: ignore[arg-type]


@pytest.mark.usefixtures("pool")
class TestCards:
    async def test_versions_follow_each_other_and_the_newest_is_in_force(self) -> None:
        project_id = await make_project()
        with pytest.raises(NoRateCard):
            await rates.quote([PriceQuery(project_id, "annotation", 3, expert=False)])
        first, second = await _create(project_id), await _create(project_id, annotation=usd(500_000))
        assert (first.version, second.version) == (1, 2)
        assert await rates.current_cards({project_id}) == {project_id: second}
        assert await rates.rate_cards(project_id) == [second, first]
        audited = await db.fetch("SELECT actor, after FROM audit_entry WHERE action = 'rate_card.created' ORDER BY seq")
        assert [(row["actor"], row["after"]["version"]) for row in audited] == [
            ("person:manager", 1),
            ("person:manager", 2),
        ]

    async def test_a_later_date_waits_and_a_card_for_today_counts_until_then(self) -> None:
        project_id = await make_project()
        today = await _create(project_id)
        await _create(project_id, annotation=usd(1), effective_from=clock.now() + timedelta(days=1))
        assert (await rates.current_cards({project_id}))[project_id] == today
        corrected = await _create(project_id, annotation=usd(460_000))
        assert (await rates.current_cards({project_id}))[project_id] == corrected

    async def test_a_slow_clock_means_now_and_yesterday_is_refused(self) -> None:
        project_id = await make_project()
        await _create(project_id)
        slow = await _create(project_id, effective_from=clock.now() - timedelta(seconds=30))
        assert (await rates.current_cards({project_id}))[project_id] == slow
        with pytest.raises(BadRateCard, match="past"):
            await _create(project_id, effective_from=clock.now() - timedelta(days=1))

    async def test_one_batch_prices_several_projects_in_the_order_asked(self) -> None:
        cheap, dear = await make_project(), await make_project()
        await make_card(cheap, annotation=100, review=10, d4="1.5")
        await make_card(dear, annotation=900, review=90, expert="2")
        queries = [
            PriceQuery(dear, "annotation", 1, expert=True), PriceQuery(cheap, "annotation", 4, expert=False),
            PriceQuery(dear, "review", 1, expert=False), PriceQuery(cheap, "review", 1, expert=True),
        ]  # fmt: skip
        assert [quoted.micros for quoted in await rates.quote(queries)] == [1800, 150, 90, 10]
        assert await rates.quote([]) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"currency": "EUR", "annotation": Money(1, "EUR"), "review": Money(1, "EUR")},
            {"annotation": Money(1, "EUR")},
            {"review": usd(-1)},
            {"difficulty_factors": {"6": "1"}},
            {"difficulty_factors": {"1": "-1"}},
            {"difficulty_factors": {"1": "1e3"}},
            {"difficulty_factors": {"1": "NaN"}},
            {"expert_factor": "1000"},
            {"terms": Terms(class_factors={"0": "1"})},
            {"terms": Terms(language_factors={"English": "1"})},
            {"terms": Terms(minimum=Money(1, "EUR"))},
            {"terms": Terms(bill_review=usd(-1))},
            {
                "annotation": usd(rates.LARGEST_PRICE_MICROS),
                "expert_factor": "1.000001",
                "difficulty_factors": {"1": "0.1"},
            },
        ],
    )
    async def test_a_card_that_makes_no_sense_is_refused(self, changes: dict[str, object]) -> None:
        project_id = await make_project()
        with pytest.raises(BadRateCard):
            await _create(project_id, **changes)
        assert await rates.rate_cards(project_id) == []

    async def test_a_preview_prices_every_paid_work_again_as_a_claim_would(self) -> None:
        project_id, worker = await make_project(funded_micros=10**9), await make_annotator()
        await _create(
            project_id, terms=Terms(class_factors={"3": "1.5"}, language_factors={"pt": "1.2"}, minimum=usd(460_001))
        )
        queries = [
            PriceQuery(project_id, "annotation", band, expert, level, tag)
            for band, expert, level, tag in [(1, False, 1, "en"), (4, True, 3, "pt-BR"), (4, True, 3, "pt-BR"), (5, False, 3, "pt")]
        ]  # fmt: skip
        for n, one in enumerate(queries):
            done = await claim(
                project_id, worker, band=one.difficulty_band, expert=one.expert, asked_level=one.asked_level, language=one.language,
                domain="general" if n else "law",
            )  # fmt: skip
            await submit(done)
            await decide(done, "accepted")
        assert await broken() == []
        old = [one.micros for one in await rates.quote(queries)]
        terms = Terms(
            class_factors={"3": "1.333333"}, language_factors={"pt-BR": "1.000005"}, minimum=usd(333_335), bill_annotation=usd(1_000_001),
        )  # fmt: skip
        new: dict[str, object] = {
            "annotation": usd(333_333),
            "difficulty_factors": {"4": "1.5"},
            "expert_factor": "1.1",
            "terms": terms,
        }
        told = await repricing.reprice(project_id, "USD", review=usd(1), **new)  # type: ignore[arg-type]
        assert await rates.quote(queries[:1]) != [], "nothing was made"
        view = await _create(project_id, review=usd(1), **new)
        priced_anew = [price(view, one).micros for one in queries]
        assert (told.total.old, told.total.new) == (usd(sum(old)), usd(sum(priced_anew)))
        assert (told.total.works, told.total.below) == (4, 1)
        billed = [
            price(msgspec.structs.replace(view, annotation=usd(1_000_001), minimum=None), one).micros for one in queries
        ]
        assert told.total.billed == usd(sum(billed))
        by = {(one.part, one.key): one for one in told.parts}
        assert by["domain", "law"].difference == usd(priced_anew[0] - old[0])
        assert by["difficulty", "4"].new == usd(priced_anew[1] + priced_anew[2])
        assert by["kind", "annotation"].new == told.total.new
        empty = await repricing.reprice(await make_project(), "USD", usd(1), usd(1), {})
        assert (empty.total.works, empty.total.new, empty.parts) == (0, usd(0), [])

    async def test_what_is_posted_by_turns_and_time_is_within_what_was_held(self) -> None:
        project_id, worker = await make_project(funded_micros=10_000_000), await make_annotator()
        terms = Terms(
            per_turn=usd(70_001),
            most_turns=5,
            per_hour=usd(12_000_000),
            most_minutes=30,
            class_factors={"1": "1.000001"},
        )
        await _create(project_id, annotation=usd(100_000), terms=terms)
        most = round((100_000 + 5 * 70_001 + 6_000_000) * Fraction("1.000001"))
        for turns, seconds, paid in [
            (2, 601, round((100_000 + 2 * 70_001 + Fraction(12_000_000 * 601, 3600)) * Fraction("1.000001"))), (9, 99_999, most),
        ]:  # fmt: skip
            work = await claim(project_id, worker)
            held = await db.fetch_one("SELECT price_micros, price_inputs FROM assignment WHERE id = :id", id=work)
            assert held is not None
            assert (held["price_micros"], recompute(held["price_inputs"])) == (most, most)
            await db.execute("UPDATE assignment SET active_seconds = :seconds WHERE id = :id", seconds=seconds, id=work)
            said = [{"role": role} for role in ("user", "assistant") for _ in range(turns)]
            await submit(work, {"turns": [*said, {"role": "user", "model": "import"}]})
            await decide(work, "accepted")
            posted = await db.fetch_one(
                "SELECT amount_micros, inputs FROM transfer WHERE assignment_id = :id AND kind = 'post'", id=work
            )
            assert posted is not None
            assert (posted["amount_micros"], recompute(held["price_inputs"], posted["inputs"])) == (paid, paid)
        assert await broken() == []
        budget = await earnings.project_budget(project_id)
        assert (budget.reserved.micros, budget.posted.micros) == (0, budget.funded.micros - budget.left.micros)
        assert (await earnings.earnings(worker, limit=5)).lines[0].amount == usd(most)
        same = await repricing.reprice(project_id, "USD", usd(100_000), usd(0), {}, terms=terms)
        assert same.total.difference == usd(0), "the same terms come to the same"

    async def test_a_project_must_exist(self) -> None:
        with pytest.raises(NoSuchProject):
            await _create(uuid7())

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE rate_card SET annotation_micros = 1", "DELETE FROM rate_card", "TRUNCATE rate_card CASCADE"],
    )
    async def test_a_card_is_never_edited(self, statement: str) -> None:
        await _create(await make_project())
        with pytest.raises(Exception, match="never changed or removed"):
            await db.execute(statement)
