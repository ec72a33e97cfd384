"""The types of columns of a table: number, date, category, or empty."""

import hashlib
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_text
from assay.contract.errors import InputError
from assay.contract.parquet_files import Format
from assay.modalities import columns_as_written, exact_values, odd_cells, simple_types
from assay.modalities.columns_as_written import (
    DOTTED,
    PLAIN,
    TRUTH,
    Written,
    parsed,
    typed,
    without_gaps,
)
from assay.modalities.simple_types import PER_SECOND, with_simple_type

HEX_DIGITS = 13  # of a hash: the first 52 bits, which float64 holds exactly
_DAY = 86_400  # seconds
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


@dataclass
class Column:
    """A column of a table.

    Attributes
    ----------
    values : the values as they came; in texts, gaps are null
    type : number, date, category or empty
    written : how texts are written
    identity : the texts that ids are made of, if they are not made of the values
    """

    values: pa.Array
    type: str
    written: Written
    identity: pa.Array | None = None

    @classmethod
    def stored(cls, values: pa.Array, name: str, payload_format: Format) -> "Column":
        """A column of a file in this format."""
        type_ = payload_format["features"].get(name, "category")
        if is_text(values.type):
            values = without_gaps(values)
        elif type_ == "category":
            type_ = _type_of(values.type)
        return cls(values, type_, way_of(name, payload_format))

    def read_as(self, name: str, wanted: Format, places: Sequence[str] | None) -> np.ndarray:
        """The numbers (n,) for a network, if the column is read in the format of another file.

        Parameters
        ----------
        wanted : the format of that file
        places : the name of each row in messages; None: rows have no names

        Raises
        ------
        InputError
            If a value has another type. The message names the first such value.
        """
        type_ = wanted["features"][name]
        n = len(self.values)
        if "empty" in (type_, self.type) or self.values.null_count == n:
            return np.full(n, np.nan)
        if type_ == "category":
            return Column(self.texts(), type_, PLAIN).numbers()
        wanted_way = way_of(name, wanted)
        if is_text(self.values.type):
            read = Column(parsed(self.values, type_, self.way(type_, wanted_way)), type_, PLAIN)
            is_wrong = pc.and_(pc.is_null(read.values), pc.is_valid(self.values))
        else:
            read = self
            is_wrong = pc.and_(pc.is_valid(self.values), self.type != type_)
        wrong = pc.indices_nonzero(is_wrong)
        if len(wrong):
            row = wrong[0].as_py()
            place = f"{places[row]}: " if places is not None else ""
            is_value = f"{name!r} is {short(self.values[row].as_py())}"
            known = wanted_way.in_words(type_)
            raise InputError(f"{place}{is_value}, where the encoder knows a {known}")
        return read.numbers()

    def way(self, type_: str, wanted: Written) -> Written:
        """How texts are read: in the way of this file, or in the `wanted` way of the encoder.

        The encoder decides if the type or the unit differs, or if several ways fit the texts.
        """
        if self.type != type_ or self.written.unit != wanted.unit:
            return wanted
        if self.written == DOTTED and wanted.group != ".":
            return PLAIN if wanted.decimal == "." else DOTTED
        decides = type_ != "date" or bool(wanted.first)  # an encoder of ISO dates knows no order
        return wanted if self.written.unsure and decides else self.written

    @property
    def different(self) -> pa.Array:
        """The different values, without gaps."""
        return pc.unique(self.values).drop_null()

    @cached_property
    def as_programs_write(self) -> pa.Array | None:
        """Numbers and dates in texts, as programs write them; None for other columns."""
        if self.type in ("number", "date") and is_text(self.values.type):
            return columns_as_written.as_programs_write(self.values, self.type, self.written)
        return None

    @cached_property
    def parsed(self) -> pa.Array:
        """The values with numbers and dates parsed, if they came as text."""
        written = self.as_programs_write
        return self.values if written is None else typed(written, self.type, self.written)

    def numbers(self) -> np.ndarray:
        """The values as a network reads them, float64 (n,), NaN for gaps."""
        values = self.parsed
        if self.type == "category":
            return _codes(values)
        if pa.types.is_timestamp(values.type):
            ticks = pc.cast(pc.cast(values, pa.int64()), pa.float64(), safe=False)
            values = pc.divide(ticks, float(_DAY * PER_SECOND[values.type.unit]))
        numbers = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return numbers + 0.0  # -0.0 becomes 0.0

    def texts(self) -> pa.Array:
        """The values as they came, as text; null for a gap."""
        return self.values if is_text(self.values.type) else self.exact()

    def exact(self, start: int = 0, count: int | None = None) -> pa.Array:
        """`count` values from `start`, as text that is equal for equal values; null for a gap.

        Truth values are the original text. Times and durations are ticks of their unit. Older
        versions of Assay read both in another way; with these texts an example keeps its id.
        """
        if self.identity is not None:
            return self.identity.slice(start, count)
        source = self.as_programs_write if self.type == "number" else None
        part = None if source is None else source.slice(start, count)
        return exact_values.exact(self.parsed.slice(start, count), part)


def way_of(name: str, payload_format: Format) -> Written:
    """How a column is written, according to a format."""
    return Written(**payload_format.get("written", {}).get(name, {}))


def of(column: pa.ChunkedArray, name: str, places: Sequence[str]) -> Column:
    """A column with its type.

    Raises
    ------
    InputError
        If it holds neither numbers nor dates nor text, or if a number has a typing error.
    """
    values = with_simple_type(column)
    if not is_text(values.type):
        type_ = _type_of(values.type)
        if not type_:
            wrong = f"{places[0]} and on: {name!r} holds values of type {values.type}"
            known = "which are neither numbers nor dates nor text"
            raise InputError(f"{wrong}, {known}: {_remedy(values.type)}")
        is_empty = pc.all(values.is_null(nan_is_null=True), min_count=0).as_py()
        ticks = simple_types.as_ticks(column) if simple_types.measures_time(column.type) else None
        return Column(values, "empty" if is_empty else type_, PLAIN, ticks)
    values = without_gaps(values)
    type_, written = _guess(values)
    read = Column(values, type_, written, values if written.truth else None)
    if type_ == "category":
        _refuse_slips(read, name, places)
    return read


def asked(column: pa.ChunkedArray, name: str, encoder: Format, places: Sequence[str]) -> Column:
    """A column that a user wants predicted. Typing errors raise later, in `Column.read_as`."""
    values = with_simple_type(column)
    if not is_text(values.type):
        return of(pa.chunked_array([values]), name, places)  # seconds: only ids are of ticks
    values = without_gaps(values)
    type_ = encoder["features"][name]
    is_guessed = type_ in ("number", "date")
    return Column(values, *_guess(values)) if is_guessed else Column(values, type_, PLAIN)


def _guess(texts: pa.Array) -> tuple[str, Written]:
    """The type of texts without gaps; truth values are numbers, as in Parquet."""
    different = pc.unique(texts).drop_null()
    if not len(different):
        return "empty", PLAIN
    if columns_as_written.are_truth_values(different):
        return "number", TRUTH
    return columns_as_written.guess(different)


def _remedy(type_: pa.DataType) -> str:
    """What to do with a column of a type that Assay cannot read."""
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return "call it image or audio if it holds such files, or take that column out"
    if any(is_type(type_) for is_type in _LISTS) and _type_of(type_.value_type) == "number":
        return "make a column of each number, or take that column out"
    return "take that column out"


def _type_of(type_: pa.DataType) -> str:
    if pa.types.is_timestamp(type_):
        return "date"
    is_exact = pa.types.is_boolean(type_) or pa.types.is_decimal(type_)
    is_number = is_exact or pa.types.is_integer(type_) or pa.types.is_floating(type_)
    return "number" if is_number else ""


def _refuse_slips(column: Column, name: str, places: Sequence[str]) -> None:
    """Raise if most texts of a column are numbers, and some look like typing errors."""
    slips = odd_cells.typing_errors(column.values, odd_cells.texts(column.different))
    if not len(slips):
        return
    row = pc.index(column.values, slips[0]).as_py()
    wrong = f"{places[row]}: {name!r} is {short(slips[0].as_py())}, not a number as most are"
    if_true = "if it is true, begin all cells of that column with a letter, in all batches"
    raise InputError(f"{wrong}; mend it, or leave it empty; {if_true}")


def short(value: object) -> str:
    """A value for a message."""
    return reprlib.repr(value) if isinstance(value, str) else str(value)


def _codes(texts: pa.Array) -> np.ndarray:
    """Categories as numbers, float64 (n,), NaN for gaps."""
    encoded = pc.dictionary_encode(pc.cast(texts, pa.string()))
    codes = [category(text) for text in encoded.dictionary.to_pylist()]
    rows = encoded.indices.fill_null(len(codes)).to_numpy()
    return np.array([*codes, np.nan])[rows]


def category(text: str) -> float:
    """The number of a category."""
    return float(int(hashlib.sha256(text.encode()).hexdigest()[:HEX_DIGITS], 16))
