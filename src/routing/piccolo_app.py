from kernel.migrations import app_config
from routing import tables

APP_CONFIG = app_config("routing", tables, ["skills"])
