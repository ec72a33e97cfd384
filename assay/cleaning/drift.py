"""Whether a batch comes from the same source as the earlier ones, and what differs if not.

Every test compares the batch with all earlier ones together. A test counts if it stays significant
after Holm's correction over the tests of that batch (Holm 1979). So the chance that a batch of the
same source is flagged is at most LEVEL.
"""

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp
from scipy.stats.contingency import crosstab

from assay.measures import multiple_testing
from assay.measures.outliers import whiten

LEVEL = 0.01
_PERMUTATIONS = 699  # enough for this level, after Holm's correction over six tests


def p_values(
    is_new: np.ndarray, features: np.ndarray, classes: np.ndarray, statistics: dict[str, np.ndarray]
) -> dict[str, float]:
    """The p value of each way in which a batch may differ, by name.

    Parameters
    ----------
    is_new : (n,) bool, whether a row is of the batch in question
    features : (n, width) embeddings, from `outliers.projected`
    classes : (n,) int, predicted
    statistics : by name, brightness for instance, (n,) float
    """
    by_test = {"embeddings": _means(is_new, features), "class mix": _mix(is_new, classes)}
    for name, values in statistics.items():
        by_test[name] = float(ks_2samp(values[is_new], values[~is_new], method="asymp").pvalue)
    return by_test


def significant(p_values: dict[str, float]) -> list[str]:
    """The tests that stay significant after Holm's correction, the smallest p value first."""
    adjusted = multiple_testing.adjusted(np.array([*p_values.values()]))
    kept = [name for name, p_value in zip(p_values, adjusted, strict=True) if p_value <= LEVEL]
    return sorted(kept, key=p_values.__getitem__)


def _means(is_new: np.ndarray, rows: np.ndarray) -> float:
    """The p value of a permutation test: the distance between the means of whitened features.

    The statistic is Hotelling's, regularised (Chen, Paul, Prentice and Wang 2011), after a random
    projection (Lopes, Jacob and Wainwright 2011). It measures how well a ridge classifier tells the
    two sides apart (Lopez-Paz and Oquab 2017).
    """
    rng = np.random.default_rng(0)
    member = np.where(is_new, np.float32(1), np.float32(0)) - np.float32(is_new.mean())
    permuted = rng.permuted(np.tile(member, (_PERMUTATIONS + 1, 1)), axis=1)
    permuted[0] = member
    distances = np.square(permuted @ whiten(rows)).sum(axis=1)  # (permutations + 1,)
    return float((distances >= distances[0] * (1 - 1e-6)).mean())


def _mix(is_new: np.ndarray, classes: np.ndarray) -> float:
    table = crosstab(is_new, classes).count
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0


def describe(
    test: str,
    is_new: np.ndarray,
    statistics: dict[str, np.ndarray],
    has_class: dict[str, np.ndarray],
) -> str:
    """Say what differs between the batch and those before: a median, or the share of a class.

    Parameters
    ----------
    test : a key of `p_values`
    is_new, statistics : as for `p_values`
    has_class : by class, whether it is predicted, (n,) bool
    """
    if test in statistics:
        values = statistics[test]
        median, earlier_median = np.median(values[is_new]), np.median(values[~is_new])
        return f"{test} {median:.3g} instead of {earlier_median:.3g}"
    if test != "class mix":
        return test
    shares = {name: rows[is_new].mean() for name, rows in has_class.items()}
    earlier_shares = {name: rows[~is_new].mean() for name, rows in has_class.items()}
    most = max(shares, key=lambda name: abs(shares[name] - earlier_shares[name]))
    return f"{most} {shares[most]:.1%} instead of {earlier_shares[most]:.1%}"
