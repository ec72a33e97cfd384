"""How well one column of a table alone tells the label, out of sample."""

import numpy as np
from scipy.sparse import csr_array

_ROWS = 5000  # that a tree reads, spread evenly over all
_FOLDS = 5
_LEAVES = 4  # of a tree, for each class
_MOST_LEAVES = 256


def errors(column: np.ndarray, given: np.ndarray, *, is_category: bool) -> float:
    """The share of labels that a column does not tell.

    The label of a row is predicted as the most frequent one among the other rows with the same
    value (1R: Holte 1993). For numbers, a shallow tree predicts it too, cross-validated, and the
    better of the two counts: a number that grows in rows sorted by class has no equal values.

    Parameters
    ----------
    column : (n,) float, NaN for gaps
    given : (n,) int, the labels
    """
    value = np.unique(column, return_inverse=True)[1]
    counts = csr_array((np.ones(len(given), int), (value, given))).toarray()  # (values, labels)
    second, most = np.sort(counts, axis=1)[:, -2:].T
    right = most[most > second + 1].sum()  # it is the most frequent among the other rows too
    of_values = 1 - right / len(given)
    if is_category or np.isnan(column).all():
        return of_values
    return min(of_values, _errors_of_tree(column, given))


def _errors_of_tree(column: np.ndarray, given: np.ndarray) -> float:
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    rows = np.unique(np.linspace(0, len(given) - 1, _ROWS).astype(int))
    if len(rows) < 2 * _FOLDS:
        return 1.0
    ranks = np.unique(column[rows], return_inverse=True)[1]  # a tree takes float32
    features = np.stack([ranks, np.isnan(column[rows])], axis=1)
    leaves = min(_MOST_LEAVES, _LEAVES * len(np.unique(given)))
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(tree, features, given[rows], cv=folds)
    return float((predicted != given[rows]).mean())
