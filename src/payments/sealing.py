"""The ledger's hash chain: `kernel.chain` over the transfers."""

from kernel import chain
from kernel.chain import Chain, ChainReport
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)

JOB = "ledger.seal"
LOCK = 7276655031  # any number that nothing else in the database locks
CHAIN = Chain(
    lock=LOCK, last=sql.last_ledger_seal, add=sql.add_ledger_seal, seals=sql.ledger_seals,
    differences=sql.ledger_seal_differences, tail=sql.ledger_seal_tail,
)  # fmt: skip


async def seal(settings: Settings) -> int:
    """Adds one link over the transfers since the last one, at most `seal_batch`; how many."""
    return await chain.seal(CHAIN, settings.seal_batch)


async def verify() -> ChainReport:
    return await chain.verify(CHAIN)
