"""What a project's own answers say of its crowd, how old that is, and how often it errs."""

from litestar import Response, get

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.pages.frame import page
from callboard.pages.projects import ProjectId, head_of
from callboard.pages.views_projects import ConsensusView
from routing import refitting


@get("/projects/{project_id:uuid}/consensus", guards=[require(Permission.TASKS_LIST)], include_in_schema=False)
async def show_consensus(request: Call, project_id: ProjectId) -> Response[str]:
    head = await head_of(request, project_id, "consensus")
    return page(request, "projects/consensus.html", ConsensusView(head=head, report=await refitting.report(project_id)))


route_handlers = [show_consensus]
