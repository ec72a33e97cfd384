"""Recover the cells of a damaged table, to see whether it is the list of the files."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.contract import plain_files
from assay.contract.csv_files import DELIMITERS
from assay.contract.files import MB
from assay.contract.table_files import JSON_LINES

_MOST = 16 * MB  # bytes that are used
_DELIMITED = (".csv", ".tsv")


def made_out(path: Path) -> pa.Table:
    """The cells of a damaged table as text, without quotes; its column names are in lower case.

    Lines that are too short get empty cells at the end. Of Parquet files and of packed files, the
    table has no columns.
    """
    ending = path.suffix.lower()
    if ending not in _DELIMITED + JSON_LINES:
        return pa.table({})
    text = _decoded(plain_files.read(path)[:_MOST])
    lines = [line for line in text.splitlines() if line.strip()]
    rows = _objects(lines) if ending in JSON_LINES else _rows(lines)
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [str(row.get(name, "")) for row in rows] for name in names}
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def _decoded(content: bytes) -> str:
    """Text in UTF-16 or UTF-8. Otherwise it is read as Latin-1, which accepts every byte."""
    if b"\0" in content:
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _rows(lines: list[str]) -> list[dict[str, str]]:
    """Rows of CSV; if columns have the same name, the last one counts."""
    plain = [line.replace('"', "") for line in lines] or [""]
    delimiter = max(DELIMITERS, key=plain[0].count)
    header, *rows = [[cell.strip() for cell in line.split(delimiter)] for line in plain]
    names = [name.lower() for name in header]
    return [dict(zip(names, row, strict=False)) for row in rows]


def _objects(lines: list[str]) -> list[dict[str, Any]]:
    """The lines that are JSON objects; other lines are ignored."""
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()  # raises for half a surrogate pair
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append({name.strip().lower(): value for name, value in row.items()})
    return rows
