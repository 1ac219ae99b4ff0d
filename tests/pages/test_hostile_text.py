"""Text that tries to be HTML, script, a formula, endless or broken: shown as text on every page that shows it, or refused."""

import csv
import html
import json
from html.parser import HTMLParser
from typing import Any

from callboard.pages import csv_file
from dialogue.csv_lines import cell, csv_line
from kernel import db
from kernel.settings import Settings
from tests.api.test_exports import work_off
from tests.pages.conftest import Browser, Play

ESCAPES = "'\"></textarea></script><script>hurt()</script><img src=x onerror=hurt()>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TEXT = f"{FORMULA}{ESCAPES}[a](javascript:hurt()) \u202eeteled\u2066 {{{{7*7}}}}"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", " =1", "＝1", "|calc")


class Page(HTMLParser):
    """What a browser would run of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.runs: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._script = tag == "script"
        if self._script and not (given.get("src") or "").startswith("/static/"):
            self.runs.append(f"<script {given}>")
        for name, value in attrs:
            if name.startswith("on") or (value or "").lower().lstrip().startswith("javascript:"):
                self.runs.append(f"<{tag} {name}={value}>")
        if tag in ("iframe", "object", "embed", "base") or given.get("src") == "x":
            self.runs.append(f"<{tag}>")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.runs.append(data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  the base class names it
        self._script = False


async def shown(browser: Browser, path: str, words: str = TEXT) -> str:
    """The page holds the text as text."""
    page = await browser.get(path)
    assert Page(page).runs == [], path
    assert html.escape(words, quote=False).replace('"', "&#34;").replace("'", "&#39;") in page.replace(
        "&quot;", "&#34;"
    ), f"{path} does not show it"
    assert "eteled\u2066 49" not in page, "a template inside a text is text"
    return page


async def furnish(play: Play) -> None:
    """Everything that managers may write, in hostile words."""
    site, at = play.site, f"/projects/{play.site.project_id}"
    words = {"en": TEXT, "zh": TEXT}
    rules = {"candidates": 2, "topics": "quota", "reason": TEXT}
    await site.call("PUT", f"{at}/dialogue", site.manager, rules)
    label = {"code": "wrong", "name": words}
    dimension = {
        "code": "help", "name": words, "description": words, "anchors": {"1": words}, "comment_at": 4, "applies": ["reply"],
    }  # fmt: skip
    await site.call("PUT", f"{at}/rubric", site.manager, {"dimensions": [dimension], "span_labels": [label]})
    topic = {"text": TEXT, "brief": TEXT, "seed": [{"role": "user", "text": TEXT}, {"role": "assistant", "text": TEXT}]}
    quota = {"domain": "general", "language": "en", "wanted": 5, "own_words": True, "topics": [topic]}
    await site.call("PUT", f"{at}/topics", site.manager, {"quotas": [quota], "reason": TEXT})
    await db.execute("UPDATE project SET min_turns = 1, name = :name, guidelines = :text", name=TEXT[:120], text=TEXT)
    bot = {"name": TEXT.translate({0x202E: None, 0x2066: None})[:80], "kind": "offline", "system_prompt": TEXT}
    await site.call("POST", f"{at}/bots", site.manager, bot, 201)
    payload = {"title": TEXT, "brief": TEXT, "opening": TEXT, "topics": [TEXT]}
    await db.execute("UPDATE task SET payload = :payload", payload=db.jsonb(payload))


async def test_it_is_shown_as_text_wherever_it_appears(play: Play, settings: Settings) -> None:
    await furnish(play)
    author, site, project = play.author, play.site, f"/projects/{play.site.project_id}"
    at = await play.take(author)
    await shown(author, at)
    topic = await db.fetch_value("SELECT id FROM topic")
    saved = {"message": TEXT, "own_topic": TEXT, "topic": f"topic:{topic}"}
    await author.json(f"{at}/draft", {"draft": saved})
    await shown(author, at)
    opened = await author.post(f"{at}/turns", epoch=1, no=1, topic=f"topic:{topic}", message=TEXT)
    assert Page(opened.text).runs == []
    api, epoch = at.replace("/work/", "/assignments/") + "/dialogue", {"epoch": 1}
    asked = await site.call("POST", f"{api}/turns/3/candidates", site.author, epoch)
    choice, reply = asked["choice"]["id"], asked["choice"]["candidates"][0]["id"]
    decided = await author.post(f"{at}/choices/{choice}", epoch=1, outcome="chosen", chosen=reply, reason=TEXT)
    assert Page(decided.text).runs == []
    marked = {"epoch": 1, "text_version": 1, "from": 0, "to": 3, "label": "wrong", "reason": TEXT}
    await author.post(f"{at}/turns/{reply}/spans", **marked)
    await author.post(f"{at}/scores", epoch=1, turn=reply, dimension="help", value=2, comment=TEXT)
    edited = await author.post(f"{at}/replies/{reply}/edit", epoch=1, text=TEXT)
    assert Page(edited.text).runs == []
    pleas: list[dict[str, Any]] = [{"minutes": 5}, {"then": "keep"}]
    for what in pleas:
        await author.post(f"{at}/{'extension' if 'minutes' in what else 'trouble'}", epoch=1, reason=TEXT, **what)
    for path in (at, "/queue"):
        await shown(author, path)
    done = await site.call("POST", at.replace("/work/", "/assignments/") + "/submit", site.author, epoch)
    assert done
    await shown(author, at)
    review = await play.take(play.reviewer, "reviews")
    await shown(play.reviewer, review)
    task = await db.fetch_value("SELECT task FROM submission")
    for path in (f"/tasks/{task}", "/tasks", f"{project}/dialogue/rubric", f"{project}/dialogue/topics"):
        await shown(play.manager, path)
    quota = await db.fetch_value("SELECT id FROM topic_quota")
    for path in ("/floor", project, f"{project}/dialogue", f"{project}/bots", f"{project}/exports", "/projects",
                 f"{project}/dialogue/topics?change={quota}"):  # fmt: skip
        assert Page(await play.manager.get(path)).runs == [], path
    made = {"format": "csv", "filters": {"states": ["pending"]}}
    export = await site.call("POST", f"{project}/exports", site.manager, made, 201)
    await work_off(settings)
    file = await play.manager.raw("GET", f"/api/v1{project}/exports/{export['id']}/file")
    rows = list(csv.reader(file.content.decode("utf-8-sig").splitlines(keepends=True)))
    texts = [value for row in rows[1:] for value in row if '"http://evil' in value]
    assert len(texts) > 4
    assert [value for value in texts if not value.startswith("'=")] == [], "no cell is run as a formula"


def test_no_cell_of_any_table_is_run_as_a_formula() -> None:
    for value in FORMULAS:
        assert cell(value) == f"'{value}", repr(value)
        assert csv_file.csv_text(["head"], [[value]]) == f"\ufeffhead\r\n{csv_line([value])}\r\n"


HUGE = "x" * 200_001
NUL, HALF = "a\0b", "a\ud800b"


def written(at: str, turn: str, choice: str) -> dict[str, tuple[str, str, Any]]:
    """What an annotator writes, by name: method, path, and the body with TEXT where the words go."""
    api, epoch = at.replace("/work/", "/assignments/"), {"epoch": 1}
    span = epoch | {"text_version": 1, "from_char": 0, "to_char": 2, "label": "wrong"}
    score = {"dimension": "help", "value": 1, "turn_id": turn}
    return {
        "message": ("POST", f"{api}/dialogue/turns", epoch | {"text": "TEXT"}),
        "own reply": ("POST", f"{api}/dialogue/turns/3/own-reply", epoch | {"text": "TEXT"}),
        "edit": ("PUT", f"{api}/dialogue/turns/{turn}/text", epoch | {"text": "TEXT"}),
        "comment": ("PUT", f"{api}/dialogue/scores", epoch | {"scores": [score | {"comment": "TEXT"}]}),
        "comment that was": ("PUT", f"{api}/dialogue/scores", epoch | {"scores": [score | {"was": {"value": 1, "comment": "TEXT"}}]}),
        "reason of a passage": ("POST", f"{api}/dialogue/turns/{turn}/spans", span | {"reason": "TEXT"}),
        "label of a passage": ("POST", f"{api}/dialogue/turns/{turn}/spans", span | {"label": "TEXT"}),
        "reason of a choice": ("PUT", f"{api}/dialogue/choices/{choice}", epoch | {"outcome": "all_bad", "reason": "TEXT"}),
        "draft": ("POST", f"{api}/draft", epoch | {"payload": {"message": "TEXT"}}),
        "topic": ("POST", f"{api}/dialogue", epoch | {"topic": "TEXT", "text": "Hi"}),
    }  # fmt: skip


def managed(project: str) -> dict[str, tuple[str, str, Any]]:
    words = {"code": "help", "name": {"en": "Help"}}
    quota = {"domain": "general", "language": "en", "wanted": 1}
    bot = {"name": "One", "kind": "offline"}
    return {
        "rubric name": ("PUT", f"{project}/rubric", {"dimensions": [words | {"name": {"en": "TEXT"}}]}),
        "rubric anchor": ("PUT", f"{project}/rubric", {"dimensions": [words | {"anchors": {"1": {"en": "TEXT"}}}]}),
        "rubric language": ("PUT", f"{project}/rubric", {"dimensions": [words | {"name": {"TEXT": "Help"}}]}),
        "passage label": ("PUT", f"{project}/rubric", {"dimensions": [], "span_labels": [words | {"name": {"en": "TEXT"}}]}),
        "topic": ("PUT", f"{project}/topics", {"quotas": [quota | {"topics": [{"text": "TEXT"}]}]}),
        "brief": ("PUT", f"{project}/topics", {"quotas": [quota | {"topics": [{"text": "a", "brief": "TEXT"}]}]}),
        "seed": ("PUT", f"{project}/topics", {"quotas": [quota | {"topics": [{"text": "a", "seed": [{"role": "user", "text": "TEXT"}]}]}]}),
        "seed role": ("PUT", f"{project}/topics", {"quotas": [quota | {"topics": [{"text": "a", "seed": [{"role": "TEXT", "text": "a"}]}]}]}),
        "rules reason": ("PUT", f"{project}/dialogue", {"reason": "TEXT"}),
        "bot name": ("POST", f"{project}/bots", bot | {"name": "TEXT"}),
        "bot prompt": ("POST", f"{project}/bots", bot | {"system_prompt": "TEXT"}),
        "bot model": ("POST", f"{project}/bots", bot | {"kind": "openai", "base_url": "https://a.example/v1", "model": "TEXT"}),
        "bot key": ("POST", f"{project}/bots", bot | {"kind": "openai", "base_url": "https://a.example/v1", "model": "m", "api_key": "TEXT"}),
        "bot address": ("POST", f"{project}/bots", bot | {"kind": "openai", "base_url": "https://TEXT/v1", "model": "m"}),
    }  # fmt: skip


async def begun(play: Play) -> tuple[str, str, str]:
    """The workspace of a dialogue whose first reply was chosen and whose second message waits: address, reply, choice."""
    site, at = play.site, f"/projects/{play.site.project_id}"
    await site.call("PUT", f"{at}/dialogue", site.manager, {"candidates": 2})
    dimension = {"code": "help", "name": {"en": "Help"}}
    label = {"code": "wrong", "name": {"en": "Wrong"}}
    await site.call("PUT", f"{at}/rubric", site.manager, {"dimensions": [dimension], "span_labels": [label]})
    work, epoch = await play.take(play.author), {"epoch": 1}
    api = work.replace("/work/", "/assignments/") + "/dialogue"
    await site.call("POST", api, site.author, epoch | {"topic": "Tea", "text": "Which?"}, 201)
    choices = []
    for no in (1, 3):
        choice = (await site.call("POST", f"{api}/turns/{no}/candidates", site.author, epoch))["choice"]
        choices.append(choice)
        if no == 1:
            chosen = epoch | {"outcome": "chosen", "chosen": choice["candidates"][0]["id"]}
            await site.call("PUT", f"{api}/choices/{choice['id']}", site.author, chosen)
            await site.call("POST", f"{api}/turns", site.author, epoch | {"text": "And then?"}, 201)
    return work, choices[0]["candidates"][0]["id"], choices[1]["id"]


async def test_what_cannot_be_stored_is_refused_by_every_route_with_a_stable_word(play: Play) -> None:
    at, turn, choice = await begun(play)
    before = await db.fetch_value("SELECT version FROM conversation")
    wrong = []
    for who, routes in (
        (play.site.author, written(at, turn, choice)),
        (play.site.manager, managed(f"/projects/{play.site.project_id}")),
    ):
        for name, (method, path, body) in routes.items():
            for words, codes in ((NUL, {"invalid"}), (HALF, {"malformed_body"}), (HUGE, set())):
                sent = json.dumps(body).replace("TEXT", json.dumps(words)[1:-1]).encode()
                answer = await play.site.client.request(
                    method, "/api/v1" + path, content=sent, headers=who.headers | {"content-type": "application/json"}
                )
                code = answer.json().get("code")
                roomy = name == "draft" and words is HUGE  # what is typed is kept before it is judged
                if not (200 if roomy else 400) <= answer.status_code < 500 or (codes and code not in codes):
                    wrong.append((name, words[:5], answer.status_code, answer.text[:200]))
    assert wrong == []
    assert await db.fetch_value("SELECT version FROM conversation") == before
    kept = "SELECT (SELECT count(*) FROM bot) + (SELECT count(*) FROM topic) + (SELECT count(*) FROM turn_span)"
    assert await db.fetch_value(kept) == 0


FORMS = {
    "turns": "no=5&message=TEXT", "turns/3/own": "text=TEXT", "replies/{turn}/edit": "text=TEXT",
    "scores": "turn={turn}&dimension=help&value=1&comment=TEXT", "turns/{turn}/spans": "text_version=1&from=0&to=2&label=wrong&reason=TEXT",
    "turns/{turn}/spans ": "text_version=1&from=0&to=2&label=TEXT", "choices/{choice}": "outcome=all_bad&reason=TEXT",
    "trouble": "then=keep&reason=TEXT", "extension": "minutes=5&reason=TEXT", "release": "epoch=TEXT",
}  # fmt: skip
MANAGERS = {
    "dialogue": "version=0&rules_version=0&candidates=2&decision=choose&topics=free&handover=never&min_turns=1&max_turns=9&reason=TEXT",
    "dialogue/rubric": "rubric_version=1&count=1&name_en_1=TEXT&lowest_1=1&highest_1=5&applies_reply_1=yes",
    "dialogue/rubric ": "rubric_version=1&count=1&name_en_1=a&anchors_en_1=1:TEXT&lowest_1=1&highest_1=5&applies_reply_1=yes",
    "dialogue/rubric/check": "rubric_version=1&count=1&name_en_1=TEXT&lowest_1=1&highest_1=5&applies_reply_1=yes",
    "dialogue/rubric  ": "rubric_version=1&count=0&labels=a%3BTEXT",
    "dialogue/topics": "domain=general&language=en&wanted=2&topics=TEXT", "dialogue/topics ": "domain=general&language=TEXT&wanted=2&topics=a",
    "dialogue/topics/paste": "take=yes&table=domain,language,difficulty,wanted,topic,brief%0Ageneral,en,2,5,TEXT,x",
    "bots": "kind=offline&name=TEXT&temperature=1&max_tokens=9&candidates=1",
    "bots ": "kind=offline&name=a&temperature=1&max_tokens=9&candidates=1&system_prompt=TEXT",
    "bots  ": "kind=openai&name=a&temperature=TEXT&max_tokens=9&candidates=1",
}  # fmt: skip
BROKEN = {"NUL": "a%00b", "half": "a%ED%A0%80b", "no UTF-8": "a%FFb", "huge": "x" * 200_001}


async def test_no_form_falls_over_what_no_browser_would_send(play: Play) -> None:
    at, turn, choice = await begun(play)
    project = f"/projects/{play.site.project_id}"
    wrong = []
    for browser, base, forms in ((play.author, at, FORMS), (play.manager, project, MANAGERS)):
        for path, fields in forms.items():
            for name, words in BROKEN.items():
                sent = (
                    f"_csrf={browser.csrf}&" + ("" if "epoch" in fields else "epoch=1&") + fields.replace("TEXT", words)
                )
                where = f"{base}/{path.strip().format(turn=turn, choice=choice)}"
                answer = await play.site.client.post(
                    where, content=sent.encode(), headers=browser._headers
                    | {"content-type": "application/x-www-form-urlencoded", "hx-request": "true"},
                )  # fmt: skip
                least = 200 if path.endswith("/check") else 400  # a preview shows what it can, and stores nothing
                if not least <= answer.status_code < 500 or Page(answer.text).runs:
                    wrong.append((path, name, answer.status_code))
    assert wrong == []


async def test_forms_in_parts_are_no_other_way_in(play: Play) -> None:
    at = await play.take(play.author)
    fields = {"_csrf": play.author.csrf, "epoch": "1", "no": "1", "topic": "Tea"}
    head = "".join(f'--B\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    last = '--B\r\nContent-Disposition: form-data; name="message"\r\n\r\n'
    wrong = []
    for words in (b"a\xffb\r\n--B--\r\n", b"a\xed\xa0\x80b\r\n--B--\r\n", b"a\0b\r\n--B--\r\n", b"never ended", b""):
        answer = await play.site.client.post(
            f"{at}/turns", content=(head + last).encode() + words, headers=play.author._headers
            | {"content-type": "multipart/form-data; boundary=B", "hx-request": "true"},
        )  # fmt: skip
        if not 400 <= answer.status_code < 500:
            wrong.append((words, answer.status_code, answer.text[:300]))
    assert wrong == []
    assert await db.fetch_value("SELECT count(*) FROM conversation") == 0
