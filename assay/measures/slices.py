"""The accuracy on parts of the data: a speaker's, a source's, a batch's examples."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest, hypergeom

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
    return adjusted(rows(slices, correct, confidence), confidence)


def rows(
    slices: pd.DataFrame, correct: np.ndarray, confidence: float, least: int = 1
) -> pd.DataFrame:
    """COLUMNS for each value of each slice column. p-values are not adjusted.

    Parameters
    ----------
    least : examples that a slice must have
    """
    listed = []
    for name in slices:
        groups = pd.Series(correct).groupby(slices[name].to_numpy(), sort=True)
        fewest = LEAST if groups.ngroups > _VALUES else least
        for value, group in groups:
            size = len(group)
            if value == "" or size == len(correct) or size < fewest:
                continue
            low, high = wilson(int(group.sum()), size, confidence)
            p_value = _p_value(group, correct)
            listed.append((name, value, size, float(group.mean()), low, high, p_value))
    return pd.DataFrame(listed, columns=COLUMNS)


def adjusted(listed: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Adjust p-values for their number, order by them, and add `worse`: whether they are small."""
    listed = listed.sort_values(["p_value", "slice", "value"], kind="stable")
    tested = listed["p_value"].notna()
    p_values = listed.loc[tested, "p_value"].to_numpy(float)
    listed.loc[tested, "p_value"] = multiple_testing.adjusted(p_values)
    return listed.assign(worse=listed["p_value"] < 1 - confidence)


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), which also holds near 0 and 1."""
    interval = binomtest(successes, n).proportion_ci(confidence, "wilson")
    return interval.low, interval.high


def _p_value(group: pd.Series, correct: np.ndarray) -> float:
    """The probability of at least as many errors in a group; nan if it is too small to test."""
    if len(group) < LEAST:
        return np.nan
    wrong, wrong_of_all = (~group).sum(), int((~correct).sum())
    return float(hypergeom.sf(wrong - 1, len(correct), wrong_of_all, len(group)))
