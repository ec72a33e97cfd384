"""Weak regions: similar test examples that are often wrong, which no slice column names.

Examples are grouped by their embeddings alone, without knowledge of the errors. So the test of each
group is exact, and no examples have to be held back for it.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import MultiLabelBinarizer
from threadpoolctl import threadpool_limits

from assay.contract.sampling import step_for
from assay.measures import batch_features, slices
from assay.measures.batch_features import Features

MEASURED = ["examples", "accuracy", "accuracy_low", "accuracy_high", "p_value", "worse"]
COLUMNS = ["region", *MEASURED, "doubted", "predicted_as", "described", "nearest"]
_NUMBERS = (8, 16, 32, 64, 128)  # of groups: with one of these, a group is like a weak region
_FEWEST = 9  # examples that a group has on average
_SEEDS = 3  # groupings of each number of groups
_DIMENSIONS = 64  # principal components
_SAMPLE = 1000  # rows that they are found from
_LEARNED = 5_000  # rows that k-means learns from
_ITERATIONS = 20  # k-means is nearly done by then
_OVERLAP = 0.3  # share of the union of two regions; with more, only the worse one is listed
_LISTED = 10  # regions, at most
_NEAREST = 3  # examples shown of a region
_TRAITS = 5  # traits that describe a region, at most
_AT_LEAST = 0.2  # share of a region that must have a trait that describes it
_STANDARD_ERRORS = 3  # that share must be this many standard errors above the share of all
_READ = 2000  # characters of a text
_LONGEST = 60  # characters of a trait


def table(
    points: np.ndarray,
    correct: np.ndarray,
    predicted: np.ndarray,
    traits: Sequence[Iterable[str]],
    confidence: float,
    *,
    doubted: Sequence[bool] = (),
) -> pd.DataFrame:
    """The regions with the smallest p-values for a low accuracy, at most ten.

    Parameters
    ----------
    points : (n, width) embeddings of the test examples, from `components`
    correct : (n,) bool
    predicted : (n,) names of classes
    traits : what is known of each example, see `traits_of`
    confidence : of the intervals; and that no region is called worse by chance alone
    doubted : whether the label of each example is doubted; wrong labels look like a weak model

    Returns
    -------
    pd.DataFrame
        COLUMNS. `p_value` and `worse` are those of `slices.table`, over all groups. `doubted` is
        the number of doubted labels. `predicted_as` is the most frequent wrong prediction.
        `nearest` has the numbers of the three examples nearest to the mean of the region.
    """
    binarizer = MultiLabelBinarizer(sparse_output=True)
    has_trait = binarizer.fit_transform(traits)  # (n, traits)
    rows: list[dict[str, Any]] = []
    for inside, measured in worst(groups(points), correct, confidence):
        wrong = pd.Series(predicted[inside & ~correct]).mode()
        told = {
            "doubted": int(np.sum(inside & doubted)) if len(doubted) else 0,
            "predicted_as": wrong.iloc[0] if len(wrong) else "",
            "described": _described(inside, binarizer.classes_, has_trait),
            "nearest": _nearest(points, inside),
        }
        rows.append({"region": len(rows) + 1, **measured, **told})
    return pd.DataFrame(rows, columns=COLUMNS)


def components(features: Features) -> np.ndarray:
    """The principal components with the most variance, (n, at most 64) float32.

    Random projections gave worse results: their noise hides small groups.

    Parameters
    ----------
    features : arrays of shape (rows, width), one for each batch
    """
    step = step_for(sum(map(len, features)), _SAMPLE)
    sample = np.concatenate([block for _, block in batch_features.rows_of(features, step)])
    mean = sample.mean(axis=0)
    centred = sample - mean
    _, vectors = np.linalg.eigh(centred @ centred.T)  # (sample, sample), the largest last
    axes = centred.T @ vectors[:, -_DIMENSIONS:]
    axes /= np.linalg.norm(axes, axis=0).clip(np.finfo(np.float32).tiny)
    blocks = batch_features.rows_of(features)
    return np.concatenate([((block - mean) @ axes).astype(np.float32) for _, block in blocks])


def traits_of(parts: pd.DataFrame, texts: Iterable[str]) -> list[set[str]]:
    """What is known of each example: its slices, as `column = value`, and the words of its text.

    Parameters
    ----------
    parts : a column for each slice, a row for each example; "" is no value
    texts : one for each example, or none at all
    """
    traits: list[set[str]] = [set() for _ in range(len(parts))]
    for name in parts:
        # equal traits are one string: with one for each cell, a million rows take a GiB more
        trait_of_value = {value: f"{name} = {value}"[:_LONGEST] for value in set(parts[name])}
        for known, value in zip(traits, parts[name], strict=True):
            if value != "":
                known.add(trait_of_value[value])
    for known, text in zip(traits, texts, strict=False):
        known |= {word[:_LONGEST] for word in re.findall(r"\w\w+", text[:_READ].lower())}
    return traits


def groups(points: np.ndarray) -> pd.DataFrame:
    """Group points (n, width) by k-means. One column for each grouping, (n,) int."""
    learned = points[:: step_for(len(points), _LEARNED)]
    groupings = {}
    with threadpool_limits(1), warnings.catch_warnings():  # more threads sum in another order
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different points than groups
        for n_groups in _NUMBERS:
            if len(learned) >= n_groups * _FEWEST:
                for seed in range(_SEEDS):
                    means = KMeans(n_groups, n_init=1, max_iter=_ITERATIONS, random_state=seed)
                    groupings[f"{n_groups}, {seed}"] = means.fit(learned).predict(points)
    return pd.DataFrame(groupings, index=range(len(points)))


def worst(
    groups: pd.DataFrame, correct: np.ndarray, confidence: float
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """The groups with the smallest p-values, (n,) bool, with MEASURED. No two overlap much."""
    regions: list[tuple[np.ndarray, dict[str, Any]]] = []
    listed = slices.table(groups, correct, confidence)
    for row in listed[listed["p_value"].notna()].to_dict("records"):
        inside = (groups[row["slice"]] == row["value"]).to_numpy()
        if not any(_overlap(inside, other) for other, _ in regions):
            regions.append((inside, {name: row[name] for name in MEASURED}))
        if len(regions) == _LISTED:
            break
    return regions


def _overlap(inside: np.ndarray, other: np.ndarray) -> bool:
    return bool((inside & other).sum() > _OVERLAP * (inside | other).sum())


def _described(inside: np.ndarray, names: np.ndarray, has_trait: csr_matrix) -> str:
    """The traits that are most over-represented in a region (n,), with both shares."""
    of_all = _shares(has_trait)
    of_region = _shares(has_trait[inside])
    error = np.sqrt(of_all * (1 - of_all) / inside.sum())
    excess = (of_region - of_all) / np.maximum(error, np.finfo(float).tiny)
    excess[(of_region < _AT_LEAST) | (excess < _STANDARD_ERRORS)] = 0
    most = np.argsort(-excess, kind="stable")[:_TRAITS]
    described = []
    for trait in most[excess[most] != 0]:
        shares = f"{of_region[trait]:.0%}, of all {of_all[trait]:.0%}"
        described.append(f"{names[trait]} ({shares})")
    return "; ".join(described)


def _shares(has_trait: csr_matrix) -> np.ndarray:
    """The share of examples that have each trait, (traits,)."""
    return np.asarray(has_trait.sum(axis=0)).ravel() / has_trait.shape[0]


def _nearest(points: np.ndarray, inside: np.ndarray) -> list[int]:
    """The numbers of the three points of a region that are nearest to its mean."""
    members = np.flatnonzero(inside)
    distance = np.square(points[members] - points[members].mean(axis=0)).sum(axis=1)
    return members[np.argsort(distance, kind="stable")[:_NEAREST]].tolist()
