"""Out-of-sample predictions of gradient-boosted trees on the columns of a table.

They see rules: a column that matters only where others have certain values. Ridge regression on
products of directions sees interactions that are smooth, and does so faster. Their errors differ.

The trees are scikit-learn's histogram gradient boosting (as in LightGBM: Ke et al. 2017), shallow,
so that they learn few wrong labels by heart. They read numbers and gaps as they are, and categories
as categories.
"""

from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from assay.catalogue import catalogue, payloads
from assay.cleaning.folds import folds
from assay.contract.errors import say
from assay.contract.time_left import shown

_FOLDS = 3
_TREES = {"max_iter": 100, "max_leaf_nodes": 8, "l2_regularization": 1.0}
_CLASSES = 30  # with more classes, no trees are grown: they would take minutes; nor with more
_HISTOGRAMS = 2000  # columns times classes, or more
_PREDICTED = 1_000_000  # examples times classes
_CELLS = 10_000_000  # columns times classes times rows that are learned from, at most
_CATEGORIES = 200  # of a column, the most frequent ones; a histogram has 255 places
_ROWS = 4096  # that are read at a time
_FLOOR = 0.003  # added to each probability before its logarithm


def log_probabilities(
    examples: pd.DataFrame, learned: pd.Series, n_classes: int
) -> np.ndarray | None:
    """Read the payloads, and predict the log-probability of each class.

    Parameters
    ----------
    examples : the catalogue
    learned : the classes to learn from, int, by row of the catalogue, ascending

    Returns
    -------
    np.ndarray
        Shape (examples, classes), float32. An example that was learned from is predicted by the
        trees that did not see it, nor its group; another one by the mean of all. None, which is
        said, where trees would take long.
    """
    held = payloads.payload_format(examples)["features"].values()
    is_category = np.array([type_ == "category" for type_ in held])
    n, histograms = len(examples), len(is_category) * n_classes
    if n_classes > _CLASSES or histograms > _HISTOGRAMS or n * n_classes > _PREDICTED:
        size = f"{n:,} rows, {len(is_category):,} columns and {n_classes} classes"
        say(f"no trees are grown: with {size} they take long")
        return None
    known, given = learned.index.to_numpy(), learned.to_numpy()  # (learned,)
    fold_of = np.full(len(examples), -1)  # -1: not learned from
    fold_of[known] = folds(len(known), catalogue.groups(examples.loc[known]), _FOLDS)
    step = -(-len(known) * histograms // _CELLS)
    if step > 1:
        say(f"trees learn from every {step}th of {len(known):,} examples")
    seen = known[::step]
    rows = np.concatenate(list(payloads.read(examples.loc[seen], _ROWS)))  # (seen, columns)
    frequent = [_frequent(column) for column in rows.T[is_category]]
    rows = _coded(rows, is_category, frequent)
    models = {}
    for fold in np.unique(fold_of[known]):
        some, labels = fold_of[seen] != fold, given[::step][fold_of[seen] != fold]
        if len(np.unique(labels)) > 1:
            models[fold] = _grown(rows[some], labels, is_category)
    scores = np.zeros((n, n_classes), np.float32)
    start = 0
    for block in shown(payloads.read(examples, _ROWS), n, "trees predict"):
        coded, part = _coded(block, is_category, frequent), slice(start, start + len(block))
        for fold, model in models.items():
            share = np.where(fold_of[part] < 0, 1 / len(models), fold_of[part] == fold)
            asked = np.flatnonzero(share)
            if len(asked):
                with threadpool_limits(1, "openmp"):
                    added = share[asked, None] * model.predict_proba(coded[asked])
                scores[np.ix_(start + asked, model.classes_)] += added
        start += len(block)
    return np.log(scores + _FLOOR)


def _grown(rows: np.ndarray, labels: np.ndarray, is_category: np.ndarray) -> Any:
    """A classifier of scikit-learn, which is slow to import."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = np.where(np.isnan(rows).all(axis=0), 0, rows)  # a column of gaps alone is refused
    how = {"categorical_features": is_category, "early_stopping": False, "random_state": 0}
    with threadpool_limits(1, "openmp"):  # equal with any number, and quick on a busy machine
        return HistGradientBoostingClassifier(**_TREES, **how).fit(rows, labels)


def _frequent(column: np.ndarray) -> np.ndarray:
    """The most frequent categories of (n,) with gaps, ascending."""
    different, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    return np.sort(different[np.argsort(-counts, kind="stable")[:_CATEGORIES]])


def _coded(rows: np.ndarray, is_category: np.ndarray, frequent: list[np.ndarray]) -> np.ndarray:
    """Rows (n, columns) with categories numbered from 0; those that are not frequent are gaps."""
    coded = rows.copy()
    for column, known in zip(np.flatnonzero(is_category), frequent, strict=True):
        values = rows[:, column]
        is_known = np.isin(values, known)
        coded[:, column] = np.where(is_known, np.searchsorted(known, values), np.nan)
    return coded
