"""Exact predictions of ridge regression for each group of rows, without learning from the group.

A leave-one-out prediction still learns from other rows of the same source. If a whole group G is
left out, the residuals are (I - H_GG)^-1 (y_G - f_G). H is the hat matrix, f are the fitted values.
This is the leave-one-out residual for blocks of rows (Cook and Weisberg 1982, Residuals and
Influence in Regression; An, Liu and Venkatesh 2007, Fast cross-validation algorithms for least
squares support vector machine and kernel ridge regression). If a group has more rows than features,
another way is faster: the group's part is subtracted from the normal equations, and they are solved
again. The result is the same (Woodbury 1950).

All is computed in the basis of the features' eigenvectors. There the normal equations are diagonal.
Their last entry is the intercept, which is not penalised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from assay.measures import batch_features, dual_form, leave_one_out
from assay.measures.batch_features import Features
from assay.measures.leave_one_out import PENALTIES, LeaveOneOut

_BLOCK = 8192  # rows worked on at a time; a group with fewer rows than features is not cut
_CHOOSING_ROWS = 5_000  # the penalty is chosen on the losses of about this many rows,
_CHOOSING_GROUPS = 10  # and of at least this many groups


def fit(
    features: Features,
    labels: np.ndarray,
    groups: np.ndarray,
    n_classes: int,
    penalties: Sequence[float] = PENALTIES,
    *,
    scale: float = 1.0,
) -> LeaveOneOut:
    """Fit one ridge classifier and predict each row as if its group had not been seen.

    Parameters
    ----------
    features : one array for each batch
    labels : (n,) int, class 0..n_classes-1 of each row, over all batches in order
    groups : (n,) int from 0, without gaps; two groups at least
    penalties : the one with the smallest leave-group-out squared error is taken
    scale : as in `leave_one_out.fit`

    Returns
    -------
    LeaveOneOut
        `scores` are predicted without the row's group. All else is fitted on all rows.
    """
    if dual_form.is_wide(features):
        basis = dual_form.thin(features)
        thin = fit([basis.rows], labels, groups, n_classes, penalties, scale=basis.share)
        return leave_one_out.of_features(thin, basis)
    mean, gram, cross, share = leave_one_out.sums(features, labels, n_classes, np.float64)
    values, vectors = np.linalg.eigh(gram)
    rotated_cross = np.vstack([vectors.T @ cross, len(labels) * share])
    rotated = _Rotated(features, labels, mean, vectors, rotated_cross)
    strengths = [leave_one_out.strength(penalty * scale, gram) for penalty in penalties]
    diagonals = [np.append(np.maximum(values, 0) + added, len(labels)) for added in strengths]

    losses = np.zeros(len(penalties))
    n_groups = groups.max() + 1
    step = max(1, min(len(labels) // _CHOOSING_ROWS, n_groups // _CHOOSING_GROUPS))
    for rows in _stacks(groups, step):
        _add_losses(losses, rows, rotated, diagonals)
    best = int(np.argmin(losses))

    model = leave_one_out.fit(features, labels, n_classes, [penalties[best]], scale=scale)
    for rows in _stacks(groups):
        _predict(model.scores, rows, rotated, diagonals[best])
    return model


def _add_losses(
    losses: np.ndarray, rows: np.ndarray, rotated: "_Rotated", diagonals: Sequence[np.ndarray]
) -> None:
    """Add the squared errors on the rows (groups, size) of some groups to each penalty's loss."""
    if rows.shape[1] <= len(rotated.cross):
        block, onehot = rotated.read(rows)
        for index, diagonal in enumerate(diagonals):
            losses[index] += np.sum(_residuals(block, onehot, diagonal, rotated.cross) ** 2)
    else:
        for group in rows:
            group_gram, group_cross = rotated.sums(group)
            for index, diagonal in enumerate(diagonals):
                coef = _coef_without(group_gram, group_cross, diagonal, rotated.cross)
                squares = np.sum(coef * (group_gram @ coef - 2 * group_cross))
                losses[index] += squares + len(group)  # a one-hot row has the square 1


def _predict(
    scores: np.ndarray, rows: np.ndarray, rotated: "_Rotated", diagonal: np.ndarray
) -> None:
    """Write the scores of the rows (groups, size) of some groups, without their own group."""
    if rows.shape[1] <= len(rotated.cross):
        block, onehot = rotated.read(rows)
        scores[rows] = onehot - _residuals(block, onehot, diagonal, rotated.cross)
    else:
        for group in rows:
            coef = _coef_without(*rotated.sums(group), diagonal, rotated.cross)
            for part in _parts(group):
                block, _ = rotated.read(part)
                scores[part] = block @ coef


def _residuals(
    rows: np.ndarray, onehot: np.ndarray, diagonal: np.ndarray, cross: np.ndarray
) -> np.ndarray:
    """Residuals (groups, size, classes) of rows (groups, size, width) without their group."""
    scaled = rows / np.sqrt(diagonal)
    hat = scaled @ scaled.swapaxes(1, 2)  # (groups, size, size)
    fitted = rows @ (cross / diagonal[:, None])
    return np.linalg.solve(np.eye(rows.shape[1]) - hat, onehot - fitted)


def _coef_without(
    gram: np.ndarray, cross: np.ndarray, diagonal: np.ndarray, all_cross: np.ndarray
) -> np.ndarray:
    """Coefficients (width, classes) without a group with the sums `gram` and `cross`."""
    return cho_solve(cho_factor(np.diag(diagonal) - gram), all_cross - cross)


def _stacks(groups: np.ndarray, step: int = 1) -> Iterator[np.ndarray]:
    """The rows of every `step`-th group, groups of one size at a time, (groups, size) int."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    firsts = (np.cumsum(sizes) - sizes)[::step]  # (groups,) where they start in `order`
    sizes = sizes[::step]
    for size in np.unique(sizes):
        starts = firsts[sizes == size]
        at_once = max(1, _BLOCK // size)
        for begin in range(0, len(starts), at_once):
            some = starts[begin : begin + at_once, None]  # (groups, 1)
            yield order[some + np.arange(size)]


def _parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


@dataclass
class _Rotated:
    """Rows in the basis of the eigenvectors, with a 1 for the intercept at the end.

    `cross` (width, classes) is the sum of the products of all rows with their one-hot labels.
    """

    features: Features
    labels: np.ndarray
    mean: np.ndarray
    vectors: np.ndarray
    cross: np.ndarray

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some rows (…, width), and their one-hot labels (…, classes)."""
        flat = rows.ravel()
        block = np.empty((len(flat), len(self.mean)))
        for is_of_batch, part in batch_features.chosen_of(self.features, flat):
            block[is_of_batch] = part
        block = np.column_stack([(block - self.mean) @ self.vectors, np.ones(len(flat))])
        onehot = self.labels[rows][..., None] == np.arange(self.cross.shape[1])
        return block.reshape(*rows.shape, -1), onehot

    def sums(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Products of some rows with each other (width, width), and with their labels."""
        width = len(self.cross)
        gram, cross = np.zeros((width, width)), np.zeros_like(self.cross)
        for part in _parts(rows):
            block, onehot = self.read(part)
            gram += block.T @ block
            cross += block.T @ onehot
        return gram, cross
