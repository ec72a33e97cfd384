"""The form into which every raw layout is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.contract import plain_files
from assay.contract.remarks import Remarks


@dataclass
class Example:
    """What is known of one payload; "" for what is not known.

    Attributes
    ----------
    key : the name of the example in the other files of its batch
    place : the file, or the file and row, of the example, for messages
    slices : values of slices as text, by column name
    """

    key: str
    place: str
    label: str = ""
    split: str = ""
    slices: dict[str, str] = field(default_factory=dict)


class EncodedFiles(Sequence[bytes]):
    """The contents of files. Each file is read only when it is used."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, part: int | slice) -> Any:
        if isinstance(part, slice):
            return EncodedFiles(self.files[part])
        return plain_files.read(self.files[part])


class EncodedColumn(Sequence[bytes]):
    """The contents of the cells of a column. Each cell is copied only when it is used."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.column = column

    def __len__(self) -> int:
        return len(self.column)

    def __iter__(self) -> Iterator[bytes]:
        return (cell.as_py() for cell in self.column)

    def __getitem__(self, part: int | slice) -> Any:
        values = self.column[part]
        return EncodedColumn(values) if isinstance(part, slice) else values.as_py()


@dataclass
class RawBatch:
    """A batch as it came in.

    Attributes
    ----------
    modality : its name in `modalities.registry`
    examples : one for each payload, in the same order
    payload : encoded files, texts, pixels (n, height, width) uint8, or a table of columns
    used : the files that it was read from, relative to its folder
    annotations : (key, annotator, label)
    truth : (key, label)
    numbered : whether the keys are row numbers
    headers : numbers of rows that repeat the header, and so are no examples
    named_by : the name of the column that became `key`, as in files of labels; None if none did
    layout : the layout of the folder, in words for people
    root : the folder that holds the data, "" or with a slash at its end
    remarks : what was ignored, converted, cut, merged or guessed so far
    """

    modality: str
    examples: list[Example]
    payload: Sequence[bytes] | list[str] | np.ndarray | pa.Table
    used: set[str]
    annotations: list[tuple[str, ...]] = field(default_factory=list)
    truth: list[tuple[str, ...]] = field(default_factory=list)
    numbered: bool = False
    headers: set[str] = field(default_factory=set)
    named_by: str | None = None
    layout: str = ""
    root: str = ""
    remarks: Remarks = field(default_factory=Remarks)

    def labels(self) -> list[str]:
        """The labels that the batch gives its examples, then the labels of annotators."""
        given = [example.label for example in self.examples if example.label]
        return given + [label for *_, label in self.annotations]

    def slices(self) -> set[str]:
        """The names of the slices."""
        return {name for example in self.examples for name in example.slices}

    def columns(self) -> list[str]:
        """The names of the slices and of the features of a table, sorted."""
        features = self.payload.column_names if isinstance(self.payload, pa.Table) else []
        return sorted({*self.slices(), *features})
