"""Files of results are written whole, or not at all."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assay.contract import files

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_pipe_stays_a_pipe() -> None:
    os.mkfifo("pipe")
    end = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)
    files.write_bytes(Path("pipe"), b"abc")
    assert os.read(end, 10) == b"abc"
    os.close(end)
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


def test_a_folder_is_no_file_to_write() -> None:
    Path("folder").mkdir()
    with pytest.raises(IsADirectoryError):
        files.write_bytes(Path("folder"), b"abc")


def test_a_path_may_be_longer_than_a_name() -> None:
    names = [letter * 50 for letter in "abcdé"]
    path = Path(*names, "out.json")
    files.write_bytes(path, b"abc")
    assert path.read_bytes() == b"abc"


def test_what_stdout_leads_to_is_written() -> None:
    code = "from assay.contract import files; files.write_bytes(files.Path('/dev/stdout'), b'abc')"
    with Path("result").open("wb") as result:
        subprocess.run([sys.executable, "-c", code], stdout=result, env=ENVIRONMENT, check=True)
    assert Path("result").read_bytes() == b"abc"
    assert Path("/dev/stdout").is_symlink()
