"""Keep payloads in a temporary file, so that only the rows in use are in memory."""

import math
import os
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np

from assay.contract import files


class StoredRows:
    """Payloads in a file that are read by row or slice, like an array.

    The file is not memory-mapped: each page of a map that was read would count as used memory.

    Parameters
    ----------
    blocks : one or more arrays (rows, ...) of one type, of texts or of one shape; for other shapes
        see `replace`

    Attributes
    ----------
    sizes : (n,) bytes of each payload
    shape, dtype : as of an array (n, ...)
    """

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self.file = files.scratch()
        weakref.finalize(self, _close, self.file)
        sizes: list[int] = []
        for block in blocks:
            self._last = block[:0]  # keeps the shape and the type
            sizes += [self.file.write(content(row)) for row in block]
        self.file.flush()
        self.sizes = np.array(sizes)
        self._starts = np.cumsum(self.sizes) - self.sizes
        self.shape = (len(sizes), *self._last.shape[1:])
        self.dtype = self._last.dtype

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        number = self.file.fileno()
        starts = self._starts[rows]
        if self.dtype == object:
            places = zip(self.sizes[rows], starts, strict=True)
            texts = [os.pread(number, size, start).decode() for size, start in places]
            return np.array(texts, object)
        values = np.empty((len(starts), *self.shape[1:]), self.dtype)
        contents = values.reshape(len(starts), math.prod(self.shape[1:])).view(np.uint8)
        for part, start in zip(contents, starts, strict=True):
            os.preadv(number, [part.data], start)
        return values

    def replace(self, row: int, payload: np.ndarray) -> None:
        """Store another payload in a row. In the end all rows must have the last row's shape."""
        self._starts[row] = self.file.seek(0, os.SEEK_END)
        self.sizes[row] = self.file.write(content(payload))
        self.file.flush()

    def contents(self) -> Iterator[bytes]:
        """The bytes of each payload."""
        number = self.file.fileno()
        for size, start in zip(self.sizes.tolist(), self._starts.tolist(), strict=True):
            yield os.pread(number, size, start)


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # a full disk; writing the row already raised this error
        file.close()


def content(row: np.ndarray | str) -> bytes:
    """The bytes of a payload."""
    return row.encode() if isinstance(row, str) else row.tobytes()
