"""People's answers in data/annotations/*.csv, which override everything else."""

import sys
from collections.abc import Sequence

import pandas as pd

from assay import dataset, spreadsheets
from assay.errors import InputError


def read(examples: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Who said what of which example: `example` (row of `examples`), `annotator`, `label`, and `place` of the answer.

    A file has the columns `annotator`, `label` and one of `id` or `key`; a key that several batches use is written
    `<batch>/<key>`. An empty label is no answer. Of several answers of one person to one example the last counts, and
    that is said on stderr. Labels are compared as they were typed.

    Raises
    ------
    InputError
        For an id, key or class that the data does not have, with the file and the row.
    """
    paths = sorted(dataset.ANNOTATIONS.glob("*.csv"))
    names = _names(examples) if paths else {}
    found = []
    for path in paths:
        table = spreadsheets.read(path, ["annotator", "label"])
        by = next((name for name in ("id", "key") if name in table.column_names), None)
        if by is None:
            raise InputError(f"{path} has neither a column 'id' nor a column 'key'")
        for place, row in zip(dataset.name_rows(path, table), table.to_pylist(), strict=True):
            if not any(row.values()):  # spreadsheets leave such rows at the end
                continue
            rows = names.get(row[by], set())
            if not rows:
                raise InputError(f"{place}: no listed batch has an example with the {by} {row[by]!r}")
            if len(rows) > 1:
                raise InputError(f"{place}: several batches have the key {row[by]!r}: write <batch>/<key>")
            if row["label"] and row["label"] not in classes:
                known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
                raise InputError(f"{place}: {row['label']!r} is no class of the data, which has: {known}")
            found.append((*rows, row["annotator"], row["label"], place))
    answers = pd.DataFrame(found, columns=["example", "annotator", "label", "place"])
    again = answers[answers.duplicated(["example", "annotator"])]
    if len(again):
        first, more = again.iloc[0], f"; so do {len(again) - 1} more" if len(again) > 1 else ""
        said = f"{first['place']}: {first['annotator']!r} answers an example again, and the later answer counts{more}"
        print(said, file=sys.stderr)
    answers = answers.drop_duplicates(["example", "annotator"], keep="last")
    return answers[answers["label"] != ""]


def settle(labels: pd.Series) -> str:
    """The label that most answers to one example name; of several such, the first in order."""
    return labels.mode().iloc[0]


def _names(examples: pd.DataFrame) -> dict[str, set[int]]:
    """The examples that an id or a key may mean, the keys of exact copies included."""
    place = pd.Series(examples.index, examples["id"])
    names = {id_: {row} for id_, row in place.items()}
    for batch in dataset.listed():
        table = dataset.read_parquet(dataset.examples(batch), ["id", "key", "duplicates"])
        for row in table.to_pylist():
            for key in [row["key"], *row["duplicates"]]:
                for name in (key, f"{batch}/{key}"):
                    names.setdefault(name, set()).add(int(place[row["id"]]))
    return names
