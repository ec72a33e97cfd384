"""The classes of the labels: one order of their names, for codes, probabilities and files."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_JOINT = re.compile(r"(?<=[^\W\d_])[_-]+(?=[^\W\d_])")  # between letters
_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")  # a whole number without its leading zeros


def normal(label: str) -> str:
    """A label in the form in which labels are compared: Unicode's NFC, without blanks at its ends.

    Blanks inside, letter case and width are kept; see `look_alikes`.
    """
    return unicodedata.normalize("NFC", label).strip()


def look_alikes(classes: Iterable[str]) -> list[list[str]]:
    """The names that might mean one class, in groups, sorted.

    They differ by letter case, width, blanks, invisible characters, by `_` or `-` between
    letters, or are spellings of one whole number, as 1, 01 and 1.0.
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


def in_words(alike: Iterable[Sequence[str]]) -> list[str]:
    """Each group of `look_alikes` in words, for a message."""
    return [" and ".join(map(repr, names)) for names in alike]


def with_unknown(classes: Sequence[str], labels: Iterable[str]) -> list[str]:
    """The classes of a model, followed by the labels that it does not know, sorted."""
    return [*classes, *sorted(set(labels) - set(classes))]


def codes(labels: "pd.Series | Sequence[str]", classes: Sequence[str]) -> np.ndarray:
    """The position of each label in `classes`, (n,) int; -1 where it is not there."""
    import pandas as pd

    return pd.Index(classes).get_indexer(labels)


def columns(pred_probs: np.ndarray, classes: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """Probabilities (n, wanted) from those of some `classes` (n, classes); 0 for other classes."""
    places = codes(classes, wanted)  # (classes,)
    is_wanted = places >= 0
    arranged = np.zeros((len(pred_probs), len(wanted)), pred_probs.dtype)
    arranged[:, places[is_wanted]] = pred_probs[:, is_wanted]
    return arranged
