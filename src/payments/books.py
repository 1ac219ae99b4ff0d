"""A look at all rules of the money and at the ledger's chain, and what it found: a period is not closed over broken books."""

from datetime import datetime

import asyncpg
import msgspec

from kernel import db, invariants
from kernel.ids import uuid7
from kernel.sql import load
from payments import sealing
from payments.errors import BooksTooLarge
from payments.verify import INVARIANTS

sql = load(__package__)
CHAIN = "ledger_chain_verifies"


class BookCheckView(msgspec.Struct, frozen=True):
    at: datetime
    failures: list[str]
    """Names of the rules that do not hold; see `callboard check` for the rows."""


async def failures() -> list[str]:
    """One statement per rule, and no transaction around them: seals and events go on meanwhile.

    Raises `BooksTooLarge` where one takes longer than a statement of a request may; the command line has no such limit.
    """
    try:
        broken = [result.name for result in await invariants.run(INVARIANTS) if result.violations]
        return broken if (await sealing.verify()).ok else [*broken, CHAIN]
    except (asyncpg.QueryCanceledError, TimeoutError) as error:
        raise BooksTooLarge from error


async def note(found: list[str]) -> BookCheckView:
    """Writes down what `failures` found."""
    db.require_transaction()
    await db.execute(sql.add_book_check, id=uuid7(), failures=db.jsonb(found))
    last = await last_check()
    assert last is not None
    return last


async def last_check() -> BookCheckView | None:
    return await db.fetch_one_as(BookCheckView, sql.last_book_check)
