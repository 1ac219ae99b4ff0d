"""Turns a view into HTML: one Jinja environment per language, strict about names, escaping everything."""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from callboard import names
from callboard.pages import charts, charts_skill, formulas, labels
from callboard.pages.i18n import LANGUAGES, babel_locale, translations
from callboard.pages.sentences import translated
from callboard.pages.views import Shell
from kernel.money import Money, parse_amount
from payments.exchange import paid
from routing.outcomes import EVIDENCE_OUTCOME
from skills import isced

TEMPLATES_DIR = Path(__file__).parent.parent / "templates"
STATIC_DIR = Path(__file__).parent.parent / "static"
LANE_PARTS = 4
KILO = 1000
INDENT = "\u2003"
"""An em space: what HTML shows in front of an option."""
TASK_STATES = ("open", "in_progress", "in_review", "rework", "accepted", "rejected", "cancelled")

MARKDOWN_CHARACTERS = 50_000
"""A longer text is shown as it was written: hostile Markdown of 200 kB keeps a process busy for six seconds."""

_markdown = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")
formulas.install(_markdown)


def render(template: str, view: Any, shell: Shell) -> str:
    """A whole page, or a fragment: the template decides. It sees the view as `v` and the frame as `shell`."""
    return environment(shell.lang).get_template(template).render(v=view, shell=shell)


@cache
def environment(lang: str) -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    catalogue = translations(lang)
    gettext = catalogue.ugettext
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    locale = babel_locale(lang)
    env.filters.update(
        bytes=lambda number: size(number, locale),
        day=lambda one: format_skeleton("MMMd", one, locale=locale),
        fine_percent=lambda share: format_percent(share, format="#,##0.0%", locale=locale),
        chip=lambda state: labels.CHIPS.get(str(state), ("wait", "dots")),
        duration=lambda seconds: duration(seconds, gettext),
        iso=iso,
        lane=lambda text: lane_name(text, locale, gettext, lang),
        label=lambda key, group: named(key, group, gettext, lang),
        in_language=lambda words: in_language(words, lang),
        language=lambda tag: language_name(tag, locale, gettext),
        markdown=markdown,
        money=lambda amount: amount.format(locale),
        number=lambda value: format_decimal(value, locale=locale),
        said=lambda words: said(words, lang),
        sentence=lambda text: translated(text, gettext),
        period=lambda one: period_name(one.starts_at, one.ends_at, locale),
        percent=lambda share: format_percent(share, format="#,##0%", locale=locale),
    )
    env.globals.update(
        amount=parse_amount,
        micros=Money,
        paid=paid,
        EVENT_CHIPS=labels.EVENT_CHIPS,
        LANGUAGES=LANGUAGES,
        NO_WORK=labels.LABELS["no_work"],
        STANDING_ENDS=labels.LABELS["standing_end"],
        condition_of=lambda rule: msgspec.to_builtins(rule.condition),
        PROBLEMS=labels.LABELS["problem"],
        SKILL_LEVELS=charts_skill.LEVELS,
        VERDICTS={worth: outcome for outcome, worth in EVIDENCE_OUTCOME.items()},
        bar_chart=charts.bar_chart,
        stacked=charts.stacked,
        heat=charts.heat,
        domain_options=lambda codes: domain_options(codes, gettext, lang),
        label_options=lambda keys, group: [(key, named(key, group, gettext, lang)) for key in keys],
        numbers=lambda values: {
            name: format_decimal(one, locale=locale) if isinstance(one, int) else one for name, one in values.items()
        },
        language_options=lambda tags: [(tag, language_name(tag, locale, gettext)) for tag in tags],
        options=lambda choices: [(choice.value, choice.label) for choice in choices],
        isced_field=lambda code: isced_field(code, lang),
        isced_fields=lambda own: isced_fields(own, lang),
        isced_level=lambda level: isced.LEVELS[level][lang.startswith("zh")],
        isced_levels=lambda: [(level, words[lang.startswith("zh")]) for level, words in isced.LEVELS.items()],
        query=query,
        stage_options=lambda: [(key, gettext(text)) for key, text in labels.LABELS["stage"].items()],
        means=lambda key, group: names.current().means(group, key, lang),
        state_options=lambda: [(key, named(key, "state", gettext, lang)) for key in TASK_STATES],
        script_messages=lambda: script_messages(gettext),
        static=static_url,
    )
    return env


def period_name(starts_at: datetime, ends_at: datetime, locale: str) -> str:
    """A calendar month by its name, anything else by its first and last day; UTC."""
    last = ends_at - timedelta(days=1)
    if starts_at.day == ends_at.day == 1 and (starts_at.year, starts_at.month) == (last.year, last.month):
        return format_skeleton("yMMMM", starts_at, locale=locale)
    return f"{format_date(starts_at, locale=locale)} – {format_date(last, locale=locale)}"


def duration(seconds: float, gettext: Any) -> str:
    """Two units at most: `45 s`, `24 min`, `3 h 12 min`, `2 d 4 h`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return str(gettext("%(d)s d %(h)s h")) % {"d": days, "h": hours}
    if hours:
        return str(gettext("%(h)s h %(m)s min") if minutes else gettext("%(h)s h")) % {"h": hours, "m": minutes}
    if minutes:
        return str(gettext("%(m)s min")) % {"m": minutes}
    return str(gettext("%(s)s s")) % {"s": rest}


def iso(moment: datetime) -> str:
    """For `datetime` attributes; the browser shows it in the reader's own time zone."""
    return moment.isoformat(timespec="seconds")


def in_language(words: dict[str, str], lang: str) -> str:
    """Of words by language tag: the reader's, else English, else whatever there is."""
    return (
        words.get(lang)
        or words.get(lang.split("-", maxsplit=1)[0])
        or words.get("en")
        or next(iter(words.values()), "")
    )


def size(number: int, locale: str) -> str:
    """1.4 MB: the units of storage are the same in every language here."""
    value, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while value >= KILO and len(units) > 1:
        value, units = value / KILO, units[1:]
    return f"{format_decimal(value, format='#,##0.#', locale=locale)}\u00a0{units[0]}"


def language_name(tag: str, locale: str, gettext: Any) -> str:
    words = labels.LABELS["language"].get(tag)
    if words:
        return str(gettext(words))
    try:
        return Locale.parse(tag, sep="-").get_display_name(locale) or tag
    except (ValueError, UnknownLocaleError):
        return tag


def domain_options(codes: Any, gettext: Any, lang: str) -> list[tuple[str, str]]:
    """For a select: in the order of the tree, children set in below their parents."""
    return [
        (code, INDENT * depth + named(code, "domain", gettext, lang))
        for code, depth in names.current().sorted_domains(list(codes))
    ]


def isced_field(code: str, lang: str) -> str:
    known = isced.known_field(code)
    return code if known is None else f"{isced.FIELDS[known][lang.startswith('zh')]} ({code})"


def isced_fields(own: str | None, lang: str) -> list[tuple[str, str]]:
    """Broad fields with their narrow ones set in below; a detailed code that is there already stays choosable."""
    codes = sorted({*isced.FIELDS, *([own] if own else [])})
    return [(code, INDENT * (len(code) > len("00")) + isced_field(code, lang)) for code in codes]


def lane_name(text: str, locale: str, gettext: Any, lang: str) -> str:
    """`annotation · law · en · difficulty 3`, as routing keeps it with its decisions, in the reader's words."""
    parts = text.split(" · ")
    if len(parts) != LANE_PARTS:
        return text
    kind, domain, tag, difficulty = parts
    level = gettext("Level %(level)s") % {"level": difficulty.rpartition(" ")[2]}
    return " · ".join(
        (
            named(kind, "kind", gettext, lang),
            named(domain, "domain", gettext, lang),
            language_name(tag, locale, gettext),
            level,
        )
    )


def said(words: dict[str, str], lang: str) -> str:
    """Words that a project wrote by language: the reader's own, else English, else whatever there is."""
    for tag in (lang, lang.partition("-")[0], "en"):
        if tag in words:
            return words[tag]
    return next(iter(words.values()), "")


def markdown(text: str) -> Markup:
    """HTML inside the text is shown, not obeyed; images are left out, so that a reply cannot call another server."""
    if len(text) > MARKDOWN_CHARACTERS:
        return Markup('<div class="plain-text">{}</div>').format(text)
    return Markup(_markdown.render(text))  # noqa: S704  markdown-it escapes with html=False


def named(key: object, group: str, gettext: Any, lang: str) -> str:
    """What managers called it, or the translated words for a key; never the catalogue's header, which gettext keeps
    under the empty text.
    """
    given = names.current().name(group, key, lang)
    if given is not None:
        return given
    words = labels.label(key, group)
    return str(gettext(words)) if words else ""


def query(filters: Any, **changes: str) -> str:
    """The fields of a filter that say something, as a query string."""
    values = {**msgspec.structs.asdict(filters), **changes}
    return urlencode({name: value for name, value in values.items() if value})


def script_messages(gettext: Any) -> str:
    """The few words that scripts say, as JSON for a meta tag."""
    words = {
        "seconds": gettext("%(s)s s"),
        "minutes": gettext("%(m)s min"),
        "whole_hours": gettext("%(h)s h"),
        "hours": gettext("%(h)s h %(m)s min"),
        "days": gettext("%(d)s d %(h)s h"),
        "over": gettext("time is up"),
        "saving": gettext("Saving…"),
        "saved": gettext("Saved"),
        "kept": gettext("Kept in this browser; the server cannot be reached"),
        "elsewhere": gettext("Saved in another tab meanwhile; reload to see it. This text is kept here."),
        "restored": gettext("Text restored that was not saved on the server yet."),
        "offline": gettext("The server cannot be reached. Nothing is lost; try again in a moment."),
        "failed": gettext("That did not work. Try again."),
        "near": gettext("%(left)s left for this task."),
        "candidates_there": gettext("%(n)s candidates are there."),
        "count": gettext("%(w)s words · %(c)s characters · about %(t)s tokens"),
        "token_note": gettext("Tokens are estimated: models count them differently."),
        "said_before": gettext("You said this before in this dialogue."),
        "from_reply": gettext("This begins with the words of a reply."),
        "copied": gettext("Most of this was pasted. Write it in your own words."),
        "other_language": gettext("This seems to be in another language than the task asks for."),
        "seems_to_be": gettext("This seems to be %(seen)s; the task asks for %(asked)s."),
        "select_first": gettext("Select some words first."),
        "label_first": gettext("Say what the passage is."),
        "reason_first": gettext("This label needs a reason."),
    }
    return msgspec.json.encode({key: str(text) for key, text in words.items()}).decode()


@cache
def static_version() -> str:
    """Hash of all static files: part of their address, so that browsers may keep them for good."""
    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC_DIR.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC_DIR).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    """`/static/<version>/css/base.css`; scripts and styles reach each other by relative addresses inside it."""
    return f"/static/{static_version()}/{name}"
