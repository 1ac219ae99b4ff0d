"""Where everything that was read waits until all of it has been judged, because half an import is worse than none.

The drafts lie in a spool, in memory while they are few and in a temporary file beyond that, so that no second reading
is needed and the file cannot change between judging and writing.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Self

import msgspec

from callboard.importing.events import Event, LineError, Parsed, UnmappableError, Unreadable
from callboard.importing.mapper import Mapper
from callboard.importing.mapping import EMPTY, Rules, detect, refuse_undetected
from callboard.importing.trees import READERS, TreeDraft
from callboard.importing.turns import OURS, find_warning
from kernel.settings import Settings
from routing.intake import TaskDraft

SPOOL_MEMORY_BYTES = 8_000_000
"""Beyond this the drafts move to a file: several imports at once must not fill the memory."""

_decoder: msgspec.json.Decoder[TaskDraft] = msgspec.json.Decoder(TreeDraft)


class Report(msgspec.Struct, kw_only=True):
    """What an import would do. `bad` and `warned` count all; their lists are cut at `import_error_limit`."""

    mapping: str = ""
    records: int = 0
    good: int = 0
    bad: int = 0
    warned: int = 0
    errors: list[LineError] = []
    warnings: list[LineError] = []
    domains: Counter[str] = msgspec.field(default_factory=Counter)
    languages: Counter[str] = msgspec.field(default_factory=Counter)
    difficulties: Counter[str] = msgspec.field(default_factory=Counter)


class Stage:
    """Takes what a parser yields, in order; afterwards holds the report and the drafts.

    Without `rules` the mapping is told from the keys of the first record. `revise` changes it before it is used (the
    options of a command line). `judge` names what the database will refuse in a draft. `on_error` hears every line
    error, also those that the report no longer lists.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Rules | None = None,
        *,
        textual: bool = False,
        revise: Callable[[Rules], Rules] = lambda rules: rules,
        judge: Callable[[TaskDraft], str | None] = lambda _: None,
        on_error: Callable[[LineError], None] = lambda _: None,
        folder: Path | None = None,
    ) -> None:
        self.report = Report()
        self.settings = self._settings = settings
        self._textual = textual
        self._revise = revise
        self._judge = judge
        self._on_error = on_error
        self._mapper = self._compiled(rules) if rules else None
        self._first_lines: dict[str, int] = {}
        self._digest = hashlib.sha256()
        self._spool = SpooledTemporaryFile(max_size=SPOOL_MEMORY_BYTES, dir=str(folder) if folder else None)  # noqa: SIM115  closed by close()

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over the drafts as they would be written: the same for a file, its .gz and a second download."""
        return self._digest.digest()

    def take(self, events: Iterable[Event]) -> None:
        """Raises `Unreadable` when no mapping fits, or when there are too many records."""
        for event in events:
            self.report.records += 1
            if self.report.records > self._settings.import_record_limit:
                raise Unreadable(f"The file has more than {self._settings.import_record_limit:,} records; split it.")
            if isinstance(event, LineError):
                self._refuse(event)
            else:
                self._take_record(event)

    def drafts(self) -> Iterator[list[TaskDraft]]:
        """Everything that was good, in the order of the file, `import_chunk_lines` at a time."""
        self._spool.seek(0)
        lines = iter(self._spool)
        while chunk := [_decoder.decode(line) for line in islice(lines, self._settings.import_chunk_lines)]:
            yield chunk

    def close(self) -> None:
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_record(self, record: Parsed) -> None:
        if self._mapper is None:
            self._mapper = self._compiled(detect(record.value) or self._options_alone(record))
        try:
            draft = self._draft(self._mapper, record)
        except UnmappableError as error:
            self._refuse(LineError(record.line, record.byte, str(error)))
        else:
            self._keep(draft, record)

    def _draft(self, mapper: Mapper, record: Parsed) -> TaskDraft:
        draft = self._told_apart(mapper.draft(record, textual=self._textual), record)
        self._refuse_second(draft, record)
        fault = self._judge(draft)
        if fault:
            raise UnmappableError(fault)
        return draft

    def _options_alone(self, record: Parsed) -> Rules:
        """For records of no known kind the options must say everything; without options nothing can be done."""
        if self._revise(EMPTY) == EMPTY:
            raise refuse_undetected(record.value)
        return EMPTY

    def _compiled(self, rules: Rules) -> Mapper:
        mapper = Mapper(self._revise(rules), self._settings)
        self.report.mapping = mapper.name
        return mapper

    def _told_apart(self, draft: TaskDraft, record: Parsed) -> TaskDraft:
        """Files of trees that others published hold some trees twice: both come in, and what goes out is what came."""
        if not isinstance(draft, TreeDraft) or not READERS[draft.reader].repeats:
            return draft
        name, times = draft.external_id, 1
        while unicodedata.normalize("NFC", draft.external_id) in self._first_lines:
            times += 1
            draft = msgspec.structs.replace(draft, external_id=f"{name}#{times}")
        if times > 1:
            self._warn(
                record,
                f"the tree {name[:60]!r} stands already on line {self._first_lines[unicodedata.normalize('NFC', name)]}; kept as {name[:60]}#{times}",
            )
        return draft

    def _refuse_second(self, draft: TaskDraft, record: Parsed) -> None:
        """Ids are compared in NFC: two spellings of é must not become two tasks."""
        name = unicodedata.normalize("NFC", draft.external_id)
        first = self._first_lines.get(name)
        if first is not None:
            raise UnmappableError(f"external_id {draft.external_id[:60]!r} stands already on line {first}")
        self._first_lines[name] = record.line

    def _keep(self, draft: TaskDraft, record: Parsed) -> None:
        report = self.report
        report.good += 1
        report.domains[draft.domain] += 1
        report.languages[draft.language] += 1
        report.difficulties[str(draft.difficulty or "unknown")] += 1
        warning = find_warning(draft.payload) if draft.kind in OURS else None
        if warning:
            self._warn(record, warning)
        line = msgspec.json.encode(draft) + b"\n"
        self._digest.update(line)
        self._spool.write(line)

    def _warn(self, record: Parsed, warning: str) -> None:
        self.report.warned += 1
        if len(self.report.warnings) < self._settings.import_error_limit:
            self.report.warnings.append(LineError(record.line, record.byte, warning))

    def _refuse(self, error: LineError) -> None:
        self.report.bad += 1
        self._on_error(error)
        if len(self.report.errors) < self._settings.import_error_limit:
            self.report.errors.append(error)
