"""Decode the files of a batch. One error reports all files that cannot be decoded."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

import numpy as np

from assay.contract import time_left
from assay.contract.errors import InputError, first_of
from assay.contract.stored_rows import StoredRows

_NAMED = 20  # files that a message names beside the first
Decode = Callable[[Any, str], np.ndarray]  # takes the content, and its place for messages


class UndecodableError(InputError):
    """One file cannot be decoded. The message names it."""


def stored(contents: Iterable, places: Sequence[str], decode: Decode, stderr: TextIO) -> StoredRows:
    """The results of `decode`, one row per file. Progress is shown on `stderr`.

    Raises
    ------
    InputError
        If files cannot be decoded. It gives the reason for the first, and the names of others.
    """
    blocks = _decoded(contents, places, decode)
    return StoredRows(time_left.with_progress(blocks, len(places), "decode", stderr))


def _decoded(contents: Iterable, places: Sequence[str], decode: Decode) -> Iterator[np.ndarray]:
    errors: dict[str, str] = {}  # by place
    for content, place in zip(contents, places, strict=True):
        try:
            yield decode(content, place)[None]
        except UndecodableError as error:
            errors[place] = str(error)
    if errors:
        first, *others = errors
        also = f"; {len(others):,} more cannot be read: {first_of(others, _NAMED)}"
        raise InputError(errors[first] + (also if others else ""))
