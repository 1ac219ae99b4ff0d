from kernel.migrations import app_config
from payments import tables

APP_CONFIG = app_config("payments", tables, ["routing"])
