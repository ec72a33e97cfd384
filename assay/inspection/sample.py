"""Which examples of a batch are decoded: spread evenly over it, fewer if files are large."""

import numpy as np

from assay.contract.sampling import step_for
from assay.layouts.raw_batch import EncodedColumn, EncodedFiles, RawBatch

_EXAMPLES = 300  # files decoded at most
_ROWS = 20_000  # rows of a table or texts that are read at most
_BYTES = 20_000_000  # bytes of files decoded at most
_FEWEST = 8  # files decoded at least, even if they are larger than that


def step(raw: RawBatch) -> int:
    """The distance from one decoded example to the next."""
    n = len(raw.examples)
    files_step = step_for(n, _EXAMPLES)
    if isinstance(raw.payload, np.ndarray):
        return files_step
    if isinstance(raw.payload, EncodedFiles):
        sizes = [path.stat().st_size for path in raw.payload.files[::files_step]]
    elif isinstance(raw.payload, EncodedColumn):
        sizes = [len(content) for content in raw.payload[::files_step]]
    else:
        return step_for(n, _ROWS)
    affordable = int(np.searchsorted(np.cumsum(sizes), _BYTES, side="right"))
    return step_for(n, max(_FEWEST, affordable))
