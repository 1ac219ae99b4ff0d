"""When words are on the screen of a real browser: each frame looks which tokens stand on the page."""

import shutil
import subprocess
import time
from time import perf_counter
from typing import Any

from _desks import Desk
from _endpoint import Endpoint
from _site import Site
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Page, async_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]
WATCH = """() => {
  window.seenAt = {};
  const look = () => {
    for (const box of document.querySelectorAll("[data-words]")) {
      for (const token of box.textContent.match(/[0-9a-f]+\\.\\d+ /g) ?? []) window.seenAt[token] ??= performance.timeOrigin + performance.now();
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def _can_run() -> str | None:
    chromium = shutil.which("chromium")
    node, _ = compute_driver_executable()
    runs = subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0
    return chromium if runs else None


async def on_screen(desk: Desk, site: Site, fake: Endpoint, no: int, rounds: int) -> list[float]:
    """Milliseconds from the endpoint's send to the frame that shows it, of each candidate's first token. Empty without Chromium."""
    program = _can_run()
    if program is None:
        print("no Chromium here: nothing is measured on a screen")
        return []
    name, _, value = desk.client.headers["cookie"].partition("=")
    url = f"http://127.0.0.1:{site.port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        context = await browser.new_context()
        await context.add_cookies([{"name": name, "value": value, "url": url}])
        page = await context.new_page()
        found: list[float] = []
        for turn in range(no, no + 2 * rounds, 2):
            await page.goto(f"{url}/work/{desk.assignment_id}")
            found += await _one(page, fake, turn)
            await desk.choose(turn)
        await browser.close()
    return found


async def _one(page: Page, fake: Endpoint, no: int) -> list[float]:
    known = set(fake.sent)
    await page.evaluate(WATCH)
    await page.fill("#message", f"seen {no}")
    await page.press("#message", "Control+Enter")
    await page.wait_for_selector("[data-choosing] [data-choose] >> nth=1")
    seen: dict[str, Any] = await page.evaluate("window.seenAt")
    wall = time.time() - perf_counter()
    sent = {token: at for token, at in fake.sent.items() if token not in known and token.endswith(".0 ")}
    return (
        [seen[token] - (at + wall) * 1000 for token, at in sent.items()]
        if sent.keys() <= seen.keys()
        else [float("nan")]
    )
