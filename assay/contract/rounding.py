"""Round numbers for people, always in the same way.

A metric has four significant digits in its file. The terminal and the report both round that
number half up, like a reader of the file: 0.9565 is 0.957 or 95.7 % everywhere.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

_DIGITS = 4  # of a metric in a file
ENDS = ("", "_low", "_high")  # suffixes of the names of a metric and of the ends of its interval
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)  # enough digits for any float


def as_written(value: float) -> float:
    """A metric as its file holds it."""
    return float(f"{value:.{_DIGITS}g}")


def rounded(value: float, places: int, factor: int = 1) -> Decimal:
    """A number times `factor` with `places` decimals; halves are rounded up.

    It computes with decimal digits: in binary, 100 * 0.0045 is a little less than 0.45.
    """
    number = Decimal(str(float(value))) * factor
    return number.quantize(Decimal(1).scaleb(-places), context=_CONTEXT)


def as_text(metrics: Mapping[str, float], name: str) -> str:
    """A metric and its interval with three decimals, such as `0.957 (0.900 to 1.000)`."""
    value, low, high = [rounded(as_written(metrics[f"{name}{end}"]), 3) for end in ENDS]
    return f"{value} ({low} to {high})"


def interval(metrics: Mapping[str, float], name: str) -> list[float] | None:
    """A metric and the ends of its interval; None if one of the three is missing."""
    names = [f"{name}{end}" for end in ENDS]
    return [metrics[name] for name in names] if metrics.keys() >= {*names} else None
