"""Wide tables: the embedding is bounded, and a screened leaky column is found as without a screen."""

import numpy as np
import pyarrow as pa
import pytest

from assay.cleaning import leaky_column
from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.encoders import columns
from assay.modalities import tables


def embedded(rows: np.ndarray, held: str) -> np.ndarray:
    features = {"features": {f"c{number}": held for number in range(rows.shape[1])}}
    return Model(columns.numbers_graph(rows, features), portable=True, threads=1)(rows)


@pytest.mark.parametrize(
    ("count", "width"), [(10, 10 * 9), (227, 227 * 9), (682, 682 * 3), (683, 683), (5000, 5000)]
)
def test_numbers_share_bins(count, width):
    rows = np.random.default_rng(0).normal(size=(30, count))
    assert embedded(rows, "number").shape == (30, width)


@pytest.mark.parametrize(("count", "width"), [(10, 10 * 8), (500, 500 * 4), (3000, 3000 * 2)])
def test_categories_share_columns(count, width):
    rows = np.random.default_rng(0).integers(8, size=(200, count)).astype(float)
    assert embedded(rows, "category").shape == (200, width)


def test_gaps_are_bounded():
    rows = np.random.default_rng(0).normal(size=(20, 3000))
    rows[:6] = np.nan
    rows[:8, 2500] = np.nan
    result = embedded(rows, "number")
    assert result.shape == (20, 3000 + 2048)
    assert result[7, 3000:].sum() == 1  # the column with most gaps is among them


@pytest.mark.parametrize("seed", range(5))
def test_a_screened_column_has_the_errors_of_all_trees(seed):
    rng = np.random.default_rng(seed)
    given = rng.integers(3, size=200)
    for noise in (0.0, 0.1, 0.3, 5.0):
        column = given + noise * rng.normal(size=200)
        column[rng.random(200) < 0.02] = np.nan
        exact = leaky_column.errors(column, given, is_category=False)
        for below in (0.01, 0.05, 0.5):
            screened = leaky_column.errors(column, given, is_category=False, below=below)
            assert screened == (exact if exact < below else 1)


def test_whole_numbers_that_floats_do_not_tell_apart_are_said() -> None:
    said = Remarks()
    numbers = {"large": [2**53 + 1, 2**60, 5], "small": [2**53, 1, -(2**53)]}
    tables.canonical(pa.table(numbers), ["a", "b", "c"], None, said)
    (remark,) = said
    assert (remark.action, remark.count, remark.example) == ("converted", 1, "'large'")


def remarks_on(rows: np.ndarray, held: str) -> list[tuple[str, int, str, str]]:
    features = {"features": {f"c{number}": held for number in range(rows.shape[1])}}
    said = Remarks()
    columns.remark_on_limits(rows, features, said)
    return [(remark.action, remark.count, remark.what, remark.example) for remark in said]


def test_what_a_wide_table_loses_is_said():
    rows = np.random.default_rng(0).normal(size=(30, 300))
    assert remarks_on(rows[:, :227], "number") == []
    ((action, count, what, example),) = remarks_on(rows, "number")
    assert (action, count, example) == ("cut", 300, "c0")
    assert what.startswith("columns of numbers get 5 quantile bins; in a narrower table it is 8")
    ((_, _, what, _),) = remarks_on(np.hstack([rows] * 3), "number")
    assert what.startswith("columns of numbers get their value alone, no quantile bins")


def test_rare_categories_are_counted():
    frequent, rare = np.arange(60) % 6, np.minimum(np.arange(60), 7)
    ((action, count, what, example),) = remarks_on(np.stack([frequent, rare], 1) * 1.0, "category")
    assert (action, count, example) == ("ignored", 7, "7 of c1")
    assert what.startswith("values are no category to the encoder: fewer than 5 rows have them")
    assert remarks_on(frequent[:, None] * 1.0, "category") == []


def test_rare_categories_are_learned_from_where_nothing_else_is_left():
    rare = np.stack([np.arange(12), np.arange(12) % 6], 1) * 1.0
    assert embedded(rare, "category").shape == (12, 12 + 6)
    ((action, count, what, example),) = remarks_on(rare, "category")
    assert (action, count, example) == ("doubtful", 18, "c0")
    assert what.startswith("values are in fewer than 5 rows, so they may tell nothing; they are")
    frequent = np.hstack([rare, np.zeros((12, 1))])
    assert embedded(frequent, "category").shape == (12, 1)


def test_columns_without_a_value_are_no_encoder():
    with pytest.raises(
        InputError, match="none of the 3 examples to learn from has a value in 'c0'"
    ):
        embedded(np.full((3, 1), np.nan), "category")
