"""The identity of an example is a hash of its content. Its split follows from that hash."""

import hashlib
from collections.abc import Iterable

import numpy as np

from assay.contract.paths import SPLITS
from assay.contract.stored_rows import StoredRows, content


def content_ids(payload: np.ndarray | StoredRows) -> list[str]:
    """The id of each example: a hash of its canonical payload, 32 hex digits.

    Parameters
    ----------
    payload : of shape (n, ...)
        One example per row; its type and shape are part of the hash.
    """
    prefix = f"{payload.dtype.str} {payload.shape[1:]}".encode()
    contents = payload.contents() if isinstance(payload, StoredRows) else map(content, payload)
    return [hashlib.blake2b(prefix + part, digest_size=16).hexdigest() for part in contents]


def hash_of_name(name: str) -> str:
    """A hash of a name, for example of a group: 32 hex digits, like an id."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def split_by_hash(id_: str, test: float, validation: float) -> str:
    """The split of an example or a group. It depends only on the id, so new data do not change it.

    `test` and `validation` are shares of all examples, 0 <= test + validation < 1.
    """
    position = int(id_[:13], 16) / 16**13  # 52 bits: exact in a float
    if position < test:
        return "test"
    return "validation" if position < test + validation else "train"


def in_split_of_copies(ids: Iterable[str], splits: Iterable[str]) -> list[bool]:
    """Whether each row is in the split that counts for all exact copies of its example.

    If copies are in several splits, test counts before validation, and validation before train.
    Rows in the other splits do not count, so no example is in two splits. This also holds for
    copies in two groups.
    """
    rows = list(zip(ids, splits, strict=True))
    split_of: dict[str, str] = {}
    for id_, split in rows:
        split_of[id_] = max(split_of.get(id_, split), split, key=SPLITS.index)
    return [split == split_of[id_] for id_, split in rows]
