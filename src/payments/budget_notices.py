"""That a budget has reached a share of what it was funded with: told once for each share, and again after it has grown."""

from datetime import datetime
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.clock import rfc3339
from kernel.ids import plain_uuid, uuid7
from kernel.money import Money, amount_text
from kernel.settings import Settings
from kernel.sql import load
from payments.forecast import outlook, thresholds

sql = load(__package__)
JOB = "payments.budget_notices"
BATCH = 100


class BudgetNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as it stands now that has reached one of `budget_warnings`."""

    project_id: UUID
    project: str
    threshold: int
    """The highest that is reached, in per cent."""
    used_percent: int
    left: Money
    runs_out_at: datetime | None
    """At the pace of the last week; none where nothing is spent."""


async def tell(settings: Settings) -> int:
    """One batch; how many were told. Reserved money counts as spent. A share that is reached together with a higher one is told, too."""
    db.require_transaction()
    shares = thresholds(settings.budget_warnings)
    rows = await db.fetch(sql.budgets_to_tell, thresholds=shares, least=shares[0], limit=BATCH)
    told = 0
    for row in rows:
        project_id, currency = plain_uuid(row["project_id"]), row["currency"]
        ahead = await outlook(project_id, settings.budget_warnings)
        notice_id = await db.fetch_value(
            sql.add_budget_notice, id=uuid7(), project_id=project_id, currency=currency, threshold=row["threshold"],
            funded_micros=row["funded_micros"], used_percent=row["used_percent"], left_micros=row["left_micros"], runs_out_at=ahead.runs_out_at,
        )  # fmt: skip
        if notice_id is None:  # somebody else told it meanwhile
            continue
        told += 1
        data = {
            "key": f"budget:{project_id}:{currency}:{row['funded_micros']}:{row['threshold']}",
            "project_id": str(project_id), "threshold": row["threshold"], "used_percent": row["used_percent"],
            "funded": amount_text(row["funded_micros"]), "left": amount_text(row["left_micros"]), "per_day": amount_text(ahead.per_day.micros),
            "currency": currency, "runs_out_at": rfc3339(ahead.runs_out_at) if ahead.runs_out_at else None,
        }  # fmt: skip
        await outbox.publish("budget.threshold", data, project_id=project_id, subject_id=project_id)
    return told


async def reached(settings: Settings, project_ids: list[UUID]) -> list[BudgetNotice]:
    """Those of some projects that have reached a share now, the fullest first."""
    shares = thresholds(settings.budget_warnings)
    rows = await db.fetch(sql.budgets_reached, thresholds=shares, least=shares[0], project_ids=project_ids)
    found = []
    for row in rows:
        ahead = await outlook(plain_uuid(row["project_id"]), settings.budget_warnings)
        found.append(
            BudgetNotice(
                project_id=plain_uuid(row["project_id"]), project=row["name"], threshold=row["threshold"], used_percent=row["used_percent"],
                left=Money(row["left_micros"], row["currency"]), runs_out_at=ahead.runs_out_at,
            )
        )  # fmt: skip
    return found
