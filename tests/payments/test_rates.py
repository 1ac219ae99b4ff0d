"""A price is base × factors, exact until it is rounded once; the card in force is the one that counts."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import clock, db
from kernel.ids import uuid7
from kernel.money import Money
from payments import rates
from payments.errors import BadRateCard, NoSuchProject
from payments.rates import RateCardView, price, recompute
from routing.events import NoRateCard, Price, PriceQuery
from tests.payments.world import make_card, make_project, usd

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
