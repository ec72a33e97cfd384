"""Text: Unicode strings, as they came, as their canonical payload."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.contract.csv_files import name_rows, read_csv
from assay.contract.errors import InputError
from assay.contract.parameters import Collect

MEDIUM = "text"  # as what people are shown it
HTML = "<pre>{}</pre>"  # of what `show` gives, on a page
BREAK = " "  # between its lines, where there is room for one
STEPS = 600  # that training takes at least where params.yaml leaves it open


def canonical(
    raw: Sequence[str], places: Sequence[str], _params: Collect | None = None
) -> np.ndarray:
    """Check texts.

    Parameters
    ----------
    raw : texts
    places : for each text, what to call it in a message

    Returns
    -------
    np.ndarray of shape (n,), object: str

    Raises
    ------
    InputError
        If one is missing or no text.
    """
    for text, place in zip(raw, places, strict=True):
        if not isinstance(text, str):
            raise InputError(f"{place}: 'text' is {text!r}; it must be text, and not missing")
    return np.array([*raw, ""], dtype=object)[:-1]  # else no text at all would have no type


def to_columns(
    payload: np.ndarray, _rows: object, _raw: object, _params: Collect
) -> tuple[dict[str, pa.Array], dict]:
    """The column for Parquet and what it is."""
    return {"text": pa.array(payload, pa.string())}, {"modality": "text", "shape": []}


def from_columns(rows: pa.RecordBatch, _kind: dict) -> np.ndarray:
    """The payload of rows that `to_columns` made. Shape (n,), object: str."""
    return rows["text"].to_numpy(zero_copy_only=False)


def show(rows: pa.RecordBatch, _kind: dict) -> list[str]:
    """Texts for people's eyes."""
    return rows["text"].to_pylist()


def augment(payload: np.ndarray, _rng: np.random.Generator, _reach: int = 1) -> np.ndarray:
    """Training texts, as they are."""
    return payload


def read_file(path: Path, _kind: dict) -> tuple[list[str], np.ndarray]:
    """The texts of a CSV file's column `text`, or else a whole file as one; what to call them, and (texts,), object."""
    if path.suffix == ".csv":
        table = read_csv(path, ["text"])
        return name_rows(path, table), canonical(table["text"].to_pylist(), name_rows(path, table))
    try:
        return [str(path)], canonical([path.read_text(encoding="utf-8-sig")], [str(path)])
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8: save it as UTF-8") from None
