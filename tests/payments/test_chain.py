"""Whoever changes the books around their rules is found, and the very row is named."""

import pytest

from callboard.ledger_check import LedgerReport, ledger_check
from kernel import audit, db
from kernel.settings import Settings
from payments import sealing
from tests.payments import world
from tests.payments.test_verify import make_scene

pytestmark = pytest.mark.usefixtures("pool")


async def seal_all(settings: Settings) -> None:
    async with db.transaction():
        while await sealing.seal(settings):
            pass
        while await audit.seal(settings):
            pass


async def tamper(*statements: str) -> None:
    """As a superuser of the database would, with every trigger off."""
    async with db.transaction("person:owner"):
        for table in ("transfer", "audit_entry", "ledger_seal"):
            await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            assert await db.execute(statement)
        for table in ("transfer", "audit_entry", "ledger_seal"):
            await db.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def named(report: LedgerReport) -> dict[str, list[tuple[str, int | None]]]:
    found = {"transfer": report.ledger_chain, "audit_entry": report.audit_chain}
    return {table: [(one.what, one.seq) for one in chain.findings] for table, chain in found.items() if chain.findings}


ROW = {
    "transfer": (
        "INSERT INTO transfer (id, seq, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id,"
        " annotator_id, assignment_id, task_id, inputs) SELECT gen_random_uuid(), 7777, 'share', 'by hand', debit_account, credit_account,"
        " 1, currency, project_id, annotator_id, assignment_id, task_id, '{}' FROM transfer WHERE kind = 'post' LIMIT 1"
    ),
    "audit_entry": (
        "INSERT INTO audit_entry (seq, actor, action, subject_type, subject_id)"
        " VALUES (7777, 'person:nobody', 'budget.funded', 'project', 'x')"
    ),
}
EDITS = {"transfer": ("amount_micros = amount_micros + 1", "reason = 'agreed'", "xid = '3'"), "audit_entry": ("reason = 'asked for'",)}  # fmt: skip


async def test_every_changed_removed_or_added_row_is_named(settings: Settings) -> None:
    await make_scene()
    await seal_all(settings)
    report = await ledger_check()
    assert report.ok, report.to_text()
    assert "everything fits" in report.to_text()
    assert report.ledger_chain.rows == await db.fetch_value("SELECT count(*) FROM transfer")
    for table, edits in EDITS.items():
        rows = await db.fetch(f"SELECT seq FROM {table} ORDER BY seq")  # noqa: S608  names of our own
        for n, row in enumerate(rows):
            seq, edit = row["seq"], edits[n % len(edits)]
            for statement, what in (
                (f"UPDATE {table} SET {edit} WHERE seq = {seq}", "changed"),  # noqa: S608  as above
                (f"DELETE FROM {table} WHERE seq = {seq}", "removed"),  # noqa: S608  as above
            ):
                with pytest.raises(RollBack):
                    await in_a_lost_world(statement, table, what, seq)


class RollBack(Exception):  # noqa: N818  it is no error
    """What was tried is undone."""


async def in_a_lost_world(statement: str, table: str, what: str, seq: int) -> None:
    async with db.transaction("person:owner"):
        await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        assert await db.execute(statement)
        chain = await (sealing.verify() if table == "transfer" else audit.verify())
        found = {(one.what, one.seq) for one in chain.findings}
        assert found == {(what, seq)}, statement
        assert chain.broken_at == 1
        raise RollBack


async def test_an_entry_is_the_text_that_older_digests_were_made_of() -> None:
    """They were written from a jsonb document; a digest made of any other text would call every older row changed."""
    await world.make_project(funded_micros=5)
    said = '"back\\slash\\\\ tab\there, ä 付款 🙂 </script> \x01\x7f\u2028'
    async with db.transaction("person:owner"):
        await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
        await db.execute(
            "UPDATE transfer SET reason = :said, inputs = jsonb_build_object('said', :said::text)", said=said
        )
    row = await db.fetch_one(
        "SELECT transfer_entry(transfer) AS entry, transfer_entry(transfer)::jsonb::text AS older, reason FROM transfer"
    )
    assert row is not None
    assert "付款" in row["reason"]
    assert row["entry"] == row["older"]


@pytest.mark.parametrize("table", ROW)
async def test_a_row_put_in_around_the_rules_is_named_before_and_after_it_is_sealed(
    table: str, settings: Settings
) -> None:
    await make_scene()
    await seal_all(settings)
    await tamper(ROW[table])
    assert named(await ledger_check()) == {table: [("added", 7777)]}
    await seal_all(settings)
    report = await ledger_check()
    assert named(report) == {table: [("added", 7777)]}
    assert f"{table} 7777 was added (seal 2)" in report.to_text()


async def test_a_chain_that_was_written_anew_is_found_by_its_next_link_or_by_a_noted_hash(settings: Settings) -> None:
    await make_scene()
    await seal_all(settings)
    head = (await sealing.verify()).head
    project_id = await world.make_project(funded_micros=5)
    assert project_id
    await seal_all(settings)
    assert (await ledger_check(head)).ok
    await tamper(
        "UPDATE transfer SET reason = 'agreed' WHERE kind = 'direct'",
        "UPDATE transfer SET digest = transfer_digest(transfer) WHERE kind = 'direct'",
    )
    assert {what for what, _ in named(await ledger_check())["transfer"]} == {"changed"}
    await tamper(
        "UPDATE ledger_seal SET leaves = (SELECT string_agg(int8send(seq) || digest, ''::bytea ORDER BY xid, seq) FROM transfer"
        " WHERE (xid, seq) <= (to_xid::text::xid8, to_seq)) WHERE n = 1",
        "UPDATE ledger_seal SET hash = sha256(previous_hash || leaves) WHERE n = 1",
    )
    report = await ledger_check(head)
    assert ("seal", None) in named(report)["transfer"]
    assert report.head_found is False
    assert (await ledger_check("no hash")).head_found is False
