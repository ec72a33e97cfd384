"""The one place that tells modalities apart. Everything else asks a module from here by name.

A new modality is a module with what `Modality` lists, one line in `_MODULES`, one entry in
`encoders/inputs.py`, and one in `measures/statistics.py`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from assay.contract import parquet_files
from assay.contract.parameters import Collect
from assay.modalities import audio, images, tables, text

Format = dict[str, Any]  # what payloads are, see `parquet_files.read_kind`


class Modality(Protocol):
    """What the module of a modality holds.

    Attributes
    ----------
    COLUMN : the column of a raw table that holds the payload; None where every column is a feature
    SUFFIXES : how the names of its files end; empty where examples are not files
    MEDIUM : how Label Studio shows it: `image`, `audio` or `text`
    HTML : how a page shows it; `{}` stands for what `show` returns
    LINE_BREAK : what joins the lines of `show` to one line; None where a file's name says more
    STEPS : the least number of training steps, where params.yaml does not set it
    """

    COLUMN: str | None
    SUFFIXES: frozenset[str]
    MEDIUM: str
    HTML: str
    LINE_BREAK: str | None
    STEPS: int

    def canonical(self, raw: Any, places: Sequence[str], params: Collect, /) -> np.ndarray:
        """Payloads (n, ...) of one shape and type, from what came in."""

    def to_columns(
        self, payload: np.ndarray, rows: Sequence[int], raw: Any, params: Collect, /
    ) -> tuple[dict[str, pa.Array], Format]:
        """Columns for Parquet, and their format. `payload` is that of some `rows` of `raw`."""

    def from_columns(self, rows: pa.RecordBatch, payload_format: Format, /) -> np.ndarray:
        """The payloads that `to_columns` stored."""

    def show(self, rows: pa.RecordBatch, payload_format: Format, /) -> list[str]:
        """Stored payloads for people: data URIs, or text."""

    def augment(self, payload: np.ndarray, rng: np.random.Generator, shift: int, /) -> np.ndarray:
        """Training payloads, changed a little at random."""

    def view(self, payload: np.ndarray, rng: np.random.Generator, /) -> np.ndarray:
        """Payloads, changed more than by `augment`, for learning without labels."""

    def read_file(self, path: Path, payload_format: Format, /) -> tuple[list[str], np.ndarray]:
        """What a user wants predicted: the name of each example in messages, and payloads."""


_MODULES: dict[str, Modality] = {"image": images, "audio": audio, "text": text, "table": tables}


def named(modality: str) -> Modality:
    """The module of a modality."""
    return _MODULES[modality]


def modality_of_file(name: str) -> str | None:
    """The modality of a file, by how its name ends; None where it is no example."""
    suffix = PurePosixPath(name).suffix.lower()
    with_suffix = (modality for modality, module in _MODULES.items() if suffix in module.SUFFIXES)
    return next(with_suffix, None)


def modality_of_columns(columns: Sequence[str]) -> str:
    """The modality of a raw table: that of its payload column, or else of columns of features."""
    with_column = [modality for modality, module in _MODULES.items() if module.COLUMN in columns]
    of_features = [modality for modality, module in _MODULES.items() if module.COLUMN is None]
    return (with_column or of_features)[0]


def payloads(path: Path, size: int) -> Iterator[np.ndarray]:
    """Read all payloads of one file of examples, in blocks of at most `size`."""
    payload_format = parquet_files.read_kind(path)
    module = named(payload_format["modality"])
    for block in parquet_files.blocks(path, size):
        yield module.from_columns(block, payload_format)
