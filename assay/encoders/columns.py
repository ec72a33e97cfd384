"""Columns of a table as an ONNX graph, learned without labels: as numbers or as tokens.

A number or date becomes its standardised value and its place among its quantiles, bin by bin
(piecewise linear encoding: Gorishniy, Rubachev and Babenko 2022: On Embeddings for Numerical
Features in Tabular Deep Learning). Each category of a column becomes a column, and so do the gaps
of a column. As a token, a cell is its bin or its category.

The width of the embedding is limited. In a wide table, columns get fewer bins and categories, but
every number keeps its value. Rare categories are left out, unless there is nothing else to learn
from.
"""

import numpy as np
from numpy.typing import ArrayLike
from onnx import TensorProto

from assay.contract.errors import InputError, counted, first_of
from assay.contract.remarks import Remarks
from assay.training import onnx_graph

_BINS = 8  # quantiles of a number
_TOKEN_BINS = 16  # of a number that becomes a token
_CATEGORIES = 64  # of a column: the most frequent ones; the rest are no category
_LEAST = 5  # examples that a category or a gap must have to become a column
_MOST = 2048  # columns each: numbers with their bins, categories (see `_kept_categories`), gaps
_FAR = 5.0  # standard deviations at which a value is cut off


def numbers_graph(rows: np.ndarray, payload_format: dict) -> bytes:
    """The graph from `payload` to `embedding` (n, columns) float32.

    Parameters
    ----------
    rows : (n, features) float64, NaN for gaps; the graph is learned from these
    payload_format : its `features` say what each column holds: number, date or category

    Raises
    ------
    InputError
        If no column holds a value.
    """
    is_gap = np.isnan(rows)  # (n, features)
    is_empty = is_gap.all(axis=0)  # (features,)
    if is_empty.all():
        names = first_of([repr(name) for name in payload_format["features"]])
        empty = f"none of the {counted(len(rows), 'example')} to learn from has a value in {names}"
        raise InputError(f"pretrain: {empty}: list a batch that has some in pretrain.batches")
    is_category = _is_category(payload_format)  # (features,)
    numbers = np.flatnonzero(~is_category & ~is_empty)
    known = rows[:, numbers]
    mean = np.nanmean(known, axis=0)  # (numbers,)
    deviation = np.nanstd(known, axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    bins = _n_bins(len(numbers))
    binned = numbers if bins > 1 else numbers[:0]  # one bin would repeat the value
    bin_columns, lows, widths = _bins(rows, binned, bins)
    category_columns, codes = _categories(rows, is_category)
    gap_columns = _gap_columns(is_gap, is_empty)
    graph = onnx_graph.Graph()

    def chosen(columns: ArrayLike) -> str:
        return graph("Gather", "payload", np.array(columns, int), axis=1)

    def without_gaps(x: str) -> str:
        return graph("Where", graph("IsNaN", x), 0.0, x)

    def scaled(columns: ArrayLike, start: ArrayLike, width: ArrayLike) -> str:
        """Columns from `start` in units of `width`. Only then is float32 precise enough."""
        moved = graph("Sub", chosen(columns), graph.exact(np.array(start, float)))
        shares = graph("Div", moved, graph.exact(np.array(width, float)))
        return graph("Cast", shares, to=TensorProto.FLOAT)

    values = scaled(numbers, mean, deviation)
    shares = scaled(bin_columns, lows, widths)
    standardised = graph("Clip", without_gaps(values), -_FAR, _FAR)
    places = graph("Clip", without_gaps(shares), 0.0, 1.0)
    equal = graph("Equal", chosen(category_columns), graph.exact(np.array(codes, float)))
    are_categories = graph("Cast", equal, to=TensorProto.FLOAT)
    gaps = graph("Cast", graph("IsNaN", chosen(gap_columns)), to=TensorProto.FLOAT)
    graph("Concat", standardised, places, are_categories, gaps, output="embedding", axis=1)
    return graph.serialised("columns", (TensorProto.DOUBLE, rows.shape[1:]))


def _bins(rows: np.ndarray, columns: np.ndarray, bins: int) -> tuple[list, list, list]:
    """For each quantile bin of some columns: its column, its lower edge, its width."""
    bin_columns = []
    lows = []
    widths = []
    for column, values in zip(columns, rows[:, columns].T, strict=True):
        edges = _quantiles(values[~np.isnan(values)], np.linspace(0, 1, bins + 1))
        bin_columns += [column] * (len(edges) - 1)
        lows += list(edges[:-1])
        widths += list(np.diff(edges))
    return bin_columns, lows, widths


def _categories(rows: np.ndarray, is_category: np.ndarray) -> tuple[list, list]:
    """For each category that becomes a column: its column in the table, its code."""
    kept, _, _ = _kept_categories(rows, is_category)
    category_columns = [column for column, categories in kept.items() for _ in categories]
    return category_columns, [code for categories in kept.values() for code in categories]


def _gap_columns(is_gap: np.ndarray, is_empty: np.ndarray) -> np.ndarray:
    """The columns whose gaps become a column, ascending. Empty columns are left out."""
    n_gaps = np.where(is_empty, 0, is_gap.sum(axis=0))  # (features,)
    most_gaps = np.argsort(-n_gaps, kind="stable")[:_MOST]
    return np.sort(most_gaps[n_gaps[most_gaps] >= _LEAST])


def tokens_graph(rows: np.ndarray, payload_format: dict) -> tuple[bytes, int]:
    """The graph from `payload` to tokens (n, features) int64, and the number of different tokens.

    Each column has its own tokens, and one of them is for gaps. No column has token 0. If a column
    of numbers has the edges 0.5 and 2, its tokens are 1 (below 0.5), 2 (below 2), 3 (the rest) and
    4 (a gap). If the next column has the categories 7 and 9, its tokens are 5 (any other category),
    6 (category 7), 7 (category 9) and 8 (a gap). For the parameters see `numbers_graph`.
    """
    is_category = _is_category(payload_format)
    edges = _edges_of_columns(rows, is_category)
    most = max(1, *map(len, edges))
    padded = np.full((len(edges), most), np.nan)  # (features, most)
    for row, values in zip(padded, edges, strict=True):
        row[: len(values)] = values
    sizes = [len(values) + 2 for values in edges]  # one below the first edge, one for a gap
    starts = 1 + np.cumsum([0, *sizes])  # (features + 1,) first tokens; 0 is of no column
    below, gaps = starts[:-1], starts[1:] - 1  # (features,) each, the first and the last token
    graph = onnx_graph.Graph()
    cells = graph("Unsqueeze", "payload", [2])  # (n, features, 1)
    exact = graph.exact(padded)
    # (n, features, most): 1 for each edge that a number has reached
    reached = graph("Cast", graph("LessOrEqual", exact, cells), to=TensorProto.INT64)
    equal = graph("Cast", graph("Equal", exact, cells), to=TensorProto.INT64)
    # (n, features, most): the number of a category in its place, from 1
    numbered = graph("Mul", equal, np.arange(1, most + 1))
    category = graph("Cast", is_category[:, None].astype(int), to=TensorProto.BOOL)
    # (n, features): how many edges a number has reached, or the number of its category
    place = graph("ReduceSum", graph("Where", category, numbered, reached), [2], keepdims=0)
    is_gap = graph("IsNaN", "payload")
    graph("Where", is_gap, gaps, graph("Add", place, below), output="embedding")
    cells_format = (TensorProto.DOUBLE, rows.shape[1:])
    tokens_format = (TensorProto.INT64, 2)
    return graph.serialised("cells", cells_format, output_type=tokens_format), int(starts[-1])


def _edges_of_columns(rows: np.ndarray, is_category: np.ndarray) -> list[np.ndarray]:
    """For each column of rows (n, features): its categories in order, or where its bins begin."""
    columns = zip(rows.T, is_category, strict=True)
    return [_token_edges(column[~np.isnan(column)], category) for column, category in columns]


def remark_on_limits(rows: np.ndarray, payload_format: dict, remarks: Remarks) -> None:
    """Add remarks on what `numbers_graph` leaves out of rows (n, features)."""
    names = list(payload_format["features"])
    is_category = _is_category(payload_format)
    numbers = np.flatnonzero(~is_category & ~np.isnan(rows).all(axis=0))
    bins = _n_bins(len(numbers))
    if bins < _BINS:
        instead = f"{bins} quantile bins" if bins > 1 else "their value alone, no quantile bins"
        many = f"columns of numbers get {instead}; in a narrower table it is {_BINS} bins"
        remarks.add("cut", len(numbers), many, names[numbers[0]])
    kept, most_categories, least = _kept_categories(rows, is_category)
    if least < _LEAST:
        rare_ones = f"values are in fewer than {_LEAST} rows, so they may tell nothing"
        taken = f"{rare_ones}; they are learned from, since no column has anything else"
        first = names[next(iter(kept))]
        remedy = "columns of numbers, or of fewer and wider categories, tell more"
        remarks.add("doubtful", sum(map(len, kept.values())), taken, first, remedy)
    rare = {}
    for column, categories in kept.items():
        n_different = len(np.unique(rows[~np.isnan(rows[:, column]), column]))
        rare[column] = n_different - len(categories)
    most = max(rare, key=lambda column: rare[column], default=0)
    others = f"{most_categories} others of the column occur more often"
    reason = f"fewer than {least} rows have them, or {others}" if least > 1 else others
    what = f"values are no category to the encoder: {reason}"
    remarks.add("ignored", sum(rare.values()), what, f"{rare.get(most, 0)} of {names[most]}")


def _n_bins(n_columns: int) -> int:
    """How many quantile bins each of so many columns of numbers gets; 1 or less: none."""
    return min(_BINS, _MOST // max(n_columns, 1) - 1)


def _kept_categories(
    rows: np.ndarray, is_category: np.ndarray
) -> tuple[dict[int, np.ndarray], int, int]:
    """The most frequent categories of each column of rows (n, features), and two limits.

    The first limit is how many categories a column keeps at most. It is lowered, but not below 2,
    until all columns together keep at most `_MOST`. The second limit is how many rows each category
    has at least. It is 1 if the encoder would have nothing else to learn from.
    """
    least = _LEAST
    frequent = _frequent(rows, is_category, least)
    if not any(map(len, frequent.values())) and not _has_others(rows, is_category):
        least = 1
        frequent = _frequent(rows, is_category, least)
    counts = [len(categories) for categories in frequent.values()]
    most = _CATEGORIES
    while most > 2 and np.minimum(counts, most).sum() > _MOST:
        most -= 1
    return {column: categories[:most] for column, categories in frequent.items()}, most, least


def _frequent(rows: np.ndarray, is_category: np.ndarray, least: int) -> dict[int, np.ndarray]:
    """By column, the categories that at least `least` rows have, the most frequent first."""
    frequent = {}
    for column in np.flatnonzero(is_category):
        values = rows[:, column]
        frequent[int(column)] = _most_frequent(values[~np.isnan(values)], least=least)
    return frequent


def _has_others(rows: np.ndarray, is_category: np.ndarray) -> bool:
    """Whether the embedding has columns besides those of categories."""
    is_gap = np.isnan(rows)
    is_empty = is_gap.all(axis=0)
    return bool((~is_category & ~is_empty).any() or len(_gap_columns(is_gap, is_empty)))


def _is_category(payload_format: dict) -> np.ndarray:
    """Which columns hold categories. Shape (features,), bool."""
    return np.array([held == "category" for held in payload_format["features"].values()])


def _token_edges(values: np.ndarray, is_category: bool) -> np.ndarray:
    """Categories in order, or where bins of numbers begin: at each value, if there are few."""
    if is_category:
        return np.sort(_most_frequent(values))
    different = np.unique(values)
    if len(different) <= _TOKEN_BINS:
        return different
    return _quantiles(values, np.linspace(0, 1, _TOKEN_BINS + 1)[1:-1])


def _quantiles(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The different quantiles of values (n,) without gaps, in order."""
    return np.unique(np.quantile(values, shares))


def _most_frequent(categories: np.ndarray, least: int = 1) -> np.ndarray:
    """The most frequent categories of (n,) without gaps, each at least `least` times, in order."""
    different, counts = np.unique(categories, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return different[order][: min(_CATEGORIES, (counts >= least).sum())]
