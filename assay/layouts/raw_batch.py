"""The one form that every raw layout is read into."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa


@dataclass
class Example:
    """What came with one payload; "" where nothing did.

    Attributes
    ----------
    key : the name of the example in the other files of its batch
    place : its file, or its row of a file, for messages
    slices : text by column name
    """

    key: str
    place: str
    label: str = ""
    split: str = ""
    slices: dict[str, str] = field(default_factory=dict)


@dataclass
class RawBatch:
    """A batch as it came in.

    Attributes
    ----------
    modality : its name in `modalities.registry`
    examples : one for each payload, in the same order
    payload : encoded files, texts, pixels (n, height, width) uint8, or one column for each feature
    used : the files that it was read from, relative to its folder
    annotations : (key, annotator, label)
    truth : (key, label)
    numbered : whether the keys are row numbers
    """

    modality: str
    examples: list[Example]
    payload: list[bytes] | list[str] | np.ndarray | pa.Table
    used: set[str]
    annotations: list[tuple[str, ...]] = field(default_factory=list)
    truth: list[tuple[str, ...]] = field(default_factory=list)
    numbered: bool = False
