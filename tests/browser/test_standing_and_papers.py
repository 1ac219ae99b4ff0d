"""Two stories with both sides in a browser: a credential on its way to a domain expert, and a pause that is appealed."""

from datetime import timedelta
from uuid import uuid4

from playwright.async_api import expect

from kernel import clock, db
from skills.belief import Belief
from skills.evidence import Observation, observe_many
from tests.browser.conftest import PHONE, SignIn


async def strong_in_law() -> str:
    """Whose level in law is proved above 4, without any paper."""
    annotator_id = await db.fetch_value("SELECT id FROM annotator WHERE display_name = 'Ann Writer'")
    told = [
        (
            clock.now() - timedelta(days=30 - n / 2),
            Observation(
                annotator_id=annotator_id, domain="law", kind="gold", source_type="item", source_id=uuid4(),
                outcome=1.0, difficulty=Belief(1.2, 0.2),
            ),
        )
        for n in range(40)
    ]  # fmt: skip
    async with db.transaction("test"):
        await observe_many(annotator_id, told)
    return f"/people/{annotator_id}"


async def test_a_verified_credential_makes_a_domain_expert(sign_in: SignIn) -> None:
    path = await strong_in_law()
    page = await sign_in("annotator")
    await page.get_by_role("link", name="Profile").click()
    law = page.locator(".skill").filter(has=page.get_by_role("heading", name="Law", exact=True))
    await expect(law).to_contain_text("Generalist")
    await page.get_by_role("link", name="Credentials", exact=True).click()
    await page.get_by_text("Add a credential").click()
    await page.get_by_label("Kind").first.select_option("degree")
    await page.get_by_label("Domain").first.select_option("law")
    await page.get_by_label("Title").first.fill("LL.M.")
    await page.get_by_label("Issued by").first.fill("University of Fenwick")
    await page.get_by_label("Level of the degree").first.select_option("7")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("heading", name="LL.M.")).to_be_visible()
    await expect(page.locator("article.paper")).to_contain_text("Not verified")
    await page.goto("/profile")
    await expect(law).to_contain_text("Generalist")

    manager = await sign_in("manager")
    await manager.get_by_role("link", name="People", exact=True).click()
    await manager.get_by_role("navigation", name="People").get_by_role("link", name="Credentials").click()
    await manager.get_by_role("link", name="LL.M.").click()
    await manager.wait_for_url(f"**{path}/credentials**")
    await manager.get_by_label("Reason").fill("The diploma was seen.")
    await manager.get_by_role("button", name="Verify").click()
    await expect(manager.locator("article.paper")).to_contain_text("Verified")

    await page.reload()
    await expect(law).to_contain_text("Domain expert")
    await expect(law).to_contain_text("by credential")
    await expect(page.locator(".person-head")).to_contain_text("Expert: Law")


async def test_a_pause_by_hand_is_read_appealed_and_lifted(sign_in: SignIn) -> None:
    path = await strong_in_law()
    manager = await sign_in("manager")
    await manager.goto(f"{path}/standing")
    await manager.get_by_text("Impose something by hand").click()
    await manager.get_by_label("In the domain, with all below it").select_option("law")
    await manager.get_by_label("Reason in English").fill("Two contracts were mixed up.")
    await manager.get_by_role("button", name="Impose", exact=True).click()
    await expect(manager.get_by_text("Two contracts were mixed up.")).to_be_visible()

    page = await sign_in("annotator", size=PHONE)
    await expect(page.get_by_text("Two contracts were mixed up.")).to_be_visible()
    await page.get_by_role("link", name="Profile").click()
    await page.get_by_role("link", name="More, and how to appeal").click()
    await page.get_by_label("Do you object?").fill("Only one of them was mine.")
    await page.get_by_role("button", name="Send the appeal").click()
    await expect(page.get_by_text("Only one of them was mine.")).to_be_visible()
    await expect(page.get_by_role("button", name="Send the appeal")).to_have_count(0)

    await manager.goto("/standing")
    appeal = manager.locator("article").filter(has_text="Only one of them was mine.")
    await appeal.get_by_label("Your answer").fill("You are right; it was the other one.")
    await appeal.get_by_role("button", name="Grant, and lift it").click()
    await expect(manager.get_by_text("No appeal is open")).to_be_visible()

    await page.reload()
    await expect(page.get_by_role("heading", name="In good standing")).to_be_visible()
    await expect(page.get_by_text("You are right; it was the other one.").first).to_be_visible()
    assert await db.fetch_value("SELECT count(*) FROM standing WHERE state = 'active'") == 0


async def test_a_manager_gives_a_role_and_a_language(sign_in: SignIn) -> None:
    path = await strong_in_law()
    page = await sign_in("manager")
    await page.goto(path)
    await page.get_by_text("Give or take back a role").click()
    await page.get_by_label("Role", exact=True).select_option("reviewer")
    await page.get_by_label("Where the role holds").select_option(label="Kitchen talk")
    await page.locator("#role-reason").fill("Judges well.")
    await page.get_by_role("button", name="Grant").click()
    await expect(page.get_by_text("The roles were changed.")).to_be_visible()
    roles = page.get_by_role("region", name="Roles")
    await expect(roles).to_contain_text("Kitchen talk")
    await page.get_by_text("State a language").click()
    await page.get_by_role("combobox", name="Language", exact=True).fill("PT-br")
    await page.locator("#language-level").select_option("3")
    await page.locator("form[action$=language] button").click()
    await expect(page.get_by_text("The languages were changed.")).to_be_visible()
    await expect(page.get_by_role("region", name="Languages")).to_contain_text("Portuguese (Brazil)")
    held = "SELECT count(*) FROM annotator_role WHERE role = 'reviewer' AND project_id IS NOT NULL"
    assert await db.fetch_value(held) == 1
    await page.get_by_text("Give or take back a role").click()
    await page.get_by_label("Role", exact=True).select_option("reviewer")
    await page.get_by_label("Where the role holds").select_option(label="Kitchen talk")
    await page.locator("#role-reason").fill("The project is done.")
    await page.get_by_role("button", name="Take back").click()
    await expect(roles).not_to_contain_text("Kitchen talk")
    assert await db.fetch_value(held) == 0
