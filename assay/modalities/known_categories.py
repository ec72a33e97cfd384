"""Keep short hashes of the categories that a model learned from, to find new categories later."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.errors import first_of
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.modalities.column_types import HEX_DIGITS, Column, category, short

_MOST = 1000  # categories of a column; if it has more, such as names, new ones are normal
_DIGITS = 8  # hexadecimal digits of a category's hash that are kept


def category_columns(payload_format: Format) -> list[str]:
    """The columns of a table that hold categories; other modalities have none."""
    types = payload_format.get("features", {})
    return [name for name, type_ in types.items() if type_ == "category"]


def learned(blocks: Iterable[np.ndarray], columns: Sequence[str]) -> dict[str, str]:
    """The hashes of the categories in some columns, by column, joined by blanks.

    A column with more than 1,000 categories is left out.

    Parameters
    ----------
    blocks : payloads (n, columns) float64, NaN for gaps
    """
    codes: dict[str, set[float]] = {name: set() for name in columns}
    for block in blocks:
        for name, values in zip(columns, block.T, strict=True):
            if len(codes[name]) <= _MOST:
                codes[name].update(values[~np.isnan(values)].tolist())
    few = {name: different for name, different in codes.items() if len(different) <= _MOST}
    return {name: " ".join(sorted(map(_hash, different))) for name, different in few.items()}


def remark_on_others(
    columns: Mapping[str, Column], known: Mapping[str, str], remarks: Remarks
) -> None:
    """Remark once on cells with a category that is not among `known`, see `learned`."""
    others: list[tuple[int, str]] = []  # number of cells, and an example
    for name, hashes in known.items():
        hashes_of_column = set(hashes.split())
        counts = pc.value_counts(pc.drop_null(pc.cast(columns[name].texts(), pa.string())))
        for text, count in (entry.values() for entry in counts.to_pylist()):
            if _hash(category(text)) not in hashes_of_column:
                others.append((count, f"{short(text)} in {name!r} ({count:,})"))
    others.sort(key=lambda entry: -entry[0])
    remarks.add(
        "doubtful",
        sum(count for count, _ in others),
        "cells hold a category that no example has from which the model learned",
        first_of([example for _, example in others]),
    )


def _hash(code: float) -> str:
    """The first digits of a category's hash."""
    return f"{int(code):0{HEX_DIGITS}x}"[:_DIGITS]
