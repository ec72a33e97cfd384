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

_FOLDS = 3
_TREES = {"max_iter": 100, "max_leaf_nodes": 8, "l2_regularization": 1.0}
# With more, no trees are grown, which would take minutes:
_HISTOGRAMS = 2500  # classes times columns, and times 60 for what a tree costs beside columns
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
    n, columns = len(examples), len(is_category)
    if (columns + 60) * n_classes > _HISTOGRAMS or n * n_classes > _PREDICTED:
        say(f"no trees are grown: {n:,} rows, {columns:,} columns, {n_classes} classes take long")
        return None
    known, given = learned.index.to_numpy(), learned.to_numpy()  # (learned,)
    fold_of = np.full(n, -1)  # -1: not learned from
    fold_of[known] = folds(len(known), catalogue.groups(examples.loc[known]), _FOLDS)
    step = -(-len(known) * columns * n_classes // _CELLS)
    if step > 1:
        say(f"trees learn from every {step}th of {len(known):,} examples")
    seen, given = known[::step], given[::step]
    rows = np.concatenate(list(payloads.read(examples.loc[seen], _ROWS)))  # (seen, columns)
    frequent = {column: _frequent(rows[:, column]) for column in np.flatnonzero(is_category)}
    coded, models = _coded(rows, frequent), {}
    for fold in np.unique(fold_of[known]):
        some = fold_of[seen] != fold
        if len(np.unique(given[some])) > 1:
            models[fold] = _grown(coded[some], given[some], is_category)
    scores, start = np.zeros((n, n_classes), np.float32), 0
    for block in payloads.read(examples, _ROWS):
        coded, fold = _coded(block, frequent), fold_of[start : start + len(block)]
        for number, model in models.items():
            share = np.where(fold < 0, 1 / len(models), fold == number)
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


def _coded(rows: np.ndarray, frequent: dict[Any, np.ndarray]) -> np.ndarray:
    """Rows (n, columns) with categories numbered from 0; those that are not frequent are gaps."""
    coded = rows.copy()
    for column, known in frequent.items():
        place = np.searchsorted(known, rows[:, column])
        coded[:, column] = np.where(np.isin(rows[:, column], known), place, np.nan)
    return coded
