"""The classes of the labels: one order of their names, for codes, probabilities and files."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def normal(label: str) -> str:
    """A label in the form in which labels are compared: Unicode's NFC, without blanks at its ends.

    Blanks inside, letter case and width are kept; see `look_alikes`.
    """
    return unicodedata.normalize("NFC", label).strip()


def look_alikes(classes: Iterable[str]) -> list[list[str]]:
    """The classes whose names differ by letter case, width or blanks alone, in groups, sorted."""
    alike = defaultdict(list)
    for name in of(classes):
        alike["".join(unicodedata.normalize("NFKC", name).casefold().split())].append(name)
    return [names for names in alike.values() if len(names) > 1]


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
