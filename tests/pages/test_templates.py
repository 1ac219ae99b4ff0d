"""Every screen renders in both languages and both themes, strictly, and keeps the rules that a browser enforces."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from callboard.pages.i18n import LANGUAGES
from callboard.pages.render import STATIC_DIR, TEMPLATES_DIR, render, static_version
from tests.pages.samples import SAMPLES, shell

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NAMED = {"input", "select", "textarea"}


class Page(HTMLParser):
    """Collects what the rules are about: open tags, ids, labels, references, inline code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.labelled_inside: set[int] = set()
        self.feed(text)
        assert not self.stack, f"left open: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert len(values) == len(attrs), f"<{tag}> repeats an attribute: {attrs}"
        if "label" in self.stack:
            self.labelled_inside.add(len(self.elements))
        self.elements.append((tag, values))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack[-1] == tag, f"</{tag}> closes <{self.stack[-1]}>"
        self.stack.pop()

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]


@pytest.fixture(scope="module", params=[(name, lang) for name in SAMPLES for lang in LANGUAGES], ids="-".join)
def page(request: pytest.FixtureRequest) -> tuple[str, str, Page]:
    name, lang = request.param
    sample = SAMPLES[name]
    text = render(
        sample.template, sample.view, shell(sample.path, *sample.roles, lang=lang, theme="dark", live=sample.live)
    )
    return name, text, Page(text)


def test_no_id_twice(page: tuple[str, str, Page]) -> None:
    name, _, parsed = page
    twice = [key for key, count in Counter(parsed.values("id")).items() if count > 1]
    assert not twice, name


def test_nothing_inline(page: tuple[str, str, Page]) -> None:
    """The content security policy is `default-src 'self'`: an inline style or script would silently not work."""
    for tag, attrs in page[2].elements:
        assert tag != "style"
        assert "style" not in attrs, (tag, attrs)
        assert not [name for name in attrs if name.startswith(("on", "hx-on"))], (tag, attrs)
        if tag == "script":
            assert attrs.get("src", "").startswith("/static/"), attrs
        for name in ("src", "href", "action"):
            assert not attrs.get(name, "").startswith(("http:", "https:", "//", "javascript:", "data:")), attrs
        assert not re.search(r"\[.*\]", attrs.get("hx-trigger", "")), "filters need eval"
        assert not attrs.get("hx-vals", "").startswith(("js:", "javascript:"))


def test_every_field_has_a_name_to_read_out(page: tuple[str, str, Page]) -> None:
    parsed = page[2]
    labelled = set(parsed.values("for"))
    for position, (tag, attrs) in enumerate(parsed.elements):
        if tag in NAMED and attrs.get("type") != "hidden":
            named = position in parsed.labelled_inside or attrs.get("aria-label") or attrs.get("id") in labelled
            assert named, (page[0], tag, attrs)


def test_references_point_to_something(page: tuple[str, str, Page]) -> None:
    name, _, parsed = page
    if name.startswith("fragment"):
        return
    known = set(parsed.values("id"))
    for attribute in ("for", "aria-labelledby", "aria-controls", "popovertarget", "form"):
        for value in parsed.values(attribute):
            assert set(value.split()) <= known, (attribute, value)
    for value in parsed.values("hx-target"):
        assert not value.startswith("#") or value[1:] in known, value


def test_static_files_exist(page: tuple[str, str, Page]) -> None:
    prefix = f"/static/{static_version()}/"
    for attribute in ("src", "href"):
        for value in page[2].values(attribute):
            if value.startswith("/static/"):
                assert value.startswith(prefix)
                file, _, symbol = value.removeprefix(prefix).partition("#")
                assert (STATIC_DIR / file).is_file(), value
                assert not symbol or f'id="{symbol}"' in (STATIC_DIR / file).read_text(encoding="utf-8"), value


def test_posting_forms_carry_the_csrf_token(page: tuple[str, str, Page]) -> None:
    text = page[1]
    for form in re.findall(r"<form\b.*?</form>", text, flags=re.DOTALL):
        head = form[: form.index(">")]
        if 'method="post"' in head or "hx-post" in head:
            assert 'name="_csrf" value="csrf-sample"' in form, head


def test_a_page_has_one_main_one_heading_and_its_language(page: tuple[str, str, Page]) -> None:
    name, text, parsed = page
    if name.startswith("fragment"):
        return
    tags = Counter(tag for tag, _ in parsed.elements)
    assert tags["main"] == 1
    assert tags["h1"] == 1
    assert re.search(r'<html lang="(en|zh-CN)" data-theme="dark">', text)


def test_reviewers_never_see_the_author() -> None:
    sample = SAMPLES["review"]
    text = render(sample.template, sample.view, shell("/review/1", "reviewer"))
    assert "Mei Lin" not in text
    assert not [name for name in ("author_id", "person", "annotator") if name in sample.view.__struct_fields__]  # type: ignore[attr-defined]


def test_every_template_is_rendered_by_a_sample() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in TEMPLATES_DIR.rglob("*.html")}
    reached = {sample.template for sample in SAMPLES.values()}
    for text in sources.values():
        reached |= set(re.findall(r'{% (?:include|extends|import) "([^"]+)"', text))
    assert {path.relative_to(TEMPLATES_DIR).as_posix() for path in sources} <= reached
