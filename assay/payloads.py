"""The payloads of chosen examples, read in blocks, so that memory does not grow with their number."""

from collections.abc import Iterator

import numpy as np

from assay import dataset, modalities
from assay.catalogue import Catalogue


def of_chosen(catalogue: Catalogue, chosen: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The payloads of the chosen examples (n,) bool, in blocks of at most `size`, in the catalogue's order."""
    for number, batch in enumerate(catalogue.batches):
        wanted = catalogue.row[chosen & (catalogue.batch == number)]
        start = 0
        for block in modalities.payloads(dataset.examples(batch), size):
            inside = wanted[(wanted >= start) & (wanted < start + len(block))] - start
            if len(inside):
                yield block[inside]
            start += len(block)
