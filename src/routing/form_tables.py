"""What projects declare about kinds of tasks."""

from piccolo.columns import JSONB, UUID, ForeignKey, Integer, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from kernel.db import engine
from routing.tables import Project


class TaskForm(Table, tablename="task_form", db=engine):
    """One version of what a project's tasks of a kind hold, how they are shown, and what answers look like. Never changed."""

    id = UUID(primary_key=True)
    project = ForeignKey(Project, null=False, on_delete=OnDelete.restrict)
    kind = Varchar(length=40)
    version = Integer()
    declaration = JSONB()
    created_at = Timestamptz(default=TimestamptzNow())
    task_form_version_once = Unique([project, kind, version])
    task_form_sane_version = Check("version >= 1")
    task_form_sane_kind = Check("kind ~ '^[a-z][a-z0-9_-]*$' AND kind NOT IN ('dialogue', 'review')")
