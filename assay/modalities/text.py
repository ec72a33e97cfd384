"""Text. Its canonical payload is the Unicode string as it came; a long one is cut.

Several columns of text are joined: one line `name: text` for each, sorted by name.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.contract import table_files
from assay.contract.csv_files import check_columns
from assay.contract.errors import InputError, first_of
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect

COLUMN = "text"
SUFFIXES: set[str] = set()  # its examples are not files
MEDIUM = "text"
LINE_BREAK = " "
STEPS = 600
SECONDS = (35.0, 8.0e-3, 5.0e-7)
_CHARACTERS = 100_000  # that are kept, if a format does not say it: the default of params.yaml
_LIMIT = "characters"  # key of a format


def canonical(
    raw: Sequence[str] | pa.Table, places: Sequence[str], params: Collect, remarks: Remarks
) -> np.ndarray:
    """Check texts, and cut the end of long ones. A missing text becomes "".

    Parameters
    ----------
    raw : texts, or a table of one or more columns of texts
    places : the name of each text in messages
    params : `characters`: the number of characters of a text that are kept

    Returns
    -------
    np.ndarray of shape (n,), object: str

    Raises
    ------
    InputError
        If a value is not text.
    """
    name = raw.column_names[0] if isinstance(raw, pa.Table) else COLUMN  # of a single column
    raw = _joined(raw) if isinstance(raw, pa.Table) else raw
    raw = ["" if text is None else text for text in raw]
    for text, place in zip(raw, places, strict=True):
        if not isinstance(text, str):
            raise InputError(f"{place}: {name!r} is {text!r}; it must be text")
    empty = [place for text, place in zip(raw, places, strict=True) if not text.strip()]
    remarks.note("doubtful", empty, "texts are empty")
    payload = np.array([text[: params.characters] for text in raw], object)
    pairs = zip(raw, places, strict=True)
    longer = [place for text, place in pairs if len(text) > params.characters]
    n_given = sum(map(len, raw))
    n_kept = sum(map(len, payload))
    lost = 1 - n_kept / max(n_given, 1)
    cut = f"of {len(raw)} texts are cut to {params.characters} characters ({lost:.1%} of all lost)"
    remarks.note("cut", longer, cut, "set collect.characters in params.yaml")
    return payload


def _joined(columns: pa.Table) -> list[str]:
    """The texts of one column; of several columns, a line for each column that has a text."""
    names = sorted(columns.column_names)
    texts = [columns[name].to_pylist() for name in names]
    if len(names) == 1:
        return texts[0]
    joined = []
    for row in zip(*texts, strict=True):
        lines = [f"{name}: {text}" for name, text in zip(names, row, strict=True) if text]
        joined.append("\n".join(lines))
    return joined


def to_columns(
    payload: np.ndarray, rows: Sequence[int], raw: Sequence[str] | pa.Table, params: Collect
) -> tuple[dict[str, pa.Array], Format]:
    """The column of some rows for Parquet, and its format, with the names of the raw columns."""
    payload_format: Format = {"modality": "text", "shape": []}
    if params.characters != _CHARACTERS:
        payload_format[_LIMIT] = params.characters
    if isinstance(raw, pa.Table):
        payload_format["columns"] = sorted(raw.column_names)
    return {"text": pa.array(payload[rows], pa.string())}, payload_format


def from_columns(rows: pa.RecordBatch, _format: Format) -> np.ndarray:
    """The payload (n,) object: str of rows that `to_columns` made."""
    return rows["text"].to_numpy(zero_copy_only=False)


def show(rows: pa.RecordBatch, _format: Format, _side: int | None = None) -> list[str]:
    """Texts as they are."""
    return rows["text"].to_pylist()


def augment(payload: np.ndarray, _rng: np.random.Generator, _shift: int = 1) -> np.ndarray:
    """Training texts without a change."""
    return payload


view = augment  # texts have no random change


def read_file(path: Path, payload_format: Format, remarks: Remarks) -> tuple[list[str], np.ndarray]:
    """The texts in the columns of a table. Any other file is one text.

    Returns
    -------
    The name of each text in messages, and payloads (n,) object: str
    """
    params = Collect.model_construct(characters=payload_format.get(_LIMIT, _CHARACTERS))
    names = payload_format.get("columns", [COLUMN])
    if table_files.is_table(path.name):
        table, places = table_files.read_foreign(path, [], remarks)
        if len(names) == 1 and names[0] not in table.column_names and COLUMN in table.column_names:
            what = f"columns are read, since {names[0]!r} is missing"
            remarks.add("guessed", 1, what, repr(COLUMN))
            names = [COLUMN]
        check_columns(path, table, names)
        payload = canonical(table.select(names), places, params, remarks)
    else:
        places = [str(path)]
        payload = canonical([_text_of(path)], places, params, remarks)
        if len(names) > 1:
            learned = first_of([repr(name) for name in names])
            what = f"texts have no columns, and the model learned from {learned}"
            remarks.add("doubtful", 1, what, path)
    return places, payload


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8: save it as text in UTF-8") from None
