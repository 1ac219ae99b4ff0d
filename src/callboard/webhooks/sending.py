"""One request to a webhook: signed, to a judged address, without redirects or proxies, bounded in time.

Of the answer only the status is read: whoever sets an address must not read the own network through this server.
"""

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

import httpx
import msgspec

from kernel import clock
from kernel.ids import uuid7
from kernel.outbound import AddressRefused, Resolve, Target, locate, parse_address, private_hosts
from kernel.outbox import EventRow
from kernel.settings import Settings

SIGNATURE = "Callboard-Signature"
PING = "webhook.ping"
Fault = Literal["address", "cut", "secret", "slow", "status", "unreachable"]


class Outcome(NamedTuple):
    fault: Fault | None
    status: int | None
    took_ms: int


def body_of(event: EventRow) -> bytes:
    """As the feed shows it, and with the cursor behind it, from which a reader of the feed would go on."""
    return msgspec.json.encode(
        {
            "id": event.id, "type": event.type, "project_id": event.project_id, "subject_id": event.subject_id,
            "data": event.data, "occurred_at": event.occurred_at, "cursor": event.position.text(),
        }
    )  # fmt: skip


def ping() -> EventRow:
    return EventRow(
        seq=0, xid=0, id=uuid7(), type=PING, project_id=None, subject_id=None, vendor_id=None, data={}, occurred_at=clock.now()
    )  # fmt: skip


def sign(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """The header's value: HMAC-SHA256 over `timestamp.body`, in hex, once by each secret; the timestamp is in Unix seconds."""
    signed = f"{timestamp}.".encode() + body
    signatures = [hmac.digest(secret.encode(), signed, hashlib.sha256).hex() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={one}" for one in signatures)])


def check_address(url: str, settings: Settings) -> None:
    """Raises `AddressRefused`, as far as it can be said without asking the network."""
    parse_address(url, allow_private=False, private_hosts=private_hosts(settings.webhook_private_hosts))


async def send(
    url: str, secrets: Sequence[str], event: EventRow, settings: Settings, *, resolve: Resolve | None = None
) -> Outcome:
    """Taken is what was answered with 2xx. The time counts from the look-up of the name to the answer's status."""
    began = clock.monotonic()
    status: int | None = None
    fault: Fault | None = None
    try:
        async with asyncio.timeout(settings.webhook_seconds):
            target = await locate(
                url, allow_private=False, private_hosts=private_hosts(settings.webhook_private_hosts),
                seconds=settings.webhook_seconds, resolve=resolve,
            )  # fmt: skip
            status = await _post(target, secrets, event, settings)
        fault = None if httpx.codes.is_success(status) else "status"
    except AddressRefused:
        fault = "address"
    except (TimeoutError, httpx.TimeoutException):
        fault = "slow"
    except (httpx.ConnectError, OSError, UnicodeError):
        fault = "unreachable"
    except httpx.HTTPError:
        fault = "cut"
    return Outcome(fault, status, round((clock.monotonic() - began) * 1000))


async def _post(target: Target, secrets: Sequence[str], event: EventRow, settings: Settings) -> int:
    """To the first address that takes a connection; TLS is checked against the host's name, not the address."""
    body = body_of(event)
    headers = {
        "Host": target.host_header, "Content-Type": "application/json", "User-Agent": "callboard",
        "Callboard-Event": event.type, "Callboard-Event-Id": str(event.id),
        SIGNATURE: sign(secrets, int(clock.now().timestamp()), body),
    }  # fmt: skip
    options = {"verify": _tls(), "trust_env": False, "follow_redirects": False, "timeout": settings.webhook_seconds}
    failures: list[httpx.ConnectError] = []
    # A client for each call: a kept connection would belong to an address that was judged earlier.
    async with httpx.AsyncClient(**options) as client:  # type: ignore[arg-type]
        for address in target.addresses:
            request = client.build_request(
                "POST", target.url(address), headers=headers, content=body, extensions={"sni_hostname": target.host}
            )
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError as error:
                failures.append(error)
                continue
            await response.aclose()
            return response.status_code
    raise failures[0]


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes tens of milliseconds: once per process."""
    return httpx.create_ssl_context(trust_env=False)
