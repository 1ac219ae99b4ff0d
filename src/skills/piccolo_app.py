from kernel.migrations import app_config
from skills import tables

APP_CONFIG = app_config("skills", tables, ["kernel"])
