"""What can be told of payloads without a model, by the module of their modality; nothing yet of tables."""

import sys
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import pandas as pd

from assay.catalogue import payloads
from assay.contract import parquet_files
from assay.measures import image_statistics, sound_statistics, table_statistics, text_statistics

# the one table of modalities in this package: a new modality is one entry here
_MODULES: dict[str, ModuleType] = {
    "image": image_statistics,
    "audio": sound_statistics,
    "text": text_statistics,
    "table": table_statistics,
}
_BLOCK = 1024  # payloads that are read at a time
_THIRDS = ("low", "middle", "high")
_COLUMNS = 100  # of a table that become slices


@dataclass
class Statistics:
    """Attributes
    ----------
    values : by name, (n,) float, brightness for instance
    problems : by kind, (n,) bool
    reasons : what each kind of problem is, in words
    fingerprints : (n, width), which copies share; None where there are none, or none were asked for
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    problems: dict[str, np.ndarray] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    fingerprints: np.ndarray | None = None


def of(examples: pd.DataFrame, *, fingerprints: bool = False) -> Statistics:
    """Those of some rows of the catalogue, one at least."""
    module = _MODULES[payloads.payload_format(examples)["modality"]]
    if module.statistics is None:
        return Statistics()
    blocks, prints = [], []
    for block in payloads.read(examples, _BLOCK):
        blocks.append(module.statistics(block))
        if fingerprints and module.fingerprint:
            prints.append(module.fingerprint(block))
    values = {name: np.concatenate([each[name] for each in blocks]) for name in blocks[0]}
    return Statistics(
        values, module.problems(values), module.REASONS, np.concatenate(prints) if prints else None
    )


def foreign(examples: pd.DataFrame) -> set[str]:
    """The kinds of problems that only other modalities than theirs have."""
    theirs = payloads.payload_format(examples)["modality"]
    others = [module for modality, module in _MODULES.items() if modality != theirs]
    return {problem for module in others for problem in module.REASONS}


def numbers(examples: pd.DataFrame) -> dict[str, np.ndarray]:
    """The numbers and dates of a table's rows, by column, (n,) float32 with NaN for gaps; none of other modalities."""
    types = payloads.payload_format(examples).get("features", {})
    columns = [
        (place, name) for place, (name, type_) in enumerate(types.items()) if type_ != "category"
    ]
    if len(columns) > _COLUMNS:
        print(
            f"the first {_COLUMNS} of {len(columns):,} columns of numbers become slices",
            file=sys.stderr,
        )
    rows = (
        np.concatenate(list(payloads.read(examples, _BLOCK))) if columns else None
    )  # (n, features)
    return {parquet_files.slice_name(name): rows[:, place] for place, name in columns[:_COLUMNS]}


def thirds(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each statistic as a slice: low, middle or high, (n,) str, a third of the examples each, where they differ.

    NaN has no third: "".
    """
    found = {}
    for name, each in values.items():
        gaps = np.isnan(each)
        known = each[~gaps]
        if len(known) == 0 or known.min() == known.max():
            continue
        limits = np.quantile(known, [1 / 3, 2 / 3])
        third = np.searchsorted(limits, np.nan_to_num(each))  # (n,) 0, 1 or 2
        found[name] = np.where(gaps, "", np.array(_THIRDS)[third])
    return found
