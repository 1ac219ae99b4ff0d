from kernel.migrations import app_config
from payments import dispute_tables, tables

APP_CONFIG = app_config("payments", tables, ["routing"], dispute_tables)
