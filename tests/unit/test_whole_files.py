"""Files of results are written whole, or not at all."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assay.contract import files
from assay.contract.errors import InputError

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


def test_what_an_interrupted_write_left_is_not_written_to() -> None:
    """It may have the rights of a file that is read-only already."""
    path = Path("mine.csv")
    with files.whole(path) as partial:
        partial.touch()
    partial.touch(mode=0o400)
    with partial.open("rb") as left, files.whole(path) as again:
        assert again == partial
        again.write_bytes(b"abc")
        assert left.read() == b""
    assert path.read_bytes() == b"abc"


# files that people own


@pytest.mark.parametrize("mode", [0o660, 0o600, 0o755, 0o400])
def test_a_file_keeps_its_rights(mode: int) -> None:
    path = Path("mine.csv")
    path.write_bytes(b"a")
    path.chmod(mode)
    files.write_bytes(path, b"abc")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"abc", mode)


def test_a_file_keeps_its_group() -> None:
    if os.getuid():
        pytest.skip("only root may give a file to any group")
    path = Path("mine.csv")
    path.touch()
    os.chown(path, -1, 12345)
    files.write_bytes(path, b"abc")
    assert path.stat().st_gid == 12345


@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL, errno.ENOSYS])
def test_a_group_that_cannot_be_given_is_no_error(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """As of a group that a container does not know, and on some disks."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "chown", refuse)
    path = Path("mine.csv")
    path.touch(mode=0o640)
    files.write_bytes(path, b"abc")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"abc", 0o640)


def test_a_file_that_moves_to_another_disk_keeps_its_rights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = Path("mine.csv")
    path.touch(mode=0o600)
    replace = Path.replace

    def only_beside(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", only_beside)
    files.write_bytes(path, b"abc")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"abc", 0o600)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_link_leads_to_is_written(is_there: bool) -> None:
    Path("team").mkdir()
    target, path = Path("team/params.yaml"), Path("project/params.yaml")
    path.parent.mkdir()
    if is_there:
        target.touch(mode=0o640)
    path.symlink_to("../team/params.yaml")
    files.write_bytes(path, b"abc")
    assert path.is_symlink()
    assert target.read_bytes() == b"abc"
    assert not is_there or stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_link_whose_folder_is_gone_is_told() -> None:
    path = Path("mine.csv")
    path.symlink_to("/gone/mine.csv")
    with pytest.raises(InputError, match=r"mine.csv is a link to /gone/mine.csv, .* is missing"):
        files.write_bytes(path, b"abc")
    assert not Path("/gone").exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_into_a_cache_of_dvc_is_replaced(is_there: bool) -> None:
    """What is in the cache belongs to other versions too."""
    target, path = Path("cache/files/md5/01/23"), Path("output.csv")
    to_link = Path("link_to_link.csv")
    to_link.symlink_to(path.absolute())
    if is_there:
        target.parent.mkdir(parents=True)
        target.write_bytes(b"of another version")
        target.chmod(0o444)
    path.symlink_to(target.absolute())
    for link in (to_link, path):
        files.write_bytes(link, b"abc")
        assert (link.read_bytes(), link.is_symlink()) == (b"abc", False)
        assert link.stat().st_mode & stat.S_IWUSR
    assert not is_there or target.read_bytes() == b"of another version"
