"""Drift: does a batch come from where the earlier ones did? And if not, what differs?

Every test compares the batch with all earlier ones at once; what is reported is what remains significant after Holm's
correction over the tests of that batch (Holm 1979), so that a batch of the same source is flagged with a probability
of at most the level.
"""

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp
from scipy.stats.contingency import crosstab

from assay.measures import multiple_testing
from assay.measures.outliers import whiten

LEVEL = 0.01
_PERMUTATIONS = 699  # enough for this level after Holm's correction over six tests


def p_values(
    new: np.ndarray, features: np.ndarray, classes: np.ndarray, statistics: dict[str, np.ndarray]
) -> dict[str, float]:
    """The p value of each way in which a batch may differ.

    Parameters
    ----------
    new : (n,) bool, whether a row is of the batch in question
    features : (n, width) embeddings, `outliers.project`ed
    classes : (n,) int
    statistics : by name, (n,) float, brightness for instance
    """
    found = {"embeddings": _means(new, features), "class mix": _mix(new, classes)}
    for name, values in statistics.items():
        found[name] = float(ks_2samp(values[new], values[~new], method="asymp").pvalue)
    return found


def significant(p_values: dict[str, float]) -> list[str]:
    """The tests that stay significant after Holm's correction, the smallest p value first."""
    adjusted = dict(
        zip(p_values, multiple_testing.adjusted(np.array([*p_values.values()])), strict=True)
    )
    return sorted((name for name in p_values if adjusted[name] <= LEVEL), key=p_values.get)


def _means(new: np.ndarray, rows: np.ndarray) -> float:
    """Permutation test of how far apart the means are in whitened features: Hotelling's statistic, regularised.

    Sources: Chen, Paul, Prentice and Wang 2011; after a random projection: Lopes, Jacob and Wainwright 2011. It is
    what a ridge classifier that tells the two apart gets right (Lopez-Paz and Oquab 2017).
    """
    rng = np.random.default_rng(0)
    member = np.where(new, np.float32(1), np.float32(0)) - np.float32(new.mean())
    columns = rng.permuted(np.tile(member, (_PERMUTATIONS + 1, 1)), axis=1)
    columns[0] = member
    found = np.square(columns @ whiten(rows)).sum(axis=1)
    return float((found >= found[0] * (1 - 1e-6)).mean())


def _mix(new: np.ndarray, classes: np.ndarray) -> float:
    table = crosstab(new, classes).count
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0


def describe(
    name: str, new: np.ndarray, statistics: dict[str, np.ndarray], shares: dict[str, np.ndarray]
) -> str:
    """What differs, in words: a median, or the class whose share (n,) bool changed most, in the batch and before."""
    if name in statistics:
        values = statistics[name]
        return f"{name} {np.median(values[new]):.3g} instead of {np.median(values[~new]):.3g}"
    if name != "class mix":
        return name
    most = max(shares, key=lambda each: abs(shares[each][new].mean() - shares[each][~new].mean()))
    return f"{most} {shares[most][new].mean():.1%} instead of {shares[most][~new].mean():.1%}"
