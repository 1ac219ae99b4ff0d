"""The dialogue loop as people work it: by keyboard in a real browser, judged by another person, and paid."""

from playwright.async_api import Page, expect

from callboard.checks import check
from kernel import db
from tests.browser.conftest import PHONE, SignIn

EXCHANGES = 3
LANGUAGES = [
    ("Je ne sais pas si le thé est bon, mais il est très chaud.", "en-GB", "fr"),
    ("Je ne sais pas si le thé est bon, mais il est très chaud.", "fr", ""),
    ("No sé si el té está bueno, pero está muy caliente y hay que esperar.", "fr", "es"),
    ("Das ist nicht der Tee, den ich für dich gekauft habe, und er ist kalt.", "nl", "de"),
    ("Я не знаю, что это за чай, но он уже очень горячий.", "uk", "ru"),
    ("I told him about the Café de la Paix and La Vie en rose, and he was glad.", "en", ""),
    ("Le thé vert.", "en", ""),
    ("Sijui kama chai ni nzuri, lakini ni moto sana na nitasubiri.", "sw", ""),
    ("```\nle la les des et est une pour dans sur avec il elle je\n``` What does this code do?", "en", ""),
]
"""Text, the language that is asked for, and which other one it surely is in."""


async def converse(page: Page, exchanges: int) -> None:
    """Each exchange: write, Ctrl+Enter, wait for the bot, rate with a digit."""
    for n in range(1, exchanges + 1):
        await page.locator("#message").fill(f"Question {n}: how long should green tea steep?")
        await page.locator("#message").press("Control+Enter")
        reply = page.locator(".turn").nth(n - 1)
        await expect(reply.locator(".rate")).to_be_visible(timeout=30_000)
        await reply.focus()
        await page.keyboard.press("4")
        await expect(reply.locator("input[name=rating][value='4']")).to_be_checked()
        await expect(page.locator("#composer button.btn-primary")).to_be_enabled()


async def test_three_turns_by_keyboard_then_review_then_pay(sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await expect(page.get_by_role("button", name="Get next task")).to_be_visible()
    await expect(page.get_by_text("$2.50").first).to_be_visible()
    await page.keyboard.press("n")
    await page.wait_for_url("**/work/*")
    await converse(page, EXCHANGES)

    last = page.locator(".turn").nth(EXCHANGES - 1)
    await last.focus()
    await page.keyboard.press("e")
    editor = last.locator("textarea[name=text]")
    await editor.fill("Two minutes in water of 75 degrees.")
    await editor.press("Control+Enter")
    await expect(last.get_by_text("edited", exact=True).first).to_be_visible()
    await page.get_by_role("button", name="Hand in").click()
    await expect(page.get_by_text("You handed this task in.")).to_be_visible()
    assert await db.fetch_value("SELECT state FROM submission") == "pending"

    judge = await sign_in("reviewer")
    await judge.keyboard.press("n")
    await judge.wait_for_url("**/review/*")
    await judge.locator("input[type=radio][value=edited]").last.check(force=True)
    await expect(judge.get_by_text("Two minutes in water of 75 degrees.").first).to_be_visible()
    assert "Ann Writer" not in await judge.content(), "reviews are blind"
    for group in await judge.locator("#verdict fieldset").all():
        scores = group.locator("input[type=radio][name^=score-][value='5']")
        if await scores.count():
            await scores.first.check(force=True)
    await judge.locator("input[name=outcome][value=accept]").check(force=True)
    await judge.get_by_role("button", name="Give the verdict").click()
    await expect(judge.get_by_text("Your verdict is given.")).to_be_visible()

    await page.goto("/earnings")
    await expect(page.get_by_text("$2.50").first).to_be_visible()
    manager = await sign_in("manager")
    await manager.goto("/floor")
    await expect(manager.get_by_text("Accepted today").first).to_be_visible()
    assert await db.fetch_value("SELECT count(*) FROM task WHERE state = 'accepted'") == 1
    report = await check()
    assert report.ok, report.to_text()


async def test_unsent_words_survive_a_reload(sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await page.keyboard.press("n")
    await page.wait_for_url("**/work/*")
    await page.locator("#message").fill("I had nearly finished this sen")
    async with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        pass
    await page.reload()
    await expect(page.locator("#message")).to_have_value("I had nearly finished this sen")

    await page.locator("#message").fill("Je ne sais pas si le thé est bon, mais il est très chaud et je vais attendre.")
    await expect(page.locator(".meter .hint")).to_have_text("This seems to be French; the task asks for English.")
    said = await page.evaluate(
        """async (pairs) => {
          const at = document.querySelector("script[type=module]").src.replace("app.js", "languages.js");
          const { otherLanguage } = await import(at);
          return pairs.map(([text, asked]) => otherLanguage(text, asked));
        }""",
        [[text, asked] for text, asked, _ in LANGUAGES],
    )
    assert said == [other for _, _, other in LANGUAGES]

    await page.locator(".plea summary").first.click()
    await page.locator("#more-reason").fill("The source is long")
    await page.get_by_role("button", name="Ask the managers").click()
    await expect(page.locator("#notice")).to_contain_text("The clock moves when one of them grants it.")
    await page.locator(".plea summary").last.click()
    await page.locator("#trouble-reason").fill("The brief is empty")
    await page.get_by_role("button", name="Tell, and keep it").click()
    await expect(page.locator("#notice")).to_contain_text("You may go on meanwhile.")
    await page.get_by_role("button", name="Tell, and give it back").click()
    await page.wait_for_url("**/queue")
    told = "SELECT count(*) FROM event WHERE type IN ('assignment.extension_asked', 'task.trouble')"
    assert await db.fetch_value(told) == 3


async def test_an_edit_that_was_left_open_is_not_handed_in_over(sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await page.keyboard.press("n")
    await page.wait_for_url("**/work/*")
    await converse(page, EXCHANGES)
    first = page.locator(".turn").first
    await first.locator("[data-edit]").focus()
    await page.keyboard.press("e")
    editor = first.locator("textarea[name=text]")
    await editor.fill("Better words, not saved yet.")
    await page.get_by_role("button", name="Hand in").click()
    await expect(page.get_by_text("Something on the list is still open.")).to_be_visible()
    await expect(page.get_by_role("button", name="Hand in")).to_be_disabled()
    assert await db.fetch_value("SELECT count(*) FROM submission") == 0

    await first.locator("[data-edit]").click()
    await page.locator("#message").fill("Something else.")
    async with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        pass
    await page.reload()
    await expect(editor).to_have_value("Better words, not saved yet.")
    await first.get_by_role("button", name="Discard").click()
    await page.get_by_role("button", name="Hand in").click()
    await expect(page.get_by_text("You handed this task in.")).to_be_visible()


async def test_nothing_runs_that_was_written_into_a_dialogue(sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await page.keyboard.press("n")
    await page.wait_for_url("**/work/*")
    await page.locator("#message").fill('<img src=x onerror="window.hurt=1"><script>window.hurt=1</script> **bold**')
    await page.locator("#message").press("Control+Enter")
    await expect(page.locator(".turn .rate").first).to_be_visible(timeout=30_000)
    await page.reload()
    assert await page.evaluate("window.hurt") is None
    await expect(page.get_by_text("<script>window.hurt=1</script>").first).to_be_visible()


async def test_no_screen_is_wider_than_a_phone(sign_in: SignIn) -> None:
    for who, paths in (
        ("annotator", ["/queue", "/earnings"]),
        ("reviewer", ["/reviews"]),
        ("manager", ["/floor", "/tasks"]),
    ):
        page = await sign_in(who, size=PHONE)
        for path in paths:
            await page.goto(path)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], f"{path} is {width} pixels wide"


async def test_chinese_and_dark(sign_in: SignIn) -> None:
    page = await sign_in("annotator", locale="zh-CN", scheme="dark")
    await page.goto("/queue")
    light = await (await sign_in("annotator")).evaluate("getComputedStyle(document.body).backgroundColor")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
