"""The columns of a table, one at a time, and which of them give the label away."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assay.catalogue import payloads
from assay.cleaning import leaky_column
from assay.cleaning.same_rows import Column
from assay.contract.memory import examples_at_once

_ROWS = 4000  # of a table that are read at a time
_GIVEN_AWAY = 0.02  # share of the errors without a column that are left with it


def leaky(examples: pd.DataFrame, given: np.ndarray, memory: int) -> pd.DataFrame:
    """Read the columns of a table, and list those whose values nearly always tell the label.

    Other modalities have no such columns. See `leaky_column.errors`.

    Parameters
    ----------
    examples : rows of the catalogue that have a label
    given : (n,) int, their labels
    memory : bytes that may be taken, about
    """
    listed = []
    below = _GIVEN_AWAY * (1 - np.bincount(given).max() / len(given))
    for name, column, is_category in read(examples, memory):
        errors = leaky_column.errors(column, given, is_category=is_category, below=below)
        if errors < below:
            tells = f"the column {name} tells the label of {1 - errors:.1%} of the examples"
            listed.append({"kind": "leaky_column", "reason": f"{tells}: is it made from it?"})
    return pd.DataFrame(listed)


def read(examples: pd.DataFrame, memory: int) -> Iterator[Column]:
    """Read each column of a table: its name, its values (n,), and whether they are categories.

    As many are read at a time as memory allows. Other modalities have none.
    """
    types = payloads.payload_format(examples).get("features", {})
    names = list(types)
    step = examples_at_once(8 * len(examples), memory, max(len(names), 1), "a column")
    for start in range(0, len(names), step):
        some = names[start : start + step]
        rows = np.concatenate(list(payloads.read(examples, _ROWS, some)))  # (n, some)
        for name, column in zip(some, rows.T, strict=True):
            yield name, column, types[name] == "category"
