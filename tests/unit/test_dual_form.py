"""Where features are more than rows, the dual form gives the numbers of the primal one."""

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.measures import dual_form, leave_group_out, leave_one_out

problems = st.tuples(
    st.integers(0, 10**6), st.integers(6, 30), st.integers(31, 90), st.integers(2, 4)
)


def problem(seed: int, n: int, width: int, n_classes: int) -> tuple[np.ndarray, ...]:
    """Features, labels and groups; some rows may be equal, and some features constant."""
    rng = np.random.default_rng(seed)
    labels = np.append(np.arange(n_classes), rng.integers(n_classes, size=n - n_classes))
    features = rng.normal(size=(n, width)) * rng.uniform(0.1, 10, width) + labels[:, None]
    features[:, : rng.integers(3)] = 7
    features[n // 2 :][: rng.integers(3)] = features[0]
    return features, labels, np.append([0, 1], rng.integers(4, size=n - 2) % 2)


def check(fit, features: np.ndarray, penalties: list[float]) -> None:
    asked = np.random.default_rng(1).normal(size=(5, features.shape[1]))
    dual = fit(penalties)
    with patch.object(dual_form, "is_wide", return_value=False):
        primal = fit(penalties)
    assert dual.penalty == primal.penalty
    for name in ("scores", "coef", "intercept", "mean"):
        np.testing.assert_allclose(getattr(dual, name), getattr(primal, name), atol=1e-6)
    np.testing.assert_allclose(dual.predict(asked), primal.predict(asked), atol=1e-6)
    weights = dual.weights(asked, [features]), primal.weights(asked, [features])
    np.testing.assert_allclose(*weights, atol=1e-6)
    values = primal.values[: len(dual.values)]
    np.testing.assert_allclose(dual.values, values, atol=1e-6 * values[0])
    assert dual.whiten.shape[1] < len(features)


@settings(max_examples=20, deadline=None)
@given(problems, st.sampled_from([[1e-4], [1e-2], [1.0]]))
def test_dual_is_primal(shape, penalties):
    features, labels, groups = problem(*shape)
    n_classes = shape[3]
    check(lambda some: leave_one_out.fit([features], labels, n_classes, some), features, penalties)
    check(
        lambda some: leave_group_out.fit([features], labels, groups, n_classes, some),
        features,
        penalties,
    )
    solved = leave_one_out.solve([features[:4], features[4:]], labels, n_classes, penalties[0])
    with patch.object(dual_form, "is_wide", return_value=False):
        primal = leave_one_out.solve([features], labels, n_classes, penalties[0])
    for one, other in zip(solved, primal, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_few_rows_of_many_features_are_not_predicted_by_themselves():
    """A small penalty brings leverages near to 1. Residuals must not become rounding errors."""
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(24, 50_000)).astype(np.float32), np.arange(24) % 2
    scores = leave_one_out.fit([features], labels, 2, [1e-6]).scores
    own = scores[np.arange(24), labels]
    assert scores.dtype == np.float32
    assert own.mean() < 0.6  # 1 if the label were seen
