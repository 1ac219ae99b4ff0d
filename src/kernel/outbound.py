"""Where the server may connect to when somebody else wrote the address (bot endpoints, webhooks).

A name is resolved once, every address that it has is judged by the lists here, and the connection goes to a judged
address and not to the name again: a name that resolves differently the second time gains nothing. Python's own
`is_private` and `is_global` are not enough: they let 100.64.0.0/10, NAT64, 6to4 and multicast through.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from kernel.errors import Invalid

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

PUBLIC_PORTS = (443, 8443)
URL_CHARACTERS = 500
MOST_ADDRESSES = 8
"""Of one name; real services have fewer, and each costs a judgement and perhaps an attempt."""


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Own machine and own networks: reachable only where the installation allows private addresses.
PRIVATE = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7",
)  # fmt: skip

# Never: "this host", link-local with the clouds' metadata services, protocol assignments, documentation, benchmarks,
# multicast, reserved; for IPv6 everything outside global unicast, and the ranges inside it that carry an IPv4 address.
NEVER = _networks(
    "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)  # fmt: skip
GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_PATH = re.compile(r"[!-~]*")


class AddressRefused(Invalid):
    code = "address_refused"
    title = "This address may not be called from here"


class Target(NamedTuple):
    """A judged address. The connection goes to one of `addresses`, TLS and the Host header name `host`."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    def url(self, address: Address) -> str:
        literal = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
        return f"{self.scheme}://{literal}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def is_private(address: Address) -> bool:
    return any(address in network for network in PRIVATE if network.version == address.version)


def is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST_V6:
        return False
    refused = (*PRIVATE, *NEVER)
    return not any(address in network for network in refused if network.version == address.version)


def private_hosts(listed: str) -> frozenset[str]:
    """The hosts in the own network that whoever runs the installation has listed in a setting, each with its reason."""
    named = (entry.partition("=")[0].strip().lower() for entry in listed.split(";"))
    return frozenset(host.strip("[]") for host in named if host)


def parse_address(url: str, *, allow_private: bool, private_hosts: frozenset[str] = frozenset()) -> Target:
    """What can be judged without asking the network; `addresses` is empty unless the host is one itself.

    `private_hosts` may be in the own network whatever `allow_private` says. Raises `AddressRefused` with the sentence
    that says what is wrong.
    """
    parts, port = _split(url)
    host = _ascii_host(parts.hostname or "")
    allow_private = allow_private or host.lower().rstrip(".") in private_hosts
    if parts.scheme not in ("http", "https"):
        raise AddressRefused("The address must begin with https://.")
    if parts.scheme == "http" and not allow_private:
        raise AddressRefused("The address must begin with https://, so that nobody on the way can read what is sent.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("The address must not hold a user name or password.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise AddressRefused("The address must not hold a query (?) or a fragment (#).")
    if not _PATH.fullmatch(parts.path):
        raise AddressRefused("The path of the address must be plain ASCII without spaces.")
    target = Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), parts.path.rstrip("/"), ())
    try:
        literal = ip_address(host)
    except ValueError:
        return target
    return judge(target, [literal], allow_private=allow_private)


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > URL_CHARACTERS:
        raise AddressRefused(f"The address is longer than {URL_CHARACTERS} characters.")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise AddressRefused("The address must not hold spaces or control characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("This is not a complete address such as https://host/v1.") from error
    return parts, port


def _ascii_host(host: str) -> str:
    if ":" in host and "%" not in host:
        return host  # an IPv6 literal; urlsplit took the brackets off, ip_address() judges the rest
    try:
        name = host.encode("idna").decode()
    except UnicodeError as error:
        raise AddressRefused("The host name of the address cannot be used.") from error
    if not _HOST_NAME.fullmatch(name):
        raise AddressRefused("The host name of the address cannot be used.")
    return name


def judge(target: Target, addresses: Sequence[Address], *, allow_private: bool) -> Target:
    """Every address must be allowed, not only the first: which one is used is up to the network."""
    for address in addresses[:MOST_ADDRESSES]:
        private = is_private(address)
        if not (is_public(address) or (private and allow_private)):
            raise AddressRefused(f"{target.host} leads into a private or reserved network, which is not allowed here.")
        if not private and target.scheme != "https":
            raise AddressRefused("The address must begin with https://: the host is not in a private network.")
        if not private and target.port not in PUBLIC_PORTS:
            ports = " or ".join(map(str, PUBLIC_PORTS))
            raise AddressRefused(f"The port of a public address must be {ports}.")
    return target._replace(addresses=tuple(addresses[:MOST_ADDRESSES]))


async def locate(
    url: str,
    *,
    allow_private: bool,
    seconds: float,
    resolve: Resolve | None = None,
    private_hosts: frozenset[str] = frozenset(),
) -> Target:
    """The target with at least one judged address. Raises `AddressRefused`; `OSError` or `TimeoutError` without one."""
    target = parse_address(url, allow_private=allow_private, private_hosts=private_hosts)
    allow_private = allow_private or target.host.lower().rstrip(".") in private_hosts
    if target.addresses:
        return target
    async with asyncio.timeout(seconds):
        found = await (resolve or _resolve)(target.host, target.port)
    if not found:
        raise OSError(f"{target.host} has no address")
    addresses = [ip_address(text) for text in dict.fromkeys(found)]
    return judge(target, addresses, allow_private=allow_private)


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    return [str(entry[4][0]) for entry in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
