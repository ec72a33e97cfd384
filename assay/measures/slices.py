"""The accuracy on parts of the data: a speaker's, a source's, a batch's examples."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from assay.measures import multiple_testing

COLUMNS = ["slice", "value", "examples", "accuracy", "accuracy_low", "accuracy_high", "p_value"]
LEAST = 10  # examples that a slice must have to be tested
_VALUES = 100  # of a column with more values, such as names of people, only tested ones are listed


def table(slices: pd.DataFrame, correct: np.ndarray, confidence: float) -> pd.DataFrame:
    """Accuracy of each value of each slice column, the most significantly bad one first.

    Parameters
    ----------
    slices : a column a slice, a row a test example; "" is no value
    correct : (n,) bool
    confidence : of the intervals (Wilson 1927); and that no slice is called worse by chance alone

    Returns
    -------
    pd.DataFrame
        COLUMNS and `worse`. `p_value` is the probability of so many errors if errors fell at
        random (Fisher's exact test), adjusted for the number of slices with at least 10 examples
        (Holm 1979). `worse` is true where it is small.
    """
    right = pd.Series(correct)
    tables = [pd.DataFrame(columns=COLUMNS)]
    for name in slices:
        by_value = right.groupby(slices[name].to_numpy(), sort=True).agg(["size", "sum"])
        fewest = LEAST if len(by_value) > _VALUES else 1
        by_value = by_value.drop(index="", errors="ignore")
        measured = _measured(by_value, int(correct.sum()), len(correct), confidence)
        listed = pd.DataFrame({"slice": name, "value": by_value.index, **measured})
        tables.append(listed[listed["examples"].between(fewest, len(correct) - 1)])
    return adjusted(pd.concat(tables, ignore_index=True), confidence)


def with_doubted(listed: pd.DataFrame, slices: pd.DataFrame, doubted: pd.Series) -> pd.DataFrame:
    """Add `doubted`: how many labels of each slice are; wrong labels look like a weak model.

    Parameters
    ----------
    listed : from `table`, of the same `slices`
    doubted : (n,) bool, whether the label is doubted, in the order of `slices`
    """
    counts = {name: doubted.groupby(slices[name].to_numpy()).sum() for name in slices}
    parts = zip(listed["slice"], listed["value"], strict=True)
    return listed.assign(doubted=[int(counts[name][value]) for name, value in parts])


def of_groups(
    slices: pd.DataFrame, groups: np.ndarray, correct: np.ndarray, confidence: float
) -> pd.DataFrame:
    """The same for each of several groups of rows by itself, with the column `group`.

    A slice is compared with all rows of its group. It has at least 10 examples.

    Parameters
    ----------
    groups : (n,) what the rows are grouped by
    """
    frame = slices.assign(group=groups, correct=correct)
    of_group = frame.groupby("group")["correct"].agg(["size", "sum"])
    tables = []
    for name in slices:
        by_value = frame.groupby(["group", name], sort=True)["correct"].agg(["size", "sum"])
        by_value = by_value[by_value["size"] >= LEAST].reset_index(names=["group", "value"])
        size_of_group, hits_of_group = of_group.loc[by_value["group"]].to_numpy().T  # (slices,)
        measured = _measured(by_value, hits_of_group.astype(int), size_of_group, confidence)
        listed = by_value[["group", "value"]].assign(slice=name, **measured)
        tables.append(listed[listed["examples"] < size_of_group])
    return adjusted(pd.concat(tables, ignore_index=True), confidence)[["group", *COLUMNS, "worse"]]


def adjusted(listed: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Adjust p-values for their number, order by them, and add `worse`: whether they are small."""
    listed = listed.sort_values(["p_value", "slice", "value"], kind="stable")
    tested = listed["p_value"].notna()
    p_values = listed.loc[tested, "p_value"].to_numpy(float)
    listed.loc[tested, "p_value"] = multiple_testing.adjusted(p_values)
    return listed.assign(worse=listed["p_value"] < 1 - confidence)


def standard_errors(confidence: float) -> float:
    """How many on either side of a mean make the interval of a normal distribution."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def with_ends(name: str, value: float, low: float, high: float) -> dict[str, float]:
    """A metric and the ends of its interval, by the names that they have in files."""
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def wilson(
    successes: np.ndarray | float, n: np.ndarray | float, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """The score interval of a share (Wilson 1927), which also holds near 0 and 1."""
    z = standard_errors(confidence)
    share = np.divide(successes, n)
    weight = z**2 / np.asarray(n)
    center = share + weight / 2
    half = np.sqrt(weight * (share * (1 - share) + weight / 4))
    return (center - half) / (1 + weight), (center + half) / (1 + weight)


def _measured(
    by_value: pd.DataFrame, hits_of_all: Any, size_of_all: Any, confidence: float
) -> dict[str, np.ndarray]:
    """The columns after `value`; the p-value is that of at least as many errors, by chance.

    `by_value` has the `size` of each slice, and the `sum` of its correct predictions.
    """
    size, hits = by_value["size"].to_numpy(), by_value["sum"].to_numpy().astype(int)
    low, high = wilson(hits, size, confidence)
    wrong = size_of_all - hits_of_all
    p_value = hypergeom.sf(size - hits - 1, size_of_all, wrong, size)
    p_value = np.where(size >= LEAST, p_value, np.nan)
    return dict(zip(COLUMNS[2:], (size, hits / size, low, high, p_value), strict=True))
