"""The names that managers gave to domains, roles, levels and kinds of tasks, for the pages: read at most every few seconds.

Each process keeps its own copy; a change is seen at once in the process that made it, and within `FRESH_SECONDS` in the
others. Without a database the last copy stands.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog

from kernel import clock
from skills import domains, registry
from skills.domains import DomainView
from skills.registry import LevelView, RoleView

FRESH_SECONDS = 2.0
log = structlog.get_logger(__name__)


class Named(NamedTuple):
    en: str
    zh: str
    means_en: str = ""
    means_zh: str = ""

    def name(self, lang: str) -> str:
        return self.zh if lang.startswith("zh") else self.en

    def means(self, lang: str) -> str:
        return self.means_zh if lang.startswith("zh") else self.means_en


class Names(NamedTuple):
    words: Mapping[str, Mapping[str, Named]] = {}
    """Group (`domain`, `role`, `skill_level`, `language_level`, `kind`) → code → names."""
    tree: Sequence[DomainView] = ()

    def name(self, group: str, code: object, lang: str) -> str | None:
        found = self.words.get(group, {}).get(str(code))
        return None if found is None else found.name(lang)

    def means(self, group: str, code: object, lang: str) -> str:
        found = self.words.get(group, {}).get(str(code))
        return "" if found is None else found.means(lang)

    def sorted_domains(self, codes: Sequence[str]) -> list[tuple[str, int]]:
        """In the order of the tree, each with its depth; what the tree does not know comes last."""
        wanted = set(codes)
        known = [(one.code, one.depth) for one in self.tree if one.code in wanted]
        return known + [(code, 0) for code in sorted(wanted - {code for code, _ in known})]


class _Cache:
    """Of this process."""

    def __init__(self) -> None:
        self.names = Names()
        self.until = 0.0


_cache = _Cache()


def current() -> Names:
    return _cache.names


def forget() -> None:
    """After a change in this process: the next request reads anew."""
    _cache.until = 0.0


async def refresh(*_: object) -> None:
    """Before a page: reads the names unless that was done a moment ago."""
    moment = clock.now().timestamp()
    if moment < _cache.until:
        return
    _cache.until = moment + FRESH_SECONDS
    try:
        _cache.names = await _read()
    except Exception as error:  # noqa: BLE001  the page says itself what the matter is; names of before do for it
        log.warning("names are those of before", reason=str(error) or type(error).__name__)


async def _read() -> Names:
    tree = await domains.domains()
    levels = await registry.levels()
    words: dict[str, dict[str, Named]] = {
        "domain": {one.code: _named(one) for one in tree},
        "role": {one.code: _named(one) for one in await registry.roles()},
        "kind": {one.code: Named(one.name_en, one.name_zh) for one in await registry.task_kinds()},
    }
    for scale in ("skill", "language"):
        words[f"{scale}_level"] = {str(one.level): _named(one) for one in levels if one.scale == scale}
    return Names(words, tree)


def _named(one: DomainView | RoleView | LevelView) -> Named:
    return Named(one.name_en, one.name_zh, one.description_en, one.description_zh)
