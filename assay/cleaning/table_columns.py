"""The columns of a table, and slices: which tell the label, and which change between batches."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, poisson

from assay.catalogue import catalogue, payloads
from assay.cleaning import leaky_column
from assay.cleaning.near_duplicates import Column
from assay.contract.errors import first_of
from assay.contract.memory import examples_at_once
from assay.measures import multiple_testing

_ROWS = 65_536  # of a table, at most, that are read at a time
_LEVEL = 0.01  # of all columns of a batch together (Holm 1979)
_LEAST = 0.05  # difference of the shares of gaps; a smaller one is of no interest
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


def changes(examples: pd.DataFrame, memory: int) -> pd.DataFrame:
    """List the batches with other shares of gaps, or with new values, than all batches before.

    Parameters
    ----------
    examples : the catalogue
    memory : bytes that may be taken, about

    Returns
    -------
    pd.DataFrame
        `kind`, `batch` and `reason`, with counts.
    """
    number, batches = pd.factorize(examples["batch"])
    if len(batches) == 1:
        return pd.DataFrame()
    texts = catalogue.slices(examples).drop(columns="batch")
    gaps = {name: np.bincount(number, is_gap) for name, is_gap in _gaps(examples, texts, memory)}
    sizes, listed = np.bincount(number), []
    for index, batch in enumerate(batches[1:], start=1):
        new, before = texts[number == index], texts[number < index]
        of_kinds = {
            "null_rate": [_more_gaps(name, gaps[name], sizes, index) for name in gaps],
            "new_category": [_new_values(name, new[name], before[name]) for name in texts],
        }
        for kind, tests in of_kinds.items():
            adjusted = multiple_testing.adjusted(np.array([p_value for p_value, _ in tests]))
            said = [what for p, (_, what) in zip(adjusted, tests, strict=True) if p < _LEVEL]
            if said:
                listed.append({"kind": kind, "batch": batch, "reason": "; ".join(said)})
    return pd.DataFrame(listed)


def _gaps(
    examples: pd.DataFrame, texts: pd.DataFrame, memory: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Each column, and which examples have no value in it, (n,) bool."""
    for name in texts:
        yield name, (texts[name] == "").to_numpy()
    for name, values, is_category in read(examples, memory):
        if not is_category:
            yield name, np.isnan(values)


def _more_gaps(name: str, gaps: np.ndarray, sizes: np.ndarray, index: int) -> tuple[float, str]:
    """The p value (Fisher 1922) of another share of gaps in a batch, and the shares in words.

    Parameters
    ----------
    gaps, sizes : numbers of gaps and of examples, (batches,) each
    index : of the batch
    """
    new, of = int(gaps[index]), int(sizes[index])
    before, of_before = int(gaps[:index].sum()), int(sizes[:index].sum())
    if abs(new / of - before / of_before) < _LEAST:
        return 1.0, ""
    p_value = fisher_exact([[new, of - new], [before, of_before - before]]).pvalue
    what = f"{name} is empty in {new} of {of} examples, before in {before} of {of_before}"
    return float(p_value), what


def _new_values(name: str, of_batch: pd.Series, before: pd.Series) -> tuple[float, str]:
    """The p value of so many examples with new values, and their number in words.

    The share of values that came once before is the chance that another one is new (Good 1953).
    """
    counts = before.value_counts()
    new = of_batch[(of_batch != "") & ~of_batch.isin(counts.index)]
    if new.empty:
        return 1.0, ""
    expected = max(int((counts == 1).sum()), 1) / len(before) * len(of_batch)
    values = sorted(new.unique())
    shown = first_of([repr(value) for value in values])
    what = f"{name} has {len(values)} new values in {len(new)} of {len(of_batch)} examples: {shown}"
    return float(poisson.sf(len(new) - 1, expected)), what
