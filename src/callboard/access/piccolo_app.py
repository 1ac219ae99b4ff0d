from callboard.access import tables
from callboard.webhooks import tables as webhook_tables
from kernel.migrations import app_config

APP_CONFIG = app_config("access", tables, ["skills"], webhook_tables)
