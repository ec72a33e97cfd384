"""Each stage reads what dvc.yaml declares, writes its outputs, and connects to nothing: watched by
strace.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from assay.contract import paths
from tests.support import pipeline

CALLS = "open,openat,creat,connect,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,symlink,link"
_NOT_DATA = re.compile(r"(^|/)(__pycache__|\.venv)(/|$)|\.pyc(\.\d+)?$")
_ANYBODYS = (f"{tempfile.gettempdir()}/", "/dev/", "/proc/")

# They only prepare the process: tests/unit/test_dvc_yaml.py holds how little is in them.
ENTRANCES = {"assay/__init__.py", "stages/__init__.py"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A clone in which everything was rebuilt under strace, and the folder of a log for each stage
    item.
    """
    root, logs = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("logs")
    wrapper = tmp_path_factory.mktemp("bin") / "python"
    wrapper.write_text(
        f'#!/bin/sh\nexec strace -f --seccomp-bpf -y -s 4096 -e trace={CALLS} -o "{logs}/$DVC_STAGE" "{sys.executable}" "$@"\n'
    )
    wrapper.chmod(0o755)
    project = pipeline.clone(root)
    project.set(train__epochs=1, train__steps=1)  # it reads and writes the same
    project.environ["PATH"] = f"{wrapper.parent}:{project.environ['PATH']}"
    project.run(f'"{sys.executable}" -m dvc repro --force')
    return root.resolve(), logs


def touched(log: Path, root: Path) -> tuple[set[str], set[str], list[str]]:
    """Files of the clone that were read, files anywhere that were written or removed, connections
    to other machines.
    """
    read, written, connections = set(), set(), []
    for line in log.read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)\) += +(-?\d+)", line)
        if call and call[1] == "connect":
            connections += [] if "AF_UNIX" in call[2] or "AF_NETLINK" in call[2] else [line]
        elif call and int(call[3]) >= 0:
            writes = call[1] not in ("open", "openat") or re.search(
                r"O_WRONLY|O_RDWR|O_CREAT", call[2]
            )
            for folder, name in re.findall(r'(?:<([^>]*)>, )?"([^"]*)"', call[2]):
                path = root / folder / name
                if path.is_relative_to(root) and path != root and not _NOT_DATA.search(name):
                    (written if writes else read).add(path.relative_to(root).as_posix())
                elif (
                    writes
                    and not path.is_relative_to(root)
                    and not f"{path}/".startswith(_ANYBODYS)
                ):
                    written.add(str(path))
    return read, written, connections


def within(name: str, declared: set[str]) -> bool:
    """Whether it is declared, lies in a declared folder, or is a folder on the way to one."""
    return any(
        name == each or name.startswith(f"{each}/") or each.startswith(f"{name}/")
        for each in declared
    )


def test_nothing_but_what_is_declared(traced: tuple[Path, Path]) -> None:
    root, logs = traced
    lock = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    assert {log.name for log in logs.iterdir()} == set(lock)
    # The two folders are looked through for modules; an unfinished file is opened to sync it.
    always = {str(paths.PARAMETERS), "stages", "assay", ".dvc/tmp/assay"}
    record = {"train": {"dvc.lock"}}  # by which it knows whether an earlier training is over
    for stage, entry in lock.items():
        deps = {each["path"] for each in entry.get("deps", [])}
        outs = {each["path"] for each in entry.get("outs", [])}
        read, written, connections = touched(logs / stage, root)
        stray = {
            name
            for name in read
            if not within(name, deps | outs | always | record.get(stage, set()))
        }
        stray |= {
            name for name in read if name.endswith(".py") and not within(name, deps | ENTRANCES)
        }
        stray |= {
            name for name in read if name.startswith("data/") and not within(name, deps | outs)
        }
        misplaced = {name for name in written if not within(name, outs | {".dvc/tmp/assay"})}
        assert (stage, stray, misplaced, connections) == (stage, set(), set(), [])
