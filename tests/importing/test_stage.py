import json
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from callboard.importing.events import AboveLimit, LineError, Parsed, Unreadable
from callboard.importing.files import stage_file
from callboard.importing.mapping import EMPTY, Rules
from callboard.importing.parser import NdjsonParser
from callboard.importing.stage import SPOOL_MEMORY_BYTES, Stage
from kernel.errors import StorageFull
from tests.importing.helpers import limits


def row(number: int, **changes: object) -> bytes:
    record = {"external_id": f"t{number}", "domain": "law", "language": "en", "payload": {"title": f"Task {number}"}}
    return json.dumps(record | changes).encode()


def staged(closing: ExitStack, data: bytes, **changes: int) -> Stage:
    settings = limits(**changes)
    stage, parser = closing.enter_context(Stage(settings)), NdjsonParser(settings)
    stage.take(parser.feed(data))
    stage.take(parser.close())
    return stage


def test_good_and_bad_records_are_counted_and_named(closing: ExitStack) -> None:
    lines = [row(number, difficulty=number % 3 + 1) for number in range(9)]
    lines[6] = b'{"external_id": "t6"'
    report = staged(closing, b"\n".join(lines)).report
    assert (report.records, report.good, report.bad, report.mapping) == (9, 8, 1, "callboard")
    assert report.errors == [
        LineError(7, sum(len(line) + 1 for line in lines[:6]) + 20, "not valid JSON: Expecting ',' delimiter")
    ]
    assert report.difficulties == {"1": 2, "2": 3, "3": 3}


def test_a_second_use_of_an_id_names_the_first_line(closing: ExitStack) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    lines = [row(0, external_id=composed), row(1), row(1), row(2, external_id=decomposed)]
    report = staged(closing, b"\n".join(lines)).report
    assert [(error.line, error.reason) for error in report.errors] == [
        (3, "external_id 't1' stands already on line 2"),
        (4, f"external_id {decomposed!r} stands already on line 1"),
    ]


def test_drafts_come_back_in_order_and_in_chunks(closing: ExitStack) -> None:
    stage = staged(closing, b"\n".join(map(row, range(25))), import_chunk_lines=10)
    chunks = list(stage.drafts())
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert [draft.external_id for chunk in chunks for draft in chunk] == [f"t{number}" for number in range(25)]
    assert list(stage.drafts()) == chunks


def test_drafts_move_to_a_file_when_they_are_many(closing: ExitStack, tmp_path: Path) -> None:
    text = "x" * 30_000
    stage = closing.enter_context(Stage(limits(), folder=tmp_path))
    count = SPOOL_MEMORY_BYTES // 30_000 + 10
    stage.take(
        Parsed(number, 0, {"external_id": str(number), "domain": "law", "language": "en", "payload": {"brief": text}})
        for number in range(count)
    )
    assert stage._spool._rolled  # type: ignore[attr-defined]
    assert sum(map(len, stage.drafts())) == count


def test_lists_are_cut_but_counts_and_the_error_file_are_complete(closing: ExitStack) -> None:
    heard: list[LineError] = []
    stage = closing.enter_context(Stage(limits(import_error_limit=3), on_error=heard.append))
    stage.take(LineError(number, 0, "bad") for number in range(10))
    assert (stage.report.bad, len(stage.report.errors), len(heard)) == (10, 3, 10)


def test_warnings_do_not_keep_a_record_out(closing: ExitStack) -> None:
    turns = [{"role": "user", "text": "a"}, {"role": "user", "text": "b"}]
    report = staged(closing, row(1, payload={"turns": turns})).report
    assert (report.good, report.bad, report.warned) == (1, 0, 1)
    assert report.warnings == [LineError(1, 0, "turns 1 and 2 are both by the user")]


def test_text_comes_back_as_it_was_given(closing: ExitStack) -> None:
    text = "e\u0301 é \u202eabc\u202c 👩‍👩‍👧‍👦 𠮷 \u200b\t\r\n\u2028 \x7f"
    (chunk,) = staged(closing, row(1, payload={"opening": text})).drafts()
    assert chunk[0].payload["opening"] == text


def test_there_may_not_be_too_many_records(closing: ExitStack) -> None:
    with pytest.raises(Unreadable, match="more than 5 records"):
        staged(closing, b"\n".join(map(row, range(6))), import_record_limit=5)


def test_unknown_records_need_a_mapping_or_options(closing: ExitStack) -> None:
    record = Parsed(1, 0, {"q": "Why?", "n": 1})
    with pytest.raises(Unreadable, match="records with the keys q, n"):
        closing.enter_context(Stage(limits())).take([record])
    stage = closing.enter_context(
        Stage(
            limits(), revise=lambda rules: rules.with_options(["payload.opening=q"], ["domain=law", "language=en"], [])
        )
    )
    stage.take([record])
    assert stage.report.good == 1


def test_the_database_may_judge_too(closing: ExitStack) -> None:
    stage = closing.enter_context(
        Stage(limits(), judge=lambda draft: f"no {draft.domain}" if draft.domain == "law" else None)
    )
    stage.take([Parsed(3, 9, msgspec.json.decode(row(1)))])
    assert stage.report.errors == [LineError(3, 9, "no law")]


def test_a_file_on_disk_is_staged_with_progress(tmp_path: Path) -> None:
    path = tmp_path / "file.ndjson"
    path.write_bytes(b"\n".join(map(row, range(3000))))
    heard: list[int] = []
    with stage_file(path, limits(), progress=heard.append) as stage:
        assert stage.report.good == 3000
    assert heard[-1] == path.stat().st_size


def test_a_file_that_is_no_use_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.ndjson"
    with pytest.raises(Unreadable, match="No such file"):
        stage_file(path, limits())
    path.write_bytes(b"\n\n")
    with pytest.raises(Unreadable, match="holds no records"):
        stage_file(path, limits())
    path.write_bytes(row(1))
    with pytest.raises(AboveLimit, match="an import may have 20"):
        stage_file(path, limits(import_limit_bytes=20))
    monkeypatch.setattr("callboard.importing.files.FREE_SPACE_FACTOR", 10**15)
    with pytest.raises(StorageFull, match="free bytes"):
        stage_file(path, limits())


def test_the_first_fault_closes_the_spool(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"[" + row(1))
    rules: list[Rules] = []

    def revise(found: Rules) -> Rules:
        rules.append(found)
        return found

    with pytest.raises(Unreadable, match="is not closed"):
        stage_file(path, limits(), EMPTY, revise=revise)
    assert rules == [EMPTY]
