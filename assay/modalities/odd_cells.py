"""Cells that are no numbers in a column in which most texts are: typing errors, or categories."""

import pyarrow as pa
import pyarrow.compute as pc

from assay.modalities.columns_as_written import NO_VALUE, PLAIN, guess, parsed

_SHARE = 0.01  # of the filled cells; so many are no typing errors
_FEW = 2  # cells; a single one is rather a typing error
# more texts that say that there is no value, where the others are numbers
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
    """Those of the texts `odd` of a column that a person should mend; the others are categories.

    They are words for no value, numbers and dates that are written otherwise, and else all of
    them, if they are but one cell, or fewer than one in a hundred of which none repeats.
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
