"""The classes of the labels: one order of their names, for codes, probabilities and files."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def of(labels: Iterable[str]) -> list[str]:
    """The distinct labels, sorted by code points."""
    return sorted(set(labels))


def with_unknown(classes: Sequence[str], labels: Iterable[str]) -> list[str]:
    """The classes of a model, followed by the labels that it does not know, sorted."""
    return [*classes, *sorted(set(labels) - set(classes))]


def codes(labels: "pd.Series", classes: Sequence[str]) -> np.ndarray:
    """The position of each label in `classes`, (n,) int; -1 where it is not there."""
    import pandas as pd

    return pd.Index(classes).get_indexer(labels)
