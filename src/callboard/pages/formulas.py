r"""TeX inside Markdown as MathML: between $…$, $$…$$, \(…\) and \[…\].

The library's tree is taken, never its text: what reaches a page are the elements and attributes named here, written and
escaped by us. What it does not understand, and what is too long or too deep, stays as it was written.
"""

import html
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

INLINE, BLOCK = 300, 1000
"""Most characters of a formula: the longest take some 30 ms."""
PER_TEXT = 5000
"""Characters of all formulas of one text; the rest of them stays as code."""
DEEPEST = 24
"""Braces, brackets and environments inside each other."""
DEEPEST_TREE = 120
KEPT = 512
LONG = 60
"""Beyond this an inline formula may be wider than a phone, and scrolls by itself."""

FORMULA = re.compile(
    rf"\$\$(?P<shown>[^$]{{1,{BLOCK}}}?)\$\$"
    rf"|\$(?=[^\s$])(?P<inline>[^$\n]{{1,{INLINE}}}?)(?<=[^\s\\])\$(?![0-9A-Za-z])"
    rf"|\\\((?P<round>.{{1,{INLINE}}}?)\\\)"
    rf"|\\\[(?P<square>[^\0]{{1,{BLOCK}}}?)\\\]"
)
"""Bounded, so that a long text full of dollars stays quick."""

PROSE = re.compile(r"[^\W\d_]{2,}\s|\s[^\W\d_]{2,}")
SIGNS = re.compile(r"[\\^_={}<>+*|]")
REFUSED = re.compile(
    r"\\(?:[gex]?def|let|(?:re)?newcommand|providecommand|(?:re)?newenvironment|DeclareMathOperator|href|url|style|class)"
    r"(?![A-Za-z])"
)
"""Macros multiply, and the others would hide something that the reader should see."""
NESTING = re.compile(r"\\(?:left|begin)(?![A-Za-z])|\\(?:right|end)(?![A-Za-z])|\\.|[{}]", re.DOTALL)

ELEMENTS = frozenset({
    "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "mpadded",
    "mphantom", "menclose", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts",
    "mprescripts", "none", "mtable", "mtr", "mtd",
})  # fmt: skip
WORDS = frozenset({
    "displaystyle", "scriptlevel", "mathvariant", "stretchy", "fence", "separator", "accent", "accentunder",
    "movablelimits", "largeop", "symmetric", "columnalign", "columnlines", "rowlines", "notation",
})  # fmt: skip
SIZES = frozenset({
    "width", "height", "depth", "lspace", "rspace", "voffset", "minsize", "maxsize", "linethickness",
    "rowspacing", "columnspacing",
})  # fmt: skip
WORD = re.compile(r"[a-z0-9 -]{1,60}")
SIZE = re.compile(
    r"[+-]?(?:\d{1,2}(?:\.\d{1,4})?|\.\d{1,4})(?:em|ex|px|pt|mu|cm|mm|in)?(?: \d{1,2}(?:\.\d+)?(?:em|ex|pt))*"
)
PARTS = dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2) | {"msubsup": 3, "munderover": 3}
"""With fewer the formula was not finished, and browsers show it as an error."""
ALIGNED = {"left": "tex-left", "right": "tex-right"}
"""Of a cell, as a class: browsers have dropped the attribute, and pages allow no inline style."""


def install(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("escape", "formula", _find)
    markdown.add_render_rule("formula", _show)


def _find(state: StateInline, silent: bool) -> bool:
    """Sums of money are none: `$5 and $6`."""
    if state.src[state.pos] not in "$\\":
        return False
    found = FORMULA.match(state.src, state.pos)
    if found is None:
        return False
    kind, tex = found.lastgroup or "", found[found.lastgroup or 0]
    if not tex.strip() or (kind != "shown" and PROSE.search(tex) and not SIGNS.search(tex)):
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content, token.meta = tex, {"block": kind in ("shown", "square")}
    state.pos = found.end()
    return True


def _show(_: RendererHTML, tokens: Sequence[Token], at: int, __: OptionsDict, env: EnvType) -> str:
    tex, block = tokens[at].content, tokens[at].meta["block"]
    env["tex"] = env.get("tex", 0) + len(tex)
    shown = mathml(tex, block=block) if env["tex"] <= PER_TEXT else None
    if shown is None:
        return str(Markup('<code class="formula">{}</code>').format(tex))
    size = "formula formula-block" if block else "formula formula-long" if len(tex) > LONG else "formula"
    return str(Markup('<span class="{}" title="{}">{}</span>').format(size, tex.strip(), shown))


@lru_cache(maxsize=KEPT)
def mathml(tex: str, *, block: bool) -> Markup | None:
    """None: shown as it was written."""
    if len(tex) > BLOCK or REFUSED.search(tex) or _depth(tex) > DEEPEST:
        return None
    try:
        tree = convert_to_element(tex, display="block" if block else "inline")
        return Markup("".join(_written(tree, DEEPEST_TREE)))  # noqa: S704  written by `_written`, which escapes
    except Exception:  # noqa: BLE001  a formula that cannot be read is shown as it was written, whatever the reason
        return None


def _depth(tex: str) -> int:
    deepest = depth = 0
    for found in NESTING.finditer(tex):
        sign = found[0]
        if sign in ("{", r"\left", r"\begin"):
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ("}", r"\right", r"\end"):
            depth -= 1
    return deepest


class _NotShown(Exception):  # noqa: N818  ends the attempt, and tells nobody
    pass


def _written(element: Element, deeper: int) -> Iterator[str]:
    text = html.unescape(element.text or "")
    unknown = element.tag != "mtext" and text.startswith("\\") and len(text) > 1
    unfinished = element.tag in PARTS and len(element) != PARTS[element.tag]
    if element.tag not in ELEMENTS or unknown or unfinished or not deeper:
        raise _NotShown
    yield f"<{element.tag}"
    for name, value in element.attrib.items():
        yield _attribute(element.tag, name, value)
    yield f">{escape(text)}"
    for child in element:
        yield from _written(child, deeper - 1)
    yield f"</{element.tag}>"


def _attribute(tag: str, name: str, value: Any) -> str:
    if tag == "mtd" and name == "columnalign" and value in ALIGNED:
        return f' class="{ALIGNED[value]}"'
    if tag == "math":
        return ' display="block"' if (name, value) == ("display", "block") else ""
    known = (name in WORDS and WORD.fullmatch(value)) or (name in SIZES and SIZE.fullmatch(value))
    return f' {name}="{value}"' if known else ""
