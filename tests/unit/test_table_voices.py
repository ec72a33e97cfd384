"""What sees how the columns of a table depend on each other, without a row's own label."""

import numpy as np
import pandas as pd
import pytest

from assay.catalogue.catalogue import Rows
from assay.cleaning import boosted_trees
from assay.measures import crossed, leave_group_out, leave_one_out
from assay.measures.crossed import CrossedRows


def xor(n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, 4), and labels that the sign of a product of two columns gives."""
    rows = np.random.default_rng(0).normal(size=(n, 4))
    return rows, (rows[:, 0] * rows[:, 1] > 0).astype(int)


def scores_with_products(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    crossing = crossed.fit(leave_one_out.fit([rows], labels, 2))
    features = CrossedRows(Rows(rows, np.arange(len(rows))), crossing)
    assert features[:].shape == features.shape
    return leave_one_out.fit([features], labels, 2).scores


def test_products_show_what_one_column_does_to_another() -> None:
    rows, labels = xor()
    linear = leave_one_out.fit([rows], labels, 2)
    assert np.mean(linear.scores.argmax(axis=1) == labels) < 0.6
    assert np.mean(scores_with_products(rows, labels).argmax(axis=1) == labels) > 0.9


def test_products_leave_the_own_label_out() -> None:
    rows, labels = xor(200)
    changed = labels.copy()
    changed[0] = 1 - labels[0]
    first = [scores_with_products(rows, given)[0] for given in (labels, changed)]
    np.testing.assert_allclose(*first, atol=1e-6)


def test_products_leave_a_group_out() -> None:
    rows, labels = xor(200)
    groups, changed = np.arange(200) % 20, labels.copy()
    changed[groups == 3] = 1 - labels[groups == 3]
    crossing = crossed.fit(leave_one_out.fit([rows], labels, 2))
    features = [CrossedRows(Rows(rows, np.arange(200)), crossing)]
    first, again = (
        leave_group_out.fit(features, given, groups, 2, [0.01]).scores[groups == 3]
        for given in (labels, changed)
    )
    np.testing.assert_allclose(first, again, atol=1e-6)


@pytest.mark.parametrize("n", [5, 60])
def test_there_are_no_products_of_few_or_constant_rows(n: int) -> None:
    rows, labels = (np.ones((n, 3)), np.arange(n) % 2) if n > 5 else xor(n)
    assert crossed.fit(leave_one_out.fit([rows], labels, 2)).directions.shape[1] == 0


def trees(
    monkeypatch: pytest.MonkeyPatch,
    rows: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray | None = None,
    categories: tuple[int, ...] = (),
) -> np.ndarray | None:
    """The scores of all rows; those with a label below 0 are not learned from."""
    held = {str(c): "category" if c in categories else "number" for c in range(rows.shape[1])}
    monkeypatch.setattr(boosted_trees.payloads, "payload_format", lambda _: {"features": held})
    monkeypatch.setattr(
        boosted_trees.payloads, "read", lambda some, _size: iter([rows[some.index.to_numpy()]])
    )
    monkeypatch.setattr(
        boosted_trees.catalogue,
        "groups",
        lambda some: None if groups is None else pd.factorize(groups[some.index])[0],
    )
    learned = pd.Series(labels)[labels >= 0]
    return boosted_trees.log_probabilities(
        pd.DataFrame(index=range(len(rows))), learned, max(2, labels.max() + 1)
    )


def test_trees_see_rules_in_numbers_categories_and_gaps(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    rows = np.stack([rng.normal(size=900), rng.choice([0.5, 2.0**51, 7e9], 900)], axis=1)
    truth = ((rows[:, 0] > 0) == (rows[:, 1] == 7e9)).astype(int)
    rows[:90, 1] = np.nan
    truth[:90] = 1
    labels = truth.copy()
    labels[::3] = -1  # not learned from
    scores = trees(monkeypatch, rows, labels, categories=(1,))
    assert scores.shape == (900, 2)
    for side in (labels < 0, labels >= 0):
        assert np.mean(scores[side].argmax(axis=1) == truth[side]) > 0.95


def test_trees_leave_the_own_label_and_group_out(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    groups = np.arange(300) % 30
    rows, of_group = rng.normal(size=(300, 3)) + 20 * groups[:, None], rng.integers(2, size=30)
    scores = trees(monkeypatch, rows, of_group[groups], groups)
    changed = of_group[groups].copy()
    changed[groups == 3] = 1 - changed[groups == 3]
    again = trees(monkeypatch, rows, changed, groups)
    np.testing.assert_array_equal(scores[groups == 3], again[groups == 3])


def test_trees_do_with_one_class_and_with_empty_columns(monkeypatch) -> None:
    rows = np.full((8, 2), np.nan)
    scores = trees(monkeypatch, rows, np.arange(8) // 4, np.arange(8) // 4, categories=(1,))
    assert np.ptp(scores) == 0  # no fold has two classes to learn from
    assert np.isfinite(trees(monkeypatch, rows, np.arange(8) % 2, categories=(1,))).all()


def test_where_trees_take_long_there_are_none(monkeypatch, capsys) -> None:
    assert trees(monkeypatch, np.zeros((4, 1200)), np.arange(4) % 2) is None
    assert "1,200 columns, 2 classes" in capsys.readouterr().err
    monkeypatch.setattr(boosted_trees, "_CELLS", 400)
    trees(monkeypatch, *xor(300))
    assert "one in 6 of 300 examples" in capsys.readouterr().err
