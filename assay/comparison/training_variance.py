"""How much chance in training changes a model, measured on a closed-form head on embeddings.

The head stands for the model, since it can be refitted in milliseconds. In ridge regression, a row
moves the coefficients by a known amount: the row times its residual, through the inverse of the
penalised covariance. Random weights of the rows (mean 1, variance 1) are a bootstrap of examples
and labels. To first order, they move the coefficients by the sum of these amounts, each multiplied
by its weight minus 1 (the wild bootstrap: Wu 1986; Liu 1988). Leave-one-out residuals correct for
each row's influence on its own fit (MacKinnon and White 1985).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import softmax

from assay.catalogue.catalogue import Rows
from assay.comparison import verdict
from assay.evaluation.scores import Predictions
from assay.measures import dual_form, leave_one_out
from assay.training import calibration

# training examples that the head is fitted on; the variance is scaled to their real number
ROWS = 4_000
_CELLS = 50_000  # test examples times classes that are predicted in each refit
_GROUPS = 200  # of training examples that get the same weight
_REFITS = 100
_CALIBRATIONS = 10  # draws of validation examples; each refit takes its temperature from one
_VALIDATION = 500  # examples in a draw, at most
_LEAST = 1e-3  # of 1 - leverage


@dataclass
class Learned:
    """Training examples of a version, or a sample of them.

    Attributes
    ----------
    features : (n, features)
    labels : (n,) int
    total : how many training examples the version has
    """

    features: np.ndarray
    labels: np.ndarray
    total: int


@dataclass
class RidgeHead:
    """How a closed-form head is fitted, and scored on test examples.

    Attributes
    ----------
    answer : (m,) int; a class that no training example has is `n_classes` or more
    n_classes : of the training examples
    penalty : of ridge regression, as in `leave_one_out`
    """

    answer: np.ndarray
    n_classes: int
    penalty: float


def chance(
    a: Learned, b: Learned, tests: Sequence[np.ndarray], head: RidgeHead, validation: int
) -> dict[str, float]:
    """The variance by chance in training, for `verdict.judge`, from refits of both versions.

    Parameters
    ----------
    a, b : what the versions learn from
    tests : the features of the test examples in either version, (m, features)
    validation : how many examples calibrate a model's probabilities; 0 if none do
    """
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(head.answer))[: max(_CELLS // head.n_classes, 1)]
    rows_a, test_a, share_a = in_their_span(a.features, tests[0][chosen])
    rows_b, test_b, share_b = in_their_span(b.features, tests[1][chosen])
    fit_a = _fit(rows_a, head.penalty * share_a)
    same = np.array_equal(rows_a, rows_b)
    fit_b = fit_a if same else _fit(rows_b, head.penalty * share_b)
    n_classes = head.n_classes
    logits_a = _logits(a, fit_a, test_a, classes=n_classes, validation=validation, rng=rng)
    logits_b = _logits(b, fit_b, test_b, classes=n_classes, validation=validation, rng=rng)
    pairs = zip(logits_a, logits_b, strict=True)
    answer = head.answer[chosen]
    return verdict.chance([_predictions(part, answer) for part in pair] for pair in pairs)


def in_their_span(rows: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Rows (n, features) and test rows (m, features), in fewer directions if n < features.

    Returns
    -------
    rows, test : (n, directions) and (m, directions); ridge regression predicts the same from them
    share : directions / features: the penalty for these rows is the given one times this
    """
    if not dual_form.is_wide([rows]):
        return rows, test, 1.0
    basis = dual_form.thin([rows])
    return basis.rows, (test - basis.mean) @ basis.axes, basis.share


def _predictions(logits: np.ndarray, answer: np.ndarray) -> Predictions:
    return Predictions.from_pred_probs(softmax(logits, axis=1), answer)


@dataclass
class _Fit:
    """What ridge regression computes from rows alone, without their labels.

    Attributes
    ----------
    mean, centred : the mean of the rows, (features,), and the rows minus the mean, (n, features)
    factor : the Cholesky factor (features, features) of the penalised sums, for `cho_solve`
    leverage : (n,)
    """

    mean: np.ndarray
    centred: np.ndarray
    factor: tuple[np.ndarray, bool]
    leverage: np.ndarray


def _fit(rows: np.ndarray, penalty: float) -> _Fit:
    mean = rows.mean(axis=0)
    centred = rows - mean
    gram = (centred.T @ centred).astype(np.float64)
    factor = leave_one_out.factor(gram, penalty)[0].astype(rows.dtype)
    half = solve_triangular(factor, centred.T, trans=1)  # (features, n)
    leverage = np.square(half).sum(axis=0) + 1 / len(rows)
    return _Fit(mean, centred, (factor, False), leverage)


def _logits(
    learned: Learned, fit: _Fit, test: np.ndarray, *, classes: int, validation: int, rng: Generator
) -> Iterator[np.ndarray]:
    """Logits (m, classes) of test examples, from one refit after the other."""
    rows = fit.centred  # (n, features)
    n = len(learned.labels)
    dtype = rows.dtype
    onehot = (learned.labels[:, None] == np.arange(classes)).astype(dtype)  # (n, classes)
    share = onehot.mean(axis=0)  # (classes,)
    coef = cho_solve(fit.factor, rows.T @ onehot)  # (features, classes)
    one_minus_leverage = np.maximum(1 - fit.leverage, _LEAST)[:, None]  # (n, 1)
    residuals = (onehot - share - rows @ coef) / one_minus_leverage  # leave-one-out
    sharpness = _sharpness(onehot - residuals, learned.labels, validation, rng)

    groups = np.array_split(rng.permutation(n), min(_GROUPS, n))
    # of each group: (groups, features, classes) and (groups, classes)
    coef_moves = np.stack([rows[group].T @ residuals[group] for group in groups])
    share_moves = np.stack([residuals[group].sum(axis=0) for group in groups]) / n
    weights = rng.normal(size=(_REFITS, len(groups))).astype(dtype)
    weights = weights * np.sqrt(n / learned.total, dtype=dtype)  # (refits, groups)

    centred_test = test - fit.mean
    base = centred_test @ coef + share  # (m, classes)
    logit_moves = _logit_moves(coef_moves, weights, centred_test, fit)
    for refit, share_move in enumerate(weights @ share_moves):
        yield sharpness[refit % len(sharpness)] * (base + logit_moves[:, :, refit] + share_move)


def _logit_moves(
    coef_moves: np.ndarray, weights: np.ndarray, centred_test: np.ndarray, fit: _Fit
) -> np.ndarray:
    """How far each refit moves the logits of test examples. Shape (m, classes, refits)."""
    coef_moved = np.tensordot(coef_moves, weights, (0, 1))  # (features, classes, refits)
    n_features, n_classes, _ = coef_moved.shape
    side_by_side = coef_moved.reshape(n_features, -1)  # to solve for all refits at once is faster
    logit_moves = centred_test @ cho_solve(fit.factor, side_by_side)  # (m, classes * refits)
    return logit_moves.reshape(len(centred_test), n_classes, -1)


def _sharpness(
    scores: np.ndarray, labels: np.ndarray, validation: int, rng: Generator
) -> np.ndarray:
    """The factor of logits, 1 / temperature, from each draw of validation examples: (draws,)."""
    n = len(labels)
    n_draws = _CALIBRATIONS if validation else 1
    draws = rng.integers(n, size=(n_draws, min(validation or n, _VALIDATION)))
    # the model's logits aim at a temperature of one; the scores of ridge regression do not
    fits = [calibration.sharpness_and_noise([scores[draw]], labels[draw]) for draw in draws]
    return np.array([sharpness[0] for sharpness, _ in fits])


def shares(
    features: np.ndarray,
    labels_a: np.ndarray,
    labels_b: np.ndarray,
    test: np.ndarray,
    head: RidgeHead,
) -> dict[str, tuple[int, Predictions]]:
    """For each kind of change alone: how many examples it concerns, and what the head predicts.

    A change that concerns no example, or leaves nothing to learn from, is left out.

    Parameters
    ----------
    features : (n, features) of all examples that either version learns from
    labels_a, labels_b : (n,) int, their labels in A and in B; -1 if the version does not have one
    test : (m, features)
    """
    in_a = labels_a >= 0
    in_b = labels_b >= 0
    variants = {
        "nothing": labels_a,
        "additions": np.where(in_a, labels_a, labels_b),
        "removals": np.where(in_b, labels_a, -1),
        "relabels": np.where(in_a & in_b, labels_b, labels_a),
        "all": labels_b,
    }
    predicted = {}
    for name, labels in variants.items():
        learned = np.flatnonzero(labels >= 0)
        concerned = int((labels != labels_a).sum())
        if len(learned) and (concerned or name == "nothing"):
            rows = [Rows(features, learned)]
            codes = labels[learned]
            coef, intercept = leave_one_out.solve(rows, codes, head.n_classes, head.penalty)
            predicted[name] = concerned, _predictions(test @ coef + intercept, head.answer)
    return predicted
