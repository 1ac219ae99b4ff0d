"""The OpenAI-compatible bot against a real socket that behaves as badly as endpoints do."""

import asyncio
import gzip
import io
import json
import ssl
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from dialogue import openai_bot
from dialogue.bots import Ask, BotConfig, Message, collect
from dialogue.errors import (
    BotBroken,
    BotBusy,
    BotCut,
    BotEmpty,
    BotFailing,
    BotFiltered,
    BotKeyRefused,
    BotRejected,
    BotSlow,
    BotTooLong,
    BotUnavailable,
)
from dialogue.openai_bot import OpenAIBot
from kernel import clock
from kernel.errors import ConfigurationError
from kernel.settings import Settings, load_settings
from tests.dialogue.fake_endpoint import (
    END,
    Answer,
    FakeEndpoint,
    chunk,
    endpoint,
    hangs,
    head,
    never_ends,
    refuses,
    sends,
    streams,
    trickles,
)

ASK = Ask(messages=[Message("user", "Hello")], language="en", domain="general", seed=1)
KEY = "sk-canary-5b1f"
GOOD = streams("Hel", "lo", " 世界")


@pytest.fixture
def quick(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Short times, and loopback allowed as on a developer's machine."""
    return replace(
        load_settings(tmp_path_factory.mktemp("data"), environ={}),
        bot_allow_private_addresses=True,
        bot_connect_seconds=1.0,
        bot_reply_seconds=0.6,
        bot_between_seconds=0.6,
        bot_total_seconds=3.0,
    )


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_bot, "FIRST_PAUSE_SECONDS", 0.02)


def bot_at(url: str, **changes: object) -> OpenAIBot:
    values: dict[str, object] = {
        "project_id": uuid4(),
        "kind": "openai",
        "model": "tiny-1",
        "base_url": url,
        "api_key": KEY,
    }
    return OpenAIBot(BotConfig(**(values | changes)))  # type: ignore[arg-type]


async def ask(fake: FakeEndpoint, settings: Settings, **changes: object) -> str:
    return await collect(bot_at(fake.url, **changes), ASK, settings=settings)


async def test_pieces_arrive_as_they_are_sent(quick: Settings) -> None:
    gate = asyncio.Event()
    async with endpoint(streams("Hel", "lo", gate=gate)) as fake:
        stream = bot_at(fake.url).stream(ASK, settings=quick)
        assert await anext(stream) == "Hel"
        gate.set()
        assert [piece async for piece in stream] == ["lo"]


async def test_what_is_sent_is_the_dialogue_and_nothing_about_anybody(quick: Settings) -> None:
    async with endpoint(GOOD) as fake:
        assert await ask(fake, quick, system_prompt="Be kind.", temperature=0.2, max_tokens=99) == "Hello 世界"
    (seen,) = fake.seen
    assert seen.line == "POST /v1/chat/completions HTTP/1.1"
    assert seen.json == {
        "model": "tiny-1",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
        "temperature": 0.2,
        "max_tokens": 99,
        "stream": True,
    }
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert set(seen.headers) == {
        "host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length", "authorization",
    }  # fmt: skip
    assert seen.headers["host"] == f"127.0.0.1:{fake.port}"


async def test_without_a_key_none_is_sent(quick: Settings) -> None:
    async with endpoint(GOOD) as fake:
        await ask(fake, quick, api_key=None)
    assert "authorization" not in fake.seen[0].headers


@pytest.mark.parametrize(
    "answer",
    [
        streams("Hello", " 世界", pause_seconds=0.3),
        sends(head("200 OK", "application/json") + json.dumps({"choices": [{"message": {"content": "Hello 世界"}}]}).encode()),
        sends(*[bytes([byte]) for byte in head() + chunk("Hello 世界") + END]),
        sends(head() + (b": ping\n\nevent: message\nid: 7\n" + chunk("Hello 世界") + END).replace(b"\n", b"\r\n")),
        sends(head() + chunk("Hello 世界") + b"data: [DONE]"),
        sends(head() + chunk("Hello 世界", finish_reason="length")),
        sends(head() + b'data: {"choices": []}\n\n' + chunk("Hello ") + b'data: {"choices":[{"delta":{"content":"\\u4e16\\u754c"}}]}\n\n' + END),
        sends(head() + b'data: {"choices":\ndata: [{"delta":{"content":"Hello \xe4\xb8\x96\xe7\x95\x8c","reasoning":1}}]}\n\n' + END),
    ],
    ids=["slowly", "whole", "byte by byte", "crlf and comments", "no last line", "length", "empty choices", "two data lines"],
)  # fmt: skip
async def test_every_honest_form_of_a_reply_is_understood(quick: Settings, answer: Answer) -> None:
    async with endpoint(answer) as fake:
        assert await ask(fake, quick) == "Hello 世界"


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (streams("Half a", end=b""), BotCut, "cut in the middle"),
        (sends(head("200 OK", "text/event-stream", "Transfer-Encoding: chunked") + b"5\r\nhello"), BotCut, "was cut"),
        (sends(b""), BotCut, "was cut"),
        (sends(b"\x00\xff garbage"), BotCut, "was cut"),
        (sends(head() + b"<html>Sign in</html>"), BotBroken, "not a chat completion"),
        (sends(head() + b"data: {nonsense\n\n"), BotBroken, "not a chat completion"),
        (sends(head() + b"data: \xff\xfe\n\n"), BotBroken, "not a chat completion"),
        (sends(head() + b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n' + END), BotBroken, "not a chat completion"),
        (sends(head() + b'data: {"choices":[{"delta":{"content":["a"]}}]}\n\n'), BotBroken, "not a chat completion"),
        (sends(head("200 OK", "application/json") + b"[1]"), BotBroken, "not a chat completion"),
        (sends(head() + chunk("a\x00b") + END), BotBroken, "cannot be stored"),
        (sends(head() + END), BotEmpty, "empty reply"),
        (streams(" ", "\u200b"), BotEmpty, "empty reply"),
        (streams(*["x" * 8_001] * 4), BotTooLong, "longer than 32,000"),
        (sends(head() + chunk("Hi") + b'data: {"error":{"message":"overloaded"}}\n\n'), BotFailing, "reported an error"),
        (sends(head() + chunk(finish_reason="content_filter")), BotFiltered, "filter"),
        (sends(head("200 OK", "application/json", "Content-Encoding: gzip") + gzip.compress(b"{}")), BotBroken, "packed"),
        (never_ends, BotTooLong, "more than 1,000,000 bytes"),
        (hangs, BotSlow, "did not answer within 0.6 s"),
        (trickles, BotSlow, "took too long"),
        (refuses("302 Found", "Location: http://127.0.0.1:1/"), BotRejected, "redirects elsewhere"),
        (refuses("308 Permanent Redirect", "Location: /v2"), BotRejected, "redirects elsewhere"),
        (refuses("401 Unauthorized"), BotKeyRefused, "key"),
        (refuses("404 Not Found"), BotRejected, "404"),
        (refuses("400 Bad Request"), BotRejected, "400"),
        (refuses("204 No Content"), BotRejected, "204"),
    ],
)  # fmt: skip
async def test_every_dishonest_form_is_one_clear_sentence(
    quick: Settings, answer: Answer, error: type[BotUnavailable], sentence: str
) -> None:
    async with endpoint(answer) as fake:
        with pytest.raises(BotUnavailable, match=sentence) as caught:
            await ask(fake, quick)
        assert type(caught.value) is error
        assert len(fake.seen) == 1  # none of these is tried again
        await closed(fake)


async def closed(fake: FakeEndpoint) -> None:
    """Waits until our side has hung up."""
    async with asyncio.timeout(30):
        while fake.open and fake.script[0] is not hangs:
            await asyncio.sleep(0.01)


async def test_what_came_before_the_failure_is_handed_over(quick: Settings) -> None:
    async with endpoint(streams("Half a ", "sentence", end=b"")) as fake:
        with pytest.raises(BotUnavailable) as caught:
            await ask(fake, quick)
    assert caught.value.extra["partial"] == "Half a sentence"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"])
async def test_an_overloaded_endpoint_is_asked_twice_more(quick: Settings, status: str) -> None:
    async with endpoint(refuses(status), refuses(status), GOOD) as fake:
        assert await ask(fake, quick) == "Hello 世界"
        assert len(fake.seen) == 3
    async with endpoint(refuses(status)) as fake:
        with pytest.raises(BotUnavailable, match=status[:3]):
            await ask(fake, quick)
        assert len(fake.seen) == 3


@pytest.mark.parametrize(
    ("header", "waits"),
    [("0", True), ("nonsense", True), ("Sun, 06 Nov 1994 08:49:37 GMT", True), ("3600", False), ("9" * 400, False)],
)
async def test_retry_after_is_heeded_where_a_person_can_wait_for_it(quick: Settings, header: str, waits: bool) -> None:
    async with endpoint(refuses("429 Too Many Requests", f"Retry-After: {header}"), GOOD) as fake:
        if waits:
            assert await ask(fake, quick) == "Hello 世界"
        else:
            with pytest.raises(BotUnavailable) as caught:
                await ask(fake, quick)
            assert caught.value.extra["retry_after_seconds"] >= 30
        assert len(fake.seen) == (2 if waits else 1)


async def test_nobody_listens_there(quick: Settings) -> None:
    async with endpoint(GOOD) as fake:
        url = fake.url
    with pytest.raises(BotUnavailable, match="cannot be reached"):
        await collect(bot_at(url), ASK, settings=quick)


async def test_one_endpoint_takes_no_more_than_its_share(quick: Settings) -> None:
    gate = asyncio.Event()
    narrow = replace(quick, bot_calls_at_once=2, bot_reply_seconds=5.0, bot_between_seconds=5.0, bot_total_seconds=10.0)
    async with endpoint(streams("a", "b", gate=gate)) as fake:
        waiting = [asyncio.create_task(ask(fake, narrow)) for _ in range(2)]
        while len(fake.seen) < 2:
            await asyncio.sleep(0.01)
        with pytest.raises(BotUnavailable, match="Too many"):
            await ask(fake, narrow)
        gate.set()
        assert await asyncio.gather(*waiting) == ["ab", "ab"]
        assert await ask(fake, narrow) == "ab"
    assert openai_bot._running == {}


async def test_loopback_is_refused_unless_the_installation_allows_it(quick: Settings) -> None:
    strict = replace(quick, bot_allow_private_addresses=False)
    async with endpoint(GOOD) as fake:
        for url in (fake.url, fake.url.replace("http:", "https:"), fake.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(BotUnavailable, match="may not be called"):
                await collect(bot_at(url), ASK, settings=strict)
        assert fake.seen == []


async def test_a_name_that_changes_its_address_gains_nothing(quick: Settings) -> None:
    """The name is resolved once; the connection goes to the address that was judged."""
    asked = 0

    async def rebinding(host: str, port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["93.184.216.34"] if asked == 1 else ["127.0.0.1"]

    connected: list[str] = []

    async def send(_client: httpx.AsyncClient, request: httpx.Request, **_options: bool) -> None:
        connected.append(str(request.url))
        raise httpx.ConnectError("no network here")

    async with endpoint(GOOD) as fake:
        bot = OpenAIBot(
            BotConfig(project_id=uuid4(), kind="openai", model="m", base_url="https://rebind.example/v1"),
            resolve=rebinding,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(httpx.AsyncClient, "send", send)
            with pytest.raises(BotUnavailable, match="cannot be reached"):
                await collect(bot, ASK, settings=replace(quick, bot_allow_private_addresses=False))
        with pytest.raises(BotUnavailable, match="may not be called"):  # the next call asks anew, and judges anew
            await collect(bot, ASK, settings=replace(quick, bot_allow_private_addresses=False))
        assert fake.seen == []
    assert set(connected) == {"https://93.184.216.34/v1/chat/completions"}


async def test_no_proxy_of_the_environment_is_used(quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with endpoint(GOOD) as fake:
        assert await ask(fake, quick) == "Hello 世界"


async def test_the_key_stands_in_no_log_and_no_repr(quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(
        openai_bot,
        "log",
        structlog.wrap_logger(structlog.PrintLogger(written), processors=[structlog.processors.KeyValueRenderer()]),
    )
    answer = refuses("401 Unauthorized", body=f"wrong key {KEY}".encode())
    async with endpoint(answer) as fake:
        with pytest.raises(BotUnavailable) as caught:
            await ask(fake, quick)
    said = written.getvalue()
    assert "***" in said
    assert KEY not in said + str(caught.value) + repr(caught.value.extra)
    assert KEY not in repr(bot_at("https://x.example")._config)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(pem + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_tls_is_checked_against_the_name_although_the_address_is_called(
    quick: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = certificate(tmp_path, "bot.example")
    monkeypatch.setattr(openai_bot, "_tls", lambda: client)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with endpoint(GOOD, tls=server) as fake:

        def named(host: str) -> OpenAIBot:
            url = f"https://{host}:{fake.port}/v1"
            return OpenAIBot(BotConfig(project_id=uuid4(), kind="openai", model="m", base_url=url), resolve=resolve)

        assert await collect(named("bot.example"), ASK, settings=quick) == "Hello 世界"
        assert fake.seen[0].headers["host"] == f"bot.example:{fake.port}"
        with pytest.raises(BotUnavailable, match="cannot be reached"):
            await collect(named("other.example"), ASK, settings=quick)
        assert len(fake.seen) == 1


async def test_a_silence_within_a_reply_has_a_limit_of_its_own(quick: Settings) -> None:
    async with endpoint(streams("a", "b", gate=asyncio.Event())) as fake:
        with pytest.raises(BotSlow, match=r"went silent for 0\.2 s") as caught:
            await ask(fake, replace(quick, bot_reply_seconds=5.0, bot_between_seconds=0.2))
    assert caught.value.extra["partial"] == "a"


async def test_comments_of_the_endpoint_put_the_first_word_off_for_nobody(quick: Settings) -> None:
    """Some gateways send a comment every moment while their model is not there."""
    comments = [head(), *[b": still there\n\n", chunk("")] * 40]
    async with endpoint(sends(*comments, pause_seconds=0.05)) as fake:
        with pytest.raises(BotSlow, match=r"did not answer within 0\.6 s"):
            await ask(fake, quick)


async def test_a_bot_has_limits_of_its_own(quick: Settings) -> None:
    config = BotConfig(
        project_id=uuid4(), kind="openai", model="m", first_token_seconds=0.1, between_tokens_seconds=0.2, retries=0
    )
    limits = config.limits(quick)
    assert (limits.bot_reply_seconds, limits.bot_between_seconds, limits.bot_retries) == (0.1, 0.2, 0)
    assert (limits.bot_total_seconds, limits.bot_connect_seconds) == (3.0, 1.0)
    async with endpoint(hangs) as fake:
        with pytest.raises(BotSlow, match=r"within 0\.1 s"):
            await ask(fake, limits)
    async with endpoint(refuses("429 Too Many Requests"), GOOD) as fake:
        with pytest.raises(BotBusy):
            await ask(fake, limits)


async def test_an_endpoint_that_comes_up_is_found(quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection has cost nothing, so it is tried again."""
    monkeypatch.setattr(openai_bot, "FIRST_PAUSE_SECONDS", 0.2)
    async with endpoint(GOOD) as fake:
        port = fake.port
    waiting = asyncio.create_task(collect(bot_at(f"http://127.0.0.1:{port}/v1"), ASK, settings=quick))
    await asyncio.sleep(0.05)
    async with endpoint(GOOD, port=port):
        assert await waiting == "Hello 世界"


async def test_all_endpoints_together_take_no_more_than_their_share(quick: Settings) -> None:
    gate = asyncio.Event()
    narrow = replace(quick, bot_calls_total=1, bot_reply_seconds=5.0, bot_between_seconds=5.0)
    async with endpoint(streams("a", "b", gate=gate)) as one, endpoint(GOOD) as other:
        waiting = asyncio.create_task(ask(one, narrow))
        while not one.seen:
            await asyncio.sleep(0.01)
        with pytest.raises(BotBusy):
            await ask(other, narrow)
        gate.set()
        assert await waiting == "ab"


async def test_a_listed_host_may_be_in_the_own_network_and_its_neighbours_may_not(quick: Settings) -> None:
    listed = replace(
        quick, bot_allow_private_addresses=False, bot_private_hosts="LOCALHOST=model server of ours; gpu=x"
    )
    async with endpoint(GOOD) as fake:
        assert await collect(bot_at(fake.url.replace("127.0.0.1", "localhost")), ASK, settings=listed) == "Hello 世界"
        with pytest.raises(BotUnavailable, match="may not be called"):
            await collect(bot_at(fake.url), ASK, settings=listed)
    with pytest.raises(ConfigurationError, match="bot_private_hosts"):
        load_settings(quick.data_dir, environ={"CALLBOARD_BOT_PRIVATE_HOSTS": "gpu1.lan"})


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.9.9", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.1.2.3", "::1", "fe80::1",
     "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_refused(quick: Settings, address: str) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", address]

    bot = OpenAIBot(
        BotConfig(project_id=uuid4(), kind="openai", model="m", base_url="https://models.example/v1"), resolve=inside
    )
    with pytest.raises(BotUnavailable, match="may not be called") as caught:
        await collect(bot, ASK, settings=replace(quick, bot_allow_private_addresses=False))
    assert caught.value.code == "bot_address_refused"
