"""A manager who looks after the simulated people, through the API like everybody.

Work that is sent back lowers what is believed of its author. Somebody who stood exactly at the level that a kind of
task asks for can fall below it in this way, and in a small crew nobody would be left for it.
"""

from collections.abc import Sequence

from callboard.demo.stage import Player, Stage

TOP_LEVEL = 5
REASON = "assessed anew by the demo"


async def restore(stage: Stage, players: Sequence[Player]) -> None:
    """Assesses everybody whose proven level is below what they are here for."""
    for player in players:
        skills = (await stage.api.get(f"/annotators/{player.id}/skills"))["items"]
        for skill in skills:
            level = level_of(player, skill["domain"])
            if skill["evidence_count"] and skill["level"] < level:
                body = {"level": level, "reason": REASON}
                await stage.api.put(f"/annotators/{player.id}/skills/{skill['domain']}", body)
                stage.counts["restored"] += 1


def level_of(player: Player, domain: str) -> int:
    """1 to 5. What nobody said about somebody of the 40 is taken as one level below their general knowledge."""
    levels: dict[str, int] = dict(player.person.skills.items())
    if not levels:  # the crew
        return TOP_LEVEL
    return levels.get(domain) or max(1, levels.get("general", 1) - 1)
