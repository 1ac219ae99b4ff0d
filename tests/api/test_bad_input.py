"""What people and programs send by mistake or on purpose: each gets a clear refusal, none a server error."""

import gzip
import json
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from kernel import db
from tests.api.conftest import Cast, Somebody
from tests.api.slice import Site

JSON = "application/json"
HUGE = 10**30
DIGITS_400 = "9" * 400


class Case(NamedTuple):
    name: str
    status: int
    code: str
    says: str = ""
    method: str = "POST"
    path: str = "/projects"
    body: bytes | None = None
    media: str | None = JSON
    headers: dict[str, str | bytes] = {}  # noqa: RUF012  never changed


def raw(name: str, text: str | bytes, status: int, code: str, says: str = "", **more: Any) -> Case:
    return Case(name, status, code, says, body=text if isinstance(text, bytes) else text.encode(), **more)


NAME = '{"name":"P"%s}'
TASKS = "/projects/{project}/tasks"
ONE_TASK = '{"tasks":[{"external_id":"a","domain":"general","language":"en"%s}]}'

CASES = [
    raw("NUL in text", '{"name":"a\\u0000b"}', 422, "invalid", "U+0000 is not allowed at $.name"),
    raw("NUL deep in jsonb", ONE_TASK % ',"payload":{"turns":[{},{"text":"\\u0000"}]}', 422, "invalid",
        "U+0000 is not allowed at $.tasks[0].payload.turns[1].text", path=TASKS),
    Case("NUL in query", 422, "invalid", "U+0000", "GET", "/tasks?search=%00", None, None),
    Case("a state that there is not", 422, "invalid", " state: Invalid", "GET", "/standing?state=foo", None, None),
    Case("NUL in path", 422, "invalid", "U+0000", "GET", "/tasks/%00", None, None),
    raw("not UTF-8", b'{"name":"\xff"}', 400, "malformed_body", "byte 9"),
    raw("lone surrogate", '{"name":"\\ud800"}', 400, "malformed_body", "$.name"),
    raw("int beyond int4", NAME % ',"sla_seconds":2147483648', 422, "invalid", "<= 31536000"),
    raw("int beyond int8", NAME % f',"sla_seconds":{HUGE}', 422, "invalid", "$.sla_seconds"),
    raw("int of 400 digits", NAME % f',"sla_seconds":{DIGITS_400}', 422, "invalid", "$.sla_seconds"),
    raw("int of 400 digits in a payload", ONE_TASK % f',"payload":{{"n":{DIGITS_400}}}', 422, "invalid",
        "$.tasks[0].payload.n", path=TASKS),
    raw("int of 5000 digits", NAME % f',"sla_seconds":{"9" * 5000}', 400, "malformed_body", "digits"),
    Case("path id beyond int4", 404, "not_found", "", "GET", "/tasks/2147483648", None, None),
    Case("path id of 23 digits", 404, "not_found", "", "GET", f"/tasks/{10**23}", None, None),
    Case("turn number beyond int8", 404, "assignment_not_found", "", "POST",
         f"/assignments/{uuid4()}/dialogue/turns/{HUGE}/reply", b'{"epoch":1}'),
    Case("limit below 1", 422, "invalid", "limit", "GET", "/projects?limit=-1", None, None),
    Case("limit huge", 422, "invalid", "limit", "GET", f"/projects?limit={HUGE}", None, None),
    Case("limit no number", 422, "invalid", "limit", "GET", "/projects?limit=many", None, None),
    Case("minutes huge", 422, "invalid", "minutes", "GET", f"/reports/throughput?minutes={HUGE}", None, None),
    raw("100,000 nested arrays", "[" * 100_000 + "]" * 100_000, 400, "malformed_body", "nested too deeply"),
    raw("65 nested arrays in a payload", ONE_TASK % (',"payload":{"a":%s}' % ("[" * 65 + "]" * 65)), 400,
        "malformed_body", "nested too deeply", path=TASKS),
    raw("float for int", NAME % ',"overlap":1.0', 422, "invalid", "Expected `int`, got `float`"),
    raw("text for int", NAME % ',"overlap":"1"', 422, "invalid", "Expected `int`, got `str`"),
    raw("bool for int", NAME % ',"overlap":true', 422, "invalid", "Expected `int`, got `bool`"),
    raw("number for text", '{"name":1}', 422, "invalid", "Expected `str`, got `int`"),
    raw("money as number", '{"amount":{"amount":1.5,"currency":"USD"}}', 422, "invalid", "$.amount.amount",
        path="/projects/{project}/budget"),
    raw("money with seven decimals", '{"amount":{"amount":"0.0000001","currency":"USD"}}', 422, "invalid", "6 decimals",
        path="/projects/{project}/budget"),
    raw("unknown currency", '{"amount":{"amount":"1","currency":"XXY"}}', 422, "invalid", "ISO 4217",
        path="/projects/{project}/budget"),
    raw("duplicate keys", '{"name":"a","name":"b"}', 400, "malformed_body", '"name" stands twice'),
    raw("unknown field", NAME % ',"prioirty":1', 422, "invalid", "prioirty"),
    raw("unknown field in a list", ONE_TASK % ',"prioirty":1', 422, "invalid", "$.tasks[0].prioirty", path=TASKS),
    raw("missing field", "{}", 422, "invalid", "$.name"),
    raw("text/plain", '{"name":"P"}', 415, "unsupported_media_type", "application/json", media="text/plain"),
    raw("no content type", '{"name":"P"}', 415, "unsupported_media_type", "application/json", media=None),
    raw("form", "name=P", 415, "unsupported_media_type", media="application/x-www-form-urlencoded"),
    raw("XML", "<name/>", 415, "unsupported_media_type", media="application/xml"),
    raw("utf-16 charset", '{"name":"P"}'.encode("utf-16"), 415, "unsupported_media_type", "UTF-8",
        media="application/json; charset=utf-16"),
    raw("gzip", gzip.compress(b'{"name":"P"}'), 415, "unsupported_media_type", "gzip",
        headers={"content-encoding": "gzip"}),
    raw("too large", b'{"name":"' + b"x" * 10_000_001 + b'"}', 413, "too_large", "10000000"),
    raw("NaN", NAME % ',"overlap":NaN', 400, "malformed_body", "NaN"),
    raw("1e400", NAME % ',"overlap":1e400', 400, "malformed_body", "too large"),
    raw("cut off", '{"name":"P', 400, "malformed_body"),
    raw("empty body", b"", 422, "invalid", "data"),
    raw("wrong top level", "[1,2]", 422, "invalid", "Expected `object`"),
    raw("null body", "null", 422, "invalid", "null"),
    Case("query parameter twice", 400, "bad_request", "'limit' stands twice", "GET", "/projects?limit=1&limit=2", None, None),
    Case("query not UTF-8", 400, "bad_request", "UTF-8", "GET", "/tasks?search=%ff", None, None),
    Case("unknown query parameter", 422, "invalid", "satte", "GET", "/tasks?satte=open", None, None),
    Case("token in the address", 422, "invalid", "token", "GET", "/projects?token=cb_x", None, None),
    Case("junk cursor", 422, "bad_cursor", "", "GET", "/projects?cursor=%25%25", None, None),
    Case("cursor of another list", 422, "bad_cursor", "", "GET", "/projects?cursor=WyJhIiwiYiJd", None, None),
    Case("feed cursor beyond int8", 422, "bad_cursor", "", "GET", f"/events?cursor={2**63}-1", None, None),
    Case("unknown method", 405, "method_not_allowed", "", "PUT", "/projects", b"{}"),
    Case("TRACE", 405, "method_not_allowed", "", "TRACE", "/projects", None, None),
    Case("FOO", 405, "method_not_allowed", "", "FOO", "/projects", None, None),
    Case("unknown address", 404, "not_found", "", "GET", "/nothing", None, None),
    Case("encoded dots", 404, "not_found", "", "GET", "/%2e%2e/%2e%2e/etc/passwd", None, None),
    Case("junk cookie", 200, "", "", "GET", "/projects", None, None, {"cookie": b"callboard=\x80junk; ;=;a"}),
    Case("If-Match no version", 422, "invalid", "If-Match", path="/projects/{project}/publish", media=None,
         headers={"if-match": "yesterday"}),
    Case("empty Idempotency-Key", 422, "invalid", "Idempotency-Key", body=b'{"name":"P"}', headers={"idempotency-key": ""}),
    Case("long Idempotency-Key", 422, "invalid", "255", body=b'{"name":"P"}', headers={"idempotency-key": "k" * 256}),
    Case("unknown id", 404, "task_not_found", "", "GET", f"/tasks/{uuid4()}", None, None),
    Case("unknown domain", 422, "unknown_domain", "astrology", path=TASKS,
         body=b'{"tasks":[{"external_id":"a","domain":"astrology","language":"en"}]}'),
    Case("no language tag", 422, "invalid", "$.tasks[0].language", path=TASKS,
         body=b'{"tasks":[{"external_id":"a","domain":"general","language":"english"}]}'),
    Case("same external_id twice", 422, "invalid", "stands twice", path=TASKS,
         body=b'{"tasks":[{"external_id":"a","domain":"general","language":"en"},{"external_id":"a","domain":"general","language":"en"}]}'),
    Case("naive time", 422, "invalid", "since", "GET", "/reports/cost?since=2026-01-01T00:00:00", None, None),
    Case("time that is none", 422, "invalid", "since", "GET", "/reports/cost?since=yesterday", None, None),
    raw("name of another project", '{"name":"Chat"}', 409, "project_exists", "choose another name"),
    raw("fewer turns at most than at least", NAME % ',"max_turns":2', 422, "invalid", "min_turns (3) is above max_turns (2)"),
    raw("lease beyond its deadline", NAME % ',"lease_seconds":600,"deadline_seconds":60', 422, "invalid", "lease_seconds (600)"),
    raw("no kind of credential", '{"domain":"law","kind":"x","title":"Bar exam"}', 422, "invalid", "$.kind",
        path="/annotators/{annotator}/credentials"),
    raw("credential of no domain", '{"domain":"astrology","kind":"degree","title":"Stars"}', 422, "unknown_domain",
        "astrology", path="/annotators/{annotator}/credentials"),
    Case("import: not NDJSON", 415, "unsupported_media_type", "application/x-ndjson", path=TASKS + "/import", body=b"{}"),
    Case("import: empty", 422, "import_refused", "", path=TASKS + "/import", body=b"", media="application/x-ndjson"),
    Case("import: no such mapping", 422, "invalid", "../../etc/passwd", path=TASKS + "/import?mapping=../../etc/passwd",
         body=b"{}", media="application/x-ndjson"),
]  # fmt: skip


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def send(client: httpx.AsyncClient, who: Somebody, case: Case, site: Site) -> httpx.Response:
    named = who.headers | ({"content-type": case.media} if case.media else {}) | case.headers
    headers = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in named.items()]
    path = case.path.format(project=site.project_id, annotator=site.author.annotator_id)
    request = client.build_request(case.method, "/api/v1" + path, content=case.body, headers=headers)
    return await client.send(request)


async def test_every_bad_request_gets_a_clear_refusal(site: Site) -> None:
    """One site for the whole table: every case must leave it as it was."""
    before = await db.fetch_value("SELECT count(*) FROM task") + await db.fetch_value("SELECT count(*) FROM project")
    wrong = []
    for case in CASES:
        who = site.manager if case.path.startswith(("/reports", "/tasks?", "/annotators")) else site.frontend
        answer = await send(site.client, who, case, site)
        problem = _fault(case, answer)
        if problem:
            wrong.append(f"{case.name}: {problem}\n    {answer.status_code} {answer.text[:400]}")
    assert not wrong, "\n".join(wrong)
    after = await db.fetch_value("SELECT count(*) FROM task") + await db.fetch_value("SELECT count(*) FROM project")
    assert after == before


def _fault(case: Case, answer: httpx.Response) -> str | None:
    if answer.status_code != case.status:
        return f"expected {case.status}"
    if case.status < 400:
        return None
    if answer.headers["content-type"] != "application/problem+json":
        return f"sent as {answer.headers['content-type']}"
    return _body_fault(case, answer)


def _body_fault(case: Case, answer: httpx.Response) -> str | None:
    body = answer.json()
    missing = {"type", "title", "status", "detail", "instance", "code", "request_id"} - body.keys()
    if missing or body["code"] != case.code:
        return f"expected the code {case.code}, and {missing}"
    if case.says and case.says not in answer.text.replace('\\"', '"'):
        return f"does not say {case.says}"
    for inside in ("Traceback", "asyncpg", "litestar", "/src/", "SELECT "):
        if inside in answer.text:
            return f"shows {inside}"
    return None


async def test_all_faults_are_named_at_once(site: Site) -> None:
    body = {
        "tasks": [
            {"external_id": "", "language": 3, "x": 1},
            {"external_id": "b", "domain": "general", "language": "en"},
        ]
    }
    answer = await site.call("POST", f"/projects/{site.project_id}/tasks", site.frontend, body, 422)
    assert {fault["path"] for fault in answer["errors"]} == {
        "$.tasks[0].external_id", "$.tasks[0].domain", "$.tasks[0].language", "$.tasks[0].x",
    }  # fmt: skip


async def test_a_chunked_body_is_cut_at_the_limit(site: Site) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 30_000_000:
            sent += 100_000
            yield b" " * 100_000

    answer = await site.client.post(
        "/api/v1/projects", content=endless(), headers=site.frontend.headers | {"content-type": JSON}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


NAUGHTY = [
    "", " ", "\t\r\n", "null", "undefined", "0", "-1", "1e400", "' OR 1=1 --", "'; DROP TABLE task; --", '"', "\\", "\\u0000",
    "<script>alert(1)</script>", "{{7*7}}", "${7*7}", "%s%n", "=HYPERLINK(1)", "../../etc/passwd", "\u202egnp.exe", "\u200b",
    "é", "e\u0301", "👩‍👩‍👧‍👦", "𠜎𠜱", "العربية", "中文 ﹏ ＝＋－＠", "\U0010ffff", "\ufeffx", "a\u2028b", "\x07\x1b[31m", "x" * 5000,
]  # fmt: skip


async def test_text_comes_back_as_it_was_sent(site: Site) -> None:
    payload = {"title": "t", "list": NAUGHTY, **{f"k{n} {text[:20]}": text for n, text in enumerate(NAUGHTY)}}
    ids = await site.post_tasks(1, payload=payload)
    row = await site.call("GET", f"/tasks/{ids['t0']}", site.manager)
    assert row["payload"] == payload
    for text in NAUGHTY:
        found = await site.client.get("/api/v1/tasks", params={"search": text}, headers=site.manager.headers)
        assert found.status_code in {200, 422}, text
        assert len(found.json().get("items", [])) <= 1


MASS = [
    "state",
    "epoch",
    "role",
    "is_gold",
    "pay_rate",
    "price_micros",
    "annotator",
    "vendor_id",
    "password_hash",
    "id",
    "version",
]


async def test_no_column_can_be_set_from_outside(site: Site) -> None:
    await site.post_tasks(1)
    held = await site.claim(site.author)
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/projects", {"name": "P"}),
        (f"/projects/{site.project_id}/tasks", {"tasks": []}),
        ("/annotators", {"display_name": "A"}),
        ("/tokens", {"name": "t", "scopes": ["work"]}),
        ("/people", {"email": "a@b.c", "display_name": "A", "roles": ["annotator"]}),
        (f"/assignments/{held['id']}/heartbeat", {"epoch": 1}),
        (f"/assignments/{held['id']}/submit", {"epoch": 1}),
        ("/assignments/claim", {}),
    ]
    for path, body in bodies:
        who = site.author if path.startswith("/assignments") else site.manager
        for column in MASS:
            if column in body or (column == "vendor_id" and path == "/people"):
                continue
            answer = await site.client.post(f"/api/v1{path}", json=body | {column: 1}, headers=who.headers)
            if (path, column) == (f"/assignments/{held['id']}/heartbeat", "epoch") or column in body:
                continue
            assert answer.status_code == 422, f"{path} {column}: {answer.text}"
            assert column in json.dumps(answer.json()["errors"])
