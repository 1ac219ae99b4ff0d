from dialogue import tables
from kernel.migrations import app_config

APP_CONFIG = app_config("dialogue", tables, ["routing"])
