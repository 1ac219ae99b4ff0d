"""The command line. Each command is a file in `callboard.commands`, imported when it is asked for."""

import importlib
import importlib.util
import keyword
import sys
from typing import NoReturn

import click

from kernel.errors import DomainError

# In the order in which people meet them.
COMMANDS = (
    "up",
    "demo",
    "import",
    "import-people",
    "export",
    "check",
    "ledger",
    "statement",
    "skills",
    "seed",
    "migrate",
    "api",
    "worker",
    "clock",
    "prepare",
)
INTERRUPTED = 130  # as shells report SIGINT


class LazyCommands(click.Group):
    """A second start must be quick: only the module of the command that runs is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(_module(cmd_name)).command
        assert isinstance(command, click.Command)
        return command


def _module(name: str) -> str:
    return f"callboard.commands.{name.replace('-', '_')}{'_' if keyword.iskeyword(name) else ''}"


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="callboard")
def cli() -> None:
    """Callboard: the right task to the right person, reviewed, and paid to the cent."""


def main() -> NoReturn:
    """Whatever a person can mend is one sentence on stderr and a status other than 0, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except DomainError as error:
        click.echo(f"callboard: {error.detail}", err=True)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
