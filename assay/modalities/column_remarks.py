"""Remarks on columns of a table that are converted or guessed, or that look wrong."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_text
from assay.contract.errors import first_of
from assay.contract.parquet_files import Format
from assay.contract.remarks import Action, Remarks
from assay.modalities import columns_as_written, formats, odd_cells
from assay.modalities.column_types import Column, short, way_of
from assay.modalities.columns_as_written import DOTTED, GAPS, PLAIN
from assay.modalities.simple_types import measures_time

_MANY = 20  # with so many rows, there is a remark on categories that mostly differ
_STARTS_WITH_DIGIT = r"^\W{0,4}\d"
_WORDS = pa.array([word for word in GAPS if word])  # an empty cell needs no remark
_BEYOND = "columns hold numbers beyond 2^53: a network reads their first 16 digits alone"
_EMPTY = "columns hold no value at all"
_WHOLE = r"^[+-]?\d+$"
_SHORT_YEAR = r"^\s*\d\d?[./-]\d\d?[./-]\d\d(\s|T|$)"
_CENTURY = "years of two digits: 00 to 68 are read as 2000 to 2068, and 69 to 99 as 1969 to 1999"
_NINES = re.compile(r"-?99+(\.0+)?")  # numbers that people write if there is no value
_LEAST = 3  # such a number must be in at least so many cells
_BEYOND_OTHERS = 10  # and its distance from the others must be more than so many of their ranges
_MAY_BE_A_VALUE = 0.1  # a word in at least this share of the filled cells may be a category


def remark(columns: Mapping[str, Column], remarks: Remarks) -> None:
    """Remark on the types of columns, each kind once."""
    names_of_remark: dict[tuple[Action, str], list[str]] = {}
    for name, column in columns.items():
        for action, what, examples in _remarks_on(column):
            named = f"{name!r} ({examples})" if examples else repr(name)
            names_of_remark.setdefault((action, what), []).append(named)
    for (action, what), names in names_of_remark.items():
        remarks.add(action, len(names), what, first_of(names))


def remark_on_guesses(columns: Mapping[str, Column], encoder: Format, remarks: Remarks) -> None:
    """Remark on columns whose way of writing is not clear, even with the encoder's help."""
    guesses = {}
    for name, column in columns.items():
        way = column.way(encoder["features"][name], way_of(name, encoder))
        if way.unsure and column.values.null_count < len(column.values):
            guesses[name] = replace(column, written=way)
    remark(guesses, remarks)


def remark_on_empty(columns: Mapping[str, Column], encoder: Format, remarks: Remarks) -> None:
    """Remark on columns that are empty here but not where the encoder was learned, or vice versa.

    There is no remark on an empty column of a single row: its cell may be a gap.
    """
    empty = []
    filled = []
    for name, column in columns.items():
        is_empty = pc.all(column.values.is_null(nan_is_null=True)).as_py()
        was_empty = encoder["features"][name] == "empty"
        if is_empty and not was_empty and len(column.values) > 1:
            empty.append(repr(name))
        if was_empty and not is_empty:
            filled.append(repr(name))
    remarks.add("doubtful", len(empty), _EMPTY, first_of(empty))
    remarks.add("ignored", len(filled), formats.WERE_EMPTY, first_of(filled))


def _is_beyond_floats(values: pa.Array) -> bool:
    """Whether whole numbers are so large that float64 cannot tell some of them apart."""
    if not pa.types.is_integer(values.type) and not pa.types.is_decimal(values.type):
        return False
    ends = pc.min_max(values).as_py().values()
    return any(end is not None and abs(end) > 2**53 for end in ends)


def _has_long_numbers(column: Column) -> bool:
    """Whether a column of text holds whole numbers that float64 may not hold exactly."""
    is_long = pc.greater_equal(pc.abs(column.parsed), 2.0**53)
    if not pc.any(is_long).as_py():
        return False
    is_whole = pc.match_substring_regex(column.as_programs_write, _WHOLE)
    return pc.any(pc.and_(is_long, is_whole)).as_py() or False


def _remarks_on(column: Column) -> Iterator[tuple[Action, str, str]]:
    """The remarks on a column: action, text, and examples, "" if there are none."""
    if column.type == "empty":
        yield "doubtful", _EMPTY, ""
    elif is_text(column.values.type):
        is_category = column.type == "category"
        yield from _remarks_on_categories(column) if is_category else _remarks_on_numbers(column)
    elif _is_beyond_floats(column.values):
        yield "converted", _BEYOND, ""


def _remarks_on_numbers(column: Column) -> Iterator[tuple[Action, str, str]]:
    """The remarks on texts that are read as numbers or dates, as `_remarks_on`."""
    different = column.different
    examples = _first_two(different)
    if column.written.truth:
        yield "converted", "columns hold truth values: read as the numbers 1 and 0", examples
        return
    if column.written == DOTTED:
        unless = "unless the encoder knows them between thousands"
        what = f"columns hold dots before three digits: read as decimal points, {unless}"
        yield "guessed", what, examples
    elif column.written.unsure:
        ways = "in the first of two ways that fit, unless the encoder decides"
        yield "guessed", f"columns are read as {column.type}s {ways}", _two_readings(column)
    elif not column.values.equals(column.as_programs_write):
        yield "converted", f"columns are read as {column.type}s", examples
    if column.type == "number" and _has_long_numbers(column):
        yield "converted", _BEYOND, examples
    short_years = different.filter(pc.match_substring_regex(different, _SHORT_YEAR))
    if column.type == "date" and len(short_years):
        yield "guessed", f"columns hold {_CENTURY}", short(short_years[0].as_py())


def _two_readings(column: Column) -> str:
    """Words for a text of a column, the value that is read, and the other possible value."""
    way = column.written
    other = replace(PLAIN, unit=way.unit, group=".", decimal=",")
    if column.type == "date":
        other = replace(PLAIN, first="month" if way.first == "day" else "day")
    elif way.decimal == ",":
        other = replace(PLAIN, unit=way.unit, group=",")
    texts = column.different
    values = columns_as_written.as_programs_write(texts, column.type, way)
    others = columns_as_written.as_programs_write(texts, column.type, other)
    differing = pc.indices_nonzero(pc.not_equal(values, others))
    if not len(differing):
        return _first_two(texts)
    row = differing[0].as_py()
    text, value, meant = (str(column[row]) for column in (texts, values, others))
    return f"{short(text)} is read as {value}; if it is {meant}, write {meant}"


def _remarks_on_categories(column: Column) -> Iterator[tuple[Action, str, str]]:
    """The remarks on texts that are categories, as `_remarks_on`."""
    different = column.different
    examples = _first_two(different)
    odd = odd_cells.texts(different)
    digits = pc.sum(pc.match_substring_regex(different, _STARTS_WITH_DIGIT)).as_py()
    n = len(column.values)
    if columns_as_written.are_codes(different):
        yield "guessed", "columns of digits hold categories, since some start with a zero", examples
    elif len(odd):
        n_odd = odd_cells.count(column.values, odd)
        n_numbers = n - column.values.null_count - n_odd
        counts = f"{n_numbers:,} numbers, and {n_odd:,} other cells, as {short(odd[0].as_py())}"
        yield "doubtful", "columns hold categories, though most of their texts are numbers", counts
    elif digits * 2 > len(different):
        why = "no one way of writing numbers or dates fits all cells"
        yield "doubtful", f"columns hold categories: {why}", examples
    elif n >= _MANY and len(different) * 2 > n:
        yield "doubtful", "columns hold categories, though most of their cells differ", examples


def _first_two(texts: pa.Array) -> str:
    return ", ".join(map(short, texts[:2].to_pylist()))


def remark_on_seconds(raw: pa.Table, columns: Mapping[str, Column], remarks: Remarks) -> None:
    """Remark on columns of times and durations."""
    names = [repr(name) for name in columns if measures_time(raw[name].type)]
    what = "columns hold times or durations: read as seconds"
    remarks.add("converted", len(names), what, first_of(names))


def remark_on_nines(columns: Mapping[str, Column], remarks: Remarks) -> None:
    """Remark once on cells such as -999 or 9999 in columns of much smaller numbers."""
    counts = {name: _nines(column) for name, column in columns.items() if column.type == "number"}
    with_nines = [(name, *nines) for name, nines in counts.items() if nines]
    what = "cells hold a number far beyond all others of the column, as if none were known"
    examples = [f"{number:g} in {name!r} ({n:,})" for name, number, n in with_nines]
    remedy = "leave them empty if so"
    remarks.add("doubtful", sum(n for *_, n in with_nines), what, first_of(examples), remedy)


def _nines(column: Column) -> tuple[float, int] | None:
    """The number that stands for "no value" in a column, and its count of cells; None without."""
    values = column.parsed
    if pa.types.is_boolean(values.type):
        return None
    for end in pc.min_max(values).as_py().values():
        if not _NINES.fullmatch(str(end)):
            continue
        others = values.filter(pc.not_equal(values, pa.scalar(end, values.type)))
        low, high = pc.min_max(others).as_py().values()
        n = len(values) - values.null_count - len(others)
        if n >= _LEAST and low is not None:
            distance = min(abs(end - low), abs(end - high))
            if distance > _BEYOND_OTHERS * (high - low) > 0:
                return float(end), n
    return None


def remark_on_gaps(raw: pa.Table, columns: Mapping[str, Column], remarks: Remarks) -> None:
    """Remark once on words such as `NA`: cells of `raw` that have no value in `columns`.

    A word in many cells of a column of categories may be a category. Then the remark is doubtful.
    """
    words: list[tuple[bool, int, str]] = []  # is it doubtful, how many cells, word with column
    for name, column in columns.items():
        if not is_text(column.values.type) or not column.values.null_count:
            continue
        cells = pc.drop_null(raw[name].cast(pa.string()))
        filled = pc.sum(pc.not_equal(cells, "")).as_py()
        counts = pc.value_counts(cells.filter(pc.is_in(cells, _WORDS)))
        for word, count in (entry.values() for entry in counts.to_pylist()):
            is_doubtful = column.type == "category" and count >= _MAY_BE_A_VALUE * filled
            words.append((is_doubtful, count, f"{word!r} in {name!r} ({count:,})"))
    words.sort(key=lambda entry: (not entry[0], -entry[1], entry[2]))  # doubtful, then frequent
    any_doubtful = any(is_doubtful for is_doubtful, _, _ in words)
    remarks.add(
        "doubtful" if any_doubtful else "converted",
        sum(count for _, count, _ in words),
        "cells hold a word for no value and are read as empty",
        first_of([example for _, _, example in words]),
        "write it otherwise where it is a value" if any_doubtful else "",
    )
