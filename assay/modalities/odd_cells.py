"""Find cells that are no numbers in a column of numbers: they are typing errors or categories."""

import pyarrow as pa
import pyarrow.compute as pc

from assay.modalities.columns_as_written import NO_VALUE, PLAIN, guess, parsed

_SHARE = 0.01  # if at least this share of the filled cells is odd, these are no typing errors
_FEW = 2  # cells; a single odd cell is probably a typing error
# more words for "no value" in a column of numbers
_MISSING = NO_VALUE | {"--", "---", "–", "—", ".", "..", "...", "…", "*", "??", "???"}
_MISSING |= {"missing", "无", "未知", "缺失"}
_MISSING |= {"unk", "unknown", "unbekannt", "not available", "not applicable", "not known", "tbd"}
_MISSING |= {"error", "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!"}


def texts(different: pa.Array) -> pa.Array:
    """The texts that are no numbers, if they are fewer than half of the different ones."""
    odd = different.filter(pc.is_null(parsed(different, "number", PLAIN)))
    return odd if len(odd) * 2 < len(different) else odd[:0]


def count(values: pa.Array, odd: pa.Array) -> int:
    """The cells that hold one of these texts."""
    return pc.sum(pc.is_in(values, odd)).as_py() or 0


def typing_errors(values: pa.Array, odd: pa.Array) -> pa.Array:
    """The texts of `odd` that a person should correct. None of them means: they are categories.

    If some are words for "no value", these are returned. If `odd` are numbers or dates in another
    form, all are returned. Other texts are returned if they are in one cell, or in less than 1 % of
    the cells without repeats.
    """
    is_missing = [text.strip().casefold() in _MISSING for text in odd.to_pylist()]
    if any(is_missing):
        return odd.filter(pa.array(is_missing))
    if len(odd) and guess(odd)[0] != "category":
        return odd
    n = count(values, odd)
    repeats = n > len(odd)
    is_many = n >= _FEW and n >= _SHARE * (len(values) - values.null_count)
    return odd[:0] if repeats or is_many else odd
