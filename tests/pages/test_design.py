"""The design's promises that can be computed: contrast, one scale, vendored files as published."""

import hashlib
import json
import re

import pytest

from callboard.pages.render import STATIC_DIR

TOKENS = (STATIC_DIR / "css" / "tokens.css").read_text(encoding="utf-8")
SHEETS = {path.name: path.read_text(encoding="utf-8") for path in (STATIC_DIR / "css").glob("*.css")}
AA_TEXT = 4.5
AA_CONTROL = 3.0

ON_GROUNDS = [
    (ink, ground)
    for ink in ("ink", "ink-soft", "ink-faint", "accent", "accent-ink", "bad-ink", "warn-ink", "good-ink")
    for ground in ("canvas", "surface", "surface-raised")
]
ON_SOFT = [(f"{tone}-ink", f"{tone}-soft") for tone in ("accent", "wait", "review", "good", "warn", "bad")]
OTHERS = [("on-accent", "accent"), ("on-accent", "accent-hover"), ("ink", "ins"), ("ink", "del"), ("ink", "hover"), ("ink-soft", "hover"), ("ink-faint", "sunken"), ("ink", "accent-soft")]  # fmt: skip


def colours(theme: int) -> dict[str, tuple[float, ...]]:
    found = {}
    for name, *pair in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS):
        value = pair[theme]
        found[name] = tuple(int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return found


def luminance(colour: tuple[float, ...]) -> float:
    """WCAG 2.2, relative luminance."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_reads_on_its_ground(theme: int) -> None:
    known = colours(theme)
    weak = {
        f"{ink} on {ground}": round(contrast(known[ink], known[ground]), 2)
        for ink, ground in ON_GROUNDS + ON_SOFT + OTHERS
        if contrast(known[ink], known[ground]) < AA_TEXT
    }
    assert not weak


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_controls_and_focus_stand_out(theme: int) -> None:
    known = colours(theme)
    for mark in ("line-strong", "focus", "accent"):
        for ground in ("canvas", "surface", "surface-raised"):
            assert contrast(known[mark], known[ground]) >= AA_CONTROL, (mark, ground)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_numbers_read_on_the_hottest_tint(theme: int) -> None:
    """The matrix mixes up to 40 % of the heat colour into the surface (checked here in sRGB, close to the browser's oklab)."""
    known = colours(theme)
    hottest = tuple(0.4 * h + 0.6 * s for h, s in zip(known["heat"], known["surface"], strict=True))
    assert contrast(known["ink"], hottest) >= AA_TEXT


def test_colours_live_in_the_tokens_alone() -> None:
    """Outside of tokens.css a colour may only be one that is the same in both themes by intent: the sign-in's board."""
    for name, text in SHEETS.items():
        if name in {"tokens.css", "shell.css"}:
            continue
        plain = re.sub(r"light-dark\([^)]*\)", "", text)
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![-\w])", plain), name


def test_every_token_that_is_used_exists() -> None:
    known = set(re.findall(r"(--[\w-]+):", TOKENS))
    for name, text in SHEETS.items():
        assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= known, name


def test_type_sizes_come_from_the_scale() -> None:
    for name, text in SHEETS.items():
        for value in re.findall(r"font-size: ([^;]+);", text):
            assert value.startswith("var(--text-") or (value.endswith("em") and not value.endswith("rem")), (
                name,
                value,
            )


def test_vendored_files_are_as_published() -> None:
    folder = STATIC_DIR / "vendor"
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for entry in entries:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
        assert (folder / entry["licence_file"]).is_file()
        assert entry["version"] in entry["file"]
    known = {entry["file"] for entry in entries} | {"manifest.json"}
    assert {path.name for path in folder.iterdir() if path.is_file()} == known


def test_scripts_use_no_eval_and_no_network_but_ours() -> None:
    for path in (STATIC_DIR / "js").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|innerHTML|document\.write|https?://", text), path.name
