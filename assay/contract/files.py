"""Files of bytes, JSON and arrays, and what is not finished yet. A file is whole, or it is not there."""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from assay.contract import paths
from assay.contract.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path to write to; what was written becomes `path` in one step when the block ends without an error."""
    unfinished = paths.UNFINISHED / str(path).replace("/", "--")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut may leave the name without the content
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def scratch() -> BinaryIO:
    """A file for what does not fit into memory. It has no name, and is gone when it is closed or the process killed."""
    paths.UNFINISHED.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=paths.UNFINISHED)


def write_json(path: Path, values: dict) -> None:
    """Write `values`; floats are rounded to four digits, which is more than any of our metrics is sure of."""
    rounded = {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in values.items()
    }
    write_bytes(path, f"{json.dumps(rounded, indent=2, ensure_ascii=False)}\n".encode())


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)


def write_checkpoint(arrays: dict[str, np.ndarray], state: dict) -> None:
    """Keep what a training needs to go on after it was killed: one, the latest."""
    write_arrays(paths.CHECKPOINT, arrays | {"state": np.array(json.dumps(state))})


def drop_checkpoint() -> None:
    paths.CHECKPOINT.unlink(missing_ok=True)


def record() -> bytes:
    """What DVC has noted so far of what stages read and wrote."""
    return paths.RECORD.read_bytes() if paths.RECORD.exists() else b""


def write_rows(path: Path, n: int, blocks_of_rows: Iterable[np.ndarray]) -> None:
    """Write blocks that together have `n` rows as one `.npy` array, never holding more than one of them."""
    # not by a memory map: a full disk would kill the process
    with whole(path) as unfinished, unfinished.open("wb") as file:
        end = 0
        for block in blocks_of_rows:
            if not end:
                header = {
                    "descr": block.dtype.str,
                    "fortran_order": False,
                    "shape": (n, *block.shape[1:]),
                }
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(block))
            end += len(block)
        if end != n:
            raise InputError(f"{path} would have {end} rows for {n} examples")


def write_bytes(path: Path, content: bytes) -> None:
    with whole(path) as unfinished:
        unfinished.write_bytes(content)


def keep_only(folder: Path, kept: Iterable[Path]) -> None:
    """Remove all else from a folder: batches that left their list would go on counting in the hash of the folder."""
    for path in set(folder.glob("*")) - set(kept):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def merge_conflict(name: Path | str, content: bytes) -> str:
    """What to do about a file that git could not merge; "" where a file cannot be read for another reason."""
    mark = re.search(rb"^<<<<<<< ", content, re.MULTILINE)
    if not mark:
        return ""
    line = content.count(b"\n", 0, mark.start()) + 1
    mend = "keep what is right of both sides, and delete the lines that start with <<<<<<<, ======= and >>>>>>>"
    return f"{name} line {line} starts a git merge conflict: {mend}"


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


def read_checkpoint() -> tuple[dict[str, np.ndarray], dict]:
    """What `write_checkpoint` kept; nothing where there is none, or none that can be read."""
    if not paths.CHECKPOINT.exists():
        return {}, {}
    try:
        arrays = read_arrays(paths.CHECKPOINT)
        return arrays, json.loads(str(arrays.pop("state")))
    except Exception:  # whatever a power cut made of it
        print(
            f"assay: {paths.CHECKPOINT} is damaged and discarded: training begins anew",
            file=sys.stderr,
        )
        drop_checkpoint()
        return {}, {}


def fingerprint(path: Path) -> str:
    """The MD5 of a file, as dvc.lock has it."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def read_json(path: Path) -> dict:
    content = path.read_bytes()
    try:
        return json.loads(content)
    except ValueError as error:
        damaged = f"{path} is no JSON ({error}): take it back with `git checkout` or `dvc checkout`, or make it again"
        raise InputError(merge_conflict(path, content) or damaged) from None
