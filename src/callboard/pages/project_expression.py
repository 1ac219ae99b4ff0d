"""What a project asks of people, between the form that managers edit and the expression that routing keeps.

Who is welcome and who is kept out are lists in the form and part of the expression in the record: `not vendor "X"` at
its top is shown as a vendor that is kept out, and the other way round.
"""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from callboard.pages.views_projects import RequirementCheck, RequirementForm, TextFault
from kernel.settings import Settings
from routing import requirements as req
from routing.errors import BadRequirement
from routing.fitting import try_requirements
from routing.projects import ProjectView
from routing.requirement_reading import from_json, from_text
from routing.requirements import Node
from routing.wanted import Stated
from skills.annotators import vendor_names
from skills.registry import domain_codes

WELCOME, OUT = "welcome", "out"
TOKEN = re.compile(r'"[^"]*"|>=|[\w-]+|\S')
POSITION = re.compile(r"character (\d+)")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def expression_of(stated: Stated) -> dict[str, Any] | str:
    if isinstance(stated, str):
        return stated
    if "require" in stated:
        return stated["require"]  # type: ignore[no-any-return]
    sugar = {"min_level", "role", "prefer"}
    return {} if not stated or set(stated) & sugar or isinstance(stated.get("credential"), bool) else stated


async def told(owner: ProjectView) -> str:
    """The expression in the short form, vendors by name; empty: none."""
    stated = expression_of(owner.requirements)
    if not stated:
        return ""
    return with_names(req.text(await _parsed(stated)), await vendor_names())


def with_names(text: str, vendors: dict[str, str]) -> str:
    return _UUID.sub(lambda found: vendors.get(found.group(), found.group()), text)


async def _parsed(stated: dict[str, Any] | str) -> Node:
    return from_text(stated, await domain_codes()) if isinstance(stated, str) else from_json(stated)


async def form_of(owner: ProjectView) -> RequirementForm:
    """The record as a form."""
    stated = owner.requirements
    sugar: dict[str, Any] = stated if isinstance(stated, dict) and expression_of(stated) is not stated else {}
    form = RequirementForm(
        min_level=str(sugar.get("min_level") or ""), role=sugar.get("role") or "",
        credential=bool(sugar.get("credential", False)),
    )  # fmt: skip
    names = await vendor_names()
    ids = {name: one for one, name in names.items()} | {one: one for one in names}
    prefer = sugar.get("prefer", {})
    form.people = dict.fromkeys(prefer.get("people", []), WELCOME)
    form.vendors = {ids[one]: WELCOME for one in prefer.get("vendors", []) if one in ids}
    expression = expression_of(stated)
    if not expression:
        return form
    node = await _parsed(expression)
    parts, rest = _conjuncts(node), []
    for part in parts:
        match part:
            case req.Not(req.Vendor(vendor)) if vendor in ids:
                form.vendors[ids[vendor]] = OUT
            case req.Not(req.People(people)):
                form.people |= {str(one): OUT for one in people}
            case _:
                rest.append(part)
    as_written = isinstance(expression, str) and len(rest) == len(parts)
    left = rest[0] if len(rest) == 1 else req.All(tuple(rest))
    text = str(expression) if as_written else req.text(left) if rest else ""
    form.text = with_names(text, names)
    return form


def _conjuncts(node: Node) -> list[Node]:
    """What has to hold together, through brackets inside each other."""
    return [one for part in node.parts for one in _conjuncts(part)] if isinstance(node, req.All) else [node]


async def stated_by(form: RequirementForm) -> Stated:
    """What the form says, as the API takes it. Raises `BadRequirement` at a character of the text."""
    shut: list[dict[str, Any]] = [{"not": {"vendor": one}} for one, wish in form.vendors.items() if wish == OUT]
    out = [one for one, wish in form.people.items() if wish == OUT]
    if out:
        shut.append({"not": {"people": out}})
    require: dict[str, Any] | str = form.text.strip() and form.text.rstrip()
    if shut:
        parts = [req.as_json(from_text(require, await domain_codes()))] if isinstance(require, str) and require else []
        require = {"all": [*parts, *shut]}
    prefer = {
        "people": [one for one, wish in form.people.items() if wish == WELCOME],
        "vendors": [one for one, wish in form.vendors.items() if wish == WELCOME],
    }
    beside: dict[str, Any] = {
        "min_level": int(form.min_level) if form.min_level else None, "role": form.role or None,
        "credential": form.credential or None, "prefer": {name: ids for name, ids in prefer.items() if ids} or None,
    }  # fmt: skip
    beside = {name: value for name, value in beside.items() if value}
    if not beside:
        return require or {}
    return beside | ({"require": require} if require else {})


async def check(owner: ProjectView, form: RequirementForm, settings: Settings) -> RequirementCheck:
    """Who would fit, or where it stops making sense; with a text of its own that is read first, so that places are its."""
    try:
        if form.text.strip():
            await try_alone(owner, form, settings)
        fit = await try_requirements(owner, await stated_by(form), settings)
    except BadRequirement as error:
        return RequirementCheck(fault=fault_of(error, form.text))
    return RequirementCheck(fit=fit, short=with_names(fit.requirement, await vendor_names()))


async def try_alone(owner: ProjectView, form: RequirementForm, settings: Settings) -> None:
    """The text by itself where lists stand beside it: its names are looked up in the text, not in what is made of it."""
    if OUT in {*form.vendors.values(), *form.people.values()}:
        await try_requirements(owner, form.text.rstrip(), settings)


def fault_of(error: BadRequirement, text: str) -> TextFault:
    allowed, unknown = str(error.extra.get("allowed", "")), str(error.extra.get("unknown", ""))
    fault = TextFault(detail=error.detail, allowed=[allowed])
    if unknown:
        fault.kind, fault.allowed = "unknown", _names(allowed)
    elif allowed == "what somebody can meet":
        fault.kind, fault.allowed = "contradiction", []
    elif allowed.startswith("what somebody can meet together"):
        fault.kind, fault.allowed = "together", []
    found = POSITION.search(str(error.extra.get("at", "")))
    if found is None or (fault.kind not in {"unexpected", "unknown"}):
        fault.kind = "other" if fault.kind == "unexpected" else fault.kind
        return fault
    fault.position = min(int(found[1]), len(text) + 1)
    begin = fault.position - 1
    line = text.rfind("\n", 0, begin) + 1
    end = text.find("\n", begin)
    end = len(text) if end < 0 else end
    token = TOKEN.match(text, begin, end)
    stop = token.end() if token else begin
    fault.before, fault.at, fault.after = text[line:begin], text[begin:stop], text[stop:end]
    return fault


def _names(allowed: str) -> list[str]:
    return [one for one in allowed.split(", ") if one]


def people_ids(form: RequirementForm) -> Sequence[UUID]:
    return [UUID(one) for one in form.people]
