"""Inputs that people edit while a stage runs: the stage then ends with an error.

DVC takes the hashes of inputs, and the parameters, when a stage has ended. It would record the
edit as what the stage has used, and would not run the stage again.
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
_noted: dict[Path, tuple[_Files, _State]] = {}  # the inputs, before they were read
_parameters: dict[Path, dict[str, Any]] = {}  # what params.yaml held at first


def note(path: Path, files: _Files, found: Iterable[Path] | None = None) -> None:
    """Remember the state of an input; call it before it is read.

    Parameters
    ----------
    path : of the file or folder, for the message
    files : lists what is read there; programs may leave others beside them, as a lock
    found : what `files` lists now, where it is known: a large folder takes a second to list
    """
    if _stage() and path not in _noted:
        _noted[path] = files, _state(files() if found is None else found)


def note_parameters(values: dict[str, Any]) -> None:
    """Remember what params.yaml holds, beside its state."""
    _parameters.setdefault(paths.PARAMETERS, values)


def check() -> None:
    """Raise InputError if an input that was noted has changed, or a parameter of this stage.

    Other parameters may change: they are those of a stage that runs later.
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
        if _value(now, key) != _value(before, key):
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
        with suppress(OSError):  # it was deleted meanwhile, or who reads it says what is wrong
            stat = file.stat()
            state[file] = stat.st_mtime_ns, stat.st_size
    return state


def _declared() -> list[str]:
    """The parameters that this stage declares in dvc.yaml, as `train` or `clean.beyond`."""
    name, _, _ = _stage().partition("@")
    described = yaml_files.read(_PIPELINE)["stages"].get(name, {})
    return described.get("do", described).get("params", [])


def _value(values: dict[str, Any], key: str) -> Any:
    """What stands at a key with dots; None if there is nothing."""
    value: Any = values
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
