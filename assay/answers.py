"""People's answers in data/annotations/*.csv: read, resolved to ids, and counted; they override everything else."""

from collections import Counter
from collections.abc import Sequence

from assay import catalogue, dataset
from assay.catalogue import Catalogue
from assay.errors import InputError


def read(examples: Catalogue, classes: Sequence[str]) -> dict[int, list[str]]:
    """The answers that were given for each example: row of the catalogue to labels.

    A file has the columns `annotator`, `label` and one of `id` or `key`; a key that several batches use is written
    `<batch>/<key>`. An empty label is no answer. Of several answers of one person to one example the last counts.

    Raises
    ------
    InputError
        For an id, key or class that the data does not have, with the file and the row.
    """
    latest: dict[tuple[int, str], str] = {}
    paths = sorted(dataset.ANNOTATIONS.glob("*.csv"))
    names = _Names(examples) if paths else None
    for path in paths:
        table = dataset.read_csv(path, ["annotator", "label"])
        by = next((name for name in ("id", "key") if name in table.column_names), None)
        if by is None:
            raise InputError(f"{path} has neither a column 'id' nor a column 'key'")
        for number, row in enumerate(table.to_pylist(), start=2):
            example = names.row(row[by], by, f"{path} row {number}")
            label = row["label"]
            if label and label not in classes:
                known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
                raise InputError(f"{path} row {number}: {label!r} is no class of the data; those are: {known}")
            if label:
                latest[example, row["annotator"]] = label
    answers: dict[int, list[str]] = {}
    for (example, _), label in latest.items():
        answers.setdefault(example, []).append(label)
    return answers


def settle(answers: list[str], before: str) -> str:
    """The label that most answers name; of several such, the one it had before, or else the first in order."""
    votes = Counter(answers)
    most = [label for label, count in votes.items() if count == max(votes.values())]
    return before if before in most else min(most)


class _Names:
    """Which example an id or a key means."""

    def __init__(self, examples: Catalogue) -> None:
        self.by_id = {id_: row for row, id_ in enumerate(examples.ids.to_pylist())}
        self.by_key: dict[str, set[int]] = {}
        for batch, row, key in catalogue.all_keys(examples):
            for name in (key, f"{batch}/{key}"):
                self.by_key.setdefault(name, set()).add(row)

    def row(self, name: str, by: str, place: str) -> int:
        rows = {self.by_id[name]} if name in self.by_id else self.by_key.get(name, set())
        if not rows:
            raise InputError(f"{place}: no listed batch has an example with the {by} {name!r}")
        if len(rows) > 1:
            raise InputError(f"{place}: several batches have the key {name!r}; write <batch>/{name}, or use the id")
        return next(iter(rows))
