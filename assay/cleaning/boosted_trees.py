"""Out-of-sample predictions of gradient-boosted trees on the columns of a table.

Trees learn rules: for example, a column matters only if another column has certain values. Ridge
regression on products of directions (`measures.crossed`) learns smooth interactions, and is faster.
The errors of the two differ, so both are used.

The trees are scikit-learn's histogram gradient boosting (as in LightGBM: Ke et al. 2017). They are
shallow, so that they learn few wrong labels by heart. Numbers and gaps are not converted.
Categories are treated as categories.
"""

from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from assay.catalogue import catalogue, payloads
from assay.cleaning.folds import folds
from assay.contract.errors import say
from assay.contract.sampling import step_for

_FOLDS = 3
_TREES = {"max_iter": 100, "max_leaf_nodes": 8, "l2_regularization": 1.0}
# With more than either of these, growing trees would take minutes, so none are grown.
_HISTOGRAMS = 2500  # classes times (columns + _OVERHEAD)
_OVERHEAD = 60  # the fixed cost of a tree, counted in columns
_PREDICTED = 1_000_000  # examples times classes
_CELLS = 10_000_000  # columns times classes times rows that are learned from, at most
_CATEGORIES = 200  # the most frequent categories of a column are kept; a histogram has 255 bins
_ROWS = 4096  # rows read at a time
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
        trees that saw neither it nor its group. Any other example is predicted by the mean of all
        trees. None, with a message, if trees would take long.
    """
    types = payloads.payload_format(examples)["features"].values()
    is_category = np.array([column_type == "category" for column_type in types])
    n, columns = len(examples), len(is_category)
    if (columns + _OVERHEAD) * n_classes > _HISTOGRAMS or n * n_classes > _PREDICTED:
        say(f"no trees are grown: {n:,} rows, {columns:,} columns, {n_classes} classes take long")
        return None
    known = learned.index.to_numpy()  # (learned,)
    fold_of_example = np.full(n, -1)  # -1: not learned from
    fold_of_example[known] = folds(len(known), catalogue.groups(examples.loc[known]), _FOLDS)
    step = step_for(len(known) * columns * n_classes, _CELLS)
    if step > 1:
        say(f"trees learn from one in {step} of {len(known):,} examples")
    sampled = known[::step]  # (sampled,)
    labels = learned.to_numpy()[::step]  # (sampled,)
    rows = np.concatenate(list(payloads.read(examples.loc[sampled], _ROWS)))  # (sampled, columns)
    frequent = {column: _frequent(rows[:, column]) for column in np.flatnonzero(is_category)}
    coded = _coded(rows, frequent)
    models: dict[int, Any] = {}  # by the fold that is left out
    for fold in np.unique(fold_of_example[known]):
        is_seen = fold_of_example[sampled] != fold
        if len(np.unique(labels[is_seen])) > 1:
            models[fold] = _grown(coded[is_seen], labels[is_seen], is_category)
    probabilities = _predicted(examples, fold_of_example, models, frequent, n_classes)
    return np.log(probabilities + _FLOOR)


def _predicted(
    examples: pd.DataFrame,
    fold_of_example: np.ndarray,
    models: dict[int, Any],
    frequent: dict[Any, np.ndarray],
    n_classes: int,
) -> np.ndarray:
    """Read the payloads, and predict probabilities. Shape (examples, classes), float32."""
    probabilities = np.zeros((len(examples), n_classes), np.float32)
    start = 0
    for block in payloads.read(examples, _ROWS):
        coded = _coded(block, frequent)  # (block, columns)
        fold = fold_of_example[start : start + len(block)]  # (block,)
        for left_out, model in models.items():
            # a learned example: the trees without its fold; any other: the mean of all trees
            share = np.where(fold < 0, 1 / len(models), fold == left_out)  # (block,)
            rows = np.flatnonzero(share)
            if len(rows):
                with threadpool_limits(1, "openmp"):
                    added = share[rows, None] * model.predict_proba(coded[rows])
                probabilities[np.ix_(start + rows, model.classes_)] += added
        start += len(block)
    return probabilities


def _grown(rows: np.ndarray, labels: np.ndarray, is_category: np.ndarray) -> Any:
    """A classifier of scikit-learn, which is slow to import."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = np.where(np.isnan(rows).all(axis=0), 0, rows)  # a column of gaps alone is refused
    options = {"categorical_features": is_category, "early_stopping": False, "random_state": 0}
    with threadpool_limits(1, "openmp"):  # equal with any number, and quick on a busy machine
        return HistGradientBoostingClassifier(**_TREES, **options).fit(rows, labels)


def _frequent(column: np.ndarray) -> np.ndarray:
    """The most frequent categories of a column (n,) with gaps, ascending."""
    different, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    most_frequent_first = np.argsort(-counts, kind="stable")
    return np.sort(different[most_frequent_first[:_CATEGORIES]])


def _coded(rows: np.ndarray, frequent: dict[Any, np.ndarray]) -> np.ndarray:
    """Rows (n, columns) with categories numbered from 0; those that are not frequent are gaps."""
    coded = rows.copy()
    for column, known in frequent.items():
        place = pd.Index(known).get_indexer(rows[:, column])  # -1 for what is not frequent
        coded[:, column] = np.where(place < 0, np.nan, place)
    return coded
