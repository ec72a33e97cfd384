"""How far annotators agree beyond chance: Krippendorff's alpha, and Cohen's kappa of each pair.

K. Krippendorff: Content Analysis. Third edition, 2013, chapter 12: alpha for nominal data.
J. Cohen: A Coefficient of Agreement for Nominal Scales. Educational and Psychological Measurement
20, 1960.

The intervals are normal. The influence of an example is how fast the coefficient changes with the
weight of this example. The variance is the sum of the squared influences (the infinitesimal
jackknife: Efron and Stein 1981, after Jaeckel 1972).
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from assay.cleaning.annotators import Votes
from assay.measures import intervals

_CONFIDENCE = 0.95
_FEWEST = 10  # examples that two people must both have labelled for a kappa


class Agreement(NamedTuple):
    """A coefficient with its interval: 1 is full agreement, 0 is chance.

    Attributes
    ----------
    examples : how many it is computed from
    value, low, high : at most 1; NaN if all labels are equal: then chance agrees fully too
    """

    examples: int
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan


def alpha(votes: Votes) -> Agreement:
    """Krippendorff's alpha of all annotators, over the examples that two or more labelled."""
    labels = votes.one_each()
    n_examples, _, n_classes = votes.shape
    places = labels["example"], labels["label"]
    ones = np.ones(len(labels))
    counts = csr_array((ones, places), shape=(n_examples, n_classes))  # of labels
    sizes = counts.sum(axis=1)
    counts = counts[sizes > 1]
    sizes = sizes[sizes > 1]  # (units,) labels of each example
    class_sizes = counts.sum(axis=0)  # (classes,)
    n = sizes.sum()
    squares = counts.power(2).sum(axis=1)  # (units,)
    disagreement = (sizes**2 - squares) / (sizes - 1)  # (units,)
    observed = disagreement.sum()
    expected = n**2 - np.square(class_sizes).sum()
    if not expected:
        return Agreement(len(sizes))
    changes = 2 * (n * sizes - counts @ class_sizes)  # slope of `expected` by a unit's weight
    ratio = observed / expected
    influence = -((n - 1) * (disagreement - ratio * changes) + observed * sizes) / expected
    return _agreement(1 - (n - 1) * ratio, influence)


def metrics(votes: Votes) -> dict[str, float]:
    """`alpha` with its interval, if there is one, and the number of examples that count."""
    coefficient = alpha(votes)
    examples: dict[str, float] = {"labelled_by_several": coefficient.examples}
    if np.isnan(coefficient.value):
        return examples
    return intervals.as_metric("alpha", *coefficient[1:]) | examples


def against_model(votes: Votes, pred_probs: np.ndarray) -> dict[str, int]:
    """Count the examples that three people or more label alike, and how many a model disagrees on.

    Parameters
    ----------
    pred_probs : (examples, classes), from a model that did not see these labels
    """
    by_example = votes.one_each().groupby("example")["label"].agg(["size", "min", "max"])
    unanimous = by_example[(by_example["size"] >= 3) & (by_example["min"] == by_example["max"])]
    predicted = pred_probs[unanimous.index].argmax(axis=1)
    differs = int((predicted != unanimous["min"].to_numpy()).sum())
    return {"labelled_alike_by_three": len(unanimous), "model_differs_from_three": differs}


def kappas(votes: Votes, people: list[str]) -> pd.DataFrame:
    """Cohen's kappa of each pair of people who both labelled ten examples or more.

    Returns
    -------
    pd.DataFrame
        `first`, `second`, `examples`, `kappa`, `kappa_low`, `kappa_high`; least agreement first.
    """
    labels = votes.one_each().set_index("example").groupby("annotator")["label"]
    labels_of = dict(iter(labels))  # by the number of the person
    rows = []
    for first, second in combinations(labels_of, 2):
        both = pd.concat([labels_of[first], labels_of[second]], axis=1, join="inner").to_numpy()
        if len(both) >= _FEWEST:
            kappa = cohen(both[:, 0], both[:, 1], votes.shape[2])
            rows.append((people[first], people[second], *kappa))
    columns = ["first", "second", "examples", "kappa", "kappa_low", "kappa_high"]
    return pd.DataFrame(rows, columns=columns).sort_values(["kappa", "first", "second"])


def cohen(first: np.ndarray, second: np.ndarray, n_classes: int) -> Agreement:
    """Cohen's kappa of two people's labels (n,) for the same examples, int 0..n_classes-1."""
    n = len(first)
    shares_of_first = np.bincount(first, minlength=n_classes) / n  # (classes,)
    shares_of_second = np.bincount(second, minlength=n_classes) / n
    is_equal = first == second
    observed = is_equal.mean()
    expected = shares_of_first @ shares_of_second
    if expected == 1:
        return Agreement(n)
    by_chance = shares_of_second[first] + shares_of_first[second] - 2 * expected  # (n,)
    share_left = (1 - observed) / (1 - expected)
    influence = (is_equal - observed - share_left * by_chance) / (1 - expected) / n
    return _agreement(1 - share_left, influence)


def _agreement(value: float, influence: np.ndarray) -> Agreement:
    """A coefficient with its interval, from the influence (n,) of each example on it."""
    half = intervals.standard_errors(_CONFIDENCE) * np.sqrt(np.square(influence).sum())
    low, high = max(-1.0, value - half), min(1.0, value + half)
    return Agreement(len(influence), float(value), float(low), float(high))
