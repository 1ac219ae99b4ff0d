"""Replies with rivals as people work them: by keyboard alone, through a reload and a killed web server, judged by another."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Page, expect

from callboard.checks import check
from dialogue.rubric_defaults import DIMENSIONS, SPAN_LABELS
from dialogue.rubrics import RubricDraft, put_rubric
from dialogue.rules import RulesDraft, put_rules
from kernel import db
from tests.browser.conftest import PHONE, SignIn
from tests.journey.conftest import Server

EXCHANGES = 5
WAIT_MS = 30_000


@pytest.fixture
async def rivals(operation: None) -> None:
    """The project asks for two candidates, two scales of each reply, and one of the whole."""
    project_id = await db.fetch_value("SELECT id FROM project")
    helpful, _, harmless = DIMENSIONS[:3]
    whole = RubricDraft(
        dimensions=[helpful, harmless, type(helpful)(code="overall", name={"en": "Overall"}, applies=["dialogue"])],
        span_labels=SPAN_LABELS,
    )
    async with db.transaction("test"):
        await put_rules(project_id, RulesDraft(candidates=2))
        await put_rubric(project_id, whole)


class Again:
    """The web server, killed and started again at the same address."""

    def __init__(self, server: Server) -> None:
        self.server = server
        entries = Path(f"/proc/{server.process.pid}/environ").read_bytes().split(b"\0")
        self._environment = dict(entry.decode().split("=", 1) for entry in entries if b"=" in entry)
        self._command = Path(f"/proc/{server.process.pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        self.process: subprocess.Popen[bytes] | None = None

    async def kill(self) -> None:
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.server.process.pid)], capture_output=True, check=False
        )
        for pid in [int(one) for one in children.stdout.split()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.process.kill()
        await asyncio.to_thread(self.server.process.wait)

    async def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        async with httpx.AsyncClient() as client:
            for _ in range(300):
                try:
                    if (await client.get(f"{self.server.url}/readyz")).is_success:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError("the server did not come back")


@pytest.fixture
async def again(server: Server) -> AsyncIterator[Again]:
    control = Again(server)
    yield control
    if control.process is not None:
        control.process.terminate()
        await asyncio.to_thread(control.process.wait)


async def begin(page: Page) -> None:
    await page.keyboard.press("n")
    await page.wait_for_url("**/work/*")


async def ask(page: Page, text: str) -> None:
    await page.locator("#message").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)
    await page.keyboard.press("Control+Enter")


async def both_are_there(page: Page) -> None:
    await expect(page.locator("[data-choosing] [data-choose]")).to_have_count(2, timeout=WAIT_MS)


async def choose_and_rate(page: Page, number: int, key: str, *values: str) -> None:
    await page.locator(".turn").nth(number - 1).focus()
    await page.keyboard.press(key)
    scales = page.locator(".turn").nth(number - 1).locator(".says-bot > .scales .dimension")
    await expect(scales.first).to_be_focused()
    for value in values:
        await page.keyboard.press(value)
    await expect(page.locator("#message")).to_be_focused()


async def test_five_turns_with_two_candidates_by_keyboard_through_reload_and_crash(
    rivals: None, sign_in: SignIn, again: Again
) -> None:
    page = await sign_in("annotator")
    await begin(page)
    for number in range(1, EXCHANGES + 1):
        await ask(page, f"Question {number}: how long should green tea steep?")
        if number == 3:
            await expect(page.locator("[data-choosing]")).to_be_visible()
            await again.kill()
            await again.start()
        await both_are_there(page)
        await choose_and_rate(page, number, "12"[number % 2], "4", "5")
        if number == 2:
            await page.locator("#message").press_sequentially("Half a thou")
            async with page.expect_response(lambda answer: answer.url.endswith("/draft")):
                pass
            await page.reload()
            await expect(page.locator("#message")).to_have_value("Half a thou")
            await expect(page.locator(".says-bot > .scales .steps :checked")).to_have_count(4)

    last = page.locator(".turn").nth(EXCHANGES - 1)
    await last.focus()
    await page.keyboard.press("e")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Two minutes in water of 75 degrees.")
    await page.keyboard.press("Control+Enter")
    await expect(last.get_by_text("edited", exact=True).first).to_be_visible()

    await expect(page.locator("#missing [data-jump]")).to_have_count(1)
    await last.focus()
    await page.keyboard.press("m")
    await expect(page.locator("#scale-whole-overall")).to_be_focused()
    await page.keyboard.press("5")
    await expect(page.locator("#missing")).to_have_count(0)
    hand_in = page.get_by_role("button", name="Hand in")
    await expect(hand_in).to_be_enabled()
    await hand_in.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You handed this task in.")).to_be_visible()

    payload = await db.fetch_value("SELECT payload FROM submission")
    payload = json.loads(payload) if isinstance(payload, str) else payload
    assert [choice["state"] for choice in payload["choices"]] == ["chosen"] * EXCHANGES
    assert len(payload["turns"]) == 2 * EXCHANGES
    assert payload["turns"][-1]["text"] == "Two minutes in water of 75 degrees."
    assert len(payload["rubric"]["scores"]) == 2 * EXCHANGES + 1

    judge = await sign_in("reviewer")
    await judge.keyboard.press("n")
    await judge.wait_for_url("**/review/*")
    await expect(judge.locator(".rivals")).to_have_count(EXCHANGES)
    await expect(judge.locator(".says-bot > .given dd")).to_have_count(2 * EXCHANGES)
    await expect(judge.locator(".whole .given dd")).to_have_text("5 / 5")
    await judge.locator(".rivals summary").first.focus()
    await judge.keyboard.press("Enter")
    await expect(judge.locator(".rivals .candidate-text").first).to_be_visible()
    assert "callboard-offline" not in await judge.content(), "no bot is named"
    for _ in range(await judge.locator("#verdict [data-scale]").count()):
        await judge.keyboard.press("5")
    await judge.keyboard.press("a")
    await judge.keyboard.press("Control+Enter")
    await expect(judge.get_by_text("Your verdict is given.")).to_be_visible()
    assert await db.fetch_value("SELECT count(*) FROM task WHERE state = 'accepted'") == 1
    report = await check()
    assert report.ok, report.to_text()


async def test_ties_all_bad_undo_branches_and_marks(rivals: None, sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await begin(page)
    await ask(page, "Which tea?")
    await both_are_there(page)
    await page.locator(".turn").first.focus()
    await page.keyboard.press("0")
    await expect(page.get_by_text("None of these was good")).to_be_visible()
    await page.keyboard.press("a")
    await both_are_there(page)
    await page.keyboard.press("=")
    await expect(page.locator(".says-bot > .scales").first).to_be_visible()
    assert await db.fetch_value("SELECT count(*) FROM choice WHERE state = 'ranked'") == 1
    await page.locator(".turn").first.focus()
    await page.keyboard.press("u")
    await both_are_there(page)
    await page.locator(".turn").first.focus()
    await page.keyboard.press("2")
    await expect(page.locator(".dimension").first).to_be_focused()

    await page.keyboard.press("1")
    why = page.locator("[data-why]").first
    await expect(why).to_be_focused()
    await expect(page.locator("#missing")).to_contain_text("say why")
    await page.keyboard.type("It says nothing")
    await page.keyboard.press("Enter")
    await expect(page.locator("#missing")).not_to_contain_text("say why")

    await page.locator(".turn").first.focus()
    await page.keyboard.press("s")
    await expect(page.locator(".says-bot > .marker [data-source]")).to_be_focused()
    for _ in range(4):
        await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.locator(".says-bot > .marker [data-reason]").focus()
    await page.keyboard.type("Not so")
    await page.keyboard.press("Enter")
    await expect(page.locator(".passage")).to_contain_text("Not so")
    row = await db.fetch_one("SELECT from_char, to_char FROM turn_span")
    assert row is not None
    assert (row["from_char"], row["to_char"]) == (0, 4)
    await page.locator("[data-unmark]").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".passage")).to_have_count(0)

    await page.locator("[data-restart]").first.focus()
    await page.keyboard.press("Enter")
    await both_are_there(page)
    await page.locator(".turn").first.focus()
    await page.keyboard.press("1")
    await expect(page.locator(".ways .way")).to_have_count(2)
    await page.locator(".ways .way:not([aria-current])").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-why]").first).to_have_value("It says nothing")


async def test_a_second_tab_is_told_and_overwrites_nothing(rivals: None, sign_in: SignIn) -> None:
    one = await sign_in("annotator")
    await begin(one)
    await ask(one, "Which tea?")
    await both_are_there(one)
    two = await one.context.new_page()
    await two.goto(one.url)
    await one.locator(".turn").first.focus()
    await one.keyboard.press("1")
    await expect(one.locator(".dimension").first).to_be_visible()
    await two.locator(".turn").first.focus()
    await two.keyboard.press("2")
    await expect(two.get_by_text("This dialogue was changed in another tab.")).to_be_visible()
    chosen = await db.fetch_value("SELECT slot FROM turn t JOIN choice c ON c.chosen_id = t.id")
    assert chosen == 1

    await one.locator("#message").fill("Words of the first tab")
    async with one.expect_response(lambda answer: answer.url.endswith("/draft")):
        pass
    await two.locator("#message").fill("Words of the second tab")
    box = two.locator(".two-drafts")
    await expect(box).to_contain_text("Words of the first tab")
    await expect(box).to_contain_text("Words of the second tab")
    await box.get_by_role("button", name="Take the other").click()
    await expect(two.locator("#message")).to_have_value("Words of the first tab")


async def test_candidates_fit_a_phone_in_the_dark(rivals: None, sign_in: SignIn) -> None:
    page = await sign_in("annotator", size=PHONE, scheme="dark", locale="zh-CN")
    await begin(page)
    await ask(page, "مرحبا, which tea?")
    await both_are_there(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.locator("[data-choose]").first.click()
    await expect(page.locator(".dimension").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_one_candidate_that_did_not_come_is_asked_for_by_itself(rivals: None, sign_in: SignIn) -> None:
    project_id = await db.fetch_value("SELECT id FROM project")
    await db.execute(
        """INSERT INTO bot (id, project, kind, base_url, model, system_prompt, temperature, max_tokens)
           VALUES (:id, :project, 'openai', 'http://127.0.0.1:9/v1', 'm', '', 0.5, 10)""",
        id=uuid4(), project=project_id,
    )  # fmt: skip
    page = await sign_in("annotator")
    await begin(page)
    await ask(page, "Which tea?")
    await expect(page.locator('.candidate[data-state="failed"]')).to_have_count(2, timeout=WAIT_MS)
    await db.execute("UPDATE bot SET kind = 'offline', base_url = NULL")
    await page.get_by_role("button", name="Ask again for candidate 2").click()
    await expect(page.locator('.candidate[data-slot="2"][data-state="ready"]')).to_be_visible(timeout=WAIT_MS)
    await expect(page.locator('.candidate[data-slot="1"][data-state="failed"]')).to_be_visible()
    await page.locator(".turn").first.focus()
    await page.keyboard.press("a")
    await both_are_there(page)
