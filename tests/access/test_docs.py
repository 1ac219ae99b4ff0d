"""docs/errors.md and docs/access.md say what the code does, no more and no less."""

import importlib
import pkgutil
import re
from pathlib import Path

import callboard
import dialogue
import kernel
import payments
import routing
import skills
from callboard.access.permissions import APPOINTS, GRANTABLE, ROLES, SCOPES, Permission
from kernel.errors import DomainError

DOCS = Path(__file__).parents[2] / "docs"


def facts() -> list[tuple[str, int, str]]:
    """(code, status, title) of every named error."""
    for package in (kernel, skills, routing, dialogue, payments, callboard):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.startswith("callboard.cli"):
                importlib.import_module(module.name)
    found, pending = set(), [DomainError]
    while pending:
        kind = pending.pop()
        if "tests" not in kind.__module__:
            found.add((kind.code, kind.status, kind.title))
        pending += kind.__subclasses__()
    return sorted(found)


def test_errors_are_listed() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", text, re.MULTILINE)
    shown, real = {(code, int(status), title) for code, status, title in listed}, facts()
    missing = "\n".join(
        f"| `{code}` | {status} | {title} |" for code, status, title in real if (code, status, title) not in shown
    )
    assert not missing, f"rows missing in docs/errors.md:\n{missing}"
    assert not shown - set(real), "docs/errors.md lists what no longer exists"
    assert listed == sorted(listed)


def test_a_code_has_one_status_everywhere() -> None:
    statuses: dict[str, set[int]] = {}
    for code, status, _ in facts():
        statuses.setdefault(code, set()).add(status)
    assert not {code: several for code, several in statuses.items() if len(several) > 1}


def test_permissions_are_listed() -> None:
    text = (DOCS / "access.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w:]+)` \| (.*) \|$", text, re.MULTILINE)
    shown = {name: set(re.findall(r"`([\w:]+)`", cells)) for name, cells in rows}
    for name, permissions in {**ROLES, **{f"scope:{scope}": held for scope, held in SCOPES.items()}}.items():
        assert shown[name] == set(permissions), name
    assert {name for name in shown if name in set(Permission)} == set(Permission)


def test_every_scope_and_role_is_somebodys_to_give() -> None:
    assert frozenset().union(*GRANTABLE.values()) == set(SCOPES)
    assert frozenset().union(*APPOINTS.values()) == set(ROLES) - {"vendor_manager"}
