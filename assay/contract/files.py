"""Read and write files of bytes, JSON and arrays. A file is written completely or not at all.

The module also handles some files of the pipeline: the list of batches, the checkpoint of a
training and dvc.lock. It computes MD5 sums, and removes old files from a folder of outputs.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
from pydantic import FiniteFloat, TypeAdapter, ValidationError

from assay.contract import merging, paths, plain_files, rewriting, rounding, validation
from assay.contract.errors import InputError, say

Values = dict[str, Any]  # of a JSON file
Numbers = dict[str, int | FiniteFloat]  # of a file of metrics

MB = 10**6  # bytes
_LONGEST_NAME = 200  # bytes of the name of a temporary file; file systems allow 255


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to. It is renamed to `path` if the block ends without error.

    The new file gets the rights of the old one. If `path` is a link, the file behind it is
    replaced, see `rewriting`.
    """
    name = os.fsencode(str(path).replace("/", "--"))[-_LONGEST_NAME:].decode(errors="ignore")
    partial = paths.UNFINISHED / name
    partial.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)  # what an interrupted write left may be read-only
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut could leave an empty file
        _move(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _move(partial: Path, path: Path) -> None:
    """Move a finished file to its path, which may be on another disk.

    If `path` is a pipe or a device, such as /dev/stdout, the content is written into it.
    """
    is_standard = path.is_symlink() and path.absolute().parts[1] in ("dev", "proc")
    if is_standard or (path.exists() and not (path.is_file() or path.is_dir())):
        with partial.open("rb") as content, path.open("wb") as device:
            shutil.copyfileobj(content, device)
        return
    path = rewriting.target(path)
    try:
        rewriting.keep_rights(partial, path)
        partial.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = path.with_name(f".{path.name}.unfinished")
        try:
            shutil.copyfile(partial, beside)
            rewriting.keep_rights(beside, path)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def scratch() -> BinaryIO:
    """A file without a name for data that do not fit into memory. Closing it deletes it.

    It is in the repository. `predict` and `inspect` may run without a repository, or without the
    right to write there: then it is in the system's folder for temporary files.
    """
    with suppress(OSError):
        if paths.UNFINISHED.parent.is_dir():
            paths.UNFINISHED.mkdir(exist_ok=True)
            return tempfile.TemporaryFile(dir=paths.UNFINISHED)
    return tempfile.TemporaryFile()


def write_bytes(path: Path, content: bytes) -> None:
    with whole(path) as partial:
        partial.write_bytes(content)


def write_json(path: Path, values: Values) -> None:
    """Write `values`. Floats of the top level, such as metrics, get four significant digits.

    Floats in lists and sections stay exact.

    Raises
    ------
    InputError
        If a number is infinite or NaN, which JSON does not have.
    """
    floats = {key: value for key, value in values.items() if isinstance(value, float)}
    rounded = values | {key: rounding.as_written(value) for key, value in floats.items()}
    try:
        text = json.dumps(rounded, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:
        wrong = "a number in it would be infinite or NaN"
        raise InputError(f"{path} is not written, since {wrong}: did training diverge?") from None
    # A name that is not UTF-8 has lone surrogates. Python's escapes of them are valid JSON too.
    write_bytes(path, f"{text}\n".encode(errors="backslashreplace"))


def read_json(path: Path, schema: Any = Values) -> Any:
    """Read a JSON file, see `parse_json`."""
    return parse_json(path, plain_files.read(path), schema)


def parse_json(name: Path | str, content: bytes, schema: Any = Values) -> Any:
    """The values of a JSON file.

    Parameters
    ----------
    name : of the file, for messages
    schema : the type of the values; no value is converted

    Raises
    ------
    InputError
        If the file is no JSON, for example because git could not merge it, or does not fit the
        schema.
    """
    remedy = "take it back with `git checkout` or `dvc checkout`, or make it again"
    try:
        values = json.loads(content, parse_constant=_refuse_constant)
        return TypeAdapter(schema).validate_python(values, strict=True)
    except ValidationError as error:
        raise InputError(f"{name}: {validation.first_problem(error)}: {remedy}") from None
    except (ValueError, RecursionError) as error:
        damaged = f"{name} is no JSON ({error}): {remedy}"
        raise InputError(merging.conflict(name, content) or damaged) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def listed_batches() -> list[str]:
    """The names of the listed batches, in the order of arrival, as `clean` noted them."""
    return read_json(paths.LISTED)["batches"]


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with whole(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read what `write_arrays` wrote.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with _undamaged(path), np.load(path) as arrays:
        return dict(arrays)


def write_rows(path: Path, n: int, blocks_of_rows: Iterable[np.ndarray]) -> None:
    """Write blocks that together have `n` rows as one `.npy` array, one block at a time.

    A memory map would be shorter, but a full disk would then kill the process.
    """
    with whole(path) as partial, partial.open("wb") as file:
        end = 0
        for block in blocks_of_rows:
            if not end:
                shape = (n, *block.shape[1:])
                header = {"descr": block.dtype.str, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(block).data)
            end += len(block)
        if end != n:
            raise InputError(f"{path} would have {end} rows for {n} examples")


def map_rows(path: Path) -> np.ndarray:
    """The array (n, ...) that `write_rows` wrote, as a map of the file.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    with _undamaged(path):
        return np.load(path, mmap_mode="r")


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Raise an InputError where numpy cannot read a file."""
    try:
        yield
    except (EOFError, ValueError, BadZipFile) as error:
        remedy = "take it back with `dvc checkout`, or make it again with `dvc repro`"
        raise InputError(f"{path} is damaged ({error}): {remedy}") from None


def write_checkpoint(arrays: dict[str, np.ndarray], state: dict) -> None:
    """Keep what training needs to continue after it was killed. Only the latest is kept."""
    write_arrays(paths.CHECKPOINT, arrays | {"state": np.array(json.dumps(state))})


def read_checkpoint() -> tuple[dict[str, np.ndarray], dict]:
    """What `write_checkpoint` kept; empty if there is nothing, or nothing readable."""
    if not paths.CHECKPOINT.exists():
        return {}, {}
    try:
        arrays = read_arrays(paths.CHECKPOINT)
        return arrays, json.loads(str(arrays.pop("state")))
    except Exception:  # a power cut may leave anything
        say(f"{paths.CHECKPOINT} is damaged and discarded: training begins anew")
        drop_checkpoint()
        return {}, {}


def drop_checkpoint() -> None:
    paths.CHECKPOINT.unlink(missing_ok=True)


def md5(file: Path | bytes) -> str:
    """The MD5 of a file, or of its content, as dvc.lock has it."""
    content = file.read_bytes() if isinstance(file, Path) else file
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def record() -> bytes:
    """The content of dvc.lock: what DVC has noted so far about inputs and outputs of stages."""
    return paths.RECORD.read_bytes() if paths.RECORD.exists() else b""


def keep_only(folder: Path, kept: Iterable[Path]) -> None:
    """Remove all other files from a folder: its hash must not count batches that are not listed."""
    for path in set(folder.glob("*")) - set(kept):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
