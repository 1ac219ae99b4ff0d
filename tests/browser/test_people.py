"""The manager's roster with a mouse and on a phone: found, chosen, paused, brought back."""

import pytest
from playwright.async_api import expect

from kernel import db
from tests.browser.conftest import PHONE, SignIn


@pytest.mark.browser
async def test_filter_select_pause_undo(sign_in: SignIn) -> None:
    page = await sign_in("manager")
    await page.click("nav >> text=People")
    await page.select_option("#f-role", "annotator")
    await page.wait_for_url("**/people?role=annotator")
    assert "q=" not in page.url, "an address says only what was chosen"
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(1)
    await expect(page.locator(".bulk-bar")).to_be_hidden()
    await rows.locator("input[name=id]").check()
    await expect(page.locator(".bulk-bar")).to_contain_text("1 selected")
    await page.fill("#why", "Audit of accounts")
    await page.click("button[value=pause]")
    await expect(page.locator("#notice")).to_contain_text("1 person changed")
    await expect(rows).to_contain_text("Paused")
    assert await db.fetch_value("SELECT state_reason FROM annotator WHERE state = 'paused'") == "Audit of accounts"
    await page.click("text=Undo")
    await expect(rows).to_contain_text("Offline")
    await page.click(".active-filters a >> nth=0")
    await page.wait_for_url("**/people")
    await expect(rows).to_have_count(2)


@pytest.mark.browser
async def test_on_a_phone_people_are_cards_that_fit(sign_in: SignIn) -> None:
    page = await sign_in("manager", size=PHONE)
    await page.goto("/people?domain=law")
    await expect(page.locator("tbody tr")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator("[data-all]").count()
    for box in await page.locator("tbody input[name=id]").all():
        await box.check()
    await page.click("button[value=compare]")
    await page.wait_for_url("**/people/compare?**")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
