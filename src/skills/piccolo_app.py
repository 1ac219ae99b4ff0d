from kernel.migrations import app_config
from skills import exam_tables, standing_tables, tables

APP_CONFIG = app_config("skills", tables, ["kernel"], exam_tables, standing_tables)
