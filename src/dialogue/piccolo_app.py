from kernel.migrations import app_config
from dialogue import tables

APP_CONFIG = app_config("dialogue", tables, ["routing"])
