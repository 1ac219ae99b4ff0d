"""Banks over HTTP: managers see keys, nobody else does; paid exams name their budget."""

from typing import Any

import httpx

from tests.api.conftest import Cast
from tests.api.test_exams import EXAM, Hall, questions


class OpenHall(Hall):
    """For those who may see keys."""

    async def call(self, method: str, path: str, who: Any, body: Any = None, status: int = 200) -> Any:
        answer = await self._client.request(method, "/api/v1" + path, json=body, headers=who.headers)
        assert answer.status_code == status, answer.text
        return answer.json()


async def test_a_bank_comes_out_to_its_managers_alone(client: httpx.AsyncClient, cast: Cast) -> None:
    hall, manager = OpenHall(client), await cast.person("boss", ["manager"])
    person = await cast.person("ann", ["annotator"], works=True)
    program = await cast.program(["exams:read", "work"], owner=manager)
    exam = await hall.call("POST", "/exams", manager, EXAM, 201)
    at = f"/exams/{exam['id']}"
    await hall.call("POST", f"{at}/items", manager, questions(8), 201)
    for stranger in (person, program):
        for path in (f"{at}/items", f"{at}/attempts", f"{at}/figures"):
            await hall.call("GET", path, stranger, status=403)
    first = await hall.call("GET", f"{at}/items?limit=5", manager)
    rest = await hall.call("GET", f"{at}/items?limit=5&cursor={first['next_cursor']}", manager)
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 8
    assert rest["next_cursor"] is None
    item = first["items"][0]
    assert (item["answer"], item["shown"], item["right_share"], item["exposure_left"]) == (1, 0, None, 500)

    one = f"{at}/items/{item['id']}"
    draft = {"text": "Which?", "options": ["a", "b"], "answer": 0, "difficulty": -0.3}
    changed = await hall.call("PUT", one, manager, draft)
    assert (changed["text"], changed["version"]) == ("Which?", 2)
    stale = await client.put("/api/v1" + one, json=draft, headers=manager.headers | {"if-match": '"1"'})
    assert stale.status_code == 412
    assert (await hall.call("PUT", one, manager, draft | {"answer": 2}, 422))["code"] == "bad_exam_item"
    retired = await hall.call("POST", f"{one}/retire", manager, {"reason": "out of date"})
    assert (retired["retired"], retired["retired_reason"]) == (True, "out of date")
    assert len((await hall.call("GET", f"{at}/items?retired=true", manager))["items"]) == 1
    await hall.call("POST", f"{one}/restore", manager, {}, 422)
    assert not (await hall.call("POST", f"{one}/restore", manager, {"reason": "still right"}))["retired"]

    other = await hall.call("POST", "/exams", manager, EXAM | {"name": "Medicine", "domain": "medicine"}, 201)
    elsewhere = f"/exams/{other['id']}/items/{item['id']}"
    assert (await hall.call("POST", f"{elsewhere}/retire", manager, {"reason": "?"}, 404))[
        "code"
    ] == "exam_item_not_found"

    view = await hall.call("POST", f"{at}/attempts", person, {}, 201)
    (line,) = (await hall.call("GET", f"{at}/attempts", manager))["items"]
    assert (line["id"], line["annotator_name"], line["state"]) == (view["id"], "ann", "running")
    shown = f"{at}/items/" + next(
        i["id"] for i in (await hall.call("GET", f"{at}/items", manager))["items"] if i["shown"]
    )
    assert (await hall.call("PUT", shown, manager, draft, 409))["code"] == "exam_item_shown"
    assert (await hall.call("GET", f"{at}/figures", manager))["running"] == 1
    copy = await hall.call("POST", f"{at}/duplicate", manager, {"name": "Law again"}, 201)
    assert (copy["state"], copy["items"]) == ("closed", 8)


async def test_a_paid_exam_names_its_budget(client: httpx.AsyncClient, cast: Cast) -> None:
    hall, manager = OpenHall(client), await cast.person("boss", ["manager"])
    person = await cast.person("ann", ["annotator"], works=True)
    project = await hall.call("POST", "/projects", manager, {"name": "Chat", "currency": "USD"}, 201)
    pay = {"pay": {"amount": "2", "currency": "USD"}}
    assert (await hall.call("POST", "/exams", manager, EXAM | pay, 422))["code"] == "bad_exam"
    paid = EXAM | pay | {"pay_project_id": project["id"]}
    assert (await hall.call("POST", "/exams", manager, paid | {"training": True}, 422))["code"] == "bad_exam"
    euros = paid | {"pay": {"amount": "2", "currency": "EUR"}}
    assert (await hall.call("POST", "/exams", manager, euros, 422))["code"] == "bad_exam"
    exam = await hall.call("POST", "/exams", manager, paid, 201)
    at = f"/exams/{exam['id']}"
    await hall.call("POST", f"{at}/items", manager, questions(12), 201)
    assert (await hall.call("POST", f"{at}/attempts", person, {}, 409))["code"] == "exam_budget_exhausted"
    budget = {"amount": {"amount": "3", "currency": "USD"}, "reason": "first"}
    funding = await client.post(
        f"/api/v1/projects/{project['id']}/budget", json=budget, headers=manager.headers | {"idempotency-key": "fund"}
    )
    assert funding.status_code in {200, 201}, funding.text
    view = await hall.call("POST", f"{at}/attempts", person, {}, 201)
    assert view["pay"]["amount"] == "2.000000"
    await hall.call("POST", f"{at}/attempts/{view['id']}/finish", person, {})
    earned = await hall.call("GET", f"/annotators/{person.annotator_id}/earnings", person)
    (line,) = earned["lines"]
    assert (line["kind"], line["exam_name"], line["state"]) == ("exam", EXAM["name"], "voided")
