"""One's own profile in a browser: the picture fits every width, the history switches without a script, managers decide."""

import os
import random
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from playwright.async_api import Page, expect

from kernel import clock, db
from skills.belief import Belief
from skills.evidence import Observation, observe_many
from tests.browser.conftest import PHONE, SignIn

SHOTS = os.environ.get("CALLBOARD_SHOTS")
"""A folder: pictures of the screens are left there, to be looked at."""


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def past() -> UUID:
    """Sixty days of evidence about the annotator, in two fields."""
    annotator_id = await db.fetch_value("SELECT id FROM annotator WHERE display_name = 'Ann Writer'")
    dice, now = random.Random(4), clock.now()
    told = [
        (
            now - timedelta(days=60 - n),
            Observation(
                annotator_id=annotator_id, domain="law" if n % 3 else "general", kind="gold", source_type="item",
                source_id=uuid4(), outcome=float(dice.random() < 0.7), difficulty=Belief(0.4, 0.25),
            ),
        )
        for n in range(40)
    ]  # fmt: skip
    async with db.transaction("test"):
        await observe_many(annotator_id, told)
    return UUID(int=annotator_id.int)


async def fits(page: Page, width: int) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_ones_own_skills_over_time(sign_in: SignIn) -> None:
    await past()
    page = await sign_in("annotator")
    await page.get_by_role("link", name="Profile").click()
    await expect(page.get_by_role("heading", name="Your skills")).to_be_visible()
    law = page.locator(".skill").filter(has=page.get_by_role("heading", name="Law", exact=True))
    await law.locator("summary").click()
    await expect(law.get_by_text("is proved")).to_be_visible()
    # What is drawn is where the numbers say it is.
    box, dot = await law.locator(".span").bounding_box(), await law.locator(".span-mean").bounding_box()
    assert box is not None
    assert dot is not None
    percent = int(await law.locator(".skill-percent").inner_text())
    assert abs((dot["x"] + dot["width"] / 2 - box["x"]) / box["width"] * 100 - percent) < 1
    await shoot(page, "person-own")
    await page.get_by_role("navigation", name="Domain").get_by_role("link", name="General").click()
    await page.wait_for_url("**domain=general#history")
    await expect(page.locator(".chart-lines circle.chart-mark")).to_have_count(14)
    await page.get_by_text("The same as a table").click()
    await expect(page.locator(".history-rows tbody tr")).to_have_count(14 + 1 + 1)  # an assessment, and now
    await page.get_by_role("link", name="Evidence", exact=True).click()
    await page.get_by_label("Domain").select_option("law")
    await page.wait_for_url("**domain=law**")
    await expect(page.locator("table.evidence tbody tr")).to_have_count(26)


async def test_on_a_phone_in_chinese_and_dark(sign_in: SignIn) -> None:
    await past()
    page = await sign_in("annotator", size=PHONE, scheme="dark")
    await page.locator("button.person").click()
    await page.get_by_role("button", name="简体中文").click()
    await page.goto("/profile")
    await expect(page.get_by_role("heading", name="你的技能")).to_be_visible()
    for summary in await page.locator("main summary").all():
        if await summary.is_visible():
            await summary.click()
    await fits(page, PHONE["width"])
    await shoot(page, "person-phone-zh-dark")
    await page.get_by_role("link", name="依据", exact=True).click()
    await fits(page, PHONE["width"])


async def test_a_manager_pauses_with_a_reason(sign_in: SignIn) -> None:
    annotator_id = await past()
    page = await sign_in("manager")
    await page.goto(f"/people/{annotator_id}")
    await page.get_by_text("Pause or take up again").click()
    await page.get_by_label("State").select_option("paused")
    await page.locator("#state-reason").fill("On leave until May.")
    await page.get_by_role("button", name="Change the state").click()
    await expect(page.get_by_text("The state was changed.")).to_be_visible()
    await expect(page.get_by_text("On leave until May.")).to_be_visible()
    await shoot(page, "person-manager")
