"""What banks say of payments: four formats, read safely; taken once, and what comes back after it was paid."""

import asyncio
import hashlib
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from kernel import db
from kernel.settings import Settings
from payments import bank_answers, bank_status, earnings, payout_views, payouts
from payments.bank_files import PROVIDERS
from payments.errors import BadBankFile, PayoutState
from tests.payments.test_payouts import (
    ANA,
    BEN,
    IBAN,
    OTHER_IBAN,
    ROUTING,
    UNIT,
    act,
    broken,
    closed_period,
    details,
    drafted,
    give_account,
    order,
    paying,
)
from tests.payments.world import usd

__all__ = ["paying"]
PAIN = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
 <GrpHdr><MsgId>bank-1</MsgId><CreDtTm>2025-02-03T08:00:00Z</CreDtTm></GrpHdr>
 <OrgnlGrpInfAndSts><OrgnlMsgId>{batch}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{single}
</CstmrPmtStsRpt></Document>"""
CAMT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn>{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>&b;</CstmrPmtStsRpt></Document>"""
READS_A_FILE = """<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">&x;</Document>"""


def status(reference: str, code: str, why: str = "", amount: str = "") -> str:
    told = f"<StsRsnInf><Rsn><Cd>{why}</Cd></Rsn><AddtlInf>as the bank says</AddtlInf></StsRsnInf>" if why else ""
    sent = f'<OrgnlTxRef><Amt><InstdAmt Ccy="USD">{amount}</InstdAmt></Amt></OrgnlTxRef>' if amount else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>x</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{code}</TxSts>{told}{sent}</TxInfAndSts></OrgnlPmtInfAndSts>"


def booking(reference: str, side: str, amount: str, why: str = "", state: str = "BOOK") -> str:
    back = f"<RtrInf><Rsn><Cd>{why}</Cd></Rsn></RtrInf>" if why else ""
    return (
        f'<Ntry><Amt Ccy="USD">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{state}</Cd></Sts><NtryDtls><TxDtls>'
        f'<Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy="USD">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{back}</TxDtls></NtryDtls></Ntry>'
    )


def nacha_return(reference: str, cents: int, code: str) -> str:
    entry = f"621{ROUTING}{'12345678':<17}{cents:010}{reference:>15}{'ZOE NUNEZ':<22}  1{ROUTING[:8]}0000001"
    addenda = f"799{code}{ROUTING[:8]}0000001{'':6}{ROUTING[:8]}{'':44}{ROUTING[:8]}0000001"
    change = f"798C01{ROUTING[:8]}0000002{'':6}{ROUTING[:8]}{'99999999':<44}{ROUTING[:8]}0000002"
    head = f"101 {ROUTING}1234567890{'250203'}0800A094101{'BANK':<23}{'CALLBOARD':<23}{'':8}"
    lines = [head, entry, addenda, entry.replace(reference, "f" * 15), change]
    assert {len(line) for line in lines} == {94}
    return "\n".join(lines)


def test_four_formats_say_the_same() -> None:
    one, two, three = (uuid4().hex for _ in range(3))
    pain = bank_status.read(PAIN.format(batch="b", group="", single=status(one, "ACSC") + status(two, "RJCT", "AC04", "12.34") + status(three, "PDNG")).encode())  # fmt: skip
    assert (pain.format, [(entry.said, entry.reference) for entry in pain.entries]) == ("pain.002", [("paid", one), ("returned", two), ("open", three)])  # fmt: skip
    assert (pain.entries[1].reason, pain.entries[1].amount) == ("AC04 as the bank says", usd(12_340_000))
    camt = bank_status.read(CAMT.format(entries=booking(one, "DBIT", "1.00") + booking(two, "CRDT", "12.34", "AC04") + booking(three, "DBIT", "1", state="PDNG")).encode())  # fmt: skip
    assert [(entry.said, entry.reference, entry.reason) for entry in camt.entries] == [("paid", one, ""), ("returned", two, "AC04"), ("open", three, "")]  # fmt: skip
    table = bank_status.read(f"\ufeffReference;Status;Reason\r\n{UUID(one)};Paid;\r\n\r\n{two};rejected;AC04\r\n{three};waiting;\r\n".encode())  # fmt: skip
    assert [(entry.place, entry.said, entry.reference, entry.reason) for entry in table.entries] == [(2, "paid", one, ""), (4, "returned", two, "AC04"), (5, "open", three, "")]  # fmt: skip
    (back,) = bank_status.read(nacha_return(two[-15:], 1234, "R02").encode()).entries
    assert (back.said, back.reference, back.reason, back.amount) == ("returned", two[-15:], "R02", usd(12_340_000))
    whole = bank_status.read(PAIN.format(batch=one, group="<GrpSts>RJCT</GrpSts>", single="").encode()).entries
    assert [(entry.said, entry.batch, entry.reference) for entry in whole] == [("returned", one, "")]


def test_what_leaves_by_nacha_comes_back_by_its_short_reference(paying: Settings) -> None:
    sent = order("aba", "USD", [12_340_000])
    entry = PROVIDERS["nacha"].write(sent, paying).decode().splitlines()[2]
    assert entry[39:54] == sent.payments[0].line_id.hex[-15:]


@pytest.mark.parametrize(
    "content",
    [
        "", "reference\n1\n", BOMB, READS_A_FILE, "<a/>", "<Document", "<a>" * 50, PAIN.format(batch="", group="", single=status("x", "RJCT", "", "1e9")),
        "reference,status,amount,currency\nx,paid,twelve,USD\n", "reference,status\n", '<Document xmlns="pain.001"/>', "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_answer_of_a_bank_is_refused(content: str) -> None:
    with pytest.raises(BadBankFile):
        bank_status.read(content.encode(errors="surrogatepass"))


def test_entities_are_refused_before_they_grow(tmp_path: Path) -> None:
    layers = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    with pytest.raises(BadBankFile, match="document type"):
        bank_status.read(f'<!DOCTYPE d [<!ENTITY e0 "x">{layers}]><d>&e11;</d>'.encode())
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("pool")
async def test_a_file_is_taken_once_and_what_bounces_is_tried_again(paying: Settings) -> None:
    period_id, workers = await closed_period(paying, 20 * UNIT, 30 * UNIT, 40 * UNIT, 50 * UNIT)
    for worker, account in zip(workers, (IBAN, OTHER_IBAN, IBAN, OTHER_IBAN), strict=True):
        await give_account(worker, paying, details(account))
    batch_id = await drafted(period_id, paying)
    lines = {one.annotator_id: one.id for one in await payout_views.lines(batch_id, paying, limit=9)}
    first, second, third, fourth = (lines[worker].hex for worker in workers)
    file = PAIN.format(
        batch=batch_id.hex, group="",
        single=status(first, "ACSC", "", "20.00") + status(second.upper(), "RJCT", "AC04") + status(third, "PDNG")
        + status(fourth, "ACSC", "", "50.01") + status(uuid4().hex, "ACSC") + status(first, "ACSP"),
    ).encode()  # fmt: skip
    assert (await bank_answers.look(file)).counts == {"not_sent": 3, "other_amount": 1, "unknown": 1, "repeated": 1}
    await act(payouts.approve, batch_id, BEN)
    await act(payouts.export, batch_id, BEN, paying)

    seen = await bank_answers.look(file)
    assert [one.does for one in seen.rows] == ["paid", "returned", "open", "other_amount", "unknown", "repeated"]
    assert await db.fetch_value("SELECT count(*) FROM payout_line WHERE state = 'sent'") == 4, "looking changes nothing"
    raced = await asyncio.gather(*(act(bank_answers.take, file, "status.xml", BEN) for _ in range(4)))
    (taken,) = [one for one in raced if not one.again]
    assert (taken.again, taken.counts, taken.digest) == (False, seen.counts, hashlib.sha256(file).hexdigest())
    again = await act(bank_answers.take, file, "other name.xml", ANA, by=ANA)
    assert (again.again, again.taken_by, again.counts["same"]) == (True, BEN, 2)
    assert await db.fetch_value("SELECT count(*) FROM bank_answer") == 1
    assert await broken() == []

    with pytest.raises(PayoutState):
        await act(payouts.confirm, batch_id, [lines[workers[1]]], "bounced", BEN, "AC04")
    await act(payouts.confirm_rest, batch_id, BEN)
    await act(payouts.reconcile, batch_id, usd(110 * UNIT), BEN)
    both = CAMT.format(
        entries=booking(first, "DBIT", "20.00")
        + booking(first, "CRDT", "20.00", "AC06")
        + booking(second, "DBIT", "30")
    ).encode()
    assert [one.does for one in (await bank_answers.look(both)).rows] == ["repeated", "bounced", "contradicts"]
    await act(bank_answers.take, both, "camt.xml", BEN)
    view = await payouts.batch(batch_id)
    assert (view.state, view.paid, view.bounced, view.returned) == ("reconciled", usd(90 * UNIT), usd(20 * UNIT), usd(30 * UNIT))  # fmt: skip
    (total,) = (await earnings.earnings(workers[0], limit=1)).totals
    assert (total.posted, total.paid) == (usd(20 * UNIT), usd(0)), "it is theirs again, and earned once"
    await act(payouts.confirm, batch_id, [lines[workers[0]]], "bounced", BEN, "AC06")
    assert await broken() == []

    again_id = await drafted(period_id, paying, by=BEN)
    tried = {
        one.annotator_id: (one.attempt, one.retry_of) for one in await payout_views.lines(again_id, paying, limit=9)
    }
    assert tried == {workers[0]: (2, lines[workers[0]]), workers[1]: (2, lines[workers[1]])}
    await act(payouts.approve, again_id, ANA, by=ANA)
    await act(payouts.export, again_id, ANA, paying, by=ANA)
    refused = PAIN.format(
        batch=again_id.hex, group="<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>", single=""
    ).encode()
    assert (await act(bank_answers.take, refused, "all.xml", BEN)).counts == {"returned": 2}
    assert await broken() == []
    await db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
    await db.execute("UPDATE transfer SET kind = 'return' WHERE kind = 'bounce'")
    assert {"payouts_move_once", "transfer_has_two_sides"} <= set(await broken())
