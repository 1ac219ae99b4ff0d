"""Exams over HTTP: keys go in and never come out, and nobody meets another person's attempt."""

from typing import Any

import httpx

from kernel import db
from tests.api.conftest import Cast, Somebody

EXAM = {
    "name": "Law, level 3", "domain": "law", "language": "en", "cut_level": 3,
}  # fmt: skip
SECRET = "because of the secret key"


def questions(count: int) -> dict[str, Any]:
    return {
        "items": [
            {"text": f"Question {n}?", "options": ["yes", "no", "perhaps"], "answer": 1, "difficulty": n / 20 - 0.8, "explanation": SECRET}
            for n in range(count)
        ]
    }  # fmt: skip


class Hall:
    """A client that speaks for somebody."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(self, method: str, path: str, who: Somebody, body: Any = None, status: int = 200) -> Any:
        answer = await self._client.request(method, "/api/v1" + path, json=body, headers=who.headers)
        assert answer.status_code == status, answer.text
        assert SECRET not in answer.text
        return answer.json()


async def test_an_exam_from_its_bank_to_its_result(client: httpx.AsyncClient, cast: Cast) -> None:
    hall = Hall(client)
    manager, person = await cast.person("boss", ["manager"]), await cast.person("ann", ["annotator"], works=True)
    paid = EXAM | {"pay": {"amount": "2", "currency": "USD"}}
    assert (await hall.call("POST", "/exams", manager, paid, 422))["code"] == "bad_exam"
    exam = await hall.call("POST", "/exams", manager, EXAM, 201)
    at = f"/exams/{exam['id']}"
    empty = await hall.call("POST", f"{at}/attempts", person, {}, 409)
    assert empty["code"] == "exam_bank_too_small"
    assert await hall.call("POST", f"{at}/items", manager, questions(30), 201) == {"added": 30, "unchanged": 0}
    assert await hall.call("POST", f"{at}/items", manager, questions(31), 201) == {"added": 1, "unchanged": 30}
    (listed,) = (await hall.call("GET", "/exams", person))["items"]
    assert (listed["items"], listed["attempts_left"], listed["pay"]) == (31, 2, None)

    view = await hall.call("POST", f"{at}/attempts", person, {}, 201)
    answers = f"{at}/attempts/{view['id']}/answers"
    while view["state"] == "running":
        assert view["result"] is None
        assert view["feedback"] is None
        question = view["question"]
        body = {"position": question["position"], "choice": question["options"].index("no")}
        view = await hall.call("POST", answers, person, body)
    assert view["result"] == {"passed": True, "reason": "decided", "right": None}
    assert await hall.call("POST", answers, person, body) == view, "the last answer again"
    assert (await hall.call("POST", f"{at}/attempts", person, {}, 409))["code"] == "exam_passed"
    news = await db.fetch_value("SELECT data FROM event WHERE type = 'exam.finished'")
    assert "answer" not in news


async def test_somebody_elses_attempt_does_not_exist(client: httpx.AsyncClient, cast: Cast) -> None:
    hall = Hall(client)
    manager = await cast.person("boss", ["manager"])
    ann = await cast.person("ann", ["annotator"], works=True, vendor="North")
    bea = await cast.person("bea", ["annotator"], works=True, vendor="South")
    program = await cast.program(["work"], owner=manager)
    exam = await hall.call("POST", "/exams", manager, EXAM, 201)
    await hall.call("POST", f"/exams/{exam['id']}/items", manager, questions(20), 201)
    own = await hall.call("POST", f"/exams/{exam['id']}/attempts", ann, {}, 201)
    at = f"/exams/{exam['id']}/attempts/{own['id']}"
    assert (await hall.call("GET", at, bea, status=404))["code"] == "exam_attempt_not_found"
    for path, body in ((f"{at}/answers", {"position": 1, "choice": 0}), (f"{at}/finish", {})):
        assert (await hall.call("POST", path, bea, body, 404))["code"] == "exam_attempt_not_found"
    assert await hall.call("GET", at, program) == own
    given_up = await hall.call("POST", f"{at}/finish", ann, {})
    assert given_up["result"]["reason"] == "given_up"


async def test_what_cannot_be_held_is_refused(client: httpx.AsyncClient, cast: Cast) -> None:
    hall, manager = Hall(client), await cast.person("boss", ["manager"])
    for wrong, code in (
        ({"min_items": 9, "max_items": 8}, "bad_exam"),
        ({"domain": "astrology"}, "unknown_domain"),
        ({"language": "english"}, "bad_language"),
        ({"cut_level": 1}, "invalid"),
    ):
        assert (await hall.call("POST", "/exams", manager, EXAM | wrong, 422))["code"] == code
    exam = await hall.call("POST", "/exams", manager, EXAM, 201)
    wrong_item = {"items": [{"text": "?", "options": ["a", "b"], "answer": 2, "difficulty": 0}]}
    assert (await hall.call("POST", f"/exams/{exam['id']}/items", manager, wrong_item, 422))["code"] == "bad_exam_item"
    closed = await hall.call("PUT", f"/exams/{exam['id']}/state", manager, {"state": "closed"})
    assert closed["state"] == "closed"
