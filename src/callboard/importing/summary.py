"""What an import did or would do: for a person, and as one line of JSON."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from callboard.importing.events import LineError
from callboard.importing.stage import Report
from callboard.importing.write import Outcome

SHOWN_LINES = 20
"""Of errors and of warnings; the JSON form and the error file have more."""

SHOWN_VALUES = 8
"""Of domains, languages and levels, most frequent first."""


class Summary(NamedTuple):
    file: str
    project: str | None
    report: Report
    outcome: Outcome | None
    refused: bool
    """Bad records kept the good ones out."""

    def as_json(self) -> str:
        counts: dict[str, Any] = msgspec.to_builtins(self.report)
        written: dict[str, Any] = {"import_id": None, "created": 0, "existing": 0, "already": False}
        if self.outcome:
            written = {**self.outcome._asdict(), "import_id": str(self.outcome.import_id)}
        return msgspec.json.encode({"file": self.file, "project": self.project, **counts, **written}).decode()

    def as_text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        report = self.report
        yield f"{self.file}: {report.records:,} records, {report.good:,} good, {report.bad:,} bad; mapping {report.mapping}."
        for name, counts in (
            ("domain", report.domains),
            ("language", report.languages),
            ("level", report.difficulties),
        ):
            if counts:
                yield f"  {name:<9} {_frequencies(counts)}"
        yield from _listed("bad", report.errors, report.bad)
        yield from _listed("look at", report.warnings, report.warned)
        yield self._conclusion()

    def _conclusion(self) -> str:
        if self.refused:
            return "Nothing was imported. Mend the bad records, or leave them out with --skip-bad-lines."
        if not self.outcome:
            return "Nothing was imported: this was a dry run." if self.report.good else "Nothing was imported."
        if self.outcome.already:
            return f"Already imported as {self.outcome.import_id}: 0 new tasks."
        return (
            f"{self.outcome.created:,} new tasks in {self.project}, {self.outcome.existing:,} were there already; "
            f"import {self.outcome.import_id}."
        )


def _frequencies(counts: Counter[str]) -> str:
    shown = ", ".join(f"{value}: {count:,}" for value, count in counts.most_common(SHOWN_VALUES))
    return shown + (f", and {len(counts) - SHOWN_VALUES} more" if len(counts) > SHOWN_VALUES else "")


def _listed(word: str, places: list[LineError], count: int) -> Iterator[str]:
    for place in places[:SHOWN_LINES]:
        yield f"  {word}: line {place.line:,}, byte {place.byte:,}: {place.reason}"
    if count > SHOWN_LINES:
        yield f"  {word}: {count - SHOWN_LINES:,} more"
