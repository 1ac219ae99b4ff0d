"""Providers of payouts, and those that write a file: ISO 20022, NACHA, CSV.

A provider gets an order that was approved and answers with what it would send. It is pure: the same order gives the same
bytes, and sending is what `payouts.export` does once with what it has kept.
"""

import csv
import io
import math
from datetime import date, datetime
from typing import Protocol
from uuid import UUID
from xml.etree import ElementTree as ET

import msgspec

from kernel.money import Money, exponent
from kernel.settings import Settings
from payments.bank import BankDetailsDraft, iban_fits, latin, routing_fits
from payments.errors import BadPayout, PayerMissing

SCHEMA = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
RECORD, BLOCK, HASH_DIGITS = 94, 10, 10**10
NACHA_LARGEST_CENTS = 10**10 - 1
CODES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    line_id: UUID
    """Also the end-to-end reference: whoever gets it twice can see it."""
    to: BankDetailsDraft
    amount: Money
    text: str
    """What the person reads on their bank statement; plain ASCII."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    batch_id: UUID
    number: int
    pay_on: date
    made_at: datetime
    """When it was approved."""
    currency: str
    payments: list[Payment]


class Provider(Protocol):
    """Turns an approved order into what leaves the house."""

    kinds: frozenset[str]
    """Of bank details that it can pay."""
    currencies: frozenset[str] | None
    """`None`: all."""
    extension: str
    media_type: str

    def check(self, settings: Settings) -> None:
        """Raises `PayerMissing`."""

    def write(self, order: Order, settings: Settings) -> bytes:
        """Raises `PayerMissing`, `BadPayout`."""


def plain_amount(amount: Money) -> str:
    """In the currency's coins, as statements round it: `12.30`, `700`, `1.250`."""
    digits = exponent(amount.currency)
    coins, rest = divmod(amount.micros, 10 ** (6 - digits))
    if rest:
        raise BadPayout("What is paid is in whole coins.")
    text = str(coins).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


def _total(order: Order) -> Money:
    return Money(sum(one.amount.micros for one in order.payments), order.currency)


class Pain001(Provider):
    """ISO 20022 pain.001.001.09, one payment information block; names in any script, as UTF-8."""

    kinds = frozenset({"iban", "other"})
    currencies = None
    extension, media_type = "xml", "application/xml"

    def check(self, settings: Settings) -> None:
        if not settings.payout_name or not iban_fits(settings.payout_iban.replace(" ", "")):
            raise PayerMissing("Set payout_name and payout_iban.")

    def write(self, order: Order, settings: Settings) -> bytes:
        self.check(settings)
        root = ET.Element("Document", xmlns=SCHEMA)
        body = ET.SubElement(root, "CstmrCdtTrfInitn")
        head = ET.SubElement(body, "GrpHdr")
        _add(head, "MsgId", order.batch_id.hex)
        _add(head, "CreDtTm", order.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self._sums(head, order)
        _add(head, "InitgPty/Nm", settings.payout_name)
        block = ET.SubElement(body, "PmtInf")
        _add(block, "PmtInfId", f"{order.batch_id.hex}-1")
        _add(block, "PmtMtd", "TRF")
        self._sums(block, order)
        _add(block, "ReqdExctnDt/Dt", order.pay_on.isoformat())
        _add(block, "Dbtr/Nm", settings.payout_name)
        _add(block, "DbtrAcct/Id/IBAN", settings.payout_iban.replace(" ", ""))
        agent = _add(block, "DbtrAgt/FinInstnId")
        _add(agent, *(("BICFI", settings.payout_bic) if settings.payout_bic else ("Othr/Id", "NOTPROVIDED")))
        # Within the single euro area everybody bears their own charges; elsewhere they are shared.
        within = order.currency == "EUR" and all(one.to.kind == "iban" for one in order.payments)
        _add(block, "ChrgBr", "SLEV" if within else "SHAR")
        for payment in order.payments:
            self._payment(block, payment)
        ET.indent(root, " ")
        text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return text + b"\n"

    def _sums(self, parent: ET.Element, order: Order) -> None:
        _add(parent, "NbOfTxs", str(len(order.payments)))
        _add(parent, "CtrlSum", plain_amount(_total(order)))

    def _payment(self, block: ET.Element, payment: Payment) -> None:
        one = ET.SubElement(block, "CdtTrfTxInf")
        _add(one, "PmtId/EndToEndId", payment.line_id.hex)
        _add(one, "Amt/InstdAmt", plain_amount(payment.amount)).set("Ccy", payment.amount.currency)
        if payment.to.bic:
            _add(one, "CdtrAgt/FinInstnId/BICFI", payment.to.bic)
        _add(one, "Cdtr/Nm", payment.to.holder)
        _add(one, "CdtrAcct/Id/IBAN" if payment.to.kind == "iban" else "CdtrAcct/Id/Othr/Id", payment.to.account)
        _add(one, "RmtInf/Ustrd", payment.text)


def _add(parent: ET.Element, path: str, text: str | None = None) -> ET.Element:
    for name in path.split("/"):
        parent = ET.SubElement(parent, name)
    parent.text = text
    return parent


class Nacha(Provider):
    """One batch of PPD credits: records of 94 characters in blocks of ten, by the Nacha Operating Rules, appendix three."""

    kinds = frozenset({"aba"})
    currencies = frozenset({"USD"})
    extension, media_type = "ach", "text/plain; charset=us-ascii"

    def check(self, settings: Settings) -> None:
        given = settings.payout_name, settings.payout_ach_company, settings.payout_ach_bank
        if not all(given) or not latin(given[0]).strip() or not routing_fits(settings.payout_ach_routing):
            raise PayerMissing("Set payout_name, payout_ach_routing, payout_ach_bank and payout_ach_company.")

    def write(self, order: Order, settings: Settings) -> bytes:
        self.check(settings)
        bank, company, name = settings.payout_ach_routing, settings.payout_ach_company, latin(settings.payout_name)
        made, day, number = order.made_at, order.pay_on.strftime("%y%m%d"), 1
        entries = [self._entry(place, payment, bank) for place, payment in enumerate(order.payments, 1)]
        checksum = sum(int(one.to.routing[:8]) for one in order.payments) % HASH_DIGITS
        cents = _total(order).micros // 10_000
        if cents >= NACHA_LARGEST_CENTS * 100:
            raise BadPayout("A NACHA file holds less than ten thousand million dollars.")
        sums = f"{len(entries):06}{checksum:010}{0:012}{cents:012}"
        records = [
            f"101 {bank}{company}{made:%y%m%d%H%M}{CODES[order.number % len(CODES)]}094101{settings.payout_ach_bank:<23}{name[:23]:<23}{order.number % 10**8:08}",
            f"5220{name[:16]:<16}{'':20}{company}PPD{'PAYOUT':<10}{made:%y%m%d}{day}   1{bank[:8]}{number:07}",
            *entries,
            f"8220{sums}{company}{'':25}{bank[:8]}{number:07}",
        ]
        blocks = math.ceil((len(records) + 1) / BLOCK)
        records.append(f"9{number:06}{blocks:06}{len(entries):08}{sums[6:]}{'':39}")
        records += ["9" * RECORD] * (blocks * BLOCK - len(records))
        assert all(len(record) == RECORD for record in records)
        return ("\n".join(records) + "\n").encode("ascii")

    def _entry(self, place: int, payment: Payment, bank: str) -> str:
        cents, to = payment.amount.micros // 10_000, payment.to
        if cents > NACHA_LARGEST_CENTS:
            raise BadPayout("A payment by NACHA is less than a hundred million dollars.")
        code = 32 if to.savings else 22
        return f"6{code}{to.routing}{to.account:<17}{cents:010}{payment.line_id.hex[-15:]}{latin(to.holder)[:22]:<22}  0{bank[:8]}{place:07}"


class Table(Provider):
    """CSV for everything else: whoever pays by hand, or through a program of their own."""

    kinds = frozenset({"iban", "aba", "other"})
    currencies = None
    extension, media_type = "csv", "text/csv; charset=utf-8"

    def check(self, settings: Settings) -> None:
        """Nothing of the payer stands in it."""

    def write(self, order: Order, settings: Settings) -> bytes:  # noqa: ARG002  # the protocol's
        file = io.StringIO(newline="")
        out = csv.writer(file)
        out.writerow(["reference", "name", "kind", "account", "routing", "bic", "amount", "currency", "pay_on", "text"])
        for one in order.payments:
            to = one.to
            kind = "aba savings" if to.savings else to.kind
            out.writerow([one.line_id.hex, to.holder, kind, to.account, to.routing, to.bic, plain_amount(one.amount), one.amount.currency, order.pay_on.isoformat(), one.text])  # fmt: skip
        return file.getvalue().encode()


PROVIDERS: dict[str, Provider] = {"pain.001": Pain001(), "nacha": Nacha(), "csv": Table()}
"""By the format that a batch names."""
