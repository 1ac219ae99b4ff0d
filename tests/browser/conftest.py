"""Debian's Chromium on the real server: a demo installation of its own, signed in as the people who use it."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Browser, Page, async_playwright, expect

from callboard.access import passwords, people
from callboard.access.people import PersonDraft
from kernel import db
from kernel.settings import Settings
from tests.again import allow_second_try
from tests.journey.conftest import Server, api, server
from tests.routing.factory import make_annotator, make_project, make_reviewer, make_tasks

__all__ = ["api", "server"]

CHROMIUM = shutil.which("chromium")


def _driver_runs() -> bool:
    """The driver's own program needs a library (libatomic) that a minimal system lacks."""
    node, _ = compute_driver_executable()
    return subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0


FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip
PASSWORD = "a long enough password"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

# An expectation ends as soon as it holds: on a busy machine the five seconds of Playwright were too few now and then.
expect.set_options(timeout=30_000)

SignIn = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the browser; without it they are skipped, loudly, by `make test`."""
    here = Path(__file__).parent
    missing = CHROMIUM is None or not _driver_runs()
    allow_second_try(items, [here])
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason="chromium, or libatomic for its driver, is not installed"))


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Callable[[], Awaitable[Browser]]]:
    """One for all tests of the process, which tell their people apart by contexts; started again where it has died."""
    async with async_playwright() as playwright:
        running: list[Browser] = []

        async def alive() -> Browser:
            if not running or not running[-1].is_connected():
                running.append(await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS))
            return running[-1]

        yield alive
        for one in running:
            await one.close()


@pytest.fixture
async def browser(chromium: Callable[[], Awaitable[Browser]]) -> AsyncIterator[Browser]:
    browser = await chromium()
    yield browser
    for context in browser.contexts:
        await context.close()


@pytest.fixture
async def operation(settings: Settings, server: Server) -> None:
    """A project with three dialogue tasks, an annotator, a reviewer and a manager who can sign in."""
    project = await make_project(settings, name="Kitchen talk", guidelines="Be kind and exact.", min_turns=3)
    await make_tasks(
        project,
        3,
        payload={"title": "Tea", "brief": "How to make good tea.", "opening": "How long should green tea steep?"},
    )
    annotator, reviewer = await make_annotator(settings, "Ann Writer"), await make_reviewer(settings, "Rev Judge")
    password = await passwords.hash_password(PASSWORD, settings)
    for email, roles, who in (
        ("annotator@test.example", ["annotator"], annotator),
        ("reviewer@test.example", ["reviewer"], reviewer),
        ("manager@test.example", ["manager"], None),
    ):
        async with db.transaction():
            draft = PersonDraft(
                email=email, display_name=email.split("@", maxsplit=1)[0].title(), roles=roles, annotator_id=who
            )
            await people.create(draft, password_hash=password, must_change_password=False)


@pytest.fixture
async def sign_in(browser: Browser, server: Server, operation: None) -> AsyncIterator[SignIn]:
    """A page of a context of its own, signed in; anything that the page reports as an error fails the test."""
    complaints: list[str] = []

    async def enter(who: str, *, size: dict[str, int] = DESKTOP, locale: str = "en-US", scheme: str = "light") -> Page:
        context = await browser.new_context(base_url=server.url, viewport=size, locale=locale, color_scheme=scheme)  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto("/sign-in")
        await page.fill("input[name=email]", f"{who}@test.example")
        await page.fill("input[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    yield enter
    # A refusal (409, 412, 422) is an answer that the page shows, and a test may kill the server; browsers report both.
    expected = re.compile(r"\b(409|412|422|503)\b|net::ERR_")
    assert not [complaint for complaint in complaints if not expected.search(complaint)]
