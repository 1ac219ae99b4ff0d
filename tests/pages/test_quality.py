"""The view of quality: figures with links to the works behind them, filters, sorting and CSV, of a project and over all."""

import html
import re

import pytest

from kernel import db
from routing import quality
from tests.pages.conftest import Play
from tests.pages.test_handlers import SCORES, hand_in

WHY = {"item": "factual_error", "reason": "The year is wrong."}


async def test_every_figure_leads_to_the_works_behind_it(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = play.manager
    project = await db.fetch_value("SELECT id FROM project")
    here = f"/projects/{project}/quality"
    assert "Nothing was handed in" in await boss.get(here)
    for outcome in ("accept", "reject"):
        await hand_in(play)
        review = await play.take(play.reviewer, "reviews")
        why = WHY if outcome == "reject" else {}
        await play.reviewer.post(f"{review}/verdict", epoch=1, outcome=outcome, **SCORES, **why)
    async with db.transaction("system:clock"):
        await quality.fold()
    for base, other in ((here, "?sort=-pieces"), ("/quality", "?weeks=4&sort=defects")):
        page = html.unescape(await boss.get(base + other))
        assert "50%" in page, "first-pass yield"
        assert "Something stated is wrong" in page
        links = {link for link in re.findall(r'href="([^"#]+)', page) if "/quality/works" in link}
        assert len(links) > 12
        for link in sorted(links):
            listed = html.unescape(await boss.get(link))
            if "what=first_pass" in link or "what=defect" in link or "item=factual_error" in link:
                assert listed.count('<th scope="row"') == 1, link
        assert "table-cards" in html.unescape(await boss.get(f"{base}/works?what=nonsense&stage=x&person=1&weeks=days"))
        csv = await boss.get(f"{base}/export.csv?by=person")
        assert csv.splitlines()[0].lstrip("\ufeff").startswith("person,name,pieces,looked")
        assert ",2,2,2," in csv.splitlines()[1]
        assert "factual_error,1" in await boss.get(f"{base}/export.csv?by=item")
    author = await db.fetch_value("SELECT author FROM submission LIMIT 1")
    assert "Take away" in await boss.get(f"{here}?person={author}")
    assert "Nothing was handed in" in await boss.get(
        f"{here}?domain=law&weeks=days&from_day=2020-01-01&to_day=2020-02-01"
    )
    monkeypatch.setattr("callboard.pages.quality.MORE", ("exports", "no_such_page"))
    page = await boss.get(here)
    assert f'href="/projects/{project}/exports">Exports' in page
    assert "no_such_page" not in page, "only what there is"
    await play.author.get("/quality", 403)
    await play.author.get(here, 403)
