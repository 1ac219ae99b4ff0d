"""What every page handler needs: the frame, HTML answers, redirects that htmx understands, and forms read with limits."""

from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from litestar import Response
from litestar.datastructures import Cookie

from callboard.access.actor import Actor
from callboard.access.guards import actor_of
from callboard.access.sessions import is_https
from callboard.api.request import Call
from callboard.pages.i18n import LANGUAGES, choose_language, translations
from callboard.pages.labels import LABELS
from callboard.pages.missing import ReasonMissing
from callboard.pages.render import render
from callboard.pages.sentences import translated
from callboard.pages.views import Person, Problem, Shell
from callboard.problems import describe
from kernel import clock
from kernel.errors import Invalid, Unauthenticated

HTML = "text/html"
LANGUAGE_COOKIE, THEME_COOKIE = "callboard_lang", "callboard_theme"
THEMES = ("auto", "light", "dark")
YEAR_SECONDS = 31_536_000
LONGEST_PATH = 500
FORM_TEXT_LIMIT = 4000
"""Of a form field whose handler names no other limit: a paragraph."""
LIVE = "/live"


def is_htmx(request: Call) -> bool:
    return request.headers.get("hx-request") == "true"


def language_of(request: Call, actor: Actor | None) -> str:
    return choose_language(
        request.cookies.get(LANGUAGE_COOKIE), actor.locale if actor else None, request.headers.get("accept-language")
    )


def shell_of(request: Call, actor: Actor | None, *, live: bool = False) -> Shell:
    theme = request.cookies.get(THEME_COOKIE) or (actor.theme if actor else "auto")
    person = None
    if actor is not None:
        person = Person(name=actor.name, email=actor.email, roles=sorted(actor.roles), annotator_id=actor.annotator_id)
    return Shell(
        now=clock.now(),
        path=request.scope["path"],
        lang=language_of(request, actor),
        theme=theme if theme in THEMES else "auto",
        csrf_token=(actor.csrf_token or "") if actor else "",
        person=person,
        live_url=LIVE if live and actor else None,
    )


def recognised(request: Call) -> Actor | None:
    """Whoever the guard of this request found; none on public routes and where no route was found."""
    try:
        return actor_of(request)
    except Unauthenticated:
        return None


def page(
    request: Call,
    template: str,
    view: Any,
    *,
    status: int = 200,
    live: bool = False,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    """A page or a fragment. Never stored by browsers: what one person may see is not for the next at the same desk."""
    shell = shell_of(request, recognised(request), live=live)
    return html(render(template, view, shell), status, headers)


def html(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(
        content=text,
        status_code=status,
        media_type=HTML,
        headers={"cache-control": "no-store", "vary": "hx-request"} | (headers or {}),
    )


def redirect(request: Call, to: str) -> Response[str]:
    """After a form; an htmx request is told by header, because it would follow a 303 by itself and swap a whole page.

    A browser that is there already only jumps to the fragment, and would go on showing the page of before.
    """
    if is_htmx(request):
        there = urlsplit(to)
        here = urlsplit(request.headers.get("hx-current-url", "")) if there.fragment else None
        if here is not None and (here.path, here.query) == (there.path, there.query):
            return html("", 200, {"hx-refresh": "true"})
        return html("", 200, {"hx-redirect": to})
    return html("", 303, {"location": to})


def sign_in_path(path: str) -> str:
    return "/sign-in" if path in {"/", "/sign-out"} else f"/sign-in?next={quote(path, safe='/?=')}"


def local_path(path: str | None) -> str:
    """Only a path of this site: an address that came from outside must not lead to another one."""
    if (
        not path
        or len(path) > LONGEST_PATH
        or not path.startswith("/")
        or path[1:2] in {"/", "\\"}
        or not path.isprintable()
    ):
        return "/"
    return path


def preference(name: str, value: str, request: Call) -> Cookie:
    """Readable by scripts: the theme is switched without a reload."""
    return Cookie(
        key=name, value=value, path="/", max_age=YEAR_SECONDS, samesite="lax", secure=is_https(request.settings)
    )


def problem_view(error: BaseException, request: Call) -> Problem:
    known = describe(error)
    request_id = request.scope.get("state", {}).get("request_id") if known.status >= 500 else None  # noqa: PLR2004
    return Problem(
        status=known.status, code=known.code, title=known.title, detail=known.detail,
        retry_after_seconds=known.retry_after_seconds, request_id=request_id,
    )  # fmt: skip


def problem_text(problem: Problem, lang: str) -> str:
    """As the macro of the same name shows it."""
    gettext, known = translations(lang).ugettext, LABELS["problem"].get(problem.code)
    return gettext(known) if known else translated(problem.detail or problem.title, gettext)


def translate(request: Call, actor: Actor | None, message: str, **values: Any) -> str:
    return str(translations(language_of(request, actor)).ugettext(message)) % values


class Form:
    """A sent form. Fields are texts of bounded length; a browser sends line ends as CRLF, people mean LF."""

    def __init__(self, values: Any) -> None:
        self._values = values

    @classmethod
    async def of(cls, request: Call) -> "Form":
        return cls(await request.form())

    def text(self, name: str, limit: int = FORM_TEXT_LIMIT) -> str:
        """Raises `Invalid`."""
        value = self._values.get(name)
        text = value.replace("\r\n", "\n") if isinstance(value, str) else ""
        if len(text) > limit:
            raise Invalid(f"The field {name} has {len(text):,} characters; at most {limit:,} are allowed.")
        return text

    def reason(self, limit: int = FORM_TEXT_LIMIT) -> str:
        """What is decided about somebody's work is said with its reason. Raises `ReasonMissing`."""
        text = self.text("reason", limit).strip()
        if not text:
            raise ReasonMissing
        return text

    def names(self) -> list[str]:
        """Of its fields, in their order."""
        return list(dict.fromkeys(str(name) for name in self._values))

    def number(self, name: str) -> int:
        """Raises `Invalid`."""
        text = self.text(name, 10)
        if not text.isascii() or not text.isdigit():
            raise Invalid(f"The field {name} is no number.")
        return int(text)

    def ids(self, name: str, most: int) -> list[UUID]:
        """Raises `Invalid`."""
        given = self._values.getall(name, [])
        if len(given) > most:
            raise Invalid(f"At most {most} can be changed at once.")
        try:
            return [UUID(value) for value in given]
        except (ValueError, AttributeError) as error:
            raise Invalid(f"The field {name} holds something that is no id.") from error


__all__ = ["LANGUAGES", "Form", "html", "is_htmx", "page", "redirect", "shell_of", "sign_in_path"]
