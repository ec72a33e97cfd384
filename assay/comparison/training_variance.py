"""What chance in training can do, told by a closed-form head in place of the model: refitted in moments, on embeddings.

Ridge regression moves with each of its rows by a known amount: the row times its residual, through the inverse of the
penalised covariance. To weigh the rows at random (mean 1, variance 1) is a bootstrap of examples and labels; to first
order it adds the random part of these amounts (the wild bootstrap: Wu 1986; Liu 1988). Leave-one-out residuals make up
for what the fit owes to the very row (MacKinnon and White 1985).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import softmax

from assay.catalogue.catalogue import Rows
from assay.comparison import verdict
from assay.evaluation.scores import Predictions
from assay.measures import leave_one_out
from assay.training import calibration

ROWS = 4_000  # training examples that are enough to fit the head on; chance is reckoned for the number there is
_CELLS = 50_000  # test examples times classes that it is asked of
_GROUPS = 200  # of training examples that are weighed alike
_REFITS = 100
_CALIBRATIONS = 10  # draws of validation examples, of which each refit has one for its temperature
_VALIDATION = 500  # examples in a draw, at most
_LEAST = 1e-3  # of 1 - leverage


@dataclass
class Learned:
    """Training examples that a version has, or some of them: (n, features), (n,) int; and how many it has."""

    features: np.ndarray
    labels: np.ndarray
    total: int


def chance(
    a: Learned,
    b: Learned,
    tests: tuple[np.ndarray, np.ndarray],
    answer: np.ndarray,
    *,
    n_classes: int,
    penalty: float,
    validation: int,
) -> dict[str, float]:
    """What `verdict.judge` asks for, from refits of both versions.

    Parameters
    ----------
    a, b : what the versions learn from
    tests : the features of the test examples in either version, (m, features)
    answer : (m,) int; a class that no training example has is `n_classes` or more
    penalty : of ridge regression, as in `leave_one_out`
    validation : number of examples that calibrate a model's probabilities; 0: nothing does
    """
    rng = np.random.default_rng(0)
    asked = rng.permutation(len(answer))[: max(_CELLS // n_classes, 1)]
    how = {"n_classes": n_classes, "validation": validation, "rng": rng}
    fit = _fit(a.features, penalty)
    fits = fit, fit if np.array_equal(a.features, b.features) else _fit(b.features, penalty)
    heads = [
        _logits(*of, test[asked], **how) for *of, test in zip((a, b), fits, tests, strict=True)
    ]
    answer, pairs = answer[asked], zip(*heads, strict=True)
    return verdict.chance(
        [Predictions.from_pred_probs(softmax(each, axis=1), answer) for each in pair] for pair in pairs
    )


@dataclass
class _Fit:
    """What ridge regression needs of rows, whatever their labels.

    Attributes
    ----------
    mean, centred : (features,) of the rows, (n, features) the rows less that
    factor : (features, features) of the penalised covariance, as `cho_solve` takes it
    leverage : (n,)
    """

    mean: np.ndarray
    centred: np.ndarray
    factor: tuple[np.ndarray, bool]
    leverage: np.ndarray


def _fit(rows: np.ndarray, penalty: float) -> _Fit:
    mean = rows.mean(axis=0)
    centred = rows - mean
    factor = leave_one_out.factor((centred.T @ centred).astype(np.float64), penalty)[0].astype(
        rows.dtype
    )
    leverage = np.square(solve_triangular(factor, centred.T, trans=1)).sum(axis=0) + 1 / len(rows)
    return _Fit(mean, centred, (factor, False), leverage)


def _logits(
    learned: Learned,
    fit: _Fit,
    test: np.ndarray,
    *,
    n_classes: int,
    validation: int,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Logits (m, classes) of test examples, from one refit after the other."""
    rows, codes, n = fit.centred, learned.labels, len(learned.labels)
    given, asked = (codes[:, None] == np.arange(n_classes)).astype(rows.dtype), test - fit.mean
    share, coef = given.mean(axis=0), cho_solve(fit.factor, rows.T @ given)
    residuals = (given - share - rows @ coef) / np.maximum(1 - fit.leverage, _LEAST)[
        :, None
    ]  # leave-one-out
    scores = given - residuals
    draws = rng.integers(
        n, size=(_CALIBRATIONS if validation else 1, min(validation or n, _VALIDATION))
    )
    sharpness = np.array([1 / calibration.temperature(scores[draw], codes[draw]) for draw in draws])
    groups = np.array_split(rng.permutation(n), min(_GROUPS, n))
    moved = np.stack(
        [rows[group].T @ residuals[group] for group in groups]
    )  # (groups, features, classes)
    shifted = np.stack([residuals[group].sum(axis=0) for group in groups]) / n
    weights = rng.normal(size=(_REFITS, len(groups))).astype(rows.dtype) * np.sqrt(
        n / learned.total, dtype=rows.dtype
    )
    base = asked @ coef + share
    moves = np.tensordot(moved, weights, (0, 1)).reshape(
        len(coef), -1
    )  # (features, classes of each refit)
    moves = asked @ cho_solve(fit.factor, moves)  # of all refits at once: it is faster so
    moves = moves.reshape(len(asked), n_classes, -1)
    for number, shift in enumerate(weights @ shifted):
        yield sharpness[number % len(draws)] * (base + moves[:, :, number] + shift)


def shares(
    features: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    test: np.ndarray,
    answer: np.ndarray,
    *,
    n_classes: int,
    penalty: float,
) -> dict[str, tuple[int, Predictions]]:
    """What the head says after each kind of change alone: how many examples that concerns, and what it says.

    A change that leaves nothing to learn from is not in it.

    Parameters
    ----------
    features : (n, features) of all examples that either version learns from
    before, after : (n,) int, their labels in A and in B; -1 where it does not learn from them
    """
    old, new = before >= 0, after >= 0
    variants = {
        "nothing": before,
        "additions": np.where(old, before, after),
        "removals": np.where(new, before, -1),
        "relabels": np.where(old & new, after, before),
        "all": after,
    }
    heard = {}
    for name, labels in variants.items():
        learned, concerned = np.flatnonzero(labels >= 0), int((labels != before).sum())
        if len(learned) and (concerned or name == "nothing"):
            rows = [Rows(features, learned)]
            coef, intercept = leave_one_out.solve(rows, labels[learned], n_classes, penalty)
            heard[name] = (
                concerned,
                Predictions.from_pred_probs(softmax(test @ coef + intercept, axis=1), answer),
            )
    return heard
