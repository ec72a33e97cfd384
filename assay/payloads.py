"""The payloads of some examples, read in blocks, so that memory does not grow with their number."""

from collections.abc import Iterator

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
