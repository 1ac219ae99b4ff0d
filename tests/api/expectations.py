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
PATCH  /api/v1/projects/{project_id:uuid}                         bosses frontend
PUT    /api/v1/calendars/{name:str}                               bosses frontend
GET    /api/v1/calendars                                          bosses frontend
POST   /api/v1/projects/{project_id:uuid}/publish                 bosses frontend
POST   /api/v1/projects/{project_id:uuid}/pause                   bosses frontend
POST   /api/v1/projects/{project_id:uuid}/close                   bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/requirements            bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/rate-card               bosses
POST   /api/v1/projects/{project_id:uuid}/rate-card/preview       bosses
GET    /api/v1/projects/{project_id:uuid}/price-calibration       bosses
GET    /api/v1/projects/{project_id:uuid}/rate-cards              bosses frontend
POST   /api/v1/projects/{project_id:uuid}/budget                  bosses
GET    /api/v1/projects/{project_id:uuid}/budget                  bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/bot                     bosses frontend
GET    /api/v1/projects/{project_id:uuid}/bot                     bosses frontend
GET    /api/v1/projects/{project_id:uuid}/bots                    bosses frontend
POST   /api/v1/projects/{project_id:uuid}/bots                    bosses frontend
PATCH  /api/v1/projects/{project_id:uuid}/bots/{bot_id:uuid}      bosses frontend
POST   /api/v1/projects/{project_id:uuid}/bots/{bot_id:uuid}/disable                   bosses frontend
POST   /api/v1/projects/{project_id:uuid}/bots/{bot_id:uuid}/enable                    bosses frontend
POST   /api/v1/projects/{project_id:uuid}/bots/{bot_id:uuid}/test                      bosses frontend
POST   /api/v1/webhooks                                          vendor_manager bosses
GET    /api/v1/webhooks                                          vendor_manager bosses
GET    /api/v1/webhooks/{webhook_id:uuid}                        vendor_manager bosses
GET    /api/v1/webhooks/{webhook_id:uuid}/tries                  vendor_manager bosses
PATCH  /api/v1/webhooks/{webhook_id:uuid}                        vendor_manager bosses
DELETE /api/v1/webhooks/{webhook_id:uuid}                        vendor_manager bosses
POST   /api/v1/webhooks/{webhook_id:uuid}/rotate                 vendor_manager bosses
POST   /api/v1/webhooks/{webhook_id:uuid}/pause                  vendor_manager bosses
POST   /api/v1/webhooks/{webhook_id:uuid}/resume                 vendor_manager bosses
POST   /api/v1/webhooks/{webhook_id:uuid}/replay                 vendor_manager bosses
POST   /api/v1/webhooks/{webhook_id:uuid}/test                   vendor_manager bosses
GET    /api/v1/projects/{project_id:uuid}/dialogue                bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/dialogue                bosses frontend
GET    /api/v1/projects/{project_id:uuid}/rubric                  bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/rubric                  bosses frontend
GET    /api/v1/projects/{project_id:uuid}/rubrics                 bosses frontend
GET    /api/v1/projects/{project_id:uuid}/forms                   bosses frontend
GET    /api/v1/projects/{project_id:uuid}/forms/{kind:str}        bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/forms/{kind:str}        bosses frontend
GET    /api/v1/projects/{project_id:uuid}/forms/{kind:str}/versions                      bosses frontend
GET    /api/v1/rubric-defaults                                    bosses frontend
GET    /api/v1/projects/{project_id:uuid}/topics                  bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/topics                  bosses frontend
POST   /api/v1/projects/{project_id:uuid}/exports                 bosses
GET    /api/v1/projects/{project_id:uuid}/exports                 bosses
POST   /api/v1/projects/{project_id:uuid}/exports/count           bosses
GET    /api/v1/projects/{project_id:uuid}/exports/{export_id:uuid}                     bosses
GET    /api/v1/projects/{project_id:uuid}/exports/{export_id:uuid}/file                bosses
POST   /api/v1/projects/{project_id:uuid}/exports/{export_id:uuid}/cancel              bosses
POST   /api/v1/projects/{project_id:uuid}/exports/{export_id:uuid}/rebuild             bosses
POST   /api/v1/projects/{project_id:uuid}/tasks                   bosses frontend
POST   /api/v1/projects/{project_id:uuid}/tasks/import            bosses frontend
GET    /api/v1/tasks                                              bosses frontend
POST   /api/v1/tasks/priority                                     bosses frontend
POST   /api/v1/tasks/cancel                                       bosses frontend
POST   /api/v1/tasks/bulk                                         bosses frontend
POST   /api/v1/tasks/bulk/{bulk_id:uuid}/undo                     bosses frontend
PATCH  /api/v1/tasks/{task_id:uuid}                               bosses frontend
GET    /api/v1/reports/risk                                       bosses frontend
GET    /api/v1/tasks/{task_id:uuid}                               known
GET    /api/v1/tasks/{task_id:uuid}/history                       bosses frontend
GET    /api/v1/tasks/{task_id:uuid}/dialogue/times                bosses frontend
GET    /api/v1/tasks/{task_id:uuid}/explain                       bosses frontend
GET    /api/v1/tasks/{task_id:uuid}/assignable                    bosses
POST   /api/v1/tasks/{task_id:uuid}/assign                        bosses
GET    /api/v1/tasks/{task_id:uuid}/offers                        bosses
POST   /api/v1/tasks/{task_id:uuid}/offer                         bosses
GET    /api/v1/offers                                             annotator reviewer frontend
POST   /api/v1/offers/{offer_id:uuid}/accept                      annotator reviewer frontend
POST   /api/v1/offers/{offer_id:uuid}/decline                     annotator reviewer frontend
POST   /api/v1/offers/{offer_id:uuid}/rescind                     bosses
GET    /api/v1/annotators/{annotator_id:uuid}/queue               annotator reviewer frontend
PUT    /api/v1/annotators/{annotator_id:uuid}/queue               annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/take-back         bosses
POST   /api/v1/assignments/{assignment_id:uuid}/reassign          bosses
POST   /api/v1/assignments/{assignment_id:uuid}/extend            bosses
GET    /api/v1/tasks/{task_id:uuid}/candidates                    bosses frontend
GET    /api/v1/annotators/{annotator_id:uuid}/explain             bosses frontend
POST   /api/v1/annotators                                         vendor_manager bosses
GET    /api/v1/annotators                                         people
POST   /api/v1/annotators/bulk                                    vendor_manager bosses
POST   /api/v1/annotators/bulk/{bulk_id:uuid}/undo                vendor_manager bosses
POST   /api/v1/annotators/import                                  vendor_manager bosses
GET    /api/v1/annotators/export                                  people
GET    /api/v1/annotators/{annotator_id:uuid}                     people
GET    /api/v1/annotators/{annotator_id:uuid}/presence            people
PUT    /api/v1/annotators/{annotator_id:uuid}/presence            known
PUT    /api/v1/annotators/{annotator_id:uuid}/state               vendor_manager bosses
GET    /api/v1/annotators/{annotator_id:uuid}/skills              people
PUT    /api/v1/annotators/{annotator_id:uuid}/skills/{domain:str} bosses
GET    /api/v1/annotators/{annotator_id:uuid}/credentials         people
POST   /api/v1/annotators/{annotator_id:uuid}/credentials         annotator reviewer bosses
GET    /api/v1/annotators/{annotator_id:uuid}/roles               people
PUT    /api/v1/annotators/{annotator_id:uuid}/roles               bosses
PUT    /api/v1/annotators/{annotator_id:uuid}/languages           bosses
GET    /api/v1/credentials                                        people
PUT    /api/v1/credentials/{credential_id:uuid}                   annotator reviewer bosses
DELETE /api/v1/credentials/{credential_id:uuid}                   annotator reviewer bosses
POST   /api/v1/credentials/{credential_id:uuid}/verify            bosses
POST   /api/v1/credentials/{credential_id:uuid}/refuse            bosses
POST   /api/v1/credentials/{credential_id:uuid}/revoke            bosses
GET    /api/v1/domains                                            known
POST   /api/v1/domains                                            bosses
PUT    /api/v1/domains/{code:str}                                 bosses
POST   /api/v1/domains/{code:str}/archive                         bosses
POST   /api/v1/domains/{code:str}/restore                         bosses
GET    /api/v1/levels                                             known
PUT    /api/v1/levels/{scale:str}/{level:int}                     bosses
GET    /api/v1/roles                                              known
POST   /api/v1/roles                                              bosses
PUT    /api/v1/roles/{code:str}                                   bosses
POST   /api/v1/roles/{code:str}/{change:str}                      bosses
GET    /api/v1/task-kinds                                         known
PUT    /api/v1/task-kinds/{code:str}                              bosses
PUT    /api/v1/annotators/{annotator_id:uuid}/capacity            vendor_manager bosses
GET    /api/v1/annotators/{annotator_id:uuid}/evidence            people
GET    /api/v1/annotators/{annotator_id:uuid}/skills/{domain:str}/history              people
GET    /api/v1/annotators/{annotator_id:uuid}/skills/{domain:str}/next                 people
GET    /api/v1/annotators/{annotator_id:uuid}/earnings            people
POST   /api/v1/exams                                              bosses
GET    /api/v1/exams                                              known
PUT    /api/v1/exams/{exam_id:uuid}/state                         bosses
POST   /api/v1/exams/{exam_id:uuid}/items                         bosses
GET    /api/v1/exams/{exam_id:uuid}/items                        bosses
PUT    /api/v1/exams/{exam_id:uuid}/items/{item_id:uuid}         bosses
POST   /api/v1/exams/{exam_id:uuid}/items/{item_id:uuid}/retire  bosses
POST   /api/v1/exams/{exam_id:uuid}/items/{item_id:uuid}/restore bosses
POST   /api/v1/exams/{exam_id:uuid}/duplicate                    bosses
GET    /api/v1/exams/{exam_id:uuid}/figures                      bosses
GET    /api/v1/exams/{exam_id:uuid}/attempts                     bosses
POST   /api/v1/exams/{exam_id:uuid}/attempts                      annotator reviewer frontend
GET    /api/v1/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}    annotator reviewer frontend
POST   /api/v1/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/answers                 annotator reviewer frontend
POST   /api/v1/exams/{exam_id:uuid}/attempts/{attempt_id:uuid}/finish                  annotator reviewer frontend
POST   /api/v1/exams/items/{item_id:uuid}/correct-key             bosses
POST   /api/v1/evidence/{evidence_id:uuid}/retract                bosses
POST   /api/v1/evidence/{evidence_id:uuid}/correct                bosses
POST   /api/v1/verdicts/{verdict_id:uuid}/overturn                bosses
POST   /api/v1/verdicts/{verdict_id:uuid}/uphold                  bosses
POST   /api/v1/verdicts/{verdict_id:uuid}/dispute                 annotator reviewer frontend
POST   /api/v1/disputes/{dispute_id:uuid}/withdraw                annotator reviewer frontend
POST   /api/v1/disputes/{dispute_id:uuid}/decide                  bosses
GET    /api/v1/disputes                                           bosses
GET    /api/v1/review-holds                                       bosses
POST   /api/v1/review-holds/{hold_id:uuid}/lift                   bosses
POST   /api/v1/assignments/claim                                  annotator reviewer frontend
GET    /api/v1/assignments                                        known
GET    /api/v1/assignments/{assignment_id:uuid}                   known
POST   /api/v1/assignments/{assignment_id:uuid}/heartbeat         annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/draft             annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/draft             annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/form              known
POST   /api/v1/assignments/{assignment_id:uuid}/submit            annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/release           annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/decline           annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/extension         annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/trouble           annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/verdict           annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/answers           annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/adjudicate        annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue          annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue          annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns    annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/reply          annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/attempts       annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/own-reply      annotator reviewer frontend
PUT    /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/rating   annotator reviewer frontend
PUT    /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/text     annotator reviewer frontend
GET    /api/v1/projects/{project_id:uuid}/review-plans            bosses frontend
POST   /api/v1/projects/{project_id:uuid}/review-plans            bosses frontend
GET    /api/v1/projects/{project_id:uuid}/review-plans/compare    bosses frontend
GET    /api/v1/projects/{project_id:uuid}/review-plans/replay     bosses frontend
GET    /api/v1/projects/{project_id:uuid}/review-promise          bosses frontend
GET    /api/v1/projects/{project_id:uuid}/review-risk             bosses frontend
POST   /api/v1/projects/{project_id:uuid}/review-plans/{version:int}/activate          bosses frontend
GET    /api/v1/tasks/{task_id:uuid}/review-steps                  bosses frontend
GET    /api/v1/projects/{project_id:uuid}/gold                    bosses
POST   /api/v1/projects/{project_id:uuid}/gold                    bosses
POST   /api/v1/projects/{project_id:uuid}/gold/from-tasks         bosses
POST   /api/v1/projects/{project_id:uuid}/gold/state              bosses
GET    /api/v1/projects/{project_id:uuid}/gold/rule               bosses
PUT    /api/v1/projects/{project_id:uuid}/gold/rule               bosses
GET    /api/v1/projects/{project_id:uuid}/gold/rates              bosses
PUT    /api/v1/projects/{project_id:uuid}/gold/rates/{annotator_id:uuid}               bosses
GET    /api/v1/gold/{gold_id:uuid}                                bosses
PUT    /api/v1/gold/{gold_id:uuid}/key                            bosses
PUT    /api/v1/gold/{gold_id:uuid}/note                           bosses
POST   /api/v1/gold/{gold_id:uuid}/doubt                          bosses
GET    /api/v1/gold-doubts                                        bosses
POST   /api/v1/gold-doubts/{doubt_id:uuid}/decide                 bosses
GET    /api/v1/assignments/{assignment_id:uuid}/gold              annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/gold/doubt        annotator reviewer frontend
GET    /api/v1/projects/{project_id:uuid}/lots                    bosses frontend
POST   /api/v1/projects/{project_id:uuid}/lots                    bosses
POST   /api/v1/projects/{project_id:uuid}/lots/preview            bosses
GET    /api/v1/lots/{lot_id:uuid}                                 bosses frontend
GET    /api/v1/lots/{lot_id:uuid}/sample                          bosses
POST   /api/v1/lots/{lot_id:uuid}/sample/{piece_id:uuid}/look     bosses
POST   /api/v1/lots/{lot_id:uuid}/rework                          bosses
GET    /api/v1/projects/{project_id:uuid}/agreement               bosses frontend
GET    /api/v1/tasks/{task_id:uuid}/agreement                     bosses frontend
GET    /api/v1/reviewers                                          vendor_manager bosses
GET    /api/v1/projects/{project_id:uuid}/calibration-sets        bosses
POST   /api/v1/projects/{project_id:uuid}/calibration-sets        bosses
GET    /api/v1/projects/{project_id:uuid}/calibration-sets/candidates                  bosses
POST   /api/v1/calibration-sets/{set_id:uuid}/retire              bosses
POST   /api/v1/lots/{lot_id:uuid}/withdraw                        bosses
GET    /api/v1/inspections                                        annotator reviewer frontend
GET    /api/v1/inspections/{lot_id:uuid}                          annotator reviewer frontend
POST   /api/v1/inspections/{lot_id:uuid}/sample/{piece_id:uuid}/look annotator reviewer frontend
GET    /api/v1/policies                                           bosses frontend
POST   /api/v1/policies                                           bosses
POST   /api/v1/policies/{version:int}/activate                    bosses
GET    /api/v1/policies/compare                                   bosses frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue/times                      annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue/tree                       annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue/topics                     annotator reviewer frontend
GET    /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/versions annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{no:int}/candidates  annotator reviewer frontend
PUT    /api/v1/assignments/{assignment_id:uuid}/dialogue/choices/{choice_id:uuid}   annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/undo                       annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/restart                    annotator reviewer frontend
PUT    /api/v1/assignments/{assignment_id:uuid}/dialogue/scores                     annotator reviewer frontend
POST   /api/v1/assignments/{assignment_id:uuid}/dialogue/turns/{turn_id:uuid}/spans annotator reviewer frontend
DELETE /api/v1/assignments/{assignment_id:uuid}/dialogue/spans/{span_id:uuid}       annotator reviewer frontend
GET    /api/v1/standing-rules                                     people
POST   /api/v1/standing-rules                                     bosses
POST   /api/v1/standing-rules/preview                             bosses
PUT    /api/v1/standing-rules/{rule_id:uuid}                      bosses
POST   /api/v1/standing-rules/{rule_id:uuid}/switch               bosses
POST   /api/v1/standing-rules/{rule_id:uuid}/lift                 bosses
GET    /api/v1/standing                                           people
GET    /api/v1/annotators/{annotator_id:uuid}/standing            people
POST   /api/v1/annotators/{annotator_id:uuid}/standing            bosses
POST   /api/v1/standing/{standing_id:uuid}/lift                   bosses
POST   /api/v1/standing/{standing_id:uuid}/appeal                 annotator reviewer frontend
POST   /api/v1/standing/{standing_id:uuid}/decide                 bosses
GET    /api/v1/events                                             known
GET    /api/v1/events/stream                                      known
GET    /api/v1/ledger/transfers                                   vendor_manager bosses
GET    /api/v1/pay-periods                                        vendor_manager bosses
GET    /api/v1/pay-periods/{period_id:uuid}/checklist             bosses
GET    /api/v1/pay-periods/{period_id:uuid}/exceptions            bosses
POST   /api/v1/pay-periods/{period_id:uuid}/close                 bosses
POST   /api/v1/ledger/check                                       bosses
GET    /api/v1/exchange-rates                                     vendor_manager bosses
GET    /api/v1/exchange-rates/missing                             bosses
POST   /api/v1/exchange-rates/preview                             bosses
POST   /api/v1/exchange-rates                                     bosses
GET    /api/v1/annotators/{annotator_id:uuid}/pay-currency        people
PUT    /api/v1/annotators/{annotator_id:uuid}/pay-currency        bosses
GET    /api/v1/adjustments                                        vendor_manager bosses
POST   /api/v1/adjustments                                        bosses
POST   /api/v1/adjustments/decide                                 bosses
POST   /api/v1/pay-disputes                                      annotator reviewer frontend
POST   /api/v1/pay-disputes/{dispute_id:uuid}/withdraw           annotator reviewer frontend
POST   /api/v1/pay-disputes/decide                               bosses
GET    /api/v1/pay-disputes                                      people
POST   /api/v1/adjustments/decide-all                             bosses
GET    /api/v1/projects/{project_id:uuid}/pay-floors              bosses frontend
PUT    /api/v1/projects/{project_id:uuid}/pay-floors              bosses
GET    /api/v1/annotators/{annotator_id:uuid}/bank-details        annotator reviewer bosses
PUT    /api/v1/annotators/{annotator_id:uuid}/bank-details        annotator reviewer bosses
GET    /api/v1/payouts                                            bosses
POST   /api/v1/payouts                                            bosses
POST   /api/v1/payouts/bank-status                                bosses
GET    /api/v1/payouts/{payout_id:uuid}                           bosses
GET    /api/v1/payouts/{payout_id:uuid}/lines                     bosses
GET    /api/v1/payouts/{payout_id:uuid}/left-out                  bosses
POST   /api/v1/payouts/{payout_id:uuid}/take-out                  bosses
POST   /api/v1/payouts/{payout_id:uuid}/approve                   bosses
POST   /api/v1/payouts/{payout_id:uuid}/cancel                    bosses
POST   /api/v1/payouts/{payout_id:uuid}/export                    bosses
GET    /api/v1/payouts/{payout_id:uuid}/file                      bosses
POST   /api/v1/payouts/{payout_id:uuid}/confirm                   bosses
POST   /api/v1/payouts/{payout_id:uuid}/reconcile                 bosses
GET    /api/v1/statements                                         people
GET    /api/v1/statements/{statement_id:uuid}                     people
GET    /api/v1/statements/{statement_id:uuid}/file                people
GET    /api/v1/reports/queue                                      vendor_manager bosses
GET    /api/v1/reports/throughput                                 vendor_manager bosses
GET    /api/v1/reports/quality                                    vendor_manager bosses
GET    /api/v1/quality                                            vendor_manager bosses
GET    /api/v1/projects/{project_id:uuid}/quality                 vendor_manager bosses
GET    /api/v1/projects/{project_id:uuid}/quality/works           vendor_manager bosses
GET    /api/v1/reports/cost                                       vendor_manager bosses
GET    /api/v1/reports/costs                                      vendor_manager bosses
GET    /api/v1/reports/difficulty                                 bosses frontend
GET    /api/v1/projects/{project_id:uuid}/consensus               bosses frontend
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
