"""Shortcuts: labels that something beside the content gives away, out of sample.

A model that learns them is right on this data and wrong elsewhere. The content also changes such
things: in MNIST, images of a 1 are darker than others. So a shortcut must tell a label nearly as
well as the content does. The level lies above all that we measured on data without shortcuts.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads
from assay.cleaning import leaky_column
from assay.contract import parquet_files
from assay.contract.errors import counted
from assay.measures import intervals
from assay.measures.statistics import Statistics

_LEVEL = 0.55  # least gain over chance; without shortcuts we measured 0.47 at most
_AT_LEAST = 0.3  # what the whole interval must exceed
_CONFIDENCE = 0.95  # of all intervals together
_VALUES = 32  # of a category, the most frequent ones; the rest count as one


def find(
    numbers: dict[str, np.ndarray],
    categories: dict[str, np.ndarray],
    given: np.ndarray,
    classes: list[str],
) -> pd.DataFrame:
    """List what gives a label away, a row each.

    A label is guessed from one number by a tree, or from one category by the most frequent label,
    always from other examples (see `leaky_column`). For each label, take the examples that have it
    or are guessed to have it: J is the share of them where both are true. C is the share of the
    label among all examples. If all examples were guessed to have the label, J would be C. The gain
    is (J - C) / (1 - C).

    Parameters
    ----------
    numbers : by name, brightness for instance, (n,) float
    categories : by name, (n, columns) int from 0; each column alone may tell a label
    given : (n,) int, the labels
    classes : their names

    Returns
    -------
    pd.DataFrame
        `kind`, `given` (the label that is told best), `reason`, `name`, and `low`: the lower end of
        the gain.
    """
    n_guesses = len(numbers) + sum(columns.shape[1] for columns in categories.values())
    confidence = 1 - (1 - _CONFIDENCE) / max(n_guesses * len(classes), 1)  # Bonferroni
    rows = []
    for name, guessed in _guesses(numbers, categories, given):
        gain, low, high = _gains(guessed, given, confidence)  # (classes,) each
        best = int(low.argmax())
        is_told = (gain > _LEVEL) & (low > _AT_LEAST)
        if is_told[best]:
            n_more = is_told.sum() - 1
            more = f" and {counted(n_more, 'more label')}" if n_more > 0 else ""
            interval = f"{gain[best]:.0%} better than chance ({low[best]:.0%} to {high[best]:.0%})"
            tells = f"{name} alone tells the label {classes[best]!r}{more}"
            reason = f"{tells}, {interval}: is it part of the task?"
            rows.append(("shortcut", classes[best], reason, name, low[best]))
    listed = pd.DataFrame(rows, columns=["kind", "given", "reason", "name", "low"])
    return listed.sort_values("low", ascending=False, kind="stable").drop_duplicates("name")


def beside_content(
    examples: pd.DataFrame, measured: Statistics, rows: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What lies beside the content of examples, as the numbers and categories of `find`.

    Numbers are the statistics, categories are slices, the batch, the type of file, and the border.
    The columns of a table are content. Columns of one value are left out.

    Parameters
    ----------
    examples : `rows` of the catalogue
    measured : statistics of the whole catalogue, with the border of these examples
    """
    numbers = {name: column[rows] for name, column in measured.values.items()}  # noqa: PD011
    features = payloads.payload_format(examples).get("features", {})
    columns = catalogue.slices(examples)
    columns = columns.drop(columns=map(parquet_files.slice_name, features), errors="ignore")
    columns["type of file"] = examples["key"].str.extract(r"(\.\w+)$", expand=False).fillna("")
    coded = {} if measured.border is None else {"border": measured.border}
    for name in columns:
        counts = columns[name].value_counts(sort=False).sort_index()
        if len(counts) > 1:
            order = counts.sort_values(ascending=False, kind="stable").index
            coded[str(name)] = order.get_indexer(columns[name]).clip(max=_VALUES)[:, None]
    return numbers, coded


def _guesses(
    numbers: dict[str, np.ndarray], categories: dict[str, np.ndarray], given: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Names, and the label of each example (n,) as guessed from others."""
    for name, column in numbers.items():
        guessed = np.full(len(given), -1)
        for fold, predicted in leaky_column.of_trees(column, given):
            guessed[fold] = predicted
        yield name, guessed
    for name, columns in categories.items():
        for values in columns.T:
            counts = np.zeros((values.max() + 1, given.max() + 1), int)
            np.add.at(counts, (values, given), 1)
            others = counts[values]  # (n, classes)
            others[np.arange(len(given)), given] -= 1
            yield name, others.argmax(axis=1)


def _gains(guessed: np.ndarray, given: np.ndarray, confidence: float) -> np.ndarray:
    """The gain of each label, and its interval (Wilson 1927). Shape (3, classes)."""
    n_classes = given.max() + 1
    both = np.bincount(given[guessed == given], minlength=n_classes)
    having = np.bincount(given, minlength=n_classes)
    guesses = np.bincount(guessed[guessed >= 0], minlength=n_classes)
    either = np.maximum(having + guesses - both, 1)
    share = both / either  # J
    chance = having / len(given)  # C
    shares = np.stack([share, *intervals.wilson(both, either, confidence)])  # (3, classes)
    return (shares - chance) / np.maximum(1 - chance, 1 / len(given))
