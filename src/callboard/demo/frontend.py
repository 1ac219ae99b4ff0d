"""A simulated labeling frontend: keeps posting tasks, so that there is always something to do and never a mountain."""

from typing import Any
from uuid import UUID

import msgspec

from callboard.demo.client import Api
from callboard.demo.operation import FACTORS, GUIDED, PROJECTS, DemoProject
from callboard.demo.stage import Stage
from kernel.money import parse_amount

ROUND_SECONDS = 5.0
"""Between two looks at the queue, at pace 1."""
BATCH_TASKS = 8
TOUR_WAITING = 6
RESERVE_TASKS = 40
"""A project whose budget covers fewer of its dearest tasks gets no more of them."""
MOST_COLLISIONS = 200
"""Names that are taken already, before a round is given up."""
FIRST_COPY = 2


class Frontend:
    """`ids`: project ids by name. `waiting_tasks` is shared out over the projects that people work in."""

    def __init__(self, api: Api, stage: Stage, ids: dict[str, UUID], *, waiting_tasks: int) -> None:
        self._api = api
        self._stage = stage
        self._ids = ids
        self._share = max(1, waiting_tasks // (len(PROJECTS) - len(GUIDED)))
        self._copies: dict[str, int] = {}
        """By project: how many tasks of it were named so far, the next one's number included."""

    async def keep_posting(self) -> None:
        """For ever; the caller ends it."""
        rng = self._stage.dice("frontend")
        while True:
            for project in PROJECTS:
                await self.top_up(project)
            await self._stage.pause(ROUND_SECONDS, rng)

    async def top_up(self, project: DemoProject) -> int:
        """The number of tasks that were added."""
        project_id = self._ids[project.name]
        cells = (await self._api.get("/reports/queue", project_id=project_id))["items"]
        wanted = TOUR_WAITING if project.name in GUIDED else self._share
        missing = wanted - sum(cell["waiting"] for cell in cells)
        if missing <= 0 or not await self._can_pay(project, project_id):
            return 0
        self._copies.setdefault(project.name, _all_tasks(cells))
        tasks = await self._post(project, project_id, min(missing, BATCH_TASKS))
        self._stage.moved("posted", tasks)
        return tasks

    async def _post(self, project: DemoProject, project_id: UUID, count: int) -> int:
        """Names that are taken are passed over: another run of the demo gave them."""
        created = 0
        for _ in range(MOST_COLLISIONS):
            drafts = [self._next(project) for _ in range(count - created)]
            answer = await self._api.post(f"/projects/{project_id}/tasks", {"tasks": msgspec.to_builtins(drafts)})
            created += answer["created"]
            if created >= count:
                break
        return created

    def _next(self, project: DemoProject) -> Any:
        topics = project.topics()
        number = self._copies[project.name]
        self._copies[project.name] += 1
        draft = project.draft(topics[number % len(topics)], number // len(topics) + FIRST_COPY)
        if project.name in GUIDED:
            return draft
        return msgspec.structs.replace(draft, priority=self._stage.dice(draft.external_id).choice((2, 3, 3, 3, 4)))

    async def _can_pay(self, project: DemoProject, project_id: UUID) -> bool:
        left = (await self._api.get(f"/projects/{project_id}/budget"))["left"]
        dearest = parse_amount(project.annotation, project.currency).micros * float(max(FACTORS.values(), key=float))
        needed = RESERVE_TASKS * dearest * float(project.expert_factor)
        return parse_amount(left["amount"], left["currency"]).micros >= needed


def _all_tasks(cells: list[dict[str, int]]) -> int:
    """Whatever there ever was, cancelled ones aside."""
    names = ("waiting", "in_work", "review_waiting", "in_review", "accepted", "rejected")
    return sum(cell[name] for cell in cells for name in names)
