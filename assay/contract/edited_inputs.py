"""End a stage with an error if a person edits one of its inputs while it runs.

DVC hashes the inputs and reads the parameters after a stage has ended. It would record the edited
input as the one that the stage used, and would not run the stage again.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from assay.contract import paths, yaml_files
from assay.contract.errors import InputError

_PIPELINE = Path("dvc.yaml")

_State = dict[Path, tuple[int, int]]  # of each file: time of change in ns, bytes
_Files = Callable[[], Iterable[Path]]
_noted: dict[Path, tuple[_Files, _State]] = {}  # the inputs before they were read
_parameters: dict[Path, dict[str, Any]] = {}  # params.yaml as it was first read


def note(path: Path, files: _Files, found: Iterable[Path] | None = None) -> None:
    """Remember the state of an input; call it before it is read.

    Parameters
    ----------
    path : of the file or folder, for the message
    files : lists the files that are read; a folder may hold others, such as a lock file
    found : the files that `files` would list now, if known; to list a large folder takes a second
    """
    if _stage() and path not in _noted:
        _noted[path] = files, _state(files() if found is None else found)


def note_parameters(values: dict[str, Any]) -> None:
    """Remember the content of params.yaml; `note` remembers the state of the file."""
    _parameters.setdefault(paths.PARAMETERS, values)


def check() -> None:
    """Raise InputError if a noted input or a parameter of this stage has changed.

    A person may change the parameters of other stages.
    """
    for path, (files, before) in _noted.items():
        if _state(files()) == before:
            continue
        if path in _parameters:
            _check_parameters(_parameters[path])
        else:
            _fail(str(path))


def _check_parameters(before: dict[str, Any]) -> None:
    now = yaml_files.read(paths.PARAMETERS)
    for key in _declared():
        if yaml_files.value_of(now, key) != yaml_files.value_of(before, key):
            _fail(f"{paths.PARAMETERS}: {key}")


def _fail(changed: str) -> NoReturn:
    remedy = "type `dvc repro` again, and change nothing before it has ended"
    raise InputError(f"{changed} changed while {_stage()} ran: {remedy}")


def _stage() -> str:
    """The stage that DVC runs, as `collect@digits-1`; empty outside DVC."""
    in_file = os.environ.get("DVC_STAGE", "")  # `../dvc.yaml:collect@digits-1` from a subfolder
    return in_file.rpartition(":")[2]


def _state(files: Iterable[Path]) -> _State:
    state = {}
    for file in files:
        with suppress(OSError):  # it was deleted, or the code that reads it raises a clear error
            stat = file.stat()
            state[file] = stat.st_mtime_ns, stat.st_size
    return state


def _declared() -> list[str]:
    """The parameters that this stage declares in dvc.yaml, such as `train` or `clean.beyond`."""
    name, _, _ = _stage().partition("@")
    described = yaml_files.read(_PIPELINE)["stages"].get(name, {})
    return described.get("do", described).get("params", [])
