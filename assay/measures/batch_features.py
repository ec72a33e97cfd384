"""The features of several batches, one array for each batch, read as if they were one array."""

from collections.abc import Iterator, Sequence

import numpy as np

from assay.catalogue.catalogue import Rows

Features = Sequence[np.ndarray | Rows]  # (rows, features) of each batch
_BLOCK = 8192  # rows read at a time


def rows_of(features: Features, step: int = 1) -> Iterator[tuple[slice, np.ndarray]]:
    """Every `step`-th row of all batches, in blocks: the places of the rows, and their features."""
    batch_start = 0
    for array in features:
        for begin in range(-batch_start % step, array.shape[0], _BLOCK * step):
            block = array[begin : begin + _BLOCK * step : step]
            first = batch_start + begin
            last = first + (len(block) - 1) * step
            yield slice(first, last + 1, step), block
        batch_start += array.shape[0]


def chosen_of(features: Features, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the chosen rows (m,) int of all batches, one batch after another.

    For each batch: which of the chosen rows lie in it, (m,) bool, and the features of these rows.
    """
    ends = np.cumsum([array.shape[0] for array in features])  # (batches,)
    batch = np.searchsorted(ends, rows, side="right")  # (m,)
    for number in np.unique(batch):
        array = features[number]
        first = ends[number] - array.shape[0]  # where the batch starts among all rows
        is_of_batch = batch == number
        yield is_of_batch, array[rows[is_of_batch] - first]
