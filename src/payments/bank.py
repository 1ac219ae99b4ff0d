"""Bank details: checked when they are entered, sealed at rest, shown by their last digits alone.

An IBAN is checked by its country's length and ISO 7064 mod 97-10 (ISO 13616), a routing number by the ABA's weights
3-7-1. Libraries that know more (schwifty, python-stdnum) bring LGPL packages or 8 MB of countries for these few lines.
"""

import hmac
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db
from kernel.ids import uuid7
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load
from payments.errors import BadBankDetails

sql = load(__package__)
Kind = Literal["iban", "aba", "other"]
HISTORY = 10
TAIL = 4
LEAST_DIGITS, MOST_DIGITS, MOST_ACH = 5, 34, 17
FORMULA = ("=", "+", "-", "@")
IBAN_LENGTHS = {
    code[:2]: int(code[2:])
    for code in [
        "AD24",
        "AE23",
        "AL28",
        "AT20",
        "AZ28",
        "BA20",
        "BE16",
        "BG22",
        "BH22",
        "BI27",
        "BR29",
        "BY28",
        "CH21",
        "CR22",
        "CY28",
        "CZ24",
        "DE22",
        "DJ27",
        "DK18",
        "DO28",
        "EE20",
        "EG29",
        "ES24",
        "FI18",
        "FK18",
        "FO18",
        "FR27",
        "GB22",
        "GE22",
        "GI23",
        "GL18",
        "GR27",
        "GT28",
        "HN28",
        "HR21",
        "HU28",
        "IE22",
        "IL23",
        "IQ23",
        "IS26",
        "IT27",
        "JO30",
        "KW30",
        "KZ20",
        "LB28",
        "LC32",
        "LI21",
        "LT20",
        "LU20",
        "LV21",
        "LY25",
        "MC27",
        "MD24",
        "ME22",
        "MK19",
        "MN20",
        "MR27",
        "MT31",
        "MU30",
        "NI28",
        "NL18",
        "NO15",
        "OM23",
        "PK24",
        "PL28",
        "PS29",
        "PT25",
        "QA29",
        "RO24",
        "RS22",
        "RU33",
        "SA24",
        "SC31",
        "SD18",
        "SE24",
        "SI19",
        "SK24",
        "SM27",
        "SO23",
        "ST25",
        "SV28",
        "TL23",
        "TN24",
        "TR26",
        "UA29",
        "VA22",
        "VG24",
        "XK20",
        "YE30",
    ]
}
"""Of the SWIFT registry of IBANs."""


class BankDetailsDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: Kind
    """`iban`, `aba` (an account in the United States), or `other`: a number at a bank that a BIC names."""
    holder: Annotated[str, Meta(min_length=1, max_length=70)]
    """As the bank knows it."""
    account: Annotated[str, Meta(min_length=1, max_length=60)]
    """IBAN or number; spaces do not count."""
    routing: Annotated[str, Meta(max_length=20)] = ""
    """For `aba`: nine digits."""
    bic: Annotated[str, Meta(max_length=11)] = ""
    """For `other`; may be left out for an IBAN."""
    savings: bool = False
    """For `aba`: not a checking account."""


class BankDetailsView(msgspec.Struct, frozen=True):
    version: int
    kind: str
    country: str
    tail: str
    """The last digits; the rest is shown to nobody."""
    changed_by: str
    changed_at: datetime


def iban_fits(iban: str) -> bool:
    """Of one without spaces, in capitals."""
    if len(iban) != IBAN_LENGTHS.get(iban[:2]) or not (iban.isascii() and iban.isalnum() and iban[2:4].isdigit()):
        return False
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def routing_fits(routing: str) -> bool:
    if not (len(routing) == len("123456789") and routing.isascii() and routing.isdigit()) or routing == "0" * 9:
        return False
    return sum(int(digit) * weight for digit, weight in zip(routing, (3, 7, 1) * 3, strict=True)) % 10 == 0


def latin(name: str) -> str:
    """Without accents, as files of plain ASCII need it."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def checked(draft: BankDetailsDraft) -> tuple[BankDetailsDraft, str]:
    """In its plain form, with its country. Raises `BadBankDetails`."""
    holder, bic = " ".join(draft.holder.split()), draft.bic.replace(" ", "").upper()
    account, routing = "".join(draft.account.split()).replace("-", "").upper(), draft.routing.replace(" ", "")
    if not holder or not holder.isprintable() or holder.startswith(FORMULA):
        raise BadBankDetails("Write the holder's name as the bank knows it.")
    bic_fits = len(bic) in {8, 11} and bic.isascii() and bic.isalnum() and bic[:6].isalpha()
    if bic and not bic_fits:
        raise BadBankDetails("A BIC has 8 or 11 letters and digits, and begins with six letters.")
    if draft.kind == "iban":
        if not iban_fits(account):
            raise BadBankDetails("This is no IBAN: its length or its check digits are wrong.")
        country = account[:2]
    elif draft.kind == "aba":
        if not routing_fits(routing):
            raise BadBankDetails("A routing number has nine digits, and these do not belong together.")
        if not (account.isascii() and account.isalnum() and TAIL <= len(account) <= MOST_ACH):
            raise BadBankDetails(f"An account number in the United States has {TAIL} to {MOST_ACH} digits or letters.")
        if len(latin(holder)) < len(holder):
            raise BadBankDetails("Write the holder's name in Latin letters: this bank's files know no others.")
        country = "US"
    else:
        if not (account.isascii() and account.isalnum() and LEAST_DIGITS <= len(account) <= MOST_DIGITS) or not bic:
            raise BadBankDetails("Give the account's number and the BIC of its bank.")
        country = bic[4:6]
    plain = BankDetailsDraft(
        kind=draft.kind, holder=holder, account=account, bic="" if draft.kind == "aba" else bic,
        routing=routing if draft.kind == "aba" else "", savings=draft.kind == "aba" and draft.savings,
    )  # fmt: skip
    return plain, country


async def set_details(annotator_id: UUID, draft: BankDetailsDraft, by: str, settings: Settings) -> BankDetailsView:
    """A new version; audited without the digits. Raises `BadBankDetails`."""
    db.require_transaction()
    plain, country = checked(draft)
    keys, details_id = keyring(settings), uuid7()
    await db.execute("SELECT FROM annotator WHERE id = :id FOR NO KEY UPDATE", id=annotator_id)
    numbers = f"{plain.kind} {plain.routing} {plain.bic if plain.kind == 'other' else ''} {plain.account}"
    version = await db.fetch_value(
        sql.add_bank_details, id=details_id, annotator_id=annotator_id, kind=plain.kind, country=country, tail=plain.account[-TAIL:],
        sealed=keys.seal(msgspec.json.encode(plain), _context(details_id)), created_by=by,
        fingerprint=hmac.digest(keys.derive("bank details"), numbers.encode(), "sha256"),
    )  # fmt: skip
    after = {"version": version, "kind": plain.kind, "country": country, "tail": plain.account[-TAIL:]}
    await audit.record("bank_details.changed", "annotator", annotator_id, after=after)
    return (await details(annotator_id))[0]


async def details(annotator_id: UUID) -> list[BankDetailsView]:
    """The newest first; empty where there are none."""
    rows = await db.fetch(sql.bank_details_of, annotator_id=annotator_id, limit=HISTORY)
    return [
        BankDetailsView(row["version"], row["kind"], row["country"], row["tail"], row["created_by"], row["created_at"])
        for row in rows
    ]


def unseal(sealed: Any, details_id: UUID, settings: Settings) -> BankDetailsDraft:
    """Only for the file that goes to the bank."""
    plain = keyring(settings).open(bytes(sealed), _context(details_id))
    return msgspec.json.decode(plain, type=BankDetailsDraft)


def _context(details_id: UUID) -> bytes:
    return b"bank details " + str(details_id).encode()
