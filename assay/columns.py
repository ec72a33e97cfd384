"""Columns of a table as an ONNX graph of numbers that a linear model can use, learned without labels.

A number or date becomes its standardised value and its place among its quantiles, bin by bin (piecewise linear
encoding: Gorishniy, Rubachev and Babenko 2022); a category a column for each of its values; a gap a column of its own.
"""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from assay import graphs

_BINS = 8  # quantiles of a number
_CATEGORIES = 64  # of a column, the most frequent ones; the rest are no category
_LEAST = 5  # examples that a category or a gap must have
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
        kept = values[np.argsort(-counts, kind="stable")][: min(_CATEGORIES, (counts >= _LEAST).sum())]
        owners += [column] * len(kept)
        codes += list(kept)
    gaps = np.flatnonzero((gap.sum(axis=0) >= _LEAST) & ~gap.all(axis=0))
    graph, deviation = graphs.Graph(), np.where(deviation > 0, deviation, 1)

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
