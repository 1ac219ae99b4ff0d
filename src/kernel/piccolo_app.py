from kernel.migrations import app_config
from kernel import tables

APP_CONFIG = app_config("kernel", tables)
