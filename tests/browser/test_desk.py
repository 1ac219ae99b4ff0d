"""The desk in a browser where it meets others: the last place of a topic, bots that fail, another device, another tab."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Page, Route, expect

from dialogue import conversations
from dialogue.rules import RulesDraft, put_rules
from dialogue.topics import QuotaDraft, TopicDraft, put_quotas
from kernel import db
from kernel.settings import Settings
from routing import leases
from tests.browser.conftest import SignIn
from tests.browser.test_candidates import WAIT_MS, ask, begin
from tests.dialogue.fake_endpoint import FakeEndpoint, chunk, endpoint, head, refuses, sends, streams
from tests.routing.factory import claim_one, lapse, make_annotator


@pytest.fixture(autouse=True)
def near_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of these tests may call the endpoint of these tests, and asks once."""
    monkeypatch.setenv("CALLBOARD_BOT_PRIVATE_HOSTS", "127.0.0.1=the tests")
    monkeypatch.setenv("CALLBOARD_BOT_RETRIES", "0")


async def project_id() -> UUID:
    found: UUID = await db.fetch_value("SELECT id FROM project")
    return found


async def draft_saved(page: Page, text: str) -> None:
    """Types into the composer and waits until the server has it."""
    await page.locator("#message").focus()
    await page.keyboard.press("Control+End")
    async with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.ok):
        await page.keyboard.type(text)


async def test_the_last_place_goes_and_the_draft_stays_on_every_device(
    settings: Settings, operation: None, sign_in: SignIn
) -> None:
    project = await project_id()
    topics = [TopicDraft(text="Green tea", most=1), TopicDraft(text="Coffee", brief="Beans <b>and</b> water")]
    async with db.transaction("test"):
        await put_rules(project, RulesDraft(topics="quota"))
        quota = QuotaDraft(domain="general", language="en", wanted=5, topics=topics)
        await put_quotas(project, [quota], settings=settings)
    tea = await db.fetch_value("SELECT id FROM topic WHERE text = 'Green tea'")

    page = await sign_in("annotator")
    await begin(page)
    card = page.locator(".topic-card", has_text="Green tea")
    await expect(card).to_contain_text("1 of 1 open")
    await card.locator("input").focus()
    await page.keyboard.press("Space")
    rival = await claim_one(settings, await make_annotator(settings, "Bob"))
    async with db.transaction("test"):
        await conversations.open_conversation(
            rival.id, rival.annotator_id, rival.epoch, "", "Mine!", settings=settings, topic_id=tea
        )
    await ask(page, "How long should it steep?")
    await expect(page.get_by_text("No further dialogue about this topic is needed")).to_be_visible()
    await expect(page.locator("#message")).to_have_value("How long should it steep?")
    await expect(card).to_have_count(0)
    await page.locator(".topic-card", has_text="Coffee").locator("input").focus()
    await page.keyboard.press("Space")
    await page.locator("#message").press("Control+Enter")
    await expect(page.locator(".turn .rate")).to_be_visible(timeout=WAIT_MS)
    await expect(page.locator(".topic")).to_contain_text("Coffee")
    await page.locator(".turn").focus()
    await page.keyboard.press("4")
    await expect(page.locator("input[name=rating][value='4']")).to_be_checked()

    await draft_saved(page, "Begun at the desk")
    other = await sign_in("annotator")
    await other.goto(page.url)
    await expect(other.locator("#message")).to_have_value("Begun at the desk")
    await draft_saved(other, ", gone on in the train")
    await lapse(UUID(page.url.rpartition("/")[2]))
    async with db.transaction("test"):
        assert await leases.sweep(settings) == 1
    await draft_saved(other, ", finished too late")
    await other.goto("/queue")
    await begin(other)
    whole = "Begun at the desk, gone on in the train, finished too late"
    await expect(other.locator("#message")).to_have_value(whole)

    await other.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await other.evaluate("navigator.clipboard.writeText('Words out of a book')")
    await other.locator("#message").focus()
    await other.keyboard.press("Control+a")
    await other.keyboard.press("Control+v")
    await expect(other.locator("#message")).to_have_value("Words out of a book")
    await other.locator("#message").press("Control+Enter")
    await expect(other.locator(".turn .rate")).to_have_count(2, timeout=WAIT_MS)
    panel = other.locator(".measured")
    await panel.locator("summary").focus()
    await other.keyboard.press("Enter")
    await expect(panel).to_contain_text("100%")
    await expect(panel).to_contain_text("Nothing is decided by them")


@pytest.fixture
async def failing() -> AsyncIterator[FakeEndpoint]:
    """Three are asked: one answers, one has a fault of its own, one stops in the middle; then all are well."""
    cut = sends(head() + chunk("Half of ") + chunk("an answer"))
    good = [streams(f"Answer {n}.") for n in range(2, 5)]
    async with endpoint(streams("Answer 1."), refuses("500 No"), cut, *good) as fake:
        yield fake


async def test_three_are_ranked_with_a_tie_though_two_failed_first(
    operation: None, failing: FakeEndpoint, sign_in: SignIn
) -> None:
    project = await project_id()
    async with db.transaction("test"):
        await put_rules(project, RulesDraft(candidates=3, decision="rank"))
        await db.execute(
            "INSERT INTO bot (id, project, name, kind, base_url, model, system_prompt, temperature, max_tokens, candidates) "
            "VALUES (gen_random_uuid(), :project, 'Fake', 'openai', :url, 'fake-1', '', 0.5, 100, 3)",
            project=project, url=failing.url,
        )  # fmt: skip
    page = await sign_in("annotator")
    await begin(page)
    await ask(page, "Which tea?")
    block = page.locator("[data-choosing]")
    await expect(block.locator('[data-state="failed"]')).to_have_count(2, timeout=WAIT_MS)
    await expect(block.get_by_text("The bot reports a fault of its own.")).to_be_visible()
    await expect(block.get_by_text("The connection to the bot was cut.")).to_be_visible()
    await expect(block.locator(".partial")).to_contain_text("Half of an answer")
    await page.reload()
    await expect(block.locator(".partial")).to_contain_text("Half of an answer")
    assert len(failing.seen) == 3, "a reload asks nobody"
    await page.locator(".turn").focus()
    await page.keyboard.press("a")
    await expect(block.locator('[data-state="ready"]')).to_have_count(3, timeout=WAIT_MS)
    assert len(failing.seen) == 5, "what had come is not asked for again"

    ranking = block.locator("[data-ranking]")
    for key, shown in (("2", "2"), ("=", "2 ="), ("u", "2"), ("u", ""), ("3", "3"), ("=", "3 ="), ("1", "3 = 1")):
        await page.keyboard.press(key)
        await expect(ranking).to_have_text(shown)
    await page.keyboard.press("2")
    await expect(page.locator("[data-choosing-done]")).to_be_visible()
    ranks = "SELECT slot, rank FROM turn WHERE slot IS NOT NULL ORDER BY slot"
    assert [tuple(row) for row in await db.fetch(ranks)] == [(1, 1), (2, 2), (3, 1)]
    assert await db.fetch_value("SELECT slot FROM turn t JOIN choice c ON c.chosen_id = t.id") in (1, 3)
    await page.locator(".turn").focus()
    await page.keyboard.press("u")
    await expect(ranking).to_have_text("No place given yet")
    for key in "123":
        await page.keyboard.press(key)
    await expect(page.locator("[data-choosing-done]")).to_be_visible()
    assert [tuple(row) for row in await db.fetch(ranks)] == [(1, 1), (2, 2), (3, 3)]


async def edit(page: Page, text: str) -> None:
    await page.locator(".turn").first.focus()
    await page.keyboard.press("e")
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)
    await page.keyboard.press("Control+Enter")


async def test_two_tabs_edit_one_reply_and_either_text_may_win(operation: None, sign_in: SignIn) -> None:
    await db.execute("UPDATE project SET min_turns = 1")
    one = await sign_in("annotator")
    await begin(one)
    await ask(one, "Which tea?")
    await expect(one.locator(".turn .rate")).to_be_visible(timeout=WAIT_MS)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await one.route("**/rating", hold)
    await one.locator(".turn").focus()
    async with one.expect_request("**/rating"):
        await one.keyboard.press("5")
    await edit(one, "Typed while the rating was on its way.")
    await held.pop().continue_()
    await expect(one.locator(".panel-edited")).to_have_text("Typed while the rating was on its way.")
    await expect(one.locator("input[name=rating][value='5']")).to_be_checked()
    two = await one.context.new_page()
    two.on("dialog", lambda dialog: dialog.accept())
    await two.goto(one.url)
    stored = "SELECT text FROM turn WHERE role = 'assistant'"

    await edit(one, "Text of the first tab.")
    await expect(one.locator(".panel-edited")).to_have_text("Text of the first tab.")
    await edit(two, "Text of the second tab.")
    told = two.get_by_text("Another tab has saved this reply meanwhile.")
    await expect(told).to_be_visible()
    assert await db.fetch_value(stored) == "Text of the first tab."
    await two.get_by_role("button", name="Save mine over it").click()
    await expect(two.locator(".panel-edited")).to_have_text("Text of the second tab.")
    assert await db.fetch_value(stored) == "Text of the second tab."

    await edit(one, "The first tab again.")
    await expect(one.get_by_text("Another tab has saved this reply meanwhile.")).to_be_visible()
    await one.get_by_role("button", name="Take the other").click()
    await expect(one.locator(".panel-edited")).to_have_text("Text of the second tab.")
    await expect(one.locator(".panel-edited")).to_be_visible()
    await expect(one.get_by_text("Another tab has saved this reply meanwhile.")).to_have_count(0)
    hand_in = one.get_by_role("button", name="Hand in")
    await expect(hand_in).to_be_enabled()
    await hand_in.click()
    await expect(one.get_by_text("You handed this task in.")).to_be_visible()
    payload = await db.fetch_value("SELECT payload FROM submission")
    assert payload["turns"][-1]["text"] == "Text of the second tab."
