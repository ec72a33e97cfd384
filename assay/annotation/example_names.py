"""Which example an answer is about: people write an id or a key."""

import re
from collections.abc import Mapping
from functools import cached_property

import pandas as pd

from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError

_ID = re.compile("[0-9a-f]{32}")


def plain(name: str) -> str:
    """A name without spaces around it; an id in lower case."""
    name = name.strip()
    return name.lower() if _ID.fullmatch(name.lower()) else name


class ExampleNames:
    """The ids and keys of the catalogue's examples. The keys are read at the first question."""

    def __init__(self, examples: pd.DataFrame) -> None:
        self._row_of_id = {id_: row for row, id_ in examples["id"].items()}
        self._places = examples[["batch", "key"]]

    def example(self, name: str, *, place: str, is_id: bool) -> int | None:
        """The row of the catalogue that an id or a key means; None if no listed batch has it.

        Spaces around it, and the letter case of an id, are ignored.

        Parameters
        ----------
        place : of the answer, for messages
        is_id : whether it is in a column of ids

        Raises
        ------
        InputError
            If it is a row number, a key of several batches, or no id in a column of ids.
        """
        rows_of_name, numbered = self._known
        if name not in rows_of_name:
            name = plain(name)
        if name in numbered:
            why = "is a row number, which means another example once a row is removed"
            remedy = f"write its `id`, as {paths.QUEUE} has it, or give the table a column `key`"
            raise InputError(f"{place}: {name!r} {why}: {remedy}")
        rows = rows_of_name.get(name, set())
        if len(rows) > 1:
            raise InputError(f"{place}: several batches have the key {name!r}: write <batch>/<key>")
        if not rows and is_id and not _ID.fullmatch(name):
            no_id = f"{name!r} is no id, which is 32 hex digits"
            raise InputError(f"{place}: {no_id}: copy it from {paths.QUEUE}")
        return next(iter(rows), None)

    def contradiction(self, row: Mapping[str, str], example: int) -> str:
        """What an answer's id and key name, if they name different examples; else "".

        A key that is a row number is ignored, since it may come from an earlier table.

        Parameters
        ----------
        example : the row of the catalogue that the id means
        """
        rows_of_name, numbered = self._known
        key, batch = row.get("key", "").strip(), row.get("batch", "").strip()
        name = f"{batch}/{key}" if batch else key
        others = rows_of_name.get(name, set())
        if not others or example in others or name in numbered:
            return ""
        of_id, of_key = self._place(example), self._place(min(others))
        return f"the id names {of_id}, the key {of_key}"

    def _place(self, example: int) -> str:
        return "/".join(self._places.loc[example])

    def has_batch_of(self, row: Mapping[str, str]) -> bool:
        """Whether the batch that an answer names is listed.

        The column `batch` names it, or else a key of the form `<batch>/<key>`.
        """
        first, slash, _ = row.get("key", "").strip().partition("/")
        batch = row.get("batch", "").strip() or (first if slash else "")
        return batch in self._listed

    @cached_property
    def _listed(self) -> list[str]:
        return files.listed_batches()

    @cached_property
    def _known(self) -> tuple[dict[str, set[int]], set[str]]:
        """The rows that an id or a key may mean; the keys that are row numbers.

        The keys of exact copies of an example mean this example too.
        """
        rows_of_name = {id_: {row} for id_, row in self._row_of_id.items()}
        numbered = set()
        for batch in self._listed:
            path = paths.examples(batch)
            is_numbered = parquet_files.is_numbered(path)
            table = parquet_files.read_parquet(path, ["id", "key", "duplicates"])
            for example in table.to_pylist():
                keys = [example["key"], *example["duplicates"]]
                for name in [*keys, *(f"{batch}/{key}" for key in keys)]:
                    rows_of_name.setdefault(name, set()).add(self._row_of_id[example["id"]])
                    if is_numbered:
                        numbered.add(name)
        return rows_of_name, numbered
