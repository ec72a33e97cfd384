"""How well one column of a table alone tells the label, out of sample."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

_ROWS = 5000  # rows that a tree reads, spread evenly over all
_FOLDS = 5
_FEWEST = 2 * _FOLDS  # rows that a tree can tell anything about
_LEAVES = 4  # leaves of a tree for each class, at most
_MOST_LEAVES = 256  # of a tree


def errors(
    column: np.ndarray, given: np.ndarray, *, is_category: bool, below: float = 1.0
) -> float:
    """The share of labels that a column does not tell; 1 if that is `below` or more.

    The label of a row is predicted as the most frequent one among the other rows with the same
    value (1R: Holte 1993). For numbers, a shallow cross-validated tree predicts the label too, and
    the better of the two counts. The tree finds a number that grows in rows sorted by class: such a
    number has no equal values.

    Parameters
    ----------
    column : (n,) float, NaN for gaps
    given : (n,) int, the labels
    """
    least = _errors_of_values(column, given, below)
    if not is_category and not np.isnan(column).all():
        least = min(least, _errors_of_tree(column, given, below))
    return least if least < below else 1.0


def _errors_of_values(column: np.ndarray, given: np.ndarray, below: float) -> float:
    """The share of labels that the other rows with the same value do not tell.

    It is 1 if it cannot be less than `below`.
    """
    if _n_alone(column) >= below * len(given):
        return 1.0
    value = np.unique(column, return_inverse=True)[1]  # (n,)
    counts = csr_array((np.ones(len(given), int), (value, given)))  # (values, labels)
    counts.sum_duplicates()
    n_labels = np.diff(counts.indptr)  # (values,) different labels of each value
    value_of_count = np.repeat(np.arange(counts.shape[0]), n_labels)
    ascending = counts.data[np.lexsort((counts.data, value_of_count))]  # by value
    last = counts.indptr[1:] - 1
    most = ascending[last]  # (values,)
    second = np.where(n_labels > 1, ascending[last - 1], 0)
    right = most[most > second + 1].sum()  # its label stays the most frequent without it
    return float(1 - right / len(given))


def _n_alone(column: np.ndarray) -> int:
    """The number of rows with a value that no other row has; 0 if there are gaps."""
    ordered = np.sort(column)  # gaps are last
    if np.isnan(ordered[-1]):  # a gap is not equal to another one
        return 0
    starts_run = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])  # (n + 1,)
    return int((starts_run[1:] & starts_run[:-1]).sum())


def are_names_of_labels(column: np.ndarray, given: np.ndarray) -> bool:
    """Whether values (n,) are names of the labels (n,), like the values of a category.

    For this, each value must have only one label. Also, either each label has one value, or the
    label changes often in the order of the values. If the values are a good measure of the class,
    the label changes rarely, even if the measure is rounded.
    """
    values = np.unique(column, return_inverse=True)[1]
    of_pairs, labels = np.unique(np.stack([values, given]), axis=1)  # by value
    n_values, n_labels = of_pairs[-1] + 1, len(np.unique(labels))
    n_runs = 1 + np.count_nonzero(np.diff(labels))
    is_pure = len(of_pairs) == n_values
    return bool(is_pure and (n_values == n_labels or n_runs >= 2 * n_labels))


def spread(n: int) -> np.ndarray:
    """The rows that a tree reads, spread evenly over n."""
    return np.unique(np.linspace(0, n - 1, _ROWS).astype(int))


def of_trees(column: np.ndarray, given: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows (n,) bool that each fold holds out, and their labels as a tree predicts them.

    Nothing is yielded if there are too few rows.
    """
    from sklearn.tree import DecisionTreeClassifier

    if len(given) < _FEWEST:
        return
    ranks = np.unique(column, return_inverse=True)[1]  # a tree takes float32
    features = np.stack([ranks, np.isnan(column)], axis=1).astype(np.float32)
    tree = DecisionTreeClassifier(max_leaf_nodes=_leaves(given), random_state=0)
    for fold in _folds(len(given)):
        tree.fit(features[~fold], given[~fold], check_input=False)
        yield fold, tree.predict(features[fold], check_input=False)


def _leaves(given: np.ndarray) -> int:
    return min(_MOST_LEAVES, _LEAVES * len(np.unique(given)))


def _errors_of_tree(column: np.ndarray, given: np.ndarray, below: float) -> float:
    """The share of errors of a tree; 1 if it cannot be less than `below`."""
    rows = spread(len(given))
    if len(rows) < _FEWEST:
        return 1.0
    column, given = column[rows], given[rows]
    order = np.argsort(column, kind="stable")
    ordered = given[order]
    leaves = _leaves(given)
    fewest = sum(_least_errors(ordered[fold[order]], leaves) for fold in _folds(len(rows)))
    if fewest >= below * len(rows):
        return 1.0
    wrong = 0
    for fold, predicted in of_trees(column, given):
        wrong += int((predicted != given[fold]).sum())
        if wrong >= below * len(rows):
            return 1.0
    return wrong / len(rows)


@lru_cache(maxsize=1)
def _folds(n: int) -> list[np.ndarray]:
    """The rows that each fold holds out, (n,) bool."""
    from sklearn.model_selection import KFold

    held_out = [test for _, test in KFold(_FOLDS, shuffle=True, random_state=0).split(np.zeros(n))]
    return [np.isin(np.arange(n), test) for test in held_out]


def _least_errors(labels: np.ndarray, leaves: int) -> float:
    """The fewest errors that a tree makes on labels (m,) in the order of the column's values.

    Its predictions change at most `leaves` - 1 times in that order. Each error accounts for at most
    two more changes of the labels. The order of rows with equal values does not matter: a tree
    predicts one label for all of them.
    """
    changes = int((labels[1:] != labels[:-1]).sum())
    return max(0.0, (changes - leaves + 1) / 2)
