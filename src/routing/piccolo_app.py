from kernel.migrations import app_config
from routing import (
    door_tables,
    figure_tables,
    form_tables,
    gold_tables,
    lot_tables,
    measure_tables,
    review_tables,
    tables,
)

APP_CONFIG = app_config(
    "routing",
    tables,
    ["skills"],
    door_tables,
    figure_tables,
    form_tables,
    gold_tables,
    lot_tables,
    measure_tables,
    review_tables,
)
