"""Events are told and jobs are done if, and only if, their transaction committed."""

import asyncio
from uuid import uuid4

import pytest

from kernel import audit, chain, db, outbox
from kernel.settings import Settings

pytestmark = pytest.mark.usefixtures("pool")


async def test_event_of_a_rolled_back_transaction_is_never_told() -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await outbox.publish("task.created", {"n": 1})
            raise ZeroDivisionError
    async with db.transaction():
        await outbox.publish("task.created", {"n": 2})
    assert [event.data["n"] for event in await outbox.events_after(outbox.START, 10)] == [2]


async def test_feed_waits_for_older_transactions_so_that_none_is_skipped() -> None:
    begun, commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with db.transaction():
            await outbox.publish("slow", {})
            begun.set()
            await commit.wait()

    task = asyncio.create_task(slow())
    await begun.wait()
    async with db.transaction():
        await outbox.publish("quick", {})
    assert await outbox.events_after(outbox.START, 10) == []
    commit.set()
    await task
    assert [event.type for event in await outbox.events_after(outbox.START, 10)] == ["slow", "quick"]


async def test_a_job_runs_once_however_many_workers_are_nudged(settings: Settings) -> None:
    name, ran = f"test.{uuid4()}", 0

    @outbox.handler(name)
    async def run(payload: dict[str, int], _settings: Settings) -> None:
        nonlocal ran
        ran += payload["n"]
        await asyncio.sleep(0.05)

    async with db.transaction():
        await outbox.enqueue(name, {"n": 3})
    (job_id,) = await outbox.take_due_jobs(settings)
    results = await asyncio.gather(*(outbox.run_job(job_id, settings) for _ in range(5)))
    assert ran == 3
    assert results.count(True) == 1


async def test_a_failed_job_leaves_no_effect_and_is_due_again(settings: Settings) -> None:
    name, tries = f"test.{uuid4()}", 0

    @outbox.handler(name)
    async def run(payload: dict[str, int], _settings: Settings) -> None:
        nonlocal tries
        tries += 1
        await outbox.publish("effect", {"try": tries})
        if tries == 1:
            raise RuntimeError("first try fails")

    async with db.transaction():
        await outbox.enqueue(name, {})
    (job_id,) = await outbox.take_due_jobs(settings)
    assert not await outbox.run_job(job_id, settings)
    assert await outbox.events_after(outbox.START, 10) == []
    row = await db.fetch_one("SELECT attempts, last_error FROM job WHERE id = :id", id=job_id)
    assert row is not None
    assert (row["attempts"], row["last_error"]) == (1, "RuntimeError: first try fails")
    assert await outbox.run_job(job_id, settings)
    assert len(await outbox.events_after(outbox.START, 10)) == 1


async def test_one_waiting_job_per_key(settings: Settings) -> None:
    for _ in range(3):
        async with db.transaction():
            await outbox.enqueue("kernel.tidy", {}, key="tidy")
    assert len(await outbox.take_due_jobs(settings)) == 1


async def test_audit_chain_verifies_and_names_the_link_that_was_tampered_with(settings: Settings) -> None:
    for n in range(3):
        async with db.transaction("person:x"):
            await audit.record("thing.changed", "thing", n, before={"n": n}, after={"n": n + 1}, reason="测试")
        async with db.transaction():
            assert await audit.seal(settings) == 1
    assert (await audit.verify()).broken_at is None
    async with db.transaction():
        await db.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        await db.execute("UPDATE audit_entry SET actor = 'somebody else' WHERE subject_id = '1'")
        await db.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")
    report = await audit.verify()
    assert (report.broken_at, [one.what for one in report.findings]) == (2, ["changed"])


async def test_a_seal_from_before_rows_were_listed_still_holds_them(settings: Settings) -> None:
    async with db.transaction("person:x"):
        await audit.record("thing.changed", "thing", 1, reason="测试")
    async with db.transaction():
        assert await audit.seal(settings) == 1
    (row,) = await db.fetch("SELECT * FROM audit_seal")
    bounds = {"from_xid": "0", "from_seq": 0, "to_xid": str(row["to_xid"]), "to_seq": row["to_seq"]}
    lines = [one["line"] for one in await db.fetch(audit.sql.audit_rows_between, **bounds)]
    async with db.transaction():
        await db.execute("ALTER TABLE audit_seal DISABLE TRIGGER USER")
        await db.execute("UPDATE audit_seal SET leaves = NULL, hash = :hash", hash=chain.link(chain.GENESIS, lines))
    assert (await audit.verify()).ok
    await db.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    await db.execute("UPDATE audit_entry SET reason = 'asked for'")
    assert [one.what for one in (await audit.verify()).findings] == ["changed"]
    await db.execute("DELETE FROM audit_entry")
    assert [one.what for one in (await audit.verify()).findings] == ["seal"]


async def test_audit_rows_cannot_be_changed() -> None:
    async with db.transaction("person:x"):
        await audit.record("thing.changed", "thing", 1)
    for statement in ("UPDATE audit_entry SET actor = 'y'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"):
        with pytest.raises(Exception, match="never changed or removed"):
            await db.execute(statement)
