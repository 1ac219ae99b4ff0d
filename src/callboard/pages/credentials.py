"""Credentials: one person's (shown by themselves, decided by managers), and the list of what waits or runs out."""

from datetime import date
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.credentials import MOST_OF_ONE, may_show, reached
from callboard.api.paging import read_cursor, write_cursor
from callboard.api.request import Call
from callboard.pages.frame import Form, local_path, page, problem_view, redirect
from callboard.pages.missing import NothingSelected, ReasonMissing
from callboard.pages.registry import read
from callboard.pages.views_registry import CredentialFilter, CredentialListView, CredentialsView
from kernel import db
from kernel.errors import DomainError, Forbidden, Invalid
from skills import annotators, credentials
from skills.credentials import CredentialDraft, CredentialFacts, Decision, Filter
from skills.errors import CredentialDecided
from skills.registry import domain_codes

PAGE_ROWS = 50
SHOWN: dict[str, Filter] = {
    "waiting": Filter(state="unverified"),
    "7": Filter(within_days=7),
    "30": Filter(within_days=30),
    "90": Filter(within_days=90),
    "expired": Filter(expired=True),
    "verified": Filter(state="verified"),
    "refused": Filter(state="refused"),
    "revoked": Filter(state="revoked"),
    "all": Filter(),
}
DECISIONS: dict[str, Decision] = {"verify": "verify", "refuse": "refuse", "revoke": "revoke"}
reading = [require(Permission.ANNOTATORS_READ)]
writing = [require(Permission.CREDENTIALS_WRITE)]
deciding = [require(Permission.SKILLS_WRITE)]


@get("/people/{annotator_id:uuid}/credentials", guards=reading, include_in_schema=False)
async def of_person(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    await visibility.check_annotator(request.actor, annotator_id)
    actor, person = request.actor, await annotators.annotator(annotator_id)
    decides = actor.may(Permission.SKILLS_WRITE)
    own = actor.annotator_id == annotator_id
    view = CredentialsView(
        person_id=annotator_id, name=person.display_name, state=person.state, vendor=person.vendor,
        domains=sorted(await domain_codes()), own=own,
        rows=(await credentials.credentials(annotator_id=annotator_id, limit=MOST_OF_ONE))[::-1],
        may_edit=decides or (own and actor.may(Permission.CREDENTIALS_WRITE)), may_decide=decides,
        opened=request.query_params.get("open", "")[:40],
    )  # fmt: skip
    return page(request, "credentials_of_person.html", view)


@post("/people/{annotator_id:uuid}/credentials", guards=writing, include_in_schema=False, status_code=200)
async def add(request: Call, annotator_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    draft = read(CredentialDraft, _facts(form))
    async with db.transaction(request.actor.label):
        await may_show(request.actor, annotator_id)
        await credentials.add_credential(annotator_id, draft)
    return redirect(request, f"/people/{annotator_id}/credentials")


@post("/credentials/{credential_id:uuid}", guards=writing, include_in_schema=False, status_code=200)
async def change(request: Call, credential_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    facts = read(CredentialFacts, _facts(form))
    async with db.transaction(request.actor.label):
        before = await reached(request.actor, credential_id)
        await may_show(request.actor, before.annotator_id)
        await credentials.change_credential(credential_id, facts, form.number("version"))
    return redirect(request, f"/people/{before.annotator_id}/credentials#c-{credential_id}")


@post("/credentials/{credential_id:uuid}/withdraw", guards=writing, include_in_schema=False, status_code=200)
async def withdraw(request: Call, credential_id: FromPath[UUID]) -> Response[str]:
    async with db.transaction(request.actor.label):
        before = await reached(request.actor, credential_id)
        await may_show(request.actor, before.annotator_id)
        await credentials.withdraw(credential_id, "withdrawn")
    return redirect(request, f"/people/{before.annotator_id}/credentials")


@post("/credentials/{credential_id:uuid}/decide", guards=deciding, include_in_schema=False, status_code=200)
async def decide(request: Call, credential_id: FromPath[UUID]) -> Response[str]:
    form = await Form.of(request)
    decision, reason = _decision(form)
    async with db.transaction(request.actor.label):
        before = await reached(request.actor, credential_id)
        await credentials.decide(credential_id, decision, reason, form.number("version"))
    return redirect(request, f"/people/{before.annotator_id}/credentials#c-{credential_id}")


@get("/credentials", guards=reading, include_in_schema=False)
async def list_all(request: Call) -> Response[str]:
    """The managers' list; whoever works goes to their own."""
    scope = visibility.filter_for(request.actor)
    if scope.annotator_id is not None:
        return redirect(request, f"/people/{scope.annotator_id}/credentials")
    return page(request, "credentials.html", await _list_view(request))


@post("/credentials/bulk", guards=deciding, include_in_schema=False)
async def bulk(request: Call) -> Response[str]:
    """One decision and one reason for what was selected; what it does not apply to stays as it is."""
    form = await Form.of(request)
    try:
        done, skipped = await _decide_many(request, form)
    except DomainError as error:
        view = await _list_view(request)
        view.problem = problem_view(error, request)
        return page(request, "credentials.html", view, status=error.status)
    back = local_path(form.text("next"))
    return redirect(request, f"{back}{'&' if '?' in back else '?'}done={done}&skipped={skipped}")


async def _decide_many(request: Call, form: Form) -> tuple[int, int]:
    ids = form.ids("id", request.settings.page_limit)
    if not ids:
        raise NothingSelected
    decision, reason = _decision(form)
    done = 0
    async with db.transaction(request.actor.label):
        rows = [await reached(request.actor, credential_id) for credential_id in ids]
        # Person by person in the order of their ids: their skills are locked in the order in which everybody locks them.
        for row in sorted(rows, key=lambda one: (one.annotator_id, one.id)):
            try:
                done += (await credentials.decide(row.id, decision, reason)).version != row.version
            except CredentialDecided:
                continue
    return done, len(rows) - done


async def _list_view(request: Call) -> CredentialListView:
    scope = visibility.filter_for(request.actor)
    if scope.annotator_id is not None:
        raise Forbidden("The list of credentials is for those who answer for people.")
    query = request.query_params
    show = query.get("show", "waiting")
    wish = SHOWN.get(show, SHOWN["waiting"])
    after = read_cursor(query.get("cursor") or None, tuple[date, UUID])
    rows = await credentials.credentials(wish, vendor_id=scope.vendor_id, after=after, limit=PAGE_ROWS + 1)
    shown = rows[:PAGE_ROWS]
    return CredentialListView(
        filter=CredentialFilter(show=show if show in SHOWN else "waiting"), rows=shown,
        may_decide=request.actor.may(Permission.SKILLS_WRITE),
        next_cursor=write_cursor(credentials.key_of(shown[-1], wish)) if len(rows) > PAGE_ROWS else None,
        done=_count(query.get("done")), skipped=_count(query.get("skipped")) or 0,
    )  # fmt: skip


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= len("99999") else None


def _decision(form: Form) -> tuple[Decision, str]:
    decision, reason = DECISIONS.get(form.text("decision", 10)), form.text("reason", 500).strip()
    if decision is None:
        raise Invalid("The decision is verify, refuse or revoke.")
    if not reason:
        raise ReasonMissing
    return decision, reason


def _facts(form: Form) -> dict[str, object]:
    """Empty fields are left out; education is asked of degrees alone."""
    names = ("domain", "kind", "title", "issuer", "document_ref", "note", "issued_on", "expires_on")
    found: dict[str, object] = {name: text for name in names if (text := form.text(name, 2000).strip())}
    if found.get("kind") == "degree":
        if form.text("isced_level", 2):
            found["isced_level"] = form.number("isced_level")
        if form.text("isced_field", 4).strip():
            found["isced_field"] = form.text("isced_field", 4).strip()
    return found


route_handlers = [of_person, add, change, withdraw, decide, list_all, bulk]
