from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.importing.events import Parsed, UnmappableError
from callboard.importing.mapper import TITLE_CHARACTERS, Mapper, language_tag
from callboard.importing.mapping import EMPTY, BadMapping, Rules, choose, parse_mapping, read_mapping
from callboard.importing.paths import BadExpression
from callboard.importing.turns import find_warning
from routing.intake import TaskDraft
from tests.importing.helpers import limits

TOML = """
[set]
language = "en"
priority = 2
payload.source.dataset = "own"

[map]
external_id = "q-{id}"
domain = "subject"
payload.opening = "prompt"

[values.domain]
maths = "general"
"*law*" = "law"
"v0.1" = "technology"
"""
ROW: dict[str, Any] = {"id": 1, "subject": "maths", "prompt": "Why is the sky dark at night?"}


def draft(rules: Rules, record: dict[str, Any], *, textual: bool = False, **changes: int) -> TaskDraft:
    return Mapper(rules, limits(**changes)).draft(Parsed(1, 0, record), textual=textual)


def reason(rules: Rules, record: dict[str, Any], **changes: int) -> str:
    with pytest.raises(UnmappableError) as refused:
        draft(rules, record, **changes)
    return str(refused.value)


def test_constants_places_and_tables_make_a_draft() -> None:
    assert draft(parse_mapping(TOML, "own"), ROW) == TaskDraft(
        external_id="q-1",
        domain="general",
        language="en",
        priority=2,
        payload={
            "source": {"dataset": "own"},
            "opening": "Why is the sky dark at night?",
            "title": "Why is the sky dark at night?",
        },
    )


def test_a_table_matches_exactly_then_by_pattern_then_anything() -> None:
    rules = parse_mapping(TOML, "own")
    assert draft(rules, ROW | {"subject": "Family Law"}).domain == "law"
    assert draft(rules, ROW | {"subject": "v0.1"}).domain == "technology"
    assert reason(rules, ROW | {"subject": "music"}) == "domain: no row of the table of values fits 'music'"
    anything = parse_mapping(TOML + '"*" = "general"\n', "own")
    assert draft(anything, ROW | {"subject": "music"}).domain == "general"
    assert draft(anything, ROW | {"subject": "Family Law"}).domain == "law"


def test_options_say_the_same_and_are_stronger() -> None:
    options = EMPTY.with_options(
        ["external_id=q-{id}", "domain=subject", "payload.opening=prompt"],
        ["language=en", "priority=2", "payload.source.dataset=own"],
        ["domain.maths=general", "domain.*law*=law", "domain.v0.1=technology"],
    )
    file = parse_mapping(TOML, "own")
    assert (options.places, options.constants, options.values) == (file.places, file.constants, file.values)
    changed = file.with_options(
        ["domain=field"], ["language=zh-CN"], ["domain.x=y=finance", "payload.opening.Hi=Hello"]
    )
    mapped = draft(changed, ROW | {"field": "x=y", "prompt": "Hi"})
    assert (mapped.domain, mapped.language, mapped.payload["opening"]) == ("finance", "zh-CN", "Hello")
    assert draft(file.with_options([], ["domain=law"], []), ROW).domain == "law"


def test_a_constant_is_read_as_json_where_it_is_json() -> None:
    rules = EMPTY.with_options(
        [], ["difficulty=4", 'payload.x="1.0"', "payload.y=[1]", "domain=law", "language=en"], []
    )
    mapped = draft(rules, {})
    assert mapped.difficulty == 4
    assert mapped.payload == {"x": "1.0", "y": [1]}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ((["domain"], [], []), "should read TARGET"),
        ((["=x"], [], []), "should read TARGET"),
        ((["topic=x"], [], []), "'topic' is no field of a task"),
        ((["domain.x=y"], [], []), "domain has no parts"),
        (([], [], ["domain=x"]), "should read TARGET.VALUE=RESULT"),
    ],
)
def test_a_fault_in_an_option_is_named(options: tuple[list[str], list[str], list[str]], match: str) -> None:
    with pytest.raises(BadMapping, match=match):
        EMPTY.with_options(*options)


@pytest.mark.parametrize(
    ("toml", "match"),
    [
        ("[map", "cannot be read"),
        ("[mapp]\n", "cannot be read"),
        ("[map]\ndomain = 3\n", "map.domain is no text"),
        ('[map]\ntopic = "x"\n', "'topic' is no field"),
        ('[set]\nlanguage.x = "en"\n', "language has no parts"),
        ('[turns]\nfrom = "m"\nrole = "r"\n', "needs both role and text"),
        ('[turns]\nfrom = "m"\n', "needs rows"),
        ('[turns]\nfrom = "m"\n[turns.roles]\nx = "bot"\n', "needs rows"),
    ],
)
def test_a_fault_in_a_file_is_named(tmp_path: Path, toml: str, match: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(toml)
    with pytest.raises(BadMapping, match=match):
        Mapper(read_mapping(path), limits())
    with pytest.raises(BadMapping, match="cannot be read"):
        read_mapping(tmp_path / "other.toml")
    with pytest.raises(BadExpression):
        Mapper(parse_mapping('[map]\ndomain = "a..b"\n', "own"), limits())


def test_a_mapping_is_chosen_by_name_or_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(TOML)
    assert choose(str(path)).places == parse_mapping(TOML, "own").places
    assert choose("mt_bench").name == "mt_bench"
    assert choose("none") == EMPTY
    with pytest.raises(BadMapping, match="known are arena_hard, callboard"):
        choose("mtbench")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"id": None}, "external_id is missing"),
        ({"subject": None}, "domain is missing"),
        ({"id": "x" * 199}, f"external_id: '{('q-' + 'x' * 199)[:60]}' is not a text of 1 to 200 characters"),
        ({"prompt": 3}, "payload.opening is no text"),
        ({"prompt": "x" * 101}, "payload.opening has 101 characters; at most 100 are allowed"),
    ],
)
def test_what_cannot_be_a_task_is_explained(change: dict[str, Any], expected: str) -> None:
    assert reason(parse_mapping(TOML, "own"), ROW | change, turn_text_limit=100) == expected


def test_the_content_is_the_id_where_the_mapping_names_none() -> None:
    rules = EMPTY.with_options(["payload.opening=prompt"], ["domain=law", "language=en"], [])
    ids = {draft(rules, row).external_id for row in (ROW, dict(reversed(ROW.items())), ROW | {"id": 2})}
    assert [len(name) for name in ids] == [16, 16]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("difficulty=6", "difficulty: '6' is not a whole number from 1 to 5"),
        ("difficulty=1.0", "difficulty: '1.0' is not a whole number from 1 to 5"),
        ('difficulty="1"', "difficulty: '1' is not a whole number from 1 to 5"),
        ("language=klingon", "language: 'klingon' is not a language tag such as en or zh-CN"),
        ("domain=Law", "domain: 'Law' is not a lower-case name such as general"),
        ("due_at=tomorrow", "due_at: 'tomorrow' is not a time with its zone such as 2027-01-31T17:00:00Z"),
        (
            "due_at=2027-01-31T17:00:00",
            "due_at: '2027-01-31T17:00:00' is not a time with its zone such as 2027-01-31T17:00:00Z",
        ),
        ("payload=[]", "payload is no object"),
    ],
)
def test_fields_have_bounds(option: str, expected: str) -> None:
    base = parse_mapping('[set]\ndomain = "law"\nlanguage = "en"\n', "own")
    assert reason(base.with_options([], [option], []), {}) == expected


def test_text_stands_for_numbers_only_where_the_source_has_nothing_else() -> None:
    rules = EMPTY.with_options(["difficulty=level"], ["domain=law", "language=en"], [])
    assert draft(rules, {"level": "3"}, textual=True).difficulty == 3
    assert reason(rules, {"level": "3"}).startswith("difficulty")


@pytest.mark.parametrize(
    ("text", "tag"),
    [("EN", "en"), ("pt_br", "pt-BR"), ("ZH-hans-cn", "zh-Hans-CN"), ("es-419", "es-419"), ("english", "english")],
)
def test_language_tags_get_their_usual_spelling(text: str, tag: str) -> None:
    assert language_tag(text) == tag


def test_a_strict_mapping_refuses_keys_that_it_does_not_read() -> None:
    row = {"external_id": "a", "domain": "law", "language": "en", "payload": {}}
    assert draft(choose("callboard"), row).payload == {}
    assert reason(choose("callboard"), row | {"prioirty": 3}) == "unknown field 'prioirty'"


def test_every_field_of_our_own_form_comes_through() -> None:
    row = {
        "external_id": "a",
        "kind": "dialogue",
        "domain": "law",
        "language": "en",
        "difficulty": 5,
        "priority": 1,
        "due_at": "2027-01-31T17:00:00Z",
        "requirements": {"role": "notary"},
        "payload": {"title": "T", "turns": [{"role": "user", "text": "Hi"}], "own": {"x": [1]}},
    }
    assert msgspec.to_builtins(draft(choose("callboard"), row)) == row


def test_the_payload_of_another_kind_is_left_alone() -> None:
    row = {"external_id": "a", "kind": "image", "domain": "law", "language": "en", "payload": {"turns": "anything"}}
    assert draft(choose("callboard"), row).payload == {"turns": "anything"}


def test_a_title_is_cut_from_the_first_words() -> None:
    rules = EMPTY.with_options(["payload.opening=text"], ["domain=law", "language=en"], [])
    title = draft(rules, {"text": "word \n" * 50}).payload["title"]
    assert title.startswith("word word")
    assert title.endswith("word…")
    assert len(title) <= TITLE_CHARACTERS
    assert "title" not in draft(rules, {"text": " "}).payload


TURNS = '[set]\ndomain = "law"\nlanguage = "en"\n[turns]\nfrom = "m"\nrole = "r"\ntext = "t"\n[turns.roles]\nh = "user"\nb = "assistant"\n'


def said(*roles: str) -> dict[str, Any]:
    return {"m": [{"r": role, "t": f"{role}{number}"} for number, role in enumerate(roles)]}


def test_turns_come_from_a_list() -> None:
    mapped = draft(parse_mapping(TURNS, "own"), said("h", "b"))
    assert mapped.payload["turns"] == [{"role": "user", "text": "h0"}, {"role": "assistant", "text": "b1"}]
    assert mapped.payload["title"] == "h0"
    assert find_warning(mapped.payload) is None
    assert (
        find_warning(draft(parse_mapping(TURNS, "own"), said("h", "b", "b")).payload)
        == "turns 2 and 3 are both by the assistant"
    )


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, "the dialogue is missing"),
        ({"m": "x"}, "the dialogue is no list"),
        ({"m": [{"t": "x"}]}, "turn 1 has no role or no text"),
        ({"m": [{"r": "h", "t": [1]}]}, "turn 1 has no role or no text"),
        (said("h", "z"), "turn 2 has the role 'z', which the mapping does not name"),
        (said(*"hbhb"), "payload.turns has 4 turns; at most 3 are allowed"),
        ({"m": [{"r": "h", "t": "x" * 101}]}, "payload.turns[0].text has 101 characters; at most 100 are allowed"),
    ],
)
def test_a_bad_dialogue_is_explained(record: dict[str, Any], expected: str) -> None:
    assert reason(parse_mapping(TURNS, "own"), record, import_turns_limit=3, turn_text_limit=100) == expected


def test_turns_come_from_lines_with_speakers() -> None:
    rules = parse_mapping(
        '[set]\ndomain = "law"\nlanguage = "en"\n[turns]\nfrom = "m"\n[turns.roles]\nClerk = "assistant"\n"Mr. Ito" = "user"\n',
        "own",
    )
    text = "\n Clerk : Good day. \nNote: bring the form.\nMr. Ito：好的: 谢谢\n"
    assert draft(rules, {"m": text}).payload["turns"] == [
        {"role": "assistant", "text": "Good day.\nNote: bring the form.", "speaker": "Clerk"},
        {"role": "user", "text": "好的: 谢谢", "speaker": "Mr. Ito"},
    ]
    assert reason(rules, {"m": "Someone: hello"}) == "the dialogue begins with no known speaker: 'Someone: hello'"
    assert reason(rules, {"m": 3}) == "the dialogue is no text"


@pytest.mark.parametrize(
    "payload", [{"turns": {}}, {"turns": [3]}, {"turns": [{"role": "bot", "text": "x"}]}, {"turns": [{"role": "user"}]}]
)
def test_turns_in_our_own_form_are_judged_too(payload: dict[str, Any]) -> None:
    row = {"external_id": "a", "domain": "law", "language": "en", "payload": payload}
    assert reason(choose("callboard"), row).startswith("payload.turns")
