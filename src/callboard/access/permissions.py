"""Who may do what: one table for people (by role) and for programs (by scope).

A permission says that a kind of action is open at all. Whose rows it reaches is decided in SQL: see `visibility.py`.
"""

from collections.abc import Iterable
from enum import StrEnum

from callboard.access.errors import BeyondOwnRights, UnknownRole, UnknownScope


class Permission(StrEnum):
    ACCOUNT = "account"
    """One's own profile, password, sessions."""
    ANNOTATORS_READ = "annotators:read"
    """Profiles, skills and earnings; annotators: only their own."""
    ANNOTATORS_WRITE = "annotators:write"
    """Add people who work, and pause them."""
    ASSIGNMENTS_READ = "assignments:read"
    """Who holds or held what; annotators: only their own."""
    ASSIGNMENTS_WRITE = "assignments:write"
    """Give or offer a task to somebody by hand, take it back, move it on."""
    BANK_WRITE = "bank:write"
    """Bank details, of which only the last digits are shown; annotators: their own. No vendor's, and no token's of a person who works."""
    COST_READ = "costs:read"
    """What the work of everybody whom one may see has cost."""
    CREDENTIALS_WRITE = "credentials:write"
    """Show one's own credentials, unverified, and withdraw them; with `skills:write` those of everybody."""
    EVENTS_READ = "events:read"
    """The feed and the live stream; annotators: only their own events."""
    EXAMS_READ = "exams:read"
    """See which exams there are; annotators: with their own attempts."""
    EXAMS_WRITE = "exams:write"
    """Make, open and close exams, and fill their banks of questions."""
    EXPORTS_IDENTITIES = "exports:identities"
    """See in exports who people are, instead of pseudonyms; with a reason, and audited."""
    EXPORTS_WRITE = "exports:write"
    """Make snapshots of the dialogues of projects, and download them."""
    GOLD_WRITE = "gold:write"
    """See and keep the bank of tasks with known answers, and say how many are mixed in; nobody's who works on them."""
    LEDGER_READ = "ledger:read"
    """Transfers and statements of everybody whom one may see."""
    LOTS_WRITE = "lots:write"
    """Make lots of accepted work, look at their samples, and have what was found made anew."""
    METRICS_READ = "metrics:read"
    """The figures for Prometheus."""
    MONEY_WRITE = "money:write"
    """Rate cards, budgets, floors, bonuses and adjustments; exchange rates and currencies of pay; answers to disputes of pay; closing pay periods."""
    PAYOUTS_WRITE = "payouts:write"
    """Draft, approve, export, confirm and reconcile payouts; never two of the first steps by one person."""
    PEOPLE_READ = "people:read"
    """The accounts that can sign in."""
    PEOPLE_WRITE = "people:write"
    """Make accounts, change their roles, switch them off."""
    PERIODS_OVERRIDE = "periods:override"
    """Close a pay period over what blocks it, where that can be overridden; with a reason, and audited."""
    PRESENCE_WRITE = "presence:write"
    """Say whether one is there to work; managers: whether somebody is whom they may see."""
    POLICIES_WRITE = "policies:write"
    """Write down weights of the score, and put a version in force; reading and comparing them is `tasks:list`."""
    PROJECTS_READ = "projects:read"
    """See projects, their rules and prices."""
    PROJECTS_WRITE = "projects:write"
    """Make, change, publish, pause and close projects; choose their bot."""
    REGISTRY_WRITE = "registry:write"
    """Edit domains, levels, roles and kinds of tasks; whoever is recognised reads them."""
    REPORTS_READ = "reports:read"
    """Queue, throughput and quality: over everybody, or over one's vendor's people."""
    SKILLS_WRITE = "skills:write"
    """State what somebody can do, and verify credentials: decides who gets which work, and so never one's vendor."""
    STANDING_WRITE = "standing:write"
    """Make standing rules, restrict people and lift it, decide appeals; reading it is `annotators:read`."""
    TASKS_LIST = "tasks:list"
    """Search all tasks, read their history, ask who would get them and why."""
    TASKS_READ = "tasks:read"
    """One task; annotators and vendors: only those that they, or their people, hold or held."""
    TASKS_WRITE = "tasks:write"
    """Post, import and cancel tasks."""
    TOKENS_WRITE = "tokens:write"
    """Make, list and revoke the tokens of programs."""
    VERDICTS_WRITE = "verdicts:write"
    """Take a second look at a verdict: overturn or uphold it."""
    WEBHOOKS_WRITE = "webhooks:write"
    """Make, list, change, pause, replay and delete webhooks; a vendor's hear of its own people."""
    WORK = "work"
    """Claim, heartbeat, save, submit, release, decline, review: for oneself."""
    WORK_BEHALF = "work:behalf"
    """The same on behalf of any annotator whom one may see."""


P = Permission
_READING = frozenset(
    {P.ANNOTATORS_READ, P.ASSIGNMENTS_READ, P.COST_READ, P.EVENTS_READ, P.EXAMS_READ, P.LEDGER_READ, P.PROJECTS_READ,
     P.REPORTS_READ, P.TASKS_LIST, P.TASKS_READ}
)  # fmt: skip
_MANAGING = _READING | {
    P.ANNOTATORS_WRITE, P.ASSIGNMENTS_WRITE, P.BANK_WRITE, P.CREDENTIALS_WRITE, P.EXAMS_WRITE, P.EXPORTS_WRITE, P.GOLD_WRITE, P.LOTS_WRITE,
    P.MONEY_WRITE, P.PAYOUTS_WRITE, P.PEOPLE_READ, P.PEOPLE_WRITE, P.POLICIES_WRITE, P.PRESENCE_WRITE, P.PROJECTS_WRITE,
    P.REGISTRY_WRITE, P.SKILLS_WRITE, P.STANDING_WRITE, P.TASKS_WRITE,
    P.TOKENS_WRITE, P.VERDICTS_WRITE, P.WEBHOOKS_WRITE,
}  # fmt: skip
WORKING = frozenset(
    {P.ANNOTATORS_READ, P.ASSIGNMENTS_READ, P.CREDENTIALS_WRITE, P.EVENTS_READ, P.EXAMS_READ, P.PRESENCE_WRITE, P.TASKS_READ,
     P.WORK}
)  # fmt: skip
"""All that a token can do that is bound to one annotator."""

ROLES: dict[str, frozenset[Permission]] = {
    "admin": _MANAGING | {P.ACCOUNT, P.EXPORTS_IDENTITIES, P.METRICS_READ, P.PERIODS_OVERRIDE},
    "manager": _MANAGING | {P.ACCOUNT},
    # A manager who belongs to a vendor: sees that vendor's people, work and money, and decides no rules and no prices.
    "vendor_manager": frozenset(
        {P.ACCOUNT, P.ANNOTATORS_READ, P.ANNOTATORS_WRITE, P.ASSIGNMENTS_READ, P.COST_READ, P.EVENTS_READ, P.EXAMS_READ,
         P.LEDGER_READ, P.PEOPLE_READ, P.PEOPLE_WRITE, P.PRESENCE_WRITE, P.REPORTS_READ, P.TASKS_READ, P.WEBHOOKS_WRITE}
    ),
    "reviewer": WORKING | {P.ACCOUNT, P.BANK_WRITE},
    "annotator": WORKING | {P.ACCOUNT, P.BANK_WRITE},
}  # fmt: skip

SCOPES: dict[str, frozenset[Permission]] = {
    "admin": _MANAGING | {P.EXPORTS_IDENTITIES, P.METRICS_READ, P.PERIODS_OVERRIDE, P.WORK, P.WORK_BEHALF},
    "annotators:read": frozenset({P.ANNOTATORS_READ}),
    "annotators:write": frozenset({P.ANNOTATORS_READ, P.ANNOTATORS_WRITE, P.CREDENTIALS_WRITE, P.SKILLS_WRITE}),
    "assignments:write": frozenset({P.ASSIGNMENTS_READ, P.ASSIGNMENTS_WRITE, P.TASKS_LIST, P.TASKS_READ}),
    "bank:write": frozenset({P.BANK_WRITE}),
    "events:read": frozenset({P.EVENTS_READ}),
    "exams:read": frozenset({P.EXAMS_READ}),
    "exams:write": frozenset({P.EXAMS_READ, P.EXAMS_WRITE}),
    "exports:identities": frozenset({P.EXPORTS_IDENTITIES, P.EXPORTS_WRITE, P.PROJECTS_READ}),
    "exports:write": frozenset({P.EXPORTS_WRITE, P.PROJECTS_READ}),
    "gold:write": frozenset({P.GOLD_WRITE, P.PROJECTS_READ}),
    "ledger:read": frozenset({P.ANNOTATORS_READ, P.COST_READ, P.LEDGER_READ}),
    "lots:write": frozenset({P.LOTS_WRITE, P.PROJECTS_READ, P.TASKS_LIST, P.TASKS_READ}),
    "metrics:read": frozenset({P.METRICS_READ}),
    "money:write": frozenset({P.MONEY_WRITE, P.PROJECTS_READ}),
    "payouts:write": frozenset({P.LEDGER_READ, P.PAYOUTS_WRITE}),
    "periods:override": frozenset({P.MONEY_WRITE, P.PERIODS_OVERRIDE}),
    "policies:write": frozenset({P.POLICIES_WRITE, P.TASKS_LIST}),
    "projects:read": frozenset({P.PROJECTS_READ}),
    "projects:write": frozenset({P.PROJECTS_READ, P.PROJECTS_WRITE}),
    "registry:write": frozenset({P.REGISTRY_WRITE}),
    "reports:read": frozenset({P.COST_READ, P.REPORTS_READ}),
    "standing:write": frozenset({P.ANNOTATORS_READ, P.STANDING_WRITE}),
    "tasks:read": frozenset({P.PROJECTS_READ, P.TASKS_LIST, P.TASKS_READ}),
    "tasks:write": frozenset({P.PROJECTS_READ, P.TASKS_LIST, P.TASKS_READ, P.TASKS_WRITE}),
    "verdicts:write": frozenset({P.TASKS_LIST, P.TASKS_READ, P.VERDICTS_WRITE}),
    "webhooks:write": frozenset({P.EVENTS_READ, P.WEBHOOKS_WRITE}),
    "work": frozenset({P.ASSIGNMENTS_READ, P.EXAMS_READ, P.PRESENCE_WRITE, P.TASKS_READ, P.WORK, P.WORK_BEHALF}),
}

# Which scopes somebody of a role may put into a token. Vendor managers hand out nothing that reaches beyond their people.
GRANTABLE: dict[str, frozenset[str]] = {
    "admin": frozenset(SCOPES),
    "manager": frozenset(SCOPES) - {"admin", "exports:identities", "metrics:read", "periods:override"},
}

# Which roles somebody of a role may give to an account.
APPOINTS: dict[str, frozenset[str]] = {
    "admin": frozenset({"admin", "manager", "reviewer", "annotator"}),
    "manager": frozenset({"reviewer", "annotator"}),
    "vendor_manager": frozenset({"reviewer", "annotator"}),
}
ASSIGNABLE = APPOINTS["admin"]


def effective_roles(roles: Iterable[str], *, has_vendor: bool) -> frozenset[str]:
    """`manager` of a vendor counts as `vendor_manager`; administrators are never bound to a vendor."""
    held = frozenset(roles)
    if has_vendor and "manager" in held and "admin" not in held:
        return held - {"manager"} | {"vendor_manager"}
    return held


def permissions_of_roles(roles: Iterable[str]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*(ROLES.get(role, frozenset()) for role in roles))


def permissions_of_scopes(scopes: Iterable[str]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def grantable_scopes(roles: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*(GRANTABLE.get(role, frozenset()) for role in roles))


def check_scopes(scopes: Iterable[str], roles: Iterable[str]) -> None:
    """Raises `UnknownScope`, `BeyondOwnRights`."""
    wanted = set(scopes)
    if wanted - SCOPES.keys():
        raise UnknownScope(f"There is no scope {', '.join(sorted(wanted - SCOPES.keys()))}; see docs/access.md.")
    beyond = wanted - grantable_scopes(roles)
    if beyond:
        raise BeyondOwnRights(f"This account cannot give away the scope {', '.join(sorted(beyond))}.")


def check_appointment(roles: Iterable[str], own: Iterable[str]) -> None:
    """Raises `UnknownRole`, `BeyondOwnRights`."""
    wanted = set(roles)
    if wanted - ASSIGNABLE:
        raise UnknownRole(f"There is no role {', '.join(sorted(wanted - ASSIGNABLE))} for people.")
    allowed = frozenset[str]().union(*(APPOINTS.get(role, frozenset()) for role in own))
    if wanted - allowed:
        raise BeyondOwnRights(f"This account cannot appoint anybody as {', '.join(sorted(wanted - allowed))}.")
