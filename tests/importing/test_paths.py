from typing import Any

import pytest

from callboard.importing.paths import MISSING, BadExpression, parse_expression

RECORD: dict[str, Any] = {
    "id": 7,
    "a": {"b c": {"问": "答"}, "none": None},
    "turns": ["one", "two", "three"],
    "Input.text": "dotted",
    "messages": [{"text": "x", "tags": ["p", "q"]}, {"other": 1}, {"text": "y", "tags": ["r"]}],
    "yes": True,
    "$line": 12,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id", 7),
        ("$line", 12),
        ("a.b c.问", "答"),
        ("turns[0]", "one"),
        ("turns[-1]", "three"),
        ("turns[1:]", ["two", "three"]),
        ("turns[*]", ["one", "two", "three"]),
        ("messages[*].text", ["x", "y"]),
        ("messages[*].tags[*]", ["p", "q", "r"]),
        ("messages[*].tags[0]", ["p", "r"]),
        ('["Input.text"]', "dotted"),
        ('a["b c"]["问"]', "答"),
        ("t-{id}", "t-7"),
        ("{{{id}}}: {yes}", "{7}: true"),
        ("{turns[*]}", "one\ntwo\nthree"),
    ],
)
def test_an_expression_finds_its_value(text: str, expected: object) -> None:
    assert parse_expression(text).find(RECORD) == expected


@pytest.mark.parametrize(
    "text", ["x", "a.none", "a.none.b", "turns[3]", "turns[-4]", "turns.x", "id[0]", "id[*]", "a[0]", "t-{id}-{x}"]
)
def test_what_is_not_there_is_missing(text: str) -> None:
    assert parse_expression(text).find(RECORD) is MISSING


@pytest.mark.parametrize(
    "text",
    ["", ".a", "a.", "a..b", "a[", "a[x]", "a]", "a b.", "[0]x", "a['b']", "{", "{a", "a}", "{}", "{a..b}", "{{a}"],
)
def test_a_fault_in_an_expression_is_named(text: str) -> None:
    with pytest.raises(BadExpression):
        parse_expression(text)
