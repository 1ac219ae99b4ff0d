"""Who gets past the door of which route. Reviewed by people: a new route without a row fails the matrix test.

One row per route: method, path, and the kinds of actor that are let in (`everybody`: also without signing in; `known`:
whoever is recognised). Everybody else gets 401 without an identity and 403 with one. What they then see of other
people's things is a matter of rows: see test_ownership.py.
"""

ALL = ("annotator", "reviewer", "vendor_manager", "manager", "admin", "frontend")
PEOPLE = ("annotator", "reviewer", "vendor_manager", "manager", "admin")
BOSSES = ("manager", "admin")

TABLE = """
GET    /livez                                                     everybody
GET    /readyz                                                    everybody
GET    /metrics                                                   admin
GET    /favicon.ico                                               everybody
GET    /static/{version:str}/{name:path}                          everybody
GET    /live                                                      known
GET    /api/docs                                                  everybody
GET    /api/v1/openapi.json                                       everybody
POST   /api/v1/session                                            everybody
DELETE /api/v1/session                                            people
DELETE /api/v1/sessions                                           people
GET    /api/v1/me                                                 known
PATCH  /api/v1/me                                                 people
PUT    /api/v1/me/password                                        people
POST   /api/v1/tokens                                             bosses
GET    /api/v1/tokens                                             bosses
DELETE /api/v1/tokens/{token_id:uuid}                             bosses
POST   /api/v1/people                                             vendor_manager bosses
GET    /api/v1/people                                             vendor_manager bosses
PATCH  /api/v1/people/{person_id:uuid}                            vendor_manager bosses
POST   /api/v1/projects                                           bosses frontend
GET    /api/v1/projects                                           bosses frontend
GET    /api/v1/projects/{project_id:uuid}                         bosses frontend
POST   /api/v1/projects/{project_id:uuid}/publish                 bosses frontend
POST   /api/v1/projects/{project_id:uuid}/pause                   bosses frontend
POST   /api/v1/projects/{project_id:uuid}/close                   bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/rate-card               bosses
GET    /api/v1/projects/{project_id:uuid}/rate-cards              bosses frontend
POST   /api/v1/projects/{project_id:uuid}/budget                  bosses
GET    /api/v1/projects/{project_id:uuid}/budget                  bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/bot                     bosses frontend
GET    /api/v1/projects/{project_id:uuid}/bot                     bosses frontend
POST   /api/v1/projects/{project_id:uuid}/tasks                   bosses frontend
POST   /api/v1/projects/{project_id:uuid}/tasks/import            bosses frontend
GET    /api/v1/tasks                                              bosses frontend
POST   /api/v1/tasks/priority                                     bosses frontend
POST   /api/v1/tasks/cancel                                       bosses frontend
GET    /api/v1/tasks/{task_id:uuid}                               known
GET    /api/v1/tasks/{task_id:uuid}/history                       bosses frontend
GET    /api/v1/tasks/{task_id:uuid}/explain                       bosses frontend
POST   /api/v1/annotators                                         vendor_manager bosses
GET    /api/v1/annotators                                         people
POST   /api/v1/annotators/bulk                                    vendor_manager bosses
POST   /api/v1/annotators/bulk/{bulk_id:uuid}/undo                vendor_manager bosses
POST   /api/v1/annotators/import                                  vendor_manager bosses
GET    /api/v1/annotators/export                                  people
GET    /api/v1/annotators/{annotator_id:uuid}                     people
PUT    /api/v1/annotators/{annotator_id:uuid}/state               vendor_manager bosses
GET    /api/v1/annotators/{annotator_id:uuid}/skills              people
PUT    /api/v1/annotators/{annotator_id:uuid}/skills/{domain:str} bosses
POST   /api/v1/annotators/{annotator_id:uuid}/credentials         bosses
GET    /api/v1/annotators/{annotator_id:uuid}/earnings            people
POST   /api/v1/exams                                              bosses
GET    /api/v1/exams                                              known
PUT    /api/v1/exams/{exam_id:uuid}/state                         bosses
POST   /api/v1/exams/{exam_id:uuid}/items                         bosses
POST   /api/v1/exams/{exam_id:uuid}/attempts                      annotator reviewer frontend
GET    /api/v1/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}    annotator reviewer frontend
POST   /api/v1/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/answers                 annotator reviewer frontend
POST   /api/v1/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/finish                  annotator reviewer frontend
POST   /api/v1/assignments/claim                                  annotator reviewer frontend
GET    /api/v1/assignments                                        known
GET    /api/v1/assignments/{assignment_id:uuid}                   known
POST   /api/v1/assignments/{assignment_id:uuid}/heartbeat         annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/draft             annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/draft             annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/submit            annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/release           annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/decline           annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/verdict           annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue          annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue          annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns    annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/reply          annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/own-reply      annotator reviewer frontend
PUT    /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/rating   annotator reviewer frontend
PUT    /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/text     annotator reviewer frontend
GET    /api/v1/events                                             known
GET    /api/v1/events/stream                                      known
GET    /api/v1/ledger/transfers                                   vendor_manager bosses
GET    /api/v1/reports/queue                                      vendor_manager bosses
GET    /api/v1/reports/throughput                                 vendor_manager bosses
GET    /api/v1/reports/quality                                    vendor_manager bosses
GET    /api/v1/reports/cost                                       vendor_manager bosses
"""

_GROUPS = {"known": ALL, "people": PEOPLE, "bosses": BOSSES}


def expected() -> dict[tuple[str, str], frozenset[str] | None]:
    """(method, path) → the actors that are let in; `None`: everybody."""
    table: dict[tuple[str, str], frozenset[str] | None] = {}
    for line in TABLE.strip().splitlines():
        method, path, *names = line.split()
        key = (method, path)
        assert key not in table, f"two rows for {key}"
        everybody = names == ["everybody"]
        table[key] = None if everybody else frozenset(one for name in names for one in _GROUPS.get(name, (name,)))
    return table
