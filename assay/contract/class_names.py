"""Names of classes: how labels are compared, and how class names become column numbers."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from assay.contract.errors import first_of

if TYPE_CHECKING:
    import pandas as pd

_JOINT = re.compile(r"(?<=[^\W\d_])[_-]+(?=[^\W\d_])")  # between letters
_SEVERAL = 2  # a batch of a single class may well bring a new one
_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")  # a whole number without its leading zeros


def normal(label: str) -> str:
    """A label as it is compared with others: in Unicode's NFC, without blanks at its ends.

    Blanks inside, letter case and character width are kept; see `look_alikes`.
    """
    return unicodedata.normalize("NFC", label).strip()


def look_alikes(classes: Iterable[str]) -> list[list[str]]:
    """Groups of names that might mean the same class, sorted.

    The names of a group differ only by letter case, character width, blanks, invisible characters,
    or `_` or `-` between letters. Or they are spellings of one whole number, such as 1, 01 and 1.0.
    """
    alike = defaultdict(list)
    for name in sorted(set(classes)):
        visible = [character for character in name if unicodedata.category(character) != "Cf"]
        folded = unicodedata.normalize("NFKC", "".join(visible)).casefold()
        without_blanks = "".join(folded.split())
        number = _WHOLE.fullmatch(without_blanks)
        key = number[1] if number else _JOINT.sub("", without_blanks)
        alike[key].append(name)
    return [names for names in alike.values() if len(names) > 1]


def apart(names: Collection[str], others: Collection[str]) -> str:
    """A clause if two batches with several classes each share none: the names may differ only."""
    if len(names) < _SEVERAL or len(others) < _SEVERAL or not set(names).isdisjoint(others):
        return ""
    here, there = (first_of([repr(name) for name in sorted(part)]) for part in (names, others))
    return f"{here} here, {there} there"


def in_words(alike: Iterable[Sequence[str]]) -> list[str]:
    """Each group of `look_alikes` in words, for a message."""
    return [" and ".join(map(repr, names)) for names in alike]


def with_unknown(classes: Sequence[str], labels: Iterable[str]) -> list[str]:
    """The classes of a model, followed by the labels that it does not know, sorted."""
    return [*classes, *sorted(set(labels) - set(classes))]


def codes(labels: "pd.Series | Sequence[str]", classes: Sequence[str]) -> np.ndarray:
    """The position of each label in `classes`, (n,) int; -1 for a label that is not there."""
    import pandas as pd

    return pd.Index(classes).get_indexer(labels)


def columns(pred_probs: np.ndarray, classes: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """The columns of pred_probs (n, classes) for the `wanted` classes: (n, wanted).

    A wanted class that is not in `classes` gets 0.
    """
    places = codes(classes, wanted)  # (classes,)
    is_wanted = places >= 0
    arranged = np.zeros((len(pred_probs), len(wanted)), pred_probs.dtype)
    arranged[:, places[is_wanted]] = pred_probs[:, is_wanted]
    return arranged
