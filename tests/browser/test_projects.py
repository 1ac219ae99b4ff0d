"""A manager changes what a project asks, by keyboard: an error where it stands, mended, a step of the ladder, and the way back."""

from playwright.async_api import Page, Route, expect

from kernel import db
from tests.browser.conftest import PHONE, SignIn
from tests.browser.test_exam_manage import fits
from tests.browser.test_exams import shoot


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.id"))


async def test_a_requirement_is_mended_and_a_step_is_added(sign_in: SignIn) -> None:
    page = await sign_in("manager")
    await page.get_by_role("link", name="Projects", exact=True).click()
    await page.get_by_role("link", name="Kitchen talk").click()
    await page.get_by_role("link", name="Requirements", exact=True).click()
    await expect(page.get_by_text("2 of 2 active people fit")).to_be_visible()
    box = page.get_by_label("Expression")
    await box.fill("general >= 2 and banana >= 3")
    await expect(page.locator("mark", has_text="banana")).to_be_visible()
    await expect(page.get_by_text("Character 18: there is no “banana” here.")).to_be_visible()
    await expect(box).to_have_attribute("aria-invalid", "true")
    await shoot(page, "project-wrong")
    await page.get_by_label("Reason").fill("Beginners are too slow.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing was saved: 1 field needs another look.")).to_be_visible()
    assert await focused(page) == "text", "one stands where it has to be mended"
    await expect(box).to_have_value("general >= 2 and banana >= 3")
    await expect(page.get_by_label("Reason")).to_have_value("Beginners are too slow.")
    await box.fill("general >= 2 and language en >= 3")
    await expect(page.locator("mark")).to_have_count(0)
    await expect(box).to_have_attribute("aria-invalid", "false")
    await page.get_by_label("Add a person").fill("Ann Writer")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("radiogroup", name="Ann Writer")).to_be_visible()
    await expect(page.get_by_label("Add a person")).to_be_focused()
    await expect(page.get_by_label("Reason")).to_have_value("Beginners are too slow.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
    kept = await db.fetch_value("SELECT requirements FROM project")
    assert kept["require"] == "general >= 2 and language en >= 3"
    assert len(kept["prefer"]["people"]) == 1
    await expect(page.get_by_text("2 of 2 active people fit")).to_be_visible()
    await shoot(page, "project-saved")

    await page.get_by_role("link", name="Ladder", exact=True).click()
    await page.get_by_role("button", name="Add a step").click()
    await expect(page.get_by_label("After waiting", exact=True)).to_be_focused()
    await page.get_by_label("After waiting", exact=True).fill("soon")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("A whole number, 1 or more.")).to_be_visible()
    assert await focused(page) == "after_1"
    await page.get_by_label("After waiting", exact=True).fill("2")
    await page.get_by_label("After waiting: unit").select_option("hours")
    await expect(page.get_by_text("for a task that comes in now:")).to_be_visible()
    await page.get_by_role("button", name="Add a step").click()
    await expect(page.locator("#after_2")).to_be_focused()  # the new row is there for good
    await page.locator("#share_2").fill("90")
    await page.locator("#after_2").fill("")
    await page.get_by_role("button", name="Move step 2 up").click()
    await expect(page.locator("#share_1")).to_have_value("90")
    await expect(page.get_by_role("button", name="Move step 1 down")).to_be_focused()
    await shoot(page, "project-ladder")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
    steps = await db.fetch_value("SELECT ladder FROM project")
    assert steps == [
        {"at_sla_share": 0.9, "relax": {"min_level": -1}},
        {"after_minutes": 120, "relax": {"min_level": -1}},
    ]
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Taken back: it is as it was before.")).to_be_visible()
    assert await db.fetch_value("SELECT ladder FROM project") == []


async def test_on_a_phone_in_the_dark_in_chinese(sign_in: SignIn) -> None:
    page = await sign_in("manager", size=PHONE, scheme="dark")
    await page.evaluate("document.cookie = 'callboard_lang=zh-CN; path=/'")
    project = await db.fetch_value("SELECT id FROM project")
    for name in ("", "/requirements", "/ladder", "/time", "/rules"):
        await page.goto(f"/projects/{project}{name}")
        await fits(page)
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        await shoot(page, f"project-phone{name.replace('/', '-')}")
    for path in ("/projects", f"/calendars/new?project={project}"):
        await page.goto(path)
        await fits(page)


async def test_without_scripts_every_button_works(sign_in: SignIn) -> None:
    page = await sign_in("manager")
    browser = page.context.browser
    assert browser is not None
    bare = await browser.new_context(java_script_enabled=False, storage_state=await page.context.storage_state())
    plain = await bare.new_page()
    project = await db.fetch_value("SELECT id FROM project")
    base = page.url.split("/floor")[0]
    await plain.goto(f"{base}/projects/{project}/ladder")
    await plain.get_by_role("button", name="Add a step").click()
    await plain.locator("#queue_1").fill("50")
    await plain.get_by_role("button", name="Add a step").click()
    await expect(plain.locator("#queue_1")).to_have_value("50")
    await plain.get_by_role("button", name="Remove step 2").click()
    await plain.locator(".save-row button").click()
    await expect(plain.get_by_text("Saved. It holds from now on.")).to_be_visible()
    assert await db.fetch_value("SELECT ladder FROM project") == [
        {"after_minutes": 30, "when_queue_over": 50, "relax": {"min_level": -1}}
    ]
    await bare.close()


async def test_dialogue_settings_are_mended_where_they_are_wrong_and_run_nothing(sign_in: SignIn) -> None:
    page = await sign_in("manager")
    project = await db.fetch_value("SELECT id FROM project")
    at = f"/projects/{project}"
    hurt = "<img src=x onerror='window.hurt=1'>"
    await page.goto(f"{at}/dialogue")
    await page.get_by_label("Candidates for each reply").fill("9")
    await page.get_by_label("Exchanges at most").fill("1")
    await page.keyboard.press("Enter")
    await expect(page.locator("#candidates-error")).to_be_visible()
    await expect(page.locator("#candidates")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Candidates for each reply").fill("3")
    await page.get_by_label("what the project still needs").check()
    await page.keyboard.press("Enter")
    await expect(page.locator("#max_turns-error")).to_be_visible()
    await page.get_by_label("Exchanges at most").fill("9")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
    await expect(page.get_by_text("The list is empty: no dialogue could be begun.")).to_be_visible()

    await page.get_by_label("Dialogues", exact=True).get_by_role("link", name="Rubric").click()
    await page.get_by_role("button", name="Add a dimension").click()
    name = page.locator("#name_en_1")
    await name.fill(f"Warmth {hurt}")
    preview = page.locator("#preview")
    await expect(preview).to_contain_text(f"Warmth {hurt}")
    await page.locator("#highest_1").fill("1")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#highest_1-error")).to_be_visible()
    await expect(page.locator("#highest_1")).to_be_focused()
    await page.locator("#highest_1").fill("3")

    # While the server adds a row and moves one, somebody goes on typing.
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/rubric", hold)
    for button, there in (("Add a dimension", "#lowest_2"), ("Move dimension 2 up", "#name_en_2")):
        async with page.expect_request("**/rubric"):
            await page.get_by_role("button", name=button).click()
        await name.focus()
        await page.keyboard.press("End")
        await page.keyboard.type("!")
        await held.pop().continue_()
        await expect(page.locator(there)).to_be_visible()
        if there == "#lowest_2":
            await expect(name).to_have_value(f"Warmth {hurt}!")
            await expect(name).to_be_focused()
    await page.unroute("**/rubric")
    moved = page.locator("#name_en_2")
    await expect(moved).to_have_value(f"Warmth {hurt}!!")
    await expect(moved).to_be_focused()
    await page.get_by_role("button", name="Remove dimension 1").click()
    await expect(name).to_have_value(f"Warmth {hurt}!!")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("version 1", exact=True)).to_be_visible()
    assert await db.fetch_value("SELECT dimensions->0->'name'->>'en' FROM rubric") == f"Warmth {hurt}!!"

    await page.get_by_label("Dialogues", exact=True).get_by_role("link", name="Topics").click()
    await page.get_by_role("link", name="Add a row").click()
    await page.get_by_label("Dialogues wanted").fill("many")
    await page.get_by_label("Topics, a line each").fill(f"Tea {hurt}")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#wanted-error")).to_be_visible()
    await expect(page.get_by_label("Topics, a line each")).to_have_value(f"Tea {hurt}")
    await page.get_by_label("Domain").select_option("general")
    await page.get_by_label("Dialogues wanted").fill("2")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_text("1 topic", exact=True).click()
    await expect(page.get_by_text(f"Tea {hurt}").first).to_be_visible()

    await page.goto(f"{at}/bots")
    await page.locator("#new-name").fill(hurt)
    await page.locator("#new-url").fill("http://169.254.169.254/v1")
    await page.locator("#new-model").fill("m")
    await page.get_by_role("button", name="Add the bot").click()
    refused = page.locator(".bot-new [data-notice]")
    await expect(refused).to_contain_text("This address may not be called")
    await page.locator("#new-url").fill("https://bots.example/v1")
    await page.get_by_role("button", name="Add the bot").click()
    await expect(page.get_by_role("heading", name=hurt)).to_be_visible()
    for path in ("", "/dialogue", "/dialogue/rubric", "/dialogue/topics", "/bots"):
        await page.goto(f"{at}{path}")
        assert await page.evaluate("window.hurt") is None, path
