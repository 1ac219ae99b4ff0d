"""Who could take a task: the part of its page, and the answer about one person."""

from kernel import db
from tests.pages.conftest import Play


async def test_a_manager_asks_who_could_take_a_task(play: Play) -> None:
    task_id = await db.fetch_value("SELECT id FROM task ORDER BY id LIMIT 1")
    path = f"/tasks/{task_id}/who"
    story = await play.manager.get(f"/tasks/{task_id}")
    assert f'hx-get="{path}"' in story
    told = await play.manager.get(path)
    for words in ("Who could take this", "Best candidates", "What keeps the others", "active people"):
        assert words in told
    name = await db.fetch_value("SELECT display_name FROM annotator WHERE id = :id", id=play.site.author.annotator_id)
    assert name in told
    yes = await play.manager.get(f"{path}?person={play.site.author.annotator_id}")
    assert "Could take it now." in yes
    no = await play.manager.get(f"{path}?person={play.site.reviewer.annotator_id}")
    assert "Would not get it now:" in no
    assert "The smallest change that would open it to them:" in no
    assert "Nobody is called that." in await play.manager.get(f"{path}?person=Nobody%20at%20all")
