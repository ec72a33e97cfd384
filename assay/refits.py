"""What chance in training can do, told by a closed-form head in place of the model: refitted in moments, on embeddings.

Ridge regression moves with each of its rows by a known amount: the row times its residual, through the inverse of the
penalised covariance. To weigh the rows at random (mean 1, variance 1) is a bootstrap of examples and labels; to first
order it adds the random part of these amounts (the wild bootstrap: Wu 1986; Liu 1988). Leave-one-out residuals make up
for what the fit owes to the very row (MacKinnon and White 1985).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import softmax

from assay import calibration, leave_one_out, verdict
from assay.catalogue import Rows
from assay.scores import Predictions

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
    fits = fit, fit if np.array_equal(a.features, b.features) else _fit(b.features, penalty)  # labels are no part of it
    heads = [_logits(*of, test[asked], **how) for *of, test in zip((a, b), fits, tests, strict=True)]
    answer, pairs = answer[asked], zip(*heads, strict=True)
    return verdict.chance([Predictions.of(softmax(each, axis=1), answer) for each in pair] for pair in pairs)


def _fit(rows: np.ndarray, penalty: float) -> tuple:
    """What ridge regression on rows needs of them: mean, rows less their mean, Cholesky factor, leverage of each."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    factor = leave_one_out.factor((centred.T @ centred).astype(np.float64), penalty)[0].astype(rows.dtype)
    leverage = np.square(solve_triangular(factor, centred.T, trans=1)).sum(axis=0) + 1 / len(rows)
    return mean, centred, (factor, False), leverage


def _logits(
    learned: Learned, fit: tuple, test: np.ndarray, *, n_classes: int, validation: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Logits (m, classes) of test examples, from one refit after the other."""
    (mean, rows, factor, leverage), codes, n = fit, learned.labels, len(learned.labels)
    given, asked = (codes[:, None] == np.arange(n_classes)).astype(rows.dtype), test - mean
    share, coef = given.mean(axis=0), cho_solve(factor, rows.T @ given)
    residuals = (given - share - rows @ coef) / np.maximum(1 - leverage, _LEAST)[:, None]  # leave-one-out
    scores = given - residuals
    draws = rng.integers(n, size=(_CALIBRATIONS if validation else 1, min(validation or n, _VALIDATION)))
    sharpness = np.array([1 / calibration.temperature(scores[draw], codes[draw]) for draw in draws])
    groups = np.array_split(rng.permutation(n), min(_GROUPS, n))
    moved = np.stack([rows[group].T @ residuals[group] for group in groups])  # (groups, features, classes)
    shifted = np.stack([residuals[group].sum(axis=0) for group in groups]) / n
    weights = rng.normal(size=(_REFITS, len(groups))).astype(rows.dtype) * np.sqrt(n / learned.total, dtype=rows.dtype)
    base = asked @ coef + share
    moves = np.tensordot(moved, weights, (0, 1)).reshape(len(coef), -1)  # (features, classes of each refit)
    moves = asked @ cho_solve(factor, moves)  # of all refits at once: it is faster so
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
    kept, relabelled = old & new, old & new & (before != after)
    moments = partial(_moments, features, n_classes=n_classes)
    stays, gone, added = moments(before, kept), moments(before, old & ~new), moments(after, new & ~old)
    relabels = moments(after, relabelled) - moments(before, relabelled)
    base = stays + gone
    variants = {
        "nothing": (0, base),
        "additions": (int((new & ~old).sum()), base + added),
        "removals": (int((old & ~new).sum()), stays),
        "relabels": (int(relabelled.sum()), base + relabels),
        "all": (int((before != after).sum()), stays + added + relabels),
    }
    heard = {}
    for name, (concerned, moment) in variants.items():
        if moment[0] and (concerned or name == "nothing"):
            heard[name] = concerned, Predictions.of(_predict(moment, test, penalty), answer)
    return heard


def _moments(features: np.ndarray, labels: np.ndarray, chosen: np.ndarray, n_classes: int) -> np.ndarray:
    """What ridge regression needs of the chosen rows, so that sums of it stand for rows together."""
    n = int(chosen.sum())
    if not n:
        return np.array([0, 0, 0, 0, 0], dtype=object)
    mean, gram, cross, share = leave_one_out.sums([Rows(features, np.flatnonzero(chosen))], labels[chosen], n_classes)
    raw = n, n * mean, gram + n * np.outer(mean, mean), cross + n * np.outer(mean, share), n * share
    return np.array(raw, dtype=object)


def _predict(moments: np.ndarray, test: np.ndarray, penalty: float) -> np.ndarray:
    """Probabilities (m, classes) of test examples."""
    n, total, gram, cross, counts = moments
    mean = total / n
    gram, cross = gram - n * np.outer(mean, mean), cross - np.outer(mean, counts)
    coef = leave_one_out.penalised(gram, cross, penalty)
    return softmax((test - mean) @ coef + counts / n, axis=1)
