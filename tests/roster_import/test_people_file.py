"""Files of people: what is understood, what is refused with which reason, and `callboard import-people` as people run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.embedded.valkey import EmbeddedValkey
from callboard.importing.events import Unreadable
from callboard.roster_import.columns import Unusable, field_of, person_of
from callboard.roster_import.reading import csv_bytes, mend_file, read, sample
from kernel import db
from kernel.settings import Settings, load_settings


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(tmp_path_factory.mktemp("data"), environ={})


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Display Name", "display_name"), ("姓名", "display_name"), ("EXTERNAL-ID", "external_id"), ("工号", "external_id"),
        ("Max tasks", "capacity"), ("语言", "languages"), ("shoe size", None), ("id", None),
    ],
)  # fmt: skip
def test_headings_have_synonyms(heading: str, field: str | None) -> None:
    assert field_of(heading) == field


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"display_name": " "}, "display_name is empty"),
        ({"display_name": "x" * 121}, "121 characters"),
        ({"languages": "en"}, "needs a level"),
        ({"languages": "en:6"}, "needs a level"),
        ({"languages": "english!:3"}, "no language tag"),
        ({"languages": "en:3 EN:4"}, "stands twice"),
        ({"skills": "law:½"}, "needs a level"),
        ({"capacity": "0"}, "from 1 to 50"),
        ({"capacity": "٣"}, "from 1 to 50"),
        ({"credentials": "law:diploma:X"}, "is none such as"),
        ({"credentials": "law:degree-7:X:2027-13-01"}, "no date"),
        ({"credentials": "law:degree:X"}, "needs its ISCED level"),
        ({"credentials": "law:degree-9:X"}, "is none such as"),
        ({"credentials": "law:licence-7:X"}, "not of a licence"),
    ],
)
def test_a_bad_cell_says_what_is_wrong(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        person_of(2, {"display_name": "Ada"} | cells)


def test_cells_are_read_as_people_write_them() -> None:
    cells = {
        "display_name": "'=Ada", "languages": "EN : 5；zh-cn=3, zh-hans-cn：2", "roles": "annotator; reviewer|annotator",
        "credentials": "law:degree-7:LL.M.\nlaw:licence:Bar:2027-12-31", "capacity": " 7 ",
    }  # fmt: skip
    person = person_of(2, cells)
    assert person.display_name == "=Ada"
    assert person.languages == {"en": 5, "zh-CN": 3, "zh-Hans-CN": 2}
    assert person.roles == ["annotator", "reviewer"]
    assert person.capacity == 7
    assert [str(one.expires_on) for one in person.credentials or []] == ["None", "2027-12-31"]
    assert person.skills is None, "an empty cell says nothing"


LEVELS = st.dictionaries(st.sampled_from(["en", "zh-CN", "de", "pt-BR"]), st.integers(1, 5), max_size=4)


@given(languages=LEVELS, name=st.text("abcé李=+-@' ", min_size=1, max_size=20).filter(str.strip), codec=st.sampled_from(["utf-8-sig", "utf-16"]))  # fmt: skip
def test_what_was_written_is_read(plain: Settings, languages: dict[str, int], name: str, codec: str) -> None:
    cell = " ".join(f"{tag}:{level}" for tag, level in languages.items())
    shown = f"'{name.strip()}" if name.strip()[0] in "=+-@" else name.strip()
    text = csv_bytes(["display_name", "languages"], [[shown, cell]]).decode("utf-8-sig")
    (person,) = read(text.encode(codec), plain).people
    assert person.languages == (languages or None)
    assert person.display_name in {name.strip(), name.strip()[1:]}


def test_the_sample_is_without_fault_and_bad_lines_come_back_as_they_came(plain: Settings) -> None:
    head, *rows = sample()
    assert not read(csv_bytes(head, rows), plain).bad
    lines = read(b"Name;capacity\nAda;many\nBo;3\n", plain)
    again = mend_file(lines, {error.line: error.reason for error in lines.bad})
    assert again[0] == ["Name", "capacity", "line", "reason"]
    assert [row[:3] for row in again[1]] == [["Ada", "many", "2"]]


@pytest.mark.parametrize(
    "data", [b"", b"colour\nred\n", b"name,full name\nA,B\n", b"\xff\xfe\x00", b"PK\x03\x04\x81\x8d"]
)
def test_a_file_that_is_none_is_refused_as_a_whole(plain: Settings, data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(data, plain)


@pytest.mark.usefixtures("pool")
async def test_the_command_tries_takes_and_takes_again(
    settings: Settings, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("姓名,工号,语言\n陈伟,e1,zh-CN:5\nBo,e2,klingon\n".encode("gb18030"))

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "callboard.cli",
            "import-people",
            str(path),
            "--data-dir",
            str(tmp_path / "d"),
            *options,
        ]
        site = {"DATABASE_URL": str(settings.database_url), "REDIS_URL": valkey.url}
        return subprocess.run(command, env=os.environ | site, capture_output=True, text=True, timeout=60, check=False)

    tried = run("--dry-run")
    assert tried.returncode == 1, tried.stderr
    assert "2 people (GB18030); would be new 1, changed 0, as they are 0, bad 1." in tried.stdout
    assert await db.fetch_value("SELECT count(*) FROM annotator") == 0
    taken = json.loads(run("--json", "--bad", str(tmp_path / "bad.csv")).stdout)
    assert (taken["created"], taken["bad"]) == (1, 1)
    assert "Bo,e2,klingon,3," in (tmp_path / "bad.csv").read_text("utf-8-sig")
    assert json.loads(run("--json").stdout)["unchanged"] == 1
    assert await db.fetch_value("SELECT display_name FROM annotator") == "陈伟"
