"""The payloads of some examples, read in blocks or by row, so that memory does not grow with their number."""

import os
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from assay import dataset, modalities


def kind(examples: pd.DataFrame) -> dict:
    """What the payloads of `examples`, one or more rows of the catalogue, are; see `dataset.read_kind`."""
    return dataset.read_kind(dataset.examples(examples["batch"].iloc[0]))


def of(examples: pd.DataFrame, size: int) -> Iterator[np.ndarray]:
    """The payloads of `examples`, rows of the catalogue, in blocks of at most `size`, in their order."""
    for batch, rows in examples.groupby("batch", sort=False)["row"]:
        wanted, start = rows.to_numpy(), 0
        for block in modalities.payloads(dataset.examples(batch), size):
            low, high = np.searchsorted(wanted, [start, start + len(block)])  # the catalogue's rows ascend
            if high > low:
                yield block[wanted[low:high] - start]
            start += len(block)


class Stored:
    """Payloads in a file that is gone when this is: any rows, in any order, without holding the others.

    It is read and not mapped into memory, whose size would count every page once touched. `sizes` (n,) are in bytes.
    """

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self.file, sizes = dataset.scratch(), [0]
        for block in blocks:
            self.none = block[:0]
            sizes += [self.file.write(row.encode() if isinstance(row, str) else row.tobytes()) for row in block]
        self.file.flush()
        self.sizes, self.ends = np.array(sizes[1:]), np.cumsum(sizes)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        starts, sizes = self.ends[rows], self.ends[rows + 1] - self.ends[rows]
        content = [os.pread(self.file.fileno(), size, start) for size, start in zip(sizes, starts, strict=True)]
        if self.none.dtype == object:
            return np.array([text.decode() for text in content], object)
        return np.frombuffer(b"".join(content), self.none.dtype).reshape(-1, *self.none.shape[1:])
