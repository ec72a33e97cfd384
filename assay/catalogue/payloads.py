"""The payloads of some examples, read in blocks or by row, so that memory does not grow with their number."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.contract import files, parquet_files, paths
from assay.modalities import registry

_LINE = 120  # characters


def payload_format(examples: pd.DataFrame) -> dict:
    """What the payloads of `examples`, one or more rows of the catalogue, are; see `parquet_files.read_kind`."""
    return parquet_files.read_kind(paths.examples(examples["batch"].iloc[0]))


def read(examples: pd.DataFrame, size: int) -> Iterator[np.ndarray]:
    """The payloads of `examples`, rows of the catalogue, in blocks of at most `size`, in their order."""
    for block, own in _blocks(examples, size):
        yield registry.named(own["modality"]).from_columns(block, own)


def shown(examples: pd.DataFrame, size: int = 1024) -> Iterator[str]:
    """What people are shown of each of `examples`, rows of the catalogue, in their order; see `show` of a modality."""
    for block, own in _blocks(examples, size):
        yield from registry.named(own["modality"]).show(block, own)


def lines(examples: pd.DataFrame) -> pd.Series:
    """A line for each of `examples`, by which a person knows it: its text or cells, cut, or the file it lies in.

    Parameters
    ----------
    examples : rows of the catalogue, one at least, in any order

    Returns
    -------
    pd.Series of str, with the index of `examples`
    """
    module = registry.named(payload_format(examples)["modality"])
    if module.MEDIUM == "text":
        ordered = examples.sort_index()
        texts = [_cut(module.LINE_BREAK.join(text.splitlines())) for text in shown(ordered)]
        return pd.Series(texts, ordered.index, dtype=object).reindex(examples.index)
    files = [
        _file(paths.RAW / batch, key)
        for batch, key in zip(examples["batch"], examples["key"], strict=True)
    ]
    return pd.Series(files, examples.index, dtype=object)


def _file(folder: Path, key: str) -> str:
    """Where an image or a sound lies: a file of the batch, or a row of one."""
    return str(folder / key) if registry.modality_of_file(key) else f"{folder}, {key}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def _blocks(examples: pd.DataFrame, size: int) -> Iterator[tuple[pa.RecordBatch, dict]]:
    """The rows of `examples` in their files, in blocks of at most `size`, in their order; and what they are."""
    for batch, rows in examples.groupby("batch", sort=False)["row"]:
        path, wanted, start = paths.examples(batch), rows.to_numpy(), 0
        own = parquet_files.read_kind(path)
        for block in parquet_files.blocks(path, size):
            low, high = np.searchsorted(
                wanted, [start, start + len(block)]
            )  # the catalogue's rows ascend
            if high > low:
                yield block.take(pa.array(wanted[low:high] - start)), own
            start += len(block)


class Stored:
    """Payloads in a file that is gone when this is: any rows, in any order, without holding the others.

    It is read and not mapped into memory, whose size would count every page once touched. `sizes` (n,) are in bytes.
    """

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self.file, sizes = files.scratch(), [0]
        for block in blocks:
            self.none = block[:0]
            sizes += [
                self.file.write(row.encode() if isinstance(row, str) else row.tobytes())
                for row in block
            ]
        self.file.flush()
        self.sizes, self.ends = np.array(sizes[1:]), np.cumsum(sizes)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        starts, sizes = self.ends[rows], self.ends[rows + 1] - self.ends[rows]
        content = [
            os.pread(self.file.fileno(), size, start)
            for size, start in zip(sizes, starts, strict=True)
        ]
        if self.none.dtype == object:
            return np.array([text.decode() for text in content], object)
        return np.frombuffer(b"".join(content), self.none.dtype).reshape(-1, *self.none.shape[1:])
