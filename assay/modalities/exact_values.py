"""Values of columns as text: exact text for ids, or text for people."""

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_text
from assay.modalities.columns_as_written import without_gaps

_EXACT = 2.0**53  # below it, float64 holds every whole number
_WHOLE = r"^(0|-?[1-9]\d*)$"  # whole numbers, of which equal ones have the same text
_DIGITS = 17  # characters; float64 may not hold a longer number exactly
# parts of a date's text that are not needed, and what replaces them
_SAYS_NOTHING = ((r"Z$", ""), (r"(\.\d*?)0+$", r"\1"), (r"\.$", ""), (r" 00:00:00$", ""))


def exact(values: pa.Array, source: pa.Array | None = None) -> pa.Array:
    """Numbers, dates or texts as text that is equal for equal values; null for a gap.

    Parameters
    ----------
    source : the numbers as they came, if they came as text
    """
    if source is not None and pc.all(pc.match_substring_regex(source, _WHOLE), min_count=0).as_py():
        return source
    if pa.types.is_timestamp(values.type):
        return dates(values)
    if pa.types.is_floating(values.type):
        return numbers(values, source)
    texts = pc.cast(values, pa.string())
    if pa.types.is_decimal(values.type):
        return pc.replace_substring_regex(texts, r"^(-?\d+)\.0+$|^(-?\d+\.\d*[1-9])0+$", r"\1\2")
    return texts


def numbers(values: pa.Array, source: pa.Array | None) -> pa.Array:
    """Floats as the shortest text. If float64 is not exact, the text that they came as.

    A whole number has no decimal point, as in a column of integers.
    """
    values = pc.if_else(pc.is_nan(values), None, values)
    texts = pc.cast(values, pa.string())
    wide = pc.cast(values, pa.float64())
    small = pc.less(pc.abs(wide), _EXACT)
    whole = pc.fill_null(pc.and_(pc.equal(pc.floor(wide), wide), small), fill_value=False)
    integers = pc.cast(pc.if_else(whole, wide, None), pa.int64())
    texts = pc.if_else(whole, pc.cast(integers, pa.string()), texts)
    if source is None:
        return texts
    is_long = pc.greater(pc.binary_length(source), _DIGITS)
    inexact = pc.or_(is_long, pc.invert(small))
    as_it_came = pc.replace_substring_regex(source, r"^\+", "")
    return pc.if_else(pc.and_(inexact, pc.is_valid(values)), as_it_came, texts)


def dates(values: pa.Array) -> pa.Array:
    texts = pc.cast(values, pa.string())
    for pattern, rest in _SAYS_NOTHING:
        texts = pc.replace_substring_regex(texts, pattern, rest)
    return texts


def as_text(column: pa.Array) -> list[str]:
    """The values of a column of examples.parquet as a person writes them; "" for a gap."""
    if is_text(column.type):
        column = without_gaps(column)
    is_date = pa.types.is_timestamp(column.type)
    texts = dates(column) if is_date else pc.cast(column, pa.string())
    return pc.if_else(column.is_null(nan_is_null=True), "", texts).to_pylist()
