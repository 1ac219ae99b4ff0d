"""A bot behind any endpoint that speaks the OpenAI chat API, called as somebody else's machine deserves.

Bounded in time and bytes, to a judged address, without redirects, proxies or anything about the person who waits.
"""

import asyncio
import math
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address

import httpx
import msgspec
import structlog

from dialogue.bots import Ask, BotConfig
from dialogue.completions import DONE, read_completion
from dialogue.errors import (
    BotAddressRefused,
    BotBroken,
    BotBusy,
    BotCut,
    BotFailing,
    BotKeyRefused,
    BotRejected,
    BotSlow,
    BotTooLong,
    BotUnavailable,
    BotUnreachable,
)
from dialogue.sse import EventReader
from kernel import clock
from kernel.outbound import AddressRefused, Resolve, Target, locate, private_hosts
from kernel.settings import Settings

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.5
"""Before the first further try, where the endpoint names no time; doubles with each."""

JITTER = 0.25
"""Most that is added to a pause, as a share of it, so that many who wait do not come back together."""

EXCERPT_BYTES = 200
"""Of an answer that was no reply, for the log; never for the page."""

_running: dict[str, int] = {}


class _Overloaded(Exception):  # noqa: N818  not a fault, a reason to ask again
    def __init__(self, status: int, wait_seconds: float) -> None:
        busy = status == httpx.codes.TOO_MANY_REQUESTS
        kind, what = (BotBusy, "overloaded") if busy else (BotFailing, "failing")
        self.wait_seconds = wait_seconds
        self.error: BotUnavailable = kind(
            f"The bot's endpoint is {what} (status {status}); try again later.",
            retry_after_seconds=math.ceil(wait_seconds),
        )


class OpenAIBot:
    """`resolve` stands in for the network's name service in tests."""

    def __init__(self, config: BotConfig, *, resolve: Resolve | None = None) -> None:
        self.model = config.model
        self._config = config
        self._resolve = resolve

    async def stream(self, ask: Ask, *, settings: Settings) -> AsyncGenerator[str, None]:
        base_url = self._config.base_url or ""
        if (
            _running.get(base_url, 0) >= settings.bot_calls_at_once
            or sum(_running.values()) >= settings.bot_calls_total
        ):
            raise BotBusy("Too many replies are being asked of this bot; try again in a moment.")
        _running[base_url] = _running.get(base_url, 0) + 1
        try:
            async with aclosing(self._try_and_try(ask, settings)) as pieces:
                async for piece in pieces:
                    yield piece
        except httpx.ConnectTimeout as error:
            raise BotUnreachable(
                f"The bot did not take a connection within {settings.bot_connect_seconds:g} s; try again."
            ) from error
        except httpx.ConnectError as error:
            raise BotUnreachable("The bot's endpoint cannot be reached; try again.") from error
        except httpx.HTTPError as error:
            raise BotCut("The connection to the bot was cut; try again.") from error
        finally:
            _running[base_url] -= 1
            if not _running[base_url]:
                del _running[base_url]

    async def _try_and_try(self, ask: Ask, settings: Settings) -> AsyncGenerator[str, None]:
        """Again only where nothing was answered: after a word, or a cut, the endpoint may charge for a second one."""
        target = await self._locate(settings)
        body = self._body(ask)
        pause = FIRST_PAUSE_SECONDS
        for tries_left in range(settings.bot_retries, -1, -1):
            try:
                tried = self._one_try(target, body, pause, settings)
                async with aclosing(tried), aclosing(_paced(tried, settings)) as pieces:
                    async for piece in pieces:
                        yield piece
            except _Overloaded as overloaded:
                if not tries_left or overloaded.wait_seconds > settings.bot_reply_seconds:
                    raise overloaded.error from None
                wait = overloaded.wait_seconds
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not tries_left:
                    raise
                wait = pause
            else:
                return
            await asyncio.sleep(wait * (1 + JITTER * random.random()))  # noqa: S311  spread, not secrecy
            pause *= 2

    async def _one_try(
        self, target: Target, body: bytes, pause_seconds: float, settings: Settings
    ) -> AsyncGenerator[str, None]:
        """Pieces; an empty one is a sign of life without a word."""
        async with self._answer(target, body, settings) as response:
            if response.status_code != httpx.codes.OK:
                await self._log_refusal(response, target)
                raise _Overloaded(response.status_code, _judge_refusal(response, pause_seconds, settings))
            async with aclosing(_read_reply(response, settings)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _locate(self, settings: Settings) -> Target:
        try:
            return await locate(
                self._config.base_url or "",
                allow_private=settings.bot_allow_private_addresses,
                private_hosts=private_hosts(settings.bot_private_hosts),
                seconds=settings.bot_connect_seconds,
                resolve=self._resolve,
            )
        except AddressRefused as error:
            raise BotAddressRefused(f"The bot's address may not be called: {error.detail}") from error
        except (OSError, TimeoutError, UnicodeError) as error:
            raise BotUnreachable("The host of the bot's address cannot be found.") from error

    def _body(self, ask: Ask) -> bytes:
        prompt = [{"role": "system", "content": self._config.system_prompt}] if self._config.system_prompt else []
        top_p = {} if self._config.top_p is None else {"top_p": self._config.top_p}
        return msgspec.json.encode(
            {
                "model": self._config.model,
                "messages": [
                    *prompt,
                    *({"role": message.role, "content": message.content} for message in ask.messages),
                ],
                "temperature": self._config.temperature,
                **top_p,
                "max_tokens": self._config.max_tokens,
                "stream": True,
            }
        )

    @asynccontextmanager
    async def _answer(self, target: Target, body: bytes, settings: Settings) -> AsyncIterator[httpx.Response]:
        """A client of its own for each call: a kept connection would belong to an address that was judged earlier."""
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",  # a small body must not unpack into a large one
            "User-Agent": "callboard",
        }
        if self._config.api_key:
            headers["Authorization"] = f"Bearer {self._config.api_key}"
        timeout = httpx.Timeout(
            settings.bot_total_seconds, connect=settings.bot_connect_seconds
        )  # `_paced` is stricter
        async with httpx.AsyncClient(verify=_tls(), trust_env=False, follow_redirects=False, timeout=timeout) as client:
            response = await _send_to_first(client, target, headers, body)
            try:
                yield response
            finally:
                await response.aclose()

    async def _log_refusal(self, response: httpx.Response, target: Target) -> None:
        excerpt = b""
        async for piece in response.aiter_raw():
            excerpt += piece
            if len(excerpt) >= EXCERPT_BYTES:
                break
        text = excerpt[:EXCERPT_BYTES].decode(errors="replace")
        if self._config.api_key:
            text = text.replace(self._config.api_key, "***")
        log.warning("bot endpoint refused", host=target.host, status=response.status_code, excerpt=text)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes tens of milliseconds: once per process."""
    return httpx.create_ssl_context(trust_env=False)


async def _send_to_first(
    client: httpx.AsyncClient, target: Target, headers: dict[str, str], body: bytes
) -> httpx.Response:
    """To the first address that takes a connection; TLS is checked against the host's name, not the address."""
    failures: list[httpx.TransportError] = []
    for address in target.addresses:
        try:
            return await client.send(_request(client, target, address, headers, body), stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failures.append(error)
    raise failures[0]


def _request(
    client: httpx.AsyncClient, target: Target, address: IPv4Address | IPv6Address, headers: dict[str, str], body: bytes
) -> httpx.Request:
    url = f"{target.url(address)}/chat/completions"
    return client.build_request("POST", url, headers=headers, content=body, extensions={"sni_hostname": target.host})


def _judge_refusal(response: httpx.Response, pause_seconds: float, settings: Settings) -> float:
    """Seconds until a further try may help; raises where none would."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return _retry_after(response.headers.get("Retry-After"), pause_seconds, settings)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise BotKeyRefused(f"The bot's endpoint does not accept the project's key (status {status}).")
    if httpx.codes.MULTIPLE_CHOICES <= status < httpx.codes.BAD_REQUEST:
        raise BotRejected(f"The bot's endpoint redirects elsewhere (status {status}), which is not followed.")
    if status == httpx.codes.NOT_FOUND:
        raise BotRejected("The bot's endpoint knows no such model or address (status 404).")
    raise BotRejected(f"The bot's endpoint does not accept the request (status {status}).")


def _retry_after(header: str | None, pause_seconds: float, settings: Settings) -> float:
    """Seconds; the header holds them or a date (RFC 9110, 10.2.3), and nonsense in it is passed over."""
    if header is None:
        return pause_seconds
    if header.strip().isdecimal():
        return min(float(header), settings.bot_total_seconds * 10)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return pause_seconds
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - clock.now()).total_seconds(), 0.0)


async def _paced(pieces: AsyncGenerator[str, None], settings: Settings) -> AsyncGenerator[str, None]:
    """The pieces with words in them. A sign of life without a word puts the first deadline off for nobody."""
    loop = asyncio.get_running_loop()
    allowed = settings.bot_reply_seconds
    deadline, spoken = loop.time() + allowed, False
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await anext(pieces, None)
        except TimeoutError as error:
            what = "went silent for" if spoken else "did not answer within"
            raise BotSlow(f"The bot {what} {allowed:g} s; try again.") from error
        if piece is None:
            return
        if piece:
            spoken, allowed = True, settings.bot_between_seconds
            yield piece
        if spoken:
            deadline = loop.time() + allowed


async def _read_reply(response: httpx.Response, settings: Settings) -> AsyncGenerator[str, None]:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise BotBroken("The bot's endpoint sent a packed reply, which was not asked for.")
    if "json" in response.headers.get("Content-Type", ""):
        yield await _read_whole(response, settings)
        return
    began = finished = False
    async with aclosing(_events(response, settings)) as events:
        async for data in events:
            if data == DONE:
                return
            completion = read_completion(data)
            began, finished = True, finished or completion.finished
            yield completion.text
    if not began:
        raise BotBroken("The bot's endpoint sent something that is not a chat completion.")
    if not finished:
        raise BotCut("The connection to the bot was cut in the middle of its reply; try again.")


async def _events(response: httpx.Response, settings: Settings) -> AsyncGenerator[bytes, None]:
    reader = EventReader()
    async with aclosing(_bounded(response, settings)) as pieces:
        async for piece in pieces:
            for data in reader.feed(piece):
                yield data
    for data in reader.finish():
        yield data


async def _read_whole(response: httpx.Response, settings: Settings) -> str:
    """For endpoints that do not stream though they were asked to."""
    return read_completion(b"".join([piece async for piece in _bounded(response, settings)])).text


async def _bounded(response: httpx.Response, settings: Settings) -> AsyncGenerator[bytes, None]:
    size = 0
    async for piece in response.aiter_raw():
        size += len(piece)
        if size > settings.bot_body_limit_bytes:
            raise BotTooLong(f"The bot's endpoint sent more than {settings.bot_body_limit_bytes:,} bytes.")
        yield piece
