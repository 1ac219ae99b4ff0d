"""The built wheel, put into an environment of its own, starts a whole site away from the repository."""

import os
import signal
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journey.conftest import free_port

ROOT = Path(__file__).parent.parent
START_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    script = f"from hatchling.build import build_wheel; build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True)
    (built,) = out.glob("callboard-*.whl")
    return built


def test_the_wheel_brings_what_is_not_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kept in (
        "migrations/routing/routing_2026_11_22t08_50_00_000003.py",
        "templates/work.html",
        "static/vendor/manifest.json",
    ):
        assert f"callboard/{kept}" in names
    for source in (ROOT / "src").rglob("*"):
        if source.is_file() and source.suffix not in (".py", ".pyc"):
            assert str(source.relative_to(ROOT / "src")) in names
    assert not [name for name in names if name.startswith(("tests/", "migrations/"))]


@pytest.fixture
def elsewhere(wheel: Path, tmp_path: Path) -> Path:
    """An environment with the unpacked wheel; the libraries that it depends on are those of this one."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    zipfile.ZipFile(wheel).extractall(packages)
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "python"


@pytest.fixture
def site(elsewhere: Path, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [elsewhere, "-m", "callboard.cli", "up", "--data-dir", tmp_path / "data", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CALLBOARD_", "PYTHON"))}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said


def test_up_works_from_the_wheel_alone(site: str, elsewhere: Path) -> None:
    origin = subprocess.run(
        [elsewhere, "-c", "import callboard; print(callboard.__file__)"],
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert str(ROOT) not in origin
    _wait(f"{site}/readyz")
    page = httpx.get(f"{site}/sign-in")
    assert page.status_code == httpx.codes.OK
    styles = [part.split('"')[0] for part in page.text.split('href="')[1:] if ".css" in part.split('"')[0]]
    assert styles
    assert all(httpx.get(site + style).status_code == httpx.codes.OK for style in styles)


def _wait(url: str) -> None:
    for _ in range(START_SECONDS * 5):
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within {START_SECONDS} s")
