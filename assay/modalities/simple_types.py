"""Convert columns of Arrow's many types to the few types that Assay stores."""

import pyarrow as pa
import pyarrow.compute as pc

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # ticks, by unit of time


def with_simple_type(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece, without a dictionary, and with simple types.

    Dates become timestamps. Times and durations become seconds. Columns of type null become gaps.
    """
    values = column.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_float16(values.type):
        return values.cast(pa.float32())
    if pa.types.is_null(values.type):
        return values.cast(pa.float64())
    if pa.types.is_date(values.type):
        return pc.cast(values, pa.timestamp("s" if pa.types.is_date32(values.type) else "ms"))
    return _seconds(values) if measures_time(values.type) else values


def measures_time(type_: pa.DataType) -> bool:
    """Whether a type holds times of day or durations, which are read as seconds."""
    return pa.types.is_time(type_) or pa.types.is_duration(type_)


def as_ticks(column: pa.ChunkedArray) -> pa.Array:
    """Times or durations as text for ids: the ticks as they came; null for a gap."""
    return _ticks(column.combine_chunks()).cast(pa.string())


def _ticks(values: pa.Array) -> pa.Array:
    ticks = values.view(pa.int32() if values.type.bit_width == 32 else pa.int64())
    return ticks.cast(pa.int64())


def _seconds(values: pa.Array) -> pa.Array:
    """Times or durations as seconds, whatever their unit; int64 if all are whole, else float64.

    Whole seconds are computed as integers: float64 cannot hold large numbers of nanoseconds.
    """
    ticks = _ticks(values)
    per_second = PER_SECOND[values.type.unit]
    whole = pc.divide(ticks, per_second)
    rest = pc.subtract(ticks, pc.multiply(whole, per_second))
    if not pc.any(pc.not_equal(rest, 0)).as_py():
        return whole
    parts = pc.divide(pc.cast(rest, pa.float64()), float(per_second))
    return pc.add(pc.cast(whole, pa.float64()), parts)
