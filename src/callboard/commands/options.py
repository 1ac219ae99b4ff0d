import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kernel.settings import load_settings


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --data-dir and --config, and gives the command its `settings`.

    Options of the command that are named like a setting (`host`, `port`) go into it as well as to nobody else.
    """

    @click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded servers, keys and logs.")
    @click.option("--config", type=click.Path(path_type=Path), help="Settings file; default: callboard.toml in there.")
    @functools.wraps(function)
    def with_loaded(data_dir: Path | None, config: Path | None, **rest: Any) -> Any:
        overrides = {name: rest.pop(name) for name in ("host", "port") if name in rest}
        return function(settings=load_settings(data_dir, config, **overrides), **rest)

    return with_loaded
