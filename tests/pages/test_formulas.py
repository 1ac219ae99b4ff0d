r"""TeX in Markdown: MathML of known elements and attributes, or the words as they were written; never anything else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.pages import formulas
from callboard.pages.render import markdown

SHELL = {"p", "span", "code", "br", "em", "strong", "ul", "ol", "li", "pre", "hr", "blockquote", "h1", "h2", "a"}
PIECES = [
    r"\frac", r"\sqrt", r"\left(", r"\right)", r"\left", r"\begin{matrix}", r"\end{matrix}", r"\begin{align}", r"\text{", r"\href{",
    r"\style{", r"\class{x}", r"\def\a", r"\newcommand{\a}{\a\a}", r"\color{red}", r"\rule{9em}{9999em}", r"\hspace{99999em}",
    r"\mathbb{R}", r"\sum_", r"\unicode{x3c}", r"\verb|", "&#60;img src=x&#62;", "javascript:alert(1)", "<script>", "</math>", '"', "'",
    "onload=", "{", "}", "[", "]", "^", "_", "&", "\\", "\\\\", "$", "%", "#", "~", "x", "1", " ", "é", "你", "\u202e", "\n",
]  # fmt: skip


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def require_harmless(page: str) -> Seen:
    seen = Seen(page)
    assert seen.tags <= SHELL | formulas.ELEMENTS
    for name, value in seen.attributes:
        allowed = name in formulas.WORDS | formulas.SIZES | {"class", "title", "display", "href", "rel", "start"}
        assert allowed, (name, value)
        assert not (name == "href" and "script" in value)
        assert not (name in formulas.SIZES and len(value) > 40), (name, value)
    return seen


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(["$", "$$", "()", "[]"]))
def test_whatever_is_written_only_known_elements_reach_the_page(tex: str, signs: str) -> None:
    begin, end = (signs, signs) if signs[0] == "$" else ("\\" + signs[0], "\\" + signs[1])
    require_harmless(str(markdown(f"Before {begin}{tex}{end} after")))


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\href{javascript:alert(1)}{x}", r"\href{javascript:alert(1)}{x}"),
        (r"\text{<script>alert(1)</script>}", "<script>alert(1)</script>"),
        (r"\text{&lt;b&gt;}", "<b>"),
        (r"\undreamt{x}", r"\undreamt{x}"),
        (r"\def\a{\a\a}\a", r"\def\a{\a\a}\a"),
        (r"\frac{1}", r"\frac{1}"),
    ],
)
def test_hostile_and_unknown_tex_stands_there_as_text(tex: str, text: str) -> None:
    seen = require_harmless(str(markdown(f"${tex}$")))
    assert text in seen.text


def test_formulas_are_math_and_sums_of_money_are_not() -> None:
    for text in (r"$x^2$", r"$$\frac{a}{b}$$", r"\(x\)", r"\[\sum_{i=1}^n i\]", r"$\text{你好}$", "$x$,"):
        assert "math" in Seen(str(markdown(text))).tags, text
    for text in (
        "$5 and $6",
        "$5,$6",
        "US$5/US$10",
        r"\$5 and \$6",
        "$5 (or 6$)",
        r"\[not a link\]",
        "`$x$`",
        "$HOME/$USER",
    ):
        assert "math" not in Seen(str(markdown(text))).tags, text
    assert 'display="block"' in markdown("$$x$$")
    assert 'class="tex-right"' in markdown(r"\[\begin{align}a&=b\end{align}\]"), "no inline style: pages allow none"


BOMBS = [
    "{" * 500 + "x" + "}" * 500, r"\sqrt" * 190 + "x", "x^{" * 300 + "}" * 300, r"\left(" * 100 + r"\right)" * 100,
    r"\newcommand{\a}{xx}\newcommand{\b}{\a\a}\b", r"\begin{matrix}" * 50, "_" * 900, "&" * 900, r"\frac" * 190,
]  # fmt: skip


@pytest.mark.parametrize("tex", BOMBS)
def test_a_bomb_is_shown_as_it_was_written_or_shown_at_all(tex: str) -> None:
    require_harmless(str(markdown(f"$${tex}$$")))
    if formulas._depth(tex) > formulas.DEEPEST or "newcommand" in tex:
        assert formulas.mathml(tex, block=True) is None


def test_of_very_many_formulas_the_last_stay_as_code() -> None:
    page = str(markdown(" ".join(f"$x_{{{n}}}$" for n in range(3000))))
    assert "<math>" in page
    assert '<code class="formula">' in page
