"""Columns that change from batch to batch: shares of gaps, and values that are new."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, poisson

from assay.catalogue import catalogue
from assay.cleaning import table_columns
from assay.contract.errors import first_of
from assay.measures import multiple_testing

_LEVEL = 0.01  # of all columns of a batch together (Holm 1979)
_LEAST = 0.05  # difference of the shares of gaps; a smaller one is of no interest


def find(examples: pd.DataFrame, memory: int) -> pd.DataFrame:
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
    texts = catalogue.slices(examples).drop(columns="batch") if len(batches) > 1 else pd.DataFrame()
    listed = []
    for index, batch in enumerate(batches[1:], start=1):
        is_new, is_before = number == index, number < index
        of_kinds = {
            "null_rate": [
                _more_gaps(name, is_gap[is_new], is_gap[is_before])
                for name, is_gap in _gaps(examples, texts, memory)
            ],
            "new_category": [
                _new_values(str(name), texts[name][is_new], texts[name][is_before])
                for name in texts
            ],
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
        yield str(name), (texts[name] == "").to_numpy()
    for name, values, is_category in table_columns.read(examples, memory):
        if not is_category:
            yield name, np.isnan(values)


def _more_gaps(name: str, of_batch: np.ndarray, before: np.ndarray) -> tuple[float, str]:
    """The p value (Fisher 1922) of another share of gaps, and the shares in words."""
    gaps, gaps_before = int(of_batch.sum()), int(before.sum())
    if abs(of_batch.mean() - before.mean()) < _LEAST:
        return 1.0, ""
    table = [[gaps, len(of_batch) - gaps], [gaps_before, len(before) - gaps_before]]
    what = f"{name} is empty in {gaps} of {len(of_batch)} examples"
    return float(fisher_exact(table).pvalue), f"{what}, before in {gaps_before} of {len(before)}"


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
