"""Measures of payloads without a model, by modality."""

from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import pandas as pd

from assay.catalogue import payloads
from assay.contract import parquet_files, time_left
from assay.contract.errors import say
from assay.measures import image_statistics, sound_statistics, text_statistics

# the only table of modalities in this package; a modality without an entry has no measures
_MODULES: dict[str, ModuleType] = {
    "image": image_statistics,
    "audio": sound_statistics,
    "text": text_statistics,
}
_BLOCK = 1024  # payloads read at a time
_THIRDS = np.array(("low", "middle", "high"))
_OF_TABLES = {"leaky_column"}  # see `cleaning.table_columns`
_COLUMNS = 100  # columns of a table that become slices, at most


@dataclass
class Statistics:
    """What `measure` found.

    Attributes
    ----------
    values : by name, brightness for instance, (n,) float
    problems : by problem, (n,) bool
    reasons : by problem, a phrase for people
    fingerprints : (n, width), nearly equal for copies; None if there are none
    border : (rows, 2 * places + 1) int, of some images, see `image_statistics.border`, or None
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    problems: dict[str, np.ndarray] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    fingerprints: np.ndarray | None = None
    border: np.ndarray | None = None


def measure(
    examples: pd.DataFrame, *, fingerprints: bool = False, bordered: np.ndarray | None = None
) -> Statistics:
    """Read the payloads of rows of the catalogue, at least one, and measure them.

    Parameters
    ----------
    bordered : numbers of the rows whose border is read, ascending
    """
    module = _MODULES.get(payloads.payload_format(examples)["modality"])
    if module is None:  # the rows of a table have no statistics of their own yet
        return Statistics()
    parts = []
    prints = []
    borders = []
    start = 0
    for block in time_left.with_progress(payloads.read(examples, _BLOCK), len(examples), "measure"):
        parts.append(module.statistics(block))
        if fingerprints and module.fingerprint:
            prints.append(module.fingerprint(block))
        if bordered is not None and module.border:
            within = bordered[(bordered >= start) & (bordered < start + len(block))]
            borders.append(module.border(block[within - start]))
        start += len(block)
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    every_print = np.concatenate(prints) if prints else None
    border = np.concatenate(borders) if borders else None
    return Statistics(values, module.problems(values), module.REASONS, every_print, border)


def foreign(examples: pd.DataFrame) -> set[str]:
    """The problems that only other modalities have, and not the modality of the examples."""
    modality = payloads.payload_format(examples)["modality"]
    others = [module for name, module in _MODULES.items() if name != modality]
    problems = {problem for module in others for problem in module.REASONS}
    return problems if modality == "table" else problems | _OF_TABLES


def numbers(examples: pd.DataFrame) -> dict[str, np.ndarray]:
    """Read the numbers and dates of a table's rows. By column, (n,) float64 with NaN for gaps.

    Other modalities have none.
    """
    types = payloads.payload_format(examples).get("features", {})
    names = [name for name, column_type in types.items() if column_type != "category"]
    if not names:
        return {}
    if len(names) > _COLUMNS:
        say(f"the first {_COLUMNS} of {len(names):,} columns of numbers become slices")
    names = names[:_COLUMNS]
    rows = np.concatenate(list(payloads.read(examples, _BLOCK, names)))  # (n, columns)
    return dict(zip(map(parquet_files.slice_name, names), rows.T, strict=True))


def thirds(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cut each statistic into the slices low, middle and high, at a third and two thirds.

    Equal values stay in one slice. So with few different values, the slices have unequal sizes. A
    flag, 0 or 1, has only two slices.

    Parameters
    ----------
    values : by name, (n,) float

    Returns
    -------
    dict
        By name, (n,) str, "" for NaN. A statistic whose values are all equal is left out.
    """
    slices = {}
    for name, column in values.items():
        gaps = np.isnan(column)
        known = column[~gaps]
        if len(known) == 0 or known.min() == known.max():
            continue
        limits = np.quantile(known, [1 / 3, 2 / 3])
        third = np.searchsorted(limits, np.nan_to_num(column))  # (n,) 0, 1 or 2
        slices[name] = np.where(gaps, "", _THIRDS[third])
    return slices
