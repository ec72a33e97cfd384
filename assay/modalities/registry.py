"""The one place that tells modalities apart; everything else asks a module from here by name.

A modality is a module with the same few functions: `canonical` (what came in, to arrays with one shape), `to_columns`
and `from_columns` (arrays to and from Parquet), `augment` and `view` (training payloads changed
a little, and more), `read_file` (what a user wants predicted), `show` (one payload for people's eyes, as a `MEDIUM`);
and with `STEPS`, that training takes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import ModuleType

import numpy as np

from assay.contract import parquet_files
from assay.modalities import audio, images, tables, text

_MODULES: dict[str, ModuleType] = {"image": images, "audio": audio, "text": text, "table": tables}
_COLUMNS = ("image", "audio", "text")  # payload columns of a table, named as their modalities
_FILES = {"image": images.SUFFIXES, "audio": audio.SUFFIXES}


def named(modality: str) -> ModuleType:
    """The module of a modality."""
    return _MODULES[modality]


def of_file(name: str) -> str | None:
    """The modality of a file by its name's ending; None where it is no example's payload."""
    suffix = PurePosixPath(name).suffix.lower()
    return next((modality for modality, suffixes in _FILES.items() if suffix in suffixes), None)


def of_columns(names: Sequence[str], reserved: Sequence[str]) -> tuple[str, list[str]]:
    """The modality of a table and the columns that hold its payload: every unreserved one where none has a name."""
    for modality in _COLUMNS:
        if modality in names:
            return modality, [modality]
    return "table", [name for name in names if name not in reserved]


def payloads(path: Path, size: int) -> Iterator[np.ndarray]:
    """All payloads of one file of examples, in blocks of at most `size`."""
    kind = parquet_files.read_kind(path)
    for block in parquet_files.blocks(path, size):
        yield named(kind["modality"]).from_columns(block, kind)
