"""Read text as the numbers or dates that people mean: `1,234`, `12 %`, `€ 3`, `01.02.2021`.

A column is read in one way that fits all its cells. If no way fits, it holds categories. The way is
stored, so that a later file is read in the same way. RE2 runs the regular expressions for cells:
its time is linear in the length of a cell.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

# cells that are empty
GAPS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
# words for "no value" in any letter case; if they are not in GAPS, a person must correct them
NO_VALUE = {word.casefold() for word in GAPS if word} | {"-", "nil", "<na>", "#n/a", "n.a.", "n.a"}
_GAPS = pa.array(GAPS)
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity|nan)$"
_CODE = r"^0\d+$"  # a postcode, for instance: as a number it would lose its zero
_TRUTH = r"^(True|False|true|false|TRUE|FALSE)$"
_GROUPED = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
_SIGN = r"[$€£¥₹₽₩₺₪฿₫₴]"
_UNIT_BEFORE = re.compile(rf"{_SIGN}|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD")
_UNIT_AFTER = re.compile(rf"{_SIGN}|[%‰]|°?[A-Za-zµμΩ]{{1,4}}[²³]?")
_IN_NUMBERS = re.compile(r"[\d\s.,'’+\-−]+")
_LONGEST = 80  # characters of a cell that may be a number with a unit, or a date
_SEPARATORS = (("", "."), (",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CENTURIES = (("20", r"[0-5]\d|6[0-8]"), ("19", r"69|[7-9]\d"))  # as in POSIX
_ZONE = r"[ T]\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"
_CLOCK = r"[ T][0-2]\d(:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?)?(Z|[+-]\d\d(:?\d\d)?)?"
_ISO = rf"^\d{{4}}-(0\d|1[0-2])-[0-3]\d({_CLOCK})?$"


@dataclass(frozen=True)
class Written:
    """How cells are written. The default is as programs write them.

    Attributes
    ----------
    group, decimal : the separator of thousands, and the sign before decimals
    unit : the unit before or after each number
    first : `day` or `month`: which one comes first in a date such as 1/2/2021
    unsure : whether another way fits too, and gives other values
    truth : whether the cells are `true` or `false`, which are read as numbers
    """

    group: str = ""
    decimal: str = "."
    unit: str = ""
    first: str = ""
    unsure: bool = False
    truth: bool = False

    def as_dict(self) -> dict[str, str | bool]:
        """The attributes that differ from the default, for JSON."""
        return {name: value for name, value in vars(self).items() if value != _PLAIN[name]}

    def in_words(self, type_: str) -> str:
        """A cell of this type in words, for messages: `number in € with a decimal comma`."""
        if self.truth:
            return "truth value"
        comma = " with a decimal comma" if self.decimal == "," else ""
        unit = f" in {self.unit}" if self.unit else ""
        order = f" with the {self.first} first" if self.first else ""
        return f"{type_}{unit}{comma}{order}"


PLAIN = Written()
DOTTED = Written(unsure=True)  # plain numbers; their dots may all be separators of thousands
TRUTH = Written(truth=True)
_PLAIN = vars(PLAIN)


def without_gaps(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """The texts, with null for each text in `GAPS`."""
    column = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    is_gap = pc.is_in(column, _GAPS)
    return pc.if_else(is_gap, None, column) if pc.any(is_gap).as_py() else column


def guess(values: pa.Array) -> tuple[str, Written]:
    """The type of different texts without gaps, and how they are written.

    The type is `number`, `date` or `category`.
    """
    plain = plain_numbers(values, PLAIN)
    if plain.null_count == 0:
        if are_codes(values):
            return "category", PLAIN
        return "number", DOTTED if _may_group(plain) else PLAIN
    cell = values[0].as_py()
    if len(cell) > _LONGEST or not re.search(r"\d", cell):
        return "category", PLAIN
    ways_of_type = {
        "number": _numbers_like(cell),
        "date": [Written(first="day"), Written(first="month")],
    }
    for type_, ways in ways_of_type.items():
        readings = [(way, parsed(values, type_, way)) for way in ways]
        fitting = [(way, reading) for way, reading in readings if reading.null_count == 0]
        if not fitting:
            continue
        way, reading = fitting[0]
        unsure = not all(other.equals(reading) for _, other in fitting)
        if type_ == "date" and len(fitting) > 1 and not unsure:
            return type_, PLAIN  # it does not matter whether day or month comes first
        return type_, replace(way, unsure=unsure)
    return "category", PLAIN


def _numbers_like(cell: str) -> list[Written]:
    """The ways in which numbers may be written in a column that has this cell."""
    unit = _IN_NUMBERS.sub("", cell)
    is_before = cell.lstrip(" +-−").startswith(unit)
    if unit and not (_UNIT_BEFORE if is_before else _UNIT_AFTER).fullmatch(unit):
        return []
    return [Written(group, decimal, unit) for group, decimal in _SEPARATORS]


def are_truth_values(values: pa.Array) -> bool:
    """Whether texts without gaps are truth values; for `guess` they would be categories."""
    may_be = values[0].as_py().strip().lower() in ("true", "false")  # quick for wide tables
    return may_be and pc.all(pc.match_substring_regex(_with_plain_blanks(values), _TRUTH)).as_py()


def are_codes(values: pa.Array) -> bool:
    """Whether texts are codes: digits alone, some with a leading zero."""
    is_code = pc.match_substring_regex(values, _CODE)
    if not pc.any(is_code).as_py():
        return False
    return pc.all(pc.match_substring_regex(values, r"^\d+$")).as_py()


def _may_group(values: pa.Array) -> bool:
    """Whether plain numbers have dots that may all be separators of thousands."""
    has_dot = pc.match_substring(values, ".")
    if not pc.any(has_dot).as_py():
        return False
    return pc.all(pc.match_substring_regex(values.filter(has_dot), _GROUPED)).as_py()


def as_programs_write(texts: pa.Array, type_: str, written: Written) -> pa.Array:
    """Numbers or dates as programs write them; null for a gap and for any other text."""
    if type_ == "number" and written.truth:
        return pc.utf8_lower(_only(_with_plain_blanks(texts), _TRUTH))
    return iso_dates(texts, written) if type_ == "date" else plain_numbers(texts, written)


def typed(plain_texts: pa.Array, type_: str, written: Written) -> pa.Array:
    """The result of `as_programs_write` as float64, bool or timestamps."""
    if type_ == "number" and written.truth:
        return pc.cast(plain_texts, pa.bool_())
    return _timestamps(plain_texts) if type_ == "date" else pc.cast(plain_texts, pa.float64())


def parsed(texts: pa.Array, type_: str, written: Written) -> pa.Array:
    """Texts as float64, bool or timestamps; null for a gap and for a text of another type."""
    return typed(as_programs_write(texts, type_, written), type_, written)


def plain_numbers(texts: pa.Array, written: Written) -> pa.Array:
    """Numbers as programs write them; null for a gap and for a text that is no number."""
    if (written.group, written.decimal, written.unit) == ("", ".", ""):
        plain = _only(texts, _PLAIN_NUMBER)
        is_all = plain.null_count == texts.null_count
        return plain if is_all else _only(_with_plain_blanks(texts), _PLAIN_NUMBER)
    texts = _with_plain_blanks(texts)
    group, point, unit = map(re.escape, (written.group, written.decimal, written.unit))
    whole = rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+" if group else r"\d+"
    number = rf"(?:{whole})(?:{point}\d*)?|{point}\d+"
    pattern = rf"^([+-]?)(?:{unit} ?)?([+-]?)({number})(?: ?{unit})?$"
    fitting = pc.if_else(pc.match_substring(texts, written.unit), _only(texts, pattern), None)
    bare = pc.replace_substring_regex(fitting, pattern, r"\1\2\3")
    bare = pc.replace_substring(bare, written.group, "") if group else bare
    return _only(pc.replace_substring(bare, written.decimal, "."), _PLAIN_NUMBER)


def iso_dates(texts: pa.Array, written: Written) -> pa.Array:
    """Dates in the form of ISO 8601; null for a gap and for a text that is no date.

    In a date with dots, such as 1.2.2021, the day always comes first, whatever `written.first` is.
    In a date that starts with the year, such as 2021/2/1, the month comes next.
    """
    texts = _with_plain_blanks(texts)
    day, month = (r"\1", r"\3") if written.first == "day" else (r"\3", r"\1")
    steps = []
    for century, years in _CENTURIES:
        steps.append((rf"^(\d\d?[./-]\d\d?[./-])({years})($|[ T])", rf"\1{century}\2\3"))
    steps += [
        (r"^(\d{4})[./](\d\d?)[./](\d\d?)($|[ T])", r"\1-\2-\3\4"),
        (r"^(\d\d?)\.(\d\d?)\.(\d{4})", r"\3-\2-\1"),
        (r"^(\d\d?)([/-])(\d\d?)[/-](\d{4})", rf"\4-{month}-{day}"),
        (r"^(\d\d?)[ .-]+([A-Za-z]{3})[a-z]*[ ,.-]+(\d{4})", r"\3-\2-\1"),
        (r"^([A-Za-z]{3})[a-z]*[ .]+(\d\d?)[ ,]+(\d{4})", r"\3-\1-\2"),
    ]
    if not pc.all(pc.match_substring_regex(texts, r"^\d{4}-\d\d-\d\d")).as_py():
        for pattern, replacement in steps:
            texts = pc.replace_substring_regex(texts, pattern, replacement)
        if pc.any(pc.match_substring_regex(texts, r"^\d{4}-[A-Za-z]")).as_py():
            for number, name in enumerate(_MONTHS, start=1):
                pattern = rf"(?i)^(\d{{4}})-{name}-"
                texts = pc.replace_substring_regex(texts, pattern, rf"\1-{number:02}-")
        texts = pc.replace_substring_regex(texts, r"^(\d{4})-(\d)-", r"\1-0\2-")
        texts = pc.replace_substring_regex(texts, r"^(\d{4}-\d\d)-(\d)($|[ T])", r"\1-0\2\3")
    return _only(pc.replace_substring_regex(texts, r"^(\S{10})[ T](\d):", r"\1 0\2:"), _ISO)


def _timestamps(texts: pa.Array) -> pa.Array:
    """ISO dates as timestamps; null for a day that does not exist.

    If only some dates have a time zone, these become null.
    """
    has_zone = pc.match_substring_regex(texts, _ZONE)
    zone = "UTC" if pc.all(has_zone).as_py() and texts.null_count < len(texts) else None
    if zone is None:
        texts = pc.if_else(has_zone, None, texts)
    for unit in ("ns", "us"):  # nanoseconds end in 2262
        with suppress(pa.ArrowInvalid):
            return pc.cast(texts, pa.timestamp(unit, zone))
    days = [text if _is_day(text) else None for text in texts.to_pylist()]
    if days == texts.to_pylist():
        return pa.nulls(len(texts), pa.timestamp("us"))
    return _timestamps(pa.array(days, pa.string()))


def _is_day(text: str | None) -> bool:
    try:
        date.fromisoformat((text or "")[:10])
    except ValueError:
        return False
    return True


def _only(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, None)


def _with_plain_blanks(texts: pa.Array) -> pa.Array:
    """Texts without blanks at their ends, and with ASCII signs for blanks, minus and apostrophe."""
    texts = pc.replace_substring_regex(texts, "[\xa0\u2007\u2009\u202f]", " ")
    texts = pc.replace_substring(pc.replace_substring(texts, "−", "-"), "’", "'")
    return pc.utf8_trim_whitespace(texts)
