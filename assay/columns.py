"""Columns of a table as an ONNX graph of numbers that a linear model can use, learned without labels.

A number or date becomes its standardised value and its place among its quantiles, bin by bin (piecewise linear
encoding: Gorishniy, Rubachev and Babenko 2022); a category a column for each of its values; a gap a column of its own.
"""

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
    mean = np.nanmean(known, axis=0) if len(numbers) else np.zeros(0)
    deviation = np.nanstd(known, axis=0) if len(numbers) else np.zeros(0)
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
    constants = {
        "numbers": numbers,
        "mean": mean.astype(np.float32),
        "deviation": np.where(deviation > 0, deviation, 1).astype(np.float32),
        "far": np.float32(_FAR),
        "near": np.float32(-_FAR),
        "places": np.array(places, np.int64),
        "lows": np.array(lows, np.float32),
        "widths": np.array(widths, np.float32),
        "zero": np.float32(0),
        "one": np.float32(1),
        "owners": np.array(owners, np.int64),
        "codes": np.array(codes, np.float32),
        "gaps": gaps,
    }
    column, to_float = {"axis": 1}, {"to": TensorProto.FLOAT}
    parts = {
        "values": [
            ("Gather", "payload numbers", "raw", column),
            ("Sub", "raw mean", "centred"),
            ("Div", "centred deviation", "standardised"),
            ("Min", "standardised far", "not_above"),
            ("Max", "not_above near", "cut_off"),
            ("IsNaN", "cut_off", "no_value"),
            ("Where", "no_value zero cut_off", "values"),
        ],
        "quantiles": [
            ("Gather", "payload places", "placed", column),
            ("Sub", "placed lows", "above_low"),
            ("Div", "above_low widths", "share"),
            ("IsNaN", "share", "no_share"),
            ("Where", "no_share zero share", "known_share"),
            ("Max", "known_share zero", "from_zero"),
            ("Min", "from_zero one", "quantiles"),
        ],
        "categories": [
            ("Gather", "payload owners", "named", column),
            ("Equal", "named codes", "is_it"),
            ("Cast", "is_it", "categories", to_float),
        ],
        "missing": [
            ("Gather", "payload gaps", "perhaps", column),
            ("IsNaN", "perhaps", "is_gap"),
            ("Cast", "is_gap", "missing", to_float),
        ],
    }
    sizes = {"values": len(numbers), "quantiles": len(places), "categories": len(codes), "missing": len(gaps)}
    used = [name for name in parts if sizes[name]]
    nodes = [node for name in used for node in parts[name]]
    nodes.append(("Concat", " ".join(used), "embedding", column))
    return graphs.to_onnx("columns", (TensorProto.FLOAT, rows.shape[1:]), nodes, constants)
