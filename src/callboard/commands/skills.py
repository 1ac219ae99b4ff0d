import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from callboard.commands.options import with_settings
from kernel.settings import Settings

T = TypeVar("T")
SHOWN = 20
"""Differences that are printed for people; --json has all."""


@click.group()
def command() -> None:
    """What is believed about people: rebuilt from the evidence, fed from exports of votes. docs/skills.md explains it."""


@command.command()
@click.option("--fix", is_flag=True, help="Write what the evidence says.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def rebuild(settings: Settings, *, fix: bool, as_json: bool) -> None:
    """Fold every belief from its evidence and compare; status 1 where there is a difference and no --fix."""
    from skills.upkeep import rebuild as compare_all  # noqa: PLC0415  each command imports only what it needs

    found = _on_database(settings, "callboard skills rebuild", lambda _: compare_all(fix=fix))
    if as_json:
        click.echo(msgspec.json.encode({"differences": found, "fixed": fix}))
    else:
        for one in found[:SHOWN]:
            click.echo(
                f"{one.annotator_id} {one.domain}: {_shown(one.stored)} stored, {_shown(one.folded)} by the evidence"
            )
        click.echo(f"{len(found):,} differences{', mended' if fix and found else ''}.")
    sys.exit(1 if found and not fix else 0)


def _shown(held: Any) -> str:
    if held is None:
        return "nothing"
    return f"{held.belief.mean:.4f} ± {held.belief.variance**0.5:.4f} ({held.count})"


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", required=True, help="Name of a mapping that comes along, or a TOML file.")
@click.option("--add-people", is_flag=True, help="Add those whom nobody here is called; without it they are left out.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_settings
def import_(settings: Settings, file: Path, mapping: str, *, add_people: bool, dry_run: bool, as_json: bool) -> None:
    """Make evidence out of a CSV export of votes; says what was left out, and why. A second run adds nothing."""
    from callboard.votes.mapping import choose  # noqa: PLC0415
    from callboard.votes.write import import_votes  # noqa: PLC0415

    chosen = choose(mapping)
    report = _on_database(
        settings,
        "callboard skills import",
        lambda on: import_votes(file, chosen, on, add_people=add_people, dry_run=dry_run),
    )
    click.echo(msgspec.json.encode(report) if as_json else report.as_text())
    sys.exit(0 if report.evidence else 1)


@command.command()
@with_settings
def crowd(settings: Settings) -> None:
    """Estimate now where newcomers start; the clock does it every hour."""
    from skills.upkeep import estimate_crowd  # noqa: PLC0415

    async def act(on: Settings) -> Any:
        from kernel import db  # noqa: PLC0415

        async with db.transaction("skills crowd"):
            return await estimate_crowd(on.skill_half_life_days)

    found = _on_database(settings, "callboard skills crowd", act)
    for domain, said in {"general": found.root, **found.edges}.items():
        meaning = "start" if domain == "general" else "below its parent"
        click.echo(f"{domain}: {said.mean:.2f} {meaning}, sd {said.variance**0.5:.2f}, {found.people[domain]} people")


def _on_database(settings: Settings, name: str, act: Callable[[Settings], Awaitable[T]]) -> T:
    from callboard.embedded.attach import servers  # noqa: PLC0415
    from kernel import db  # noqa: PLC0415

    async def run(on: Settings) -> T:
        from callboard.wiring import wire  # noqa: PLC0415

        wire()
        assert on.database_url is not None
        async with db.pool(on.database_url, on):
            return await act(on)

    with servers(settings, name) as endpoints:
        return asyncio.run(run(endpoints.applied_to(settings)))
