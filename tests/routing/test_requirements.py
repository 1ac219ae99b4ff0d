"""Expressions: read with positions, one form for one meaning, judged by one function, mended by the smallest change."""

import random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import requirements as req
from routing.eligibility import judge, passes
from routing.errors import BadRequirement
from routing.lanes import Lane, Requirements, annotation_lane, asking, lane_of, review_lane
from routing.mending import applied, smallest_change
from routing.requirement_reading import from_json, from_stored, from_text
from routing.requirements import Node
from routing.wanted import Known, joined, read
from skills.belief import Belief
from skills.hierarchy import Tree
from skills.profiles import Profile, Restriction

Z = 0.84
PROJECT = UUID(int=9)
DOMAINS = ("general", "law", "contract", "medicine")
TREE = Tree({"general": None, "law": "general", "contract": "law", "medicine": "general"})
PEOPLE = [UUID(int=n) for n in (1, 2, 3)]
VENDORS = [UUID(int=n) for n in (11, 12)]
KINDS = ("certificate", "licence")
KNOWN = Known(
    frozenset(DOMAINS), frozenset({"annotator", "reviewer", "guide"}),
    {"Acme": str(VENDORS[0])} | {str(one): str(one) for one in VENDORS}, frozenset(PEOPLE),
)  # fmt: skip


def a_leaf(rng: random.Random) -> Node:
    domain, level = rng.choice(DOMAINS), rng.randint(1, 5)
    return rng.choice([
        req.Level(domain, level, rng.choice(("", "", "review"))), req.Language(rng.choice(("en", "fr")), level),
        req.Credential(domain, rng.choice(("", *KINDS))), req.Exam(domain, level), req.Expert(domain, level),
        req.Role(rng.choice(("annotator", "reviewer", "guide"))), req.Vendor(str(rng.choice(VENDORS))),
        req.People(tuple(sorted(rng.sample(PEOPLE, rng.randint(1, 2))))),
    ])  # fmt: skip


def a_node(rng: random.Random, depth: int = 3) -> Node:
    if depth == 0 or rng.random() < 0.35:
        return a_leaf(rng)
    if rng.random() < 0.25:
        return req.Not(a_node(rng, depth - 1))
    parts = tuple(a_node(rng, depth - 1) for _ in range(rng.randint(0 if rng.random() < 0.1 else 1, 4)))
    return rng.choice((req.All, req.Any_))(parts)


def somebody(rng: random.Random) -> Profile:
    def belief() -> Belief:
        return Belief(rng.gauss(0.5, 1.5), rng.choice((0.05, 0.2, 1.0)))

    papers = rng.sample(DOMAINS, rng.randint(0, 2))
    barred = [
        Restriction(UUID(int=50 + n), rng.choice((None, *DOMAINS)), rng.choice(("pause", "require_exam", "ask_manager")), "r", "r", None)
        for n in range(rng.choice((0, 0, 0, 1, 2)))
    ]  # fmt: skip
    return Profile(
        rng.choice(PEOPLE), "P", rng.choice((None, *VENDORS)), rng.choice(("active",) * 9 + ("paused",)), None, 3,
        rng.sample(("annotator", "reviewer", "guide"), rng.randint(0, 3)),
        {language: rng.randint(1, 5) for language in rng.sample(("en", "fr"), rng.randint(0, 2))},
        {domain: belief() for domain in rng.sample(DOMAINS, rng.randint(0, 4))}, papers,
        kinds={"law/review": belief()} if rng.random() < 0.5 else {}, own_kinds=["review"], tree=TREE,
        project_roles={str(PROJECT): ["guide"]} if rng.random() < 0.2 else {},
        exams={domain: rng.randint(1, 5) for domain in rng.sample(DOMAINS, rng.randint(0, 2))},
        restrictions=barred, credential_kinds=[f"{code}/{rng.choice(KINDS)}" for code in papers],
    )  # fmt: skip


def a_lane(rng: random.Random) -> Lane:
    stated = Requirements(
        rng.choice((None, None, 1, 3, 5)), rng.choice((None, "guide")), rng.random() < 0.2,
        a_node(rng, 2) if rng.random() < 0.8 else req.EVERYBODY,
    )  # fmt: skip
    work = annotation_lane(
        PROJECT, domain=rng.choice(DOMAINS), language=rng.choice(("en", "fr")), band=rng.randint(1, 5),
        requirements=stated, project_role=None,
    )  # fmt: skip
    return review_lane(work) if rng.random() < 0.3 else work


RNG = st.integers(0, 2**32).map(random.Random)


@settings(max_examples=400, deadline=None)
@given(RNG)
def test_the_canonical_form_asks_the_same_and_is_its_own(rng: random.Random) -> None:
    node = a_node(rng, 4)
    plain = req.canonical(node)
    assert req.canonical(plain) == plain
    for who in (somebody(rng) for _ in range(5)):
        assert passes(node, who, PROJECT, Z) == passes(plain, who, PROJECT, Z), req.text(node)


def reshaped(node: Node, rng: random.Random) -> Node:
    """Another spelling of the same."""
    match node:
        case req.All(parts) | req.Any_(parts):
            mixed = [reshaped(part, rng) for part in parts]
            rng.shuffle(mixed)
            if mixed and rng.random() < 0.5:
                mixed.append(rng.choice(mixed))
            node = type(node)(tuple(mixed))
            if rng.random() < 0.3:
                opposite = req.Any_ if isinstance(node, req.All) else req.All
                node = req.Not(opposite(tuple(req.Not(part) for part in mixed)))
        case req.Not(part):
            node = req.Not(reshaped(part, rng))
    return req.Not(req.Not(node)) if rng.random() < 0.2 else node


@settings(max_examples=300, deadline=None)
@given(RNG)
def test_two_spellings_have_one_key(rng: random.Random) -> None:
    node = a_node(rng, 4)
    assert req.key(reshaped(node, rng)) == req.key(node), req.text(node)


@settings(max_examples=200, deadline=None)
@given(RNG)
def test_json_text_and_column_give_back_what_was_written(rng: random.Random) -> None:
    node = req.canonical(a_node(rng))
    assert from_json(req.as_json(node)) == node
    assert from_stored(req.stored(node)) == node
    assert req.canonical(from_text(req.text(node), DOMAINS, leaves=300, depth=20)) == node


def test_what_is_known_as_a_level_a_role_or_a_credential_is_found_in_the_expression() -> None:
    def lane(stated: Any) -> Lane:
        asked = joined(read({}, KNOWN, 4), read(stated, KNOWN, 4))
        return annotation_lane(PROJECT, domain="law", language="en", band=3, requirements=asked, project_role=None)

    plain = lane({"min_level": 4, "role": "guide", "credential": True})
    assert (plain.min_level, plain.required_role, plain.required_credential) == (4, "guide", True)
    assert plain.requirement == req.EVERYBODY
    for spelled in (
        "law >= 4 and role guide and credential law",
        "law >= 2 and not not (law >= 4 and (role guide and (credential law or credential law)))",
        {"all": [{"role": "guide"}, {"domain": "law", "level": 4}, {"credential": "law"}]},
        {"require": "law >= 4", "role": "guide", "credential": True},
    ):
        assert lane(spelled).key == plain.key, spelled
        assert lane(spelled) == plain
    assert lane({}).min_level == 2
    assert lane({}).required_role == "annotator"
    assert lane("fr >= 2").min_level == 2, "what is not said stays as usual"
    assert lane("law >= 1").min_level == 1, "what is said is not added to"
    assert lane('not vendor "Acme"').key != lane({}).key
    assert lane({"prefer": {"vendors": ["Acme"]}}).key != lane({}).key
    assert lane({"prefer": {"vendors": ["Acme"]}}).prefer.names(PEOPLE[0], VENDORS[0])
    row = msgspec.structs.asdict(plain) | {"requirement": "{}", "prefer": "{}"}
    assert lane_of(row) == plain


def test_review_asks_for_competence_and_exclusions_and_not_for_the_author() -> None:
    stated = f'law >= 4 and fr >= 3 and not vendor "Acme" and people {PEOPLE[0]} and role guide'
    asked = read(stated, KNOWN, 4)
    work = annotation_lane(PROJECT, domain="law", language="en", band=3, requirements=asked, project_role=None)
    review = review_lane(work)
    assert (review.min_level, review.required_role) == (4, "reviewer")
    assert req.text(review.requirement) == f'language fr >= 3 and not vendor "{VENDORS[0]}"'


@pytest.mark.parametrize(
    ("stated", "at", "allowed"),
    [
        ({"all": [{"domain": "law", "level": 9}]}, "requirements.all[0].level", "a level from 1 to 5"),
        ({"any": [{"role": "guide"}, {"not": {"role": "nurse"}}]}, "requirements.any[1].not", "annotator, guide, reviewer"),
        ({"all": {}}, "requirements.all", "a list of expressions"),
        ({"domain": "law", "level": 3, "levle": 4}, "requirements.levle", "domain, level, kind"),
        ({"require": {"credential": "law", "kind": "diploma"}}, "requirements.require.kind", "certificate"),
        ({"vendor": "Nobody"}, "requirements", "Acme"),
        ({"people": [str(UUID(int=77))]}, "requirements", "the id of a person who is here"),
        ({"people": ["me"]}, "requirements.people[0]", "a UUID"),
        ({"lawyer": True}, "requirements", "all, any, not, domain"),
        ({"min_level": 9}, "requirements.min_level", "a level from 1 to 5"),
        ({"prefer": {"persons": []}}, "requirements.prefer", "people"),
        ({"all": [{"role": "guide"}, {"not": {"role": "guide"}}]}, "requirements", "what somebody can meet"),
        ("law > 4", "character 5", "a domain or language"),
        ("law >= 4 law >= 5", "character 10", "and, or, or the end"),
        ("law >= 4 and (en >= 3", "character 22", "')'"),
        ("law >= 9", "character 8", "a level from 1 to 5"),
        ("vendor", "character 7", "the name of a vendor"),
        ("role nurse", "character 6", "guide"),
        ("marketing >= 4", "character 1", "law"),
        ("", None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_errors_name_the_position_and_what_is_allowed(stated: Any, at: str | None, allowed: str | None) -> None:
    if at is None:
        assert read(stated, KNOWN, 4) == Requirements()
        return
    with pytest.raises(BadRequirement) as told:
        read(stated, KNOWN, 4)
    assert told.value.extra["at"] == at, told.value.detail
    assert allowed is not None
    assert allowed in told.value.extra["allowed"]
    assert at in (told.value.detail or "")


def test_expressions_have_limits() -> None:
    deep: Any = {"role": "guide"}
    for _ in range(9):
        deep = {"not": deep}
    with pytest.raises(BadRequirement, match="nested too deep"):
        read(deep, KNOWN, 4)
    with pytest.raises(BadRequirement, match="one condition too many"):
        read({"any": [{"role": "guide"}] * 61}, KNOWN, 4)
    with pytest.raises(BadRequirement, match="levels"):
        read("(" * 500 + "role guide" + ")" * 500, KNOWN, 4)
    with pytest.raises(BadRequirement, match="levels"):
        read("not " * 5000 + "role guide", KNOWN, 4)


def test_the_stated_change_flips_every_no_and_no_part_of_it_could_be_spared() -> None:
    rng, refused, flipped, several = random.Random(4), 0, 0, 0
    for n in range(10_000):
        who, lane, level, own_rework = somebody(rng), a_lane(rng), rng.randint(1, 5), n % 7 == 0
        failures = judge(who, lane, level, Z, own_rework=own_rework)
        mended = smallest_change(who, lane, level, Z, own_rework=own_rework)
        assert (mended is None) == (not failures)
        if mended is None:
            continue
        refused += 1

        def still(
            steps: Any, who: Profile = who, lane: Lane = lane, level: int = level, own: bool = own_rework
        ) -> bool:
            for step in steps:
                who, lane = applied(step, who, lane)
            return bool(judge(who, lane, level, Z, own_rework=own))

        assert not still(mended.steps), (who, req.text(lane.asks), mended)
        flipped += 1
        several += len(mended.steps) > 1
        assert all(still([other for other in mended.steps if other is not step]) for step in mended.steps)
    assert refused == flipped > 5000
    assert several > 1000
    assert 10_000 - refused > 100, "some are let through"


def test_a_failure_is_mended_by_its_cheapest_branch() -> None:
    rng = random.Random(1)
    bare = annotation_lane(
        PROJECT, domain="general", language="en", band=1, requirements=Requirements(), project_role=None
    )
    who = msgspec.structs.replace(
        somebody(rng), state="active", restrictions=[], roles=["annotator"], languages={"en": 5}, vendor_id=None, credentials=[],
        credential_kinds=[], exams={}, project_roles={}, skills={"law": Belief(-3.0, 0.01)},
    )  # fmt: skip
    asks = req.join(bare.asks, read("law >= 5 or role guide or expert law", KNOWN, 4).require)
    (failure,) = judge(who, asking(bare, asks), 3, Z)
    assert (failure.predicate, failure.mend) == ("any", "grant the role guide")
    assert failure.part == req.as_json(req.conjuncts(asks)[0])
    (failure,) = judge(who, asking(bare, req.join(bare.asks, req.Not(req.Role("annotator")))), 3, Z)
    assert (failure.needs, failure.mend) == ("what nobody meets", "leave the condition out of the requirement")
