"""Every invariant on the data as it stands: what `callboard check` prints, tests demand and the clock repeats."""

from typing import Any

import msgspec

from dialogue.invariants import INVARIANTS as DIALOGUE_INVARIANTS
from kernel import audit, db
from kernel.chain import ChainReport
from kernel.invariants import EXAMPLES, Invariant, Result, run
from kernel.settings import Settings, load_settings
from kernel.sql import compile_sql
from payments import sealing
from payments.verify import INVARIANTS as PAYMENT_INVARIANTS
from payments.verify import ledger_totals
from routing.invariants import INVARIANTS as ROUTING_INVARIANTS
from skills.evidence import differences
from skills.invariants import INVARIANTS as SKILL_INVARIANTS
from skills.standing_judging import unfounded

NO_LIMIT_SECONDS = 600.0
"""A check reads everything; it may take longer than a request."""

KERNEL_INVARIANTS = [
    Invariant(
        "replies_are_whole",
        "Every Idempotency-Key that is on record has its reply: the effect and the reply committed together.",
        compile_sql("replies_are_whole", "SELECT id FROM idempotency_key WHERE status IS NULL OR body IS NULL"),
        8,
    ),
    Invariant(
        "no_job_was_given_up",
        "No job that had to follow a transaction was left undone after its last try.",
        compile_sql("no_job_was_given_up", "SELECT id, name, last_error FROM job WHERE failed_at IS NOT NULL"),
        8,
    ),
]


class Report(msgspec.Struct, frozen=True):
    ok: bool
    invariants: list[Result]
    ledger: list[dict[str, Any]]
    """Debits and credits of each currency."""
    audit_chain: ChainReport
    ledger_chain: ChainReport

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    def to_text(self) -> str:
        lines = [
            f"{'ok  ' if result.violations == 0 else 'FAIL'} {result.violations:>6}  {result.name}: {result.sentence}"
            for result in self.invariants
        ]
        lines += [
            f"ledger {total['currency']}: debits {total['debits']['amount']} = credits {total['credits']['amount']}"
            for total in self.ledger
        ]
        lines += [chain_text("audit", self.audit_chain), chain_text("ledger", self.ledger_chain)]
        return "\n".join(lines)


def all_invariants() -> list[Invariant]:
    return [*ROUTING_INVARIANTS, *SKILL_INVARIANTS, *DIALOGUE_INVARIANTS, *PAYMENT_INVARIANTS, *KERNEL_INVARIANTS]


async def run_checks(dsn: str, settings: Settings | None = None) -> Report:
    limits = {"statement_timeout": str(int(NO_LIMIT_SECONDS * 1000))}
    async with db.pool(dsn, settings or load_settings(), command_timeout=NO_LIMIT_SECONDS, server_settings=limits):
        return await check()


async def check() -> Report:
    """On the pool that is open in this process."""
    results = await run(all_invariants())
    results.append(await _beliefs_follow_evidence())
    results.append(await _standing_follows_rules())
    chain, ledger_chain = await audit.verify(), await sealing.verify()
    results.append(_chain_result("audit_chain_verifies", "audit log", chain))
    results.append(_chain_result("ledger_chain_verifies", "ledger", ledger_chain))
    totals = await ledger_totals()
    results.append(_balance_result(totals))
    results.sort(key=lambda result: (result.number, result.name))
    ledger = [
        {"currency": total.currency, "debits": total.debits.to_json(), "credits": total.credits.to_json()}
        for total in totals
    ]
    return Report(all(result.violations == 0 for result in results), results, ledger, chain, ledger_chain)


async def _beliefs_follow_evidence() -> Result:
    wrong = await differences()
    examples = [{"annotator_id": str(annotator_id), "domain": domain} for annotator_id, domain in wrong[:5]]
    return Result("beliefs_follow_evidence", "Every belief is the fold of its evidence.", len(wrong), examples, 7)


async def _standing_follows_rules() -> Result:
    wrong = await unfounded()
    examples = [{"annotator_id": str(annotator_id), "standing_id": str(one)} for annotator_id, one in wrong[:5]]
    sentence = "Every restriction by a rule that is in force is one that its rule finds in the evidence."
    return Result("standing_follows_evidence", sentence, len(wrong), examples, 7)


def _chain_result(name: str, what: str, chain: ChainReport) -> Result:
    sentence = f"The {what}'s hash chain verifies: no row was changed, removed or put in around its rules."
    examples = [msgspec.to_builtins(finding) for finding in chain.findings[:EXAMPLES]]
    return Result(name, sentence, len(chain.findings), examples, 7)


def chain_text(name: str, chain: ChainReport) -> str:
    waiting = f", {chain.tail} not sealed yet" if chain.tail else ""
    return f"{name} chain: {chain.seals} seals over {chain.rows} rows{waiting}, head {chain.head[:16]}…"


def _balance_result(totals: list[Any]) -> Result:
    unequal = [{"currency": total.currency} for total in totals if total.debits != total.credits]
    return Result("debits_equal_credits", "Debits equal credits over the whole ledger.", len(unequal), unequal, 5)
