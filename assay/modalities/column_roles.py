"""Find the columns of a table that are no features: an index, row numbers, ids, or free text."""

import re
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_text
from assay.contract.column_names import RESERVED
from assay.contract.errors import first_of
from assay.contract.remarks import Action, Remarks
from assay.modalities.columns_as_written import GAPS, guess, without_gaps

# names of the index that pandas writes; the first alternative is the empty name
_INDEX = re.compile(r"|Unnamed: \d+|__index_level_\d+__")
_ID = re.compile(r"(.*[^A-Za-z])?(?i:id|ids|uuid|guid|key|pk)|.*[a-z](Id|ID|Key)")
_HASH = r"^[0-9A-Fa-f-]{16,}$"  # a UUID or a checksum
_INDEX_OF_PANDAS = "pandas' index"
_NOTHING = "no value"  # an empty column without a name: each line ends with a delimiter
_COUNTERS = (_INDEX_OF_PANDAS, _NOTHING)  # always left out
_FEW = 5  # rows; in fewer rows, numbers may be in order by chance
_WORDS = 4  # the median of words in free text; names and products have fewer
_REPEATS = 0.5  # at most this share of the cells of free text repeats other cells
_READ = 1000  # rows in which words are counted
# two letters of scripts without blanks between words (Thai, Japanese, Chinese), or one other word
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]{2}|[^\W\d_]+")
_SHORT = 8  # characters; if all texts are shorter, they are no free text
_LONG = 400  # characters of a cell in which words are counted
_NUMBERS = 3  # with so many columns of numbers or dates, free text is not the payload
_REMEDY = "make it a column `text` if it is what an example is"


def left_out(table: pa.Table, remarks: Remarks) -> dict[str, str]:
    """The columns that are no features, and why.

    If no feature would be left, ids, row numbers and free text are features after all. Then only
    pandas' index and columns without name and values are left out.
    """
    roles = {name: _role(name, table[name]) for name in table.column_names}
    chosen = {name: role for name, role in roles.items() if role}
    if len(chosen) == len(roles):
        chosen = {name: role for name, role in roles.items() if role in _COUNTERS}
        kept = {name: role for name, role in roles.items() if name not in chosen}
        _remark("doubtful", kept, remarks)
    _remark("left out", chosen, remarks)
    return chosen


def _role(name: str, column: pa.ChunkedArray) -> str:
    if _INDEX.fullmatch(name):
        texts = pc.fill_null(column, "") if is_text(column.type) else None
        is_empty = texts is not None and pc.all(pc.equal(texts, "")).as_py()
        return _NOTHING if is_empty else _INDEX_OF_PANDAS
    if _are_row_numbers(column):
        return "row numbers"
    is_named_so = len(column) >= _FEW and (_ID.fullmatch(name) or _are_hashes(column))
    may_be_ids = is_named_so and (is_text(column.type) or pa.types.is_integer(column.type))
    if may_be_ids and pc.count_distinct(column, mode="all").as_py() == len(column):
        return "ids, which all differ"
    return "free text" if _is_free_text(column) else ""


def may_be_ids(name: str, column: pa.ChunkedArray) -> bool:
    """Whether a column whose cells all differ may name the rows, even if there are few rows."""
    is_named_so = _ID.fullmatch(name) or _INDEX.fullmatch(name)
    return bool(is_named_so) or _are_hashes(column) or _are_row_numbers(column)


def _are_hashes(column: pa.ChunkedArray) -> bool:
    """Whether all cells are long hexadecimal numbers."""
    if not is_text(column.type):
        return False
    if not pc.all(pc.match_substring_regex(column, _HASH)).as_py():
        return False
    return bool(pc.any(pc.match_substring_regex(column, "[A-Fa-f]")).as_py())


def _are_row_numbers(column: pa.ChunkedArray) -> bool:
    """Whether the cells are row numbers, from 0 or 1."""
    n = len(column)
    if n < _FEW or not _may_count(column.type) or column[0].as_py() not in (0, 1, "0", "1"):
        return False
    try:
        numbers = pc.cast(column, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    start = numbers[0].as_py()
    return numbers.equals(pa.chunked_array([pa.array(range(start, start + n), pa.int64())]))


def _may_count(type_: pa.DataType) -> bool:
    """Whether a column of this type may hold row numbers. Python cannot read all Arrow dates."""
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    is_other = pa.types.is_boolean(type_) or pa.types.is_nested(type_)
    return not is_other and not pa.types.is_temporal(type_)


def _is_free_text(column: pa.ChunkedArray) -> bool:
    """Whether the cells have many words, and not many cells are repeated."""
    if not is_text(column.type):
        return False
    texts = [text for text in column.slice(0, _READ).to_pylist() if text not in (None, *GAPS)]
    if not texts or max(map(len, texts)) < _SHORT:
        return False
    if len(set(texts)) < (1 - _REPEATS) * len(texts):
        return False
    return median(_count_words(text[:_LONG]) for text in texts) >= _WORDS


def _count_words(text: str) -> int:
    """The number of words; ASCII text without blanks, such as a hash or a path, is one word."""
    is_one_word = text.isascii() and len(text.split()) == 1
    return 1 if is_one_word else len(_WORD.findall(text))


def free_texts(table: pa.Table, remarks: Remarks) -> list[str]:
    """The columns of free text, sorted by name, if an example is a text.

    If there are several columns of numbers or dates, an example is a row, and the list is empty.
    """
    texts = sorted(name for name in table.column_names if _is_free_text(table[name]))
    if not texts:
        return []
    others = table.drop_columns(texts)
    features = set(others.column_names) - left_out(others, Remarks()).keys()
    if sum(_is_measured(table[name]) for name in features) >= _NUMBERS:
        return []
    joined = ", joined line by line" if len(texts) > 1 else ""
    slices = f"; {len(features)} other columns are slices" if features else ""
    what = f"columns hold the text{joined}{slices}"
    remarks.add("guessed", len(texts), what, first_of([repr(name) for name in texts]))
    return texts


def remark_on_texts_beside(table: pa.Table, payload: str, remarks: Remarks) -> None:
    """Remark on columns of free text beside the column `payload` of texts."""
    others = [name for name in table.column_names if name not in (payload, *RESERVED)]
    texts = [repr(name) for name in others if _is_free_text(table[name])]
    what = f"columns hold free text beside {payload!r}, which alone is what an example is"
    remedy = f"give {payload!r} another name to have all joined"
    remarks.add("doubtful", len(texts), what, first_of(texts), remedy)


def _is_measured(column: pa.ChunkedArray) -> bool:
    """Whether a column holds numbers or dates."""
    if not is_text(column.type):
        return not pa.types.is_dictionary(column.type) and not pa.types.is_boolean(column.type)
    values = pc.unique(without_gaps(column)).drop_null()
    return len(values) > 0 and guess(values)[0] != "category"


def drop_counters(table: pa.Table, remarks: Remarks, payload: str | None) -> pa.Table:
    """A table of images, sounds or texts without columns that make no slices: index, row numbers.

    Columns without name and values are left out too.
    """
    others = [name for name in table.column_names if name not in ("key", payload)]
    roles = {name: _role(name, table[name]) for name in others}
    empty = [name for name, role in roles.items() if role == _NOTHING]
    counters = [name for name, role in roles.items() if role in (_INDEX_OF_PANDAS, "row numbers")]
    _remark("left out", dict.fromkeys(counters, "an index or row numbers"), remarks)
    _remark("left out", dict.fromkeys(empty, _NOTHING), remarks)
    return table.drop_columns([*counters, *empty])


def _remark(action: Action, roles: dict[str, str], remarks: Remarks) -> None:
    """Remark once on the columns of each role."""
    for role in dict.fromkeys(roles.values()):
        names = [repr(name) for name, its_role in roles.items() if its_role == role]
        remedy = _REMEDY if role == "free text" else ""
        remarks.add(action, len(names), f"columns hold {role}", first_of(names), remedy)
