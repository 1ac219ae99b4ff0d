from kernel.errors import Conflict, Invalid, NotFound


class NoSuchWebhook(NotFound):
    code = "webhook_not_found"
    title = "There is no such webhook for this account"


class TooManyWebhooks(Conflict):
    code = "webhooks_full"
    title = "There are as many webhooks as this installation allows; delete one first"


class WebhookNotRunning(Conflict):
    code = "webhook_not_active"
    title = "Only a webhook that is active can be paused"


class BadEventType(Invalid):
    code = "bad_event_type"
    title = "An event type is written as task.accepted, or task.* for all of a noun"
