"""Store arrays of one shape in a column of Parquet. A row holds an array's bytes, little-endian."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from assay.contract.stored_rows import StoredRows


class SlicedColumn:
    """Some rows of payloads (n, ...) as a column. Only the requested slice is read."""

    def __init__(self, payload: np.ndarray | StoredRows, rows: Sequence[int]) -> None:
        self.payload = payload
        self.rows = np.asarray(rows)

    def __getitem__(self, part: slice) -> pa.Array:
        return to_column(self.payload[self.rows[part]])

    def __arrow_array__(self, type: Any = None) -> pa.Array:  # noqa: A002, as pyarrow calls it
        return self[:]


def to_column(payload: np.ndarray) -> pa.Array:
    """A column of the rows of `payload` (n, ...), n at least 1."""
    content = pa.py_buffer(np.ascontiguousarray(payload))
    return pa.Array.from_buffers(pa.binary(payload[0].nbytes), len(payload), [None, content])


def from_column(column: pa.Array, dtype: str, shape: Sequence[int]) -> np.ndarray:
    """The array (n, *shape) of a column that `to_column` made."""
    width = column.type.byte_width
    start = column.offset * width
    content = memoryview(column.buffers()[1])[start : start + len(column) * width]
    return np.frombuffer(content, dtype).reshape(-1, *shape)
