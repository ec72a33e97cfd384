"""Columns of a table as an ONNX graph, learned without labels: of numbers that a linear model can use, or of tokens.

A number or date becomes its standardised value and its place among its quantiles, bin by bin (piecewise linear
encoding: Gorishniy, Rubachev and Babenko 2022); a category a column for each of its values; a gap a column of its own.
As a token, a cell is the bin that it is in, or its category.
"""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from assay.training import onnx_graph

_BINS = 8  # quantiles of a number
_CATEGORIES = 64  # of a column, the most frequent ones; the rest are no category
_LEAST = 5  # examples that a category or a gap must have
_FINE_BINS = 16  # of a number that becomes a token
_FAR = 5.0  # standard deviations at which a value is cut off


def to_onnx(rows: np.ndarray, kind: dict) -> bytes:
    """The graph from `payload` (n, features) float32, with gaps, to `embedding` (n, columns), learned from `rows`."""
    is_category = np.array([each == "category" for each in kind["features"].values()])
    gap = np.isnan(rows)
    numbers = np.flatnonzero(~is_category & ~gap.all(axis=0))
    known = rows[:, numbers].astype(np.float64)
    mean, deviation = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    places, lows, widths = [], [], []
    for column, values in zip(numbers, known.T, strict=True):
        edges = np.unique(np.nanquantile(values, np.linspace(0, 1, _BINS + 1)).astype(np.float32))
        places += [column] * (len(edges) - 1)
        lows += list(edges[:-1])
        widths += list(np.diff(edges))
    owners, codes = [], []
    for column in np.flatnonzero(is_category):
        values, counts = np.unique(rows[~gap[:, column], column], return_counts=True)
        kept = values[np.argsort(-counts, kind="stable")][
            : min(_CATEGORIES, (counts >= _LEAST).sum())
        ]
        owners += [column] * len(kept)
        codes += list(kept)
    gaps = np.flatnonzero((gap.sum(axis=0) >= _LEAST) & ~gap.all(axis=0))
    graph, deviation = onnx_graph.Graph(), np.where(deviation > 0, deviation, 1)

    def chosen(columns: Sequence[int]) -> str:
        return graph("Gather", "payload", np.array(columns, int), axis=1)

    def filled(x: str) -> str:
        return graph("Where", graph("IsNaN", x), 0.0, x)

    values = graph("Div", graph("Sub", chosen(numbers), mean), deviation)
    shares = graph("Div", graph("Sub", chosen(places), np.array(lows)), np.array(widths))
    parts = [
        graph("Clip", filled(values), -_FAR, _FAR),
        graph("Clip", filled(shares), 0.0, 1.0),
        graph("Cast", graph("Equal", chosen(owners), np.array(codes)), to=TensorProto.FLOAT),
        graph("Cast", graph("IsNaN", chosen(gaps)), to=TensorProto.FLOAT),
    ]
    graph("Concat", *parts, output="embedding", axis=1)
    return graph.to_onnx("columns", (TensorProto.FLOAT, rows.shape[1:]))


def to_tokens(rows: np.ndarray, kind: dict) -> tuple[bytes, int]:
    """The graph from `payload` (n, features) float32 to tokens (n, features) int64, and how many there may be."""
    is_category = np.array([each == "category" for each in kind["features"].values()])
    edges = [
        _edges(column[~np.isnan(column)], own)
        for column, own in zip(rows.T, is_category, strict=True)
    ]
    most = max(1, *map(len, edges))
    padded = np.stack(
        [np.append(own, np.full(most - len(own), np.nan)) for own in edges]
    )  # (features, most)
    first = 1 + np.cumsum([0] + [len(own) + 2 for own in edges])  # of each column: 0 is no token
    graph = onnx_graph.Graph()
    cells = graph("Unsqueeze", "payload", [2])  # (n, features, 1)
    reached = graph(
        "Cast", graph("LessOrEqual", padded, cells), to=TensorProto.INT64
    )  # (n, features, most)
    same = graph("Cast", graph("Equal", padded, cells), to=TensorProto.INT64)
    named = graph("Mul", same, np.arange(1, most + 1))
    category = graph("Cast", is_category[:, None].astype(int), to=TensorProto.BOOL)
    place = graph(
        "ReduceSum", graph("Where", category, named, reached), [2], keepdims=0
    )  # (n, features)
    gaps = first[1:] - 1
    graph(
        "Where",
        graph("IsNaN", "payload"),
        gaps,
        graph("Add", place, first[:-1]),
        output="embedding",
    )
    given = (TensorProto.FLOAT, rows.shape[1:])
    return graph.to_onnx("cells", given, gives=(TensorProto.INT64, 2)), int(first[-1])


def _edges(values: np.ndarray, is_category: bool) -> np.ndarray:
    """Of categories the most frequent; of numbers where bins begin: at each value, where there are few."""
    own, counts = np.unique(values, return_counts=True)
    if is_category:
        return np.sort(own[np.argsort(-counts, kind="stable")][:_CATEGORIES])
    if len(own) <= _FINE_BINS:
        return own
    return np.unique(
        np.quantile(values, np.linspace(0, 1, _FINE_BINS + 1)[1:-1]).astype(np.float32)
    )
