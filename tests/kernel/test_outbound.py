"""The addresses that somebody else wrote: every known way into the own network is refused."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from kernel.outbound import AddressRefused, Resolve, locate, parse_address

PUBLIC = "93.184.216.34"

DISGUISED_LOOPBACK = [
    "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f.1", "https://0x7f000001", "https://0177.0.0.1",
    "https://①②⑦.⓪.⓪.①", "https://[::1]", "https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]", "https://[::127.0.0.1]", "https://localhost", "https://LOCALHOST.", "https://0.0.0.0", "https://0",
    "https://[::]",
]  # fmt: skip

RESERVED = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.1.1", "169.254.169.254", "192.0.0.8", "192.0.2.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2001::1", "64:ff9b:1::1", "100::1", "5f00::1",
    "3fff::1", "::ffff:10.0.0.1",
]  # fmt: skip


def names(*addresses: str) -> Resolve:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.mark.parametrize("url", DISGUISED_LOOPBACK)
async def test_loopback_is_found_under_every_disguise(url: str) -> None:
    with pytest.raises((AddressRefused, OSError)):
        await locate(url, allow_private=False, seconds=2)


@pytest.mark.parametrize("address", RESERVED)
async def test_reserved_networks_are_refused_whatever_name_leads_there(address: str) -> None:
    with pytest.raises(AddressRefused, match="private or reserved"):
        await locate("https://bot.example", allow_private=False, seconds=1, resolve=names(address))


async def test_one_bad_address_among_good_ones_is_enough() -> None:
    for found in ((PUBLIC, "127.0.0.1"), ("2606:2800:220:1::1", "::1"), (PUBLIC, "169.254.169.254")):
        with pytest.raises(AddressRefused):
            await locate("https://bot.example", allow_private=False, seconds=1, resolve=names(*found))


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "2001:4860:4860::8888", "172.32.0.1", "100.128.0.1"]
)
async def test_public_addresses_are_allowed_over_https(address: str) -> None:
    target = await locate("https://bot.example/v1/", allow_private=False, seconds=1, resolve=names(address, address))
    assert target.addresses == (ip_address(address),)
    assert (target.host_header, target.path) == ("bot.example", "/v1")
    assert target.url(ip_address("2606:4700::1111")) == "https://[2606:4700::1111]:443/v1"


@pytest.mark.parametrize(
    "url",
    [
        "", "bot.example", "ftp://bot.example", "file:///etc/passwd", "gopher://x", "https://", "https:///v1", "http://bot.example",
        "https://user@bot.example", "https://user:pw@bot.example", "https://bot.example@127.0.0.1", "https://bot.example/v1?x=1",
        "https://bot.example/#x", "https://bot.example/?", "https://bot.example:99999", "https://bot.example:x", "https://bot example",
        "https://bot.example/\r\nX: y", "https://bot.example/ä", "https://[::1", "https://a..b", "https://-/\x00", "https://" + "a" * 500,
        "https://" + ".".join(["a" * 60] * 5), "https://a/b\\c d", "https://ex%61mple", "https://[fe80::1%25eth0]", "javascript:alert(1)",
    ],
)  # fmt: skip
async def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        await locate(url, allow_private=False, seconds=1, resolve=names(PUBLIC))


async def test_public_ports_are_limited_and_private_ones_are_not() -> None:
    with pytest.raises(AddressRefused, match="port"):
        await locate("https://bot.example:22", allow_private=True, seconds=1, resolve=names(PUBLIC))
    assert (
        await locate("https://bot.example:8443", allow_private=False, seconds=1, resolve=names(PUBLIC))
    ).port == 8443
    target = await locate("http://bot.lan:11434/v1", allow_private=True, seconds=1, resolve=names("192.168.1.5"))
    assert target.host_header == "bot.lan:11434"


async def test_where_private_addresses_are_allowed_the_metadata_service_still_is_not() -> None:
    for address in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1", "fe80::1"):  # noqa: S104
        with pytest.raises(AddressRefused):
            await locate("https://bot.lan", allow_private=True, seconds=1, resolve=names(address))
    with pytest.raises(AddressRefused, match="https"):
        await locate("http://bot.example", allow_private=True, seconds=1, resolve=names(PUBLIC))
    assert parse_address("http://127.0.0.1:8000/v1", allow_private=True).addresses == (ip_address("127.0.0.1"),)
    assert parse_address("http://[::1]:8000", allow_private=True).host_header == "[::1]:8000"


async def test_a_name_without_an_address_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no address"):
        await locate("https://bot.example", allow_private=False, seconds=1, resolve=names())
