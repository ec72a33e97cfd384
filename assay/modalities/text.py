"""Text. Its canonical payload is the Unicode string as it came."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.contract.csv_files import name_rows, read_csv
from assay.contract.errors import InputError
from assay.contract.parameters import Collect
from assay.contract.remarks import Remarks

COLUMN = "text"
SUFFIXES: set[str] = set()  # its examples are not files
MEDIUM = "text"
HTML = "<pre>{}</pre>"
LINE_BREAK = " "
STEPS = 600


def canonical(
    raw: Sequence[str], places: Sequence[str], _params: Collect | None, _remarks: Remarks
) -> np.ndarray:
    """Check texts.

    Parameters
    ----------
    raw : texts
    places : the name of each text in messages

    Returns
    -------
    np.ndarray of shape (n,), object: str

    Raises
    ------
    InputError
        If one is missing or is not text.
    """
    for text, place in zip(raw, places, strict=True):
        if not isinstance(text, str):
            raise InputError(f"{place}: 'text' is {text!r}; it must be text, and not missing")
    payload = np.empty(len(raw), object)
    payload[:] = raw
    return payload


def to_columns(
    payload: np.ndarray, _rows: object, _raw: object, _params: object
) -> tuple[dict[str, pa.Array], dict[str, Any]]:
    """The column for Parquet, and its format."""
    return {"text": pa.array(payload, pa.string())}, {"modality": "text", "shape": []}


def from_columns(rows: pa.RecordBatch, _format: dict[str, Any]) -> np.ndarray:
    """The payload (n,) object: str of rows that `to_columns` made."""
    return rows["text"].to_numpy(zero_copy_only=False)


def show(rows: pa.RecordBatch, _format: dict[str, Any]) -> list[str]:
    """Texts as they are."""
    return rows["text"].to_pylist()


def augment(payload: np.ndarray, _rng: np.random.Generator, _shift: int = 1) -> np.ndarray:
    """Training texts as they are."""
    return payload


view = augment


def read_file(
    path: Path, _format: dict[str, Any], remarks: Remarks
) -> tuple[list[str], np.ndarray]:
    """The texts of a CSV file's column `text`, or any other file as one text.

    Returns
    -------
    The name of each text in messages, and payloads (n,) object: str
    """
    if path.suffix.lower() == ".csv":
        table = read_csv(path, ["text"])
        places = name_rows(path, table)
        return places, canonical(table["text"].to_pylist(), places, None, remarks)
    try:
        texts = [path.read_text(encoding="utf-8-sig")]
        return [str(path)], canonical(texts, [str(path)], None, remarks)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8: save it as UTF-8") from None
