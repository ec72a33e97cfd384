"""How accurate a head would be with more labelled rows: its learning curve, extrapolated.

The accuracy that n rows give is taken to follow a power law with an offset, a - b n^-c (Cortes et
al. 1994, Learning Curves: Asymptotic Values and Rate of Convergence). It is fitted to heads on
subsets of the rows. A head depends only on sums over rows, so the sums of sixteen blocks give the
heads of all subsets of blocks. A backtest says how wrong such a forecast is: a forecast from half
of the rows is compared with the accuracy that all rows gave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import cho_solve
from scipy.sparse import csr_array
from scipy.stats import t as student

from assay.contract.sampling import step_for
from assay.measures import batch_features, leave_one_out
from assay.measures.batch_features import Features

_MOST_ROWS, _MOST_TEST_ROWS, _MOST_FEATURES = 65_536, 10_000, 512
_LEAST_ROWS = 64  # with fewer, there is no forecast
_BLOCKS = 16
_SIZES = 1, 2, 3, 4, 6, 8  # blocks of a subset of a half
_LARGE = 12  # blocks of a subset of the whole
_ORDERS = 2  # of the blocks; an order has two halves
_BACKTESTS = 4  # a half each
_LEAST = 0.11  # share of the rows, just below 1/8: smaller subsets follow other laws
_EXPONENTS = np.arange(0.05, 1.55, 0.05)
_LEAST_NOISE = 0.001  # of an accuracy around its law
_LEAST_TESTED = 30  # test examples; with fewer, there is no forecast
_LARGEST_ERROR = 0.01  # with a larger one, a backtest must be better than to forecast no change
_FURTHER = 1, 1.25, 1.5, 1.75, 2  # times the rows, in the table

Point = tuple[float, float]  # rows, accuracy
Estimate = tuple[float, float, float]  # value, low and high end of its interval


@dataclass
class Head:
    """What heads on subsets of rows are fitted and scored on.

    Attributes
    ----------
    features : (n, features)
    labels : (n,) int, class of each row
    n_classes : number of classes
    test : (m, features)
    answer : (m,) int, right class of each test row
    penalty : of all n rows, relative to the mean eigenvalue of their covariance
    """

    features: np.ndarray
    labels: np.ndarray
    n_classes: int
    test: np.ndarray
    answer: np.ndarray
    penalty: float

    def sums(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Products of features (features, features), sums by class, number of rows by class."""
        part = self.features[rows]
        return part.T @ part, *self.by_class(self.labels[rows], part)

    def by_class(self, labels: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sum of the features of each class (classes, features), and its number of rows."""
        ones, n = np.ones(len(labels), features.dtype), len(labels)
        onehot = csr_array((ones, (labels, np.arange(n))), shape=(self.n_classes, n))
        return onehot @ features, np.bincount(labels, minlength=self.n_classes)

    def accuracy(self, products: np.ndarray, of_class: np.ndarray, counts: np.ndarray) -> float:
        """The share of test rows that a head predicts rightly, from the `sums` of its rows.

        The sums may be of the first features only. The absolute penalty is that of all rows: it
        acts against the noise of one row, which does not depend on the number of rows.
        """
        n, width = counts.sum(), len(products)
        mean = of_class.sum(axis=0, dtype=np.float64) / n
        gram = products - n * np.outer(mean, mean)
        factor = leave_one_out.factor(gram, self.penalty * len(self.labels) / n)
        coef = cho_solve(factor, (of_class - np.outer(counts, mean)).T)
        test = self.test[:, :width]  # float32 is quicker here
        scores = test @ coef.astype(test.dtype) + (counts / n - mean @ coef).astype(test.dtype)
        return float((scores.argmax(axis=1) == self.answer).mean())


@dataclass
class Curve:
    """A learning curve: power laws, one for each exponent, and how wrong they were in a backtest.

    Attributes
    ----------
    rows, accuracy : (points,) sizes of subsets, and the mean over subsets of one size. The size is
        a number of labelled rows, or in `levers.curve_of_dimensions` of dimensions
    offset, slope : (exponents,) a law is offset - slope (rows / largest rows)^-exponent
    probability : (exponents,) of each law
    error : root mean square of the backtest's errors
    change : the accuracy of all rows minus that of half of them, mean of the backtest
    """

    rows: np.ndarray
    accuracy: np.ndarray
    offset: np.ndarray
    slope: np.ndarray
    probability: np.ndarray
    error: float = 0.0
    change: float = 0.0

    def laws(self, rows: float) -> np.ndarray:
        """The accuracy with `rows` rows by each law, (exponents,)."""
        return self.offset - self.slope * (rows / self.rows.max()) ** -_EXPONENTS

    def at(self, rows: float, confidence: float) -> Estimate:
        """The accuracy with `rows` rows. The backtest's error counts once for each doubling."""
        doublings = max(np.log2(rows / self.rows.max()), 0)
        return self._estimate(self.laws(rows), doublings, confidence)

    def gain(self, start: float, end: float, confidence: float) -> Estimate:
        """How much the accuracy rises from `start` rows to `end` rows.

        The backtest's error counts in proportion to the gain or to the number of doublings, the
        larger of both. By the gain alone, a forecast of no gain would seem sure.
        """
        values = self.laws(end) - self.laws(start)
        rise = float(self.probability @ values) / max(self.change, self.error, _LEAST_NOISE)
        share = max(rise, np.log2(end / start))
        return self._estimate(values, share, confidence)

    def rows_for(self, accuracy: float) -> float:
        """How many rows give an accuracy: between 1/32 and twice the largest number of rows."""
        rows = self.rows.max() * 2 ** np.arange(-5, 1.01, 0.05)
        accuracies = [self.probability @ self.laws(number) for number in rows]
        return float(np.interp(accuracy, accuracies, rows))

    def _estimate(self, values: np.ndarray, errors: float, confidence: float) -> Estimate:
        """Mean and interval of the laws' values, with `errors` times the backtest's error.

        All are nan if that error is more than a point, and more than the change in the backtest.
        """
        if self.error > max(_LARGEST_ERROR, self.change):
            return np.nan, np.nan, np.nan
        mean = float(self.probability @ values)
        spread = np.hypot(np.sqrt(self.probability @ (values - mean) ** 2), errors * self.error)
        margin = float(student.ppf((1 + confidence) / 2, _BACKTESTS) * spread)  # Student 1908
        return mean, mean - margin, mean + margin

    def table(self, rows: float, confidence: float) -> pd.DataFrame:
        """What was measured, and the forecast with its interval, up to twice `rows`."""
        measured = pd.DataFrame({"rows": self.rows, "accuracy": self.accuracy})
        more = pd.DataFrame({"rows": [rows * share for share in _FURTHER]})
        listed = pd.concat([measured, more[more["rows"] > self.rows.max()]])
        estimates = np.array([self.at(number, confidence) for number in listed["rows"]])
        listed[["forecast", "forecast_low", "forecast_high"]] = estimates.clip(0, 1)  # (rows, 3)
        return listed.assign(rows=listed["rows"].round().astype(int))


def sampled_head(
    features: Features, labels: np.ndarray, test: Features, answer: np.ndarray, penalty: float
) -> Head:
    """A head on evenly spread rows and on some features: few enough for a quick forecast."""
    step = step_for(len(labels), _MOST_ROWS)
    test_step = step_for(len(answer), _MOST_TEST_ROWS)
    columns = np.random.default_rng(0).permutation(features[0].shape[1])[:_MOST_FEATURES]
    columns.sort()
    rows = _some_columns(features, columns, step)
    test_rows = _some_columns(test, columns, test_step)
    shift = rows[:_MOST_FEATURES].mean(axis=0)  # near the mean, so that float32 keeps enough digits
    rows, test_rows = rows - shift, test_rows - shift
    n_classes = int(labels.max()) + 1
    return Head(rows, labels[::step], n_classes, test_rows, answer[::test_step], penalty * step)


def _some_columns(features: Features, columns: np.ndarray, step: int) -> np.ndarray:
    blocks = batch_features.rows_of(features, step)
    return np.concatenate([block[:, columns] for _, block in blocks])  # (rows, columns)


def curve(head: Head) -> Curve:
    """Fit heads on subsets of the rows, and the law that their accuracies follow."""
    rng = np.random.default_rng(0)
    n = len(head.labels)
    if n < _LEAST_ROWS or np.isinf(least_error(head)):
        no_laws = np.zeros(len(_EXPONENTS))
        return Curve(np.array([n]), np.full(1, np.nan), no_laws, no_laws, no_laws, error=np.inf)
    block = rng.permutation(n) % _BLOCKS
    blocks = [head.sums(np.flatnonzero(block == number)) for number in range(_BLOCKS)]
    sums_of_blocks = [np.stack(sums) for sums in zip(*blocks, strict=True)]

    def point(numbers: np.ndarray) -> Point:
        products, of_class, counts = (sums[np.sort(numbers)].sum(axis=0) for sums in sums_of_blocks)
        return float(counts.sum()), head.accuracy(products, of_class, counts)

    halves = []
    of_most = [point(np.arange(_BLOCKS))]  # points of all blocks, and of most
    for _ in range(_ORDERS):
        order = rng.permutation(_BLOCKS)
        for half in np.split(order, 2):
            starts = [np.roll(half, start) for start in (0, len(half) // 2)]
            halves.append([point(start[:size]) for size in _SIZES for start in starts])
        of_most += [point(order[:_LARGE]), point(order[-_LARGE:])]
    return drawn(halves, of_most, least_error(head))


def least_error(head: Head) -> float:
    """The least error of a forecast: what one test example is worth; inf with too few examples."""
    return 1 / len(head.answer) if len(head.answer) >= _LEAST_TESTED else np.inf


def drawn(halves: Sequence[Sequence[Point]], others: Sequence[Point], at_least: float) -> Curve:
    """The curve through all points, with a backtest: each half forecasts the first of `others`.

    Parameters
    ----------
    at_least : the least error of the curve, from `least_error`
    """
    rows, accuracy = others[0]
    curve = fit([*others, *(point for half in halves for point in half)])
    forecasts = np.array([fit(half).at(rows, 0)[0] for half in halves])
    curve.error = max(float(np.sqrt(np.mean((forecasts - accuracy) ** 2))), at_least)
    curve.change = float(np.mean([accuracy - max(half)[1] for half in halves]))
    return curve


def fit(points: Sequence[Point]) -> Curve:
    """Fit a law for each exponent, never falling and never above 1; large subsets weigh more."""
    table = np.array(points)
    share = table[:, 0] / table[:, 0].max()
    size = np.round(share * 2 * _BLOCKS)  # subsets of one size differ by rounding
    sizes = np.unique(size[share > _LEAST])
    rows, accuracy = np.array([table[size == number].mean(axis=0) for number in sizes]).T
    weights = rows / rows.sum()
    fall = (rows[:, None] / rows.max()) ** -_EXPONENTS  # (sizes, exponents)
    mean_fall = weights @ fall
    mean_accuracy = weights @ accuracy
    variance = np.maximum(weights @ (fall - mean_fall) ** 2, np.finfo(float).tiny)
    covariance = (weights * (mean_accuracy - accuracy)) @ (fall - mean_fall)
    slope = np.maximum(covariance / variance, 0)
    offset = mean_accuracy + slope * mean_fall
    slope_below_1 = (weights * (1 - accuracy)) @ fall / (weights @ fall**2)
    slope = np.where(offset > 1, slope_below_1, slope)  # a law whose offset is 1
    offset = np.minimum(offset, 1)
    errors = accuracy[:, None] - offset + slope * fall  # (sizes, exponents)
    squares = weights @ errors**2
    noise = max(squares.min() / max(len(rows) - 3, 1), _LEAST_NOISE**2 / len(rows))
    probability = np.exp(-(squares - squares.min()) / 2 / noise)
    return Curve(rows, accuracy, offset, slope, probability / probability.sum())
