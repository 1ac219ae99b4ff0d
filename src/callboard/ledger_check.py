"""What `callboard ledger verify` does: adds the books up again and hashes every row of ledger and audit log anew."""

from typing import Any

import msgspec

from callboard.checks import NO_LIMIT_SECONDS, chain_text
from kernel import audit, db
from kernel.chain import ChainReport
from kernel.invariants import Result, run
from kernel.settings import load_settings
from payments import books, sealing
from payments.verify import INVARIANTS, ledger_totals

_HASH_LENGTH = 64
ACTOR = "system:ledger-verify"


class LedgerReport(msgspec.Struct, frozen=True):
    ok: bool
    ledger: list[dict[str, Any]]
    """Debits and credits of each currency."""
    ledger_chain: ChainReport
    audit_chain: ChainReport
    broken: list[Result]
    """Invariants of the money that do not hold, with the first rows."""
    head_found: bool | None
    """Whether the hash that was asked for is in the chain; none was asked for: null."""

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    def to_text(self) -> str:
        lines = [
            f"ledger {total['currency']}: debits {total['debits']['amount']} = credits {total['credits']['amount']}"
            for total in self.ledger
        ]
        for name, table, chain in (
            ("ledger", "transfer", self.ledger_chain),
            ("audit", "audit_entry", self.audit_chain),
        ):
            lines.append(chain_text(name, chain))
            for one in chain.findings:
                where = f"{table} {one.seq}" if one.seq is not None else f"the link itself, of {table}"
                seal = "behind the last seal" if one.seal is None else f"seal {one.seal}"
                lines.append(f"FAIL  {where} was {'altered' if one.what == 'seal' else one.what} ({seal})")
        for result in self.broken:
            lines.append(f"FAIL  {result.violations:>4}  {result.name}: {result.sentence}")
            lines += [f"            {msgspec.json.encode(example).decode()}" for example in result.examples]
        if self.head_found is not None:
            lines.append("the noted hash is in the chain" if self.head_found else "FAIL  the noted hash is in no link")
        lines.append("everything fits" if self.ok else "NOT everything fits")
        return "\n".join(lines)


async def run_ledger_check(dsn: str, head: str | None = None, *, note: bool = False) -> LedgerReport:
    """`note`: written down as *Check the books now* does, which the checklists of pay periods ask for."""
    limits = {"statement_timeout": str(int(NO_LIMIT_SECONDS * 1000))}
    async with db.pool(dsn, load_settings(), command_timeout=NO_LIMIT_SECONDS, server_settings=limits):
        report = await ledger_check(head)
        if note:
            await write_down(report)
        return report


async def write_down(report: LedgerReport) -> None:
    """The rules that do not hold, for the checklists of pay periods; on the pool that is open in this process."""
    failures = [one.name for one in report.broken] + ([] if report.ledger_chain.ok else [books.CHAIN])
    async with db.transaction(ACTOR):
        await books.note(failures)


async def ledger_check(head: str | None = None) -> LedgerReport:
    """On the pool that is open in this process."""
    broken = [result for result in await run(INVARIANTS) if result.violations]
    ledger_chain, audit_chain, totals = await sealing.verify(), await audit.verify(), await ledger_totals()
    found = None if head is None else await _in_chain(head)
    ledger = [
        {"currency": total.currency, "debits": total.debits.to_json(), "credits": total.credits.to_json()}
        for total in totals
    ]
    fits = ledger_chain.ok and audit_chain.ok and not broken and found is not False
    return LedgerReport(fits, ledger, ledger_chain, audit_chain, broken, found)


async def _in_chain(head: str) -> bool:
    try:
        wanted = bytes.fromhex(head)
    except ValueError:
        return False
    if len(head) != _HASH_LENGTH:
        return False
    return bool(await db.fetch_value("SELECT EXISTS (SELECT FROM ledger_seal WHERE hash = :hash)", hash=wanted))
