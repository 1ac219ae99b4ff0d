"""The small pure parts behind the screens."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.pages.charts import bar_chart, heat
from callboard.pages.labels import LABELS, label
from callboard.pages.render import duration, language_name, markdown, query
from callboard.pages.views_floor import FloorFilter
from dialogue.diffs import difference
from tests.pages.sample_facts import BETTER_ZH, BOT_ZH


@given(st.text(alphabet="ab .\n，高血压", max_size=60), st.text(alphabet="ab .\n，高血压", max_size=60))
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    parts = difference(before, after)
    assert "".join(part.text for part in parts if part.op != "ins") == before
    assert "".join(part.text for part in parts if part.op != "del") == after


def test_a_difference_is_word_by_word_and_in_chinese_by_character() -> None:
    assert [(p.op, p.text) for p in difference("pay by card now", "pay by cash now")] == [
        ("same", "pay by "), ("del", "card"), ("ins", "cash"), ("same", " now"),
    ]  # fmt: skip
    changed = [part.text for part in difference(BOT_ZH, BETTER_ZH) if part.op == "del"]
    assert "10" in changed


def test_a_long_difference_stays_quick() -> None:
    text = "A sentence about nothing in particular. " * 1000
    parts = difference(text, text.replace("nothing", "something", 1))
    assert sum(part.op == "ins" for part in parts) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11_520, "3 h 12 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert duration(seconds, str) == text
    assert duration(timedelta(seconds=seconds).total_seconds(), str) == text


def test_markdown_shows_html_and_leaves_images_out() -> None:
    text = str(markdown("<script>x()</script> ![a](https://elsewhere.example/p.png) [go](javascript:alert(1)) **b**"))
    assert "<script" not in text
    assert "<img" not in text
    assert 'href="javascript' not in text
    assert "<strong>b</strong>" in text


def test_bars_fit_their_box_and_zero_keeps_a_line() -> None:
    chart = bar_chart([0, 3, 8])
    assert chart.top == 8
    assert [bar.height for bar in chart.bars] == [1.0, 36.0, 96.0]
    assert all(bar.y + bar.height == pytest.approx(chart.height) for bar in chart.bars)
    assert bar_chart([]).bars == []


def test_heat_shows_small_queues_beside_a_large_one() -> None:
    assert [heat(value, 400) for value in (0, 1, 40, 400)] == [0, 1, 2, 6]
    assert heat(5, 0) == 0


def test_unknown_keys_are_shown_as_they_are() -> None:
    assert label("chief_examiner", "role") == "Chief examiner"
    assert label("", "domain") == ""
    assert language_name("pt-BR", "en", str) == "Portuguese (Brazil)"
    assert language_name("not a tag", "en", str) == "not a tag"


def test_a_query_names_what_differs() -> None:
    assert query(FloorFilter(domain="law", sort="", direction=""), stage="review") == "domain=law&stage=review"


def test_labels_are_sentences_or_names_without_stray_space() -> None:
    for group in LABELS.values():
        for text in group.values():
            assert text == text.strip()
            assert text
