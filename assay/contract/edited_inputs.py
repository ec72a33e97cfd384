"""Inputs that people edit while a stage runs: the stage then ends with an error.

DVC takes the hashes of inputs, and the parameters, when a stage has ended. It would record the
edit as what the stage has used, and would not run the stage again.
"""

import os
from pathlib import Path
from typing import Any, NoReturn

from assay.contract import paths, yaml_files
from assay.contract.errors import InputError

_PIPELINE = Path("dvc.yaml")

_State = dict[str, tuple[int, int]]  # of each file by its name: time of change in ns, bytes
_states: dict[Path, _State] = {}  # of the inputs, before they were read
_parameters: dict[Path, dict[str, Any]] = {}  # what params.yaml held at first


def note(path: Path) -> None:
    """Remember the state of a file or folder; call it before it is read."""
    if _stage() and path.absolute() not in _states:
        _states[path.absolute()] = _state(path.absolute())


def note_parameters(values: dict[str, Any]) -> None:
    """Remember what params.yaml holds, beside its state."""
    _parameters.setdefault(paths.PARAMETERS.absolute(), values)


def check() -> None:
    """Raise InputError if an input that was noted has changed, or a parameter of this stage.

    Other parameters may change: they are those of a stage that runs later.
    """
    for path, before in _states.items():
        if _state(path) == before:
            continue
        if path in _parameters:
            _check_parameters(_parameters[path])
        else:
            _fail(os.path.relpath(path))


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
    return os.environ.get("DVC_STAGE", "")


def _state(path: Path) -> _State:
    files = path.rglob("*") if path.is_dir() else [path]
    stats = {str(file): file.stat() for file in files if file.exists()}
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}


def _declared() -> list[str]:
    """The parameters that this stage declares in dvc.yaml, as `train` or `clean.beyond`."""
    name, _, _ = _stage().partition("@")
    described = yaml_files.read(_PIPELINE)["stages"][name]
    return described.get("do", described).get("params", [])


def _value(values: dict[str, Any], key: str) -> Any:
    """What stands at a key with dots; None if there is nothing."""
    value: Any = values
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
