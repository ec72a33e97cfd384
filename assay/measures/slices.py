"""The accuracy on parts of the data: a speaker's, a source's, a batch's examples."""

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from assay.measures import intervals, multiple_testing

COLUMNS = ["slice", "value", "examples", "accuracy", "accuracy_low", "accuracy_high", "p_value"]
LEAST = 10  # examples that a slice must have to be tested
_VALUES = 100  # if a column has more values, such as names of people, only tested ones are listed


def table(slices: pd.DataFrame, correct: np.ndarray, confidence: float) -> pd.DataFrame:
    """Accuracy of each value of each slice column, the smallest p-value first.

    Parameters
    ----------
    slices : a column for each slice, a row for each test example; "" is no value
    correct : (n,) bool
    confidence : of the intervals (Wilson 1927), and that no slice is called worse by chance alone

    Returns
    -------
    pd.DataFrame
        COLUMNS and `worse`. `p_value` is the probability of at least as many errors if errors fell
        at random (Fisher's exact test), adjusted for the number of slices with at least 10 examples
        (Holm 1979). `worse` is true if the p-value is less than 1 - `confidence`.
    """
    one_group = np.zeros(len(correct), int)
    return of_groups(slices, one_group, correct, confidence, few=_VALUES).drop(columns="group")


def with_doubted(listed: pd.DataFrame, slices: pd.DataFrame, doubted: pd.Series) -> pd.DataFrame:
    """Add `doubted`, the number of doubted labels of each slice: they can look like a weak model.

    Parameters
    ----------
    listed : from `table`, of the same `slices`
    doubted : (n,) bool, whether the label is doubted, in the order of `slices`
    """
    counts = {name: doubted.groupby(slices[name].to_numpy()).sum() for name in slices}
    parts = zip(listed["slice"], listed["value"], strict=True)
    return listed.assign(doubted=[int(counts[name][value]) for name, value in parts])


def of_groups(
    slices: pd.DataFrame, groups: np.ndarray, correct: np.ndarray, confidence: float, few: int = 0
) -> pd.DataFrame:
    """Accuracy of each slice of each group of rows: what `table` returns, with the column `group`.

    A slice is compared with all rows of its group. Slices of fewer than 10 examples are left out.

    Parameters
    ----------
    groups : (n,) what the rows are grouped by
    few : a column with at most this many slices, in all groups, keeps the small ones too; they are
        not tested
    """
    right = pd.Series(correct)
    of_group = right.groupby(groups).agg(["size", "sum"])
    tables = [pd.DataFrame(columns=["group", *COLUMNS])]
    for name in slices:
        by_value = right.groupby([groups, slices[name].to_numpy()]).agg(["size", "sum"])
        by_value = by_value.reset_index(names=["group", "value"])
        fewest = LEAST if len(by_value) > few else 1
        by_value = by_value[(by_value["value"] != "") & (by_value["size"] >= fewest)]
        whole = of_group.loc[by_value["group"]]  # what each slice is compared with
        measured = _measured(by_value, whole, confidence)
        listed = by_value[["group", "value"]].assign(slice=name, **measured)
        tables.append(listed[listed["examples"] < whole["size"].to_numpy()])
    return with_adjusted_p_values(pd.concat(tables, ignore_index=True), confidence)


def with_adjusted_p_values(listed: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Adjust p-values for their number, order by them, and add `worse`: whether they are small."""
    listed = listed.sort_values(["p_value", "slice", "value"], kind="stable")
    tested = listed["p_value"].notna()
    p_values = listed.loc[tested, "p_value"].to_numpy(float)
    listed.loc[tested, "p_value"] = multiple_testing.adjusted(p_values)
    return listed.assign(worse=listed["p_value"] < 1 - confidence)


def _measured(
    of_slice: pd.DataFrame, whole: pd.DataFrame, confidence: float
) -> dict[str, np.ndarray]:
    """The columns after `value`; the p-value is the probability of at least as many errors.

    Both frames have a row for each slice: the `size`, and the `sum` of the correct predictions.
    """
    size, hits = of_slice[["size", "sum"]].to_numpy(int).T
    size_of_whole, hits_of_whole = whole.to_numpy(int).T
    low, high = intervals.wilson(hits, size, confidence)
    wrong = size_of_whole - hits_of_whole
    p_value = hypergeom.sf(size - hits - 1, size_of_whole, wrong, size)
    p_value = np.where(size >= LEAST, p_value, np.nan)
    return dict(zip(COLUMNS[2:], (size, hits / size, low, high, p_value), strict=True))
