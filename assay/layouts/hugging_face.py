"""Read the file names of Hugging Face's `datasets`, such as `train-00000-of-00002.parquet`."""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from pathlib import PurePosixPath

from assay.contract.remarks import Remarks
from assay.layouts import names

_LAST_WORD = re.compile(r"(?:.*[-_.])?([a-z]+?)(?:-\d+-of-\d+)?", re.IGNORECASE)
_NUMBERED = re.compile(r"-(\d+)-of-(\d+)\..*$")
_NAMED = 3  # missing files that a message names


def split_of_file(name: str) -> str:
    """The split in the name of a file, as it is spelt there; "" if there is none."""
    match = _LAST_WORD.fullmatch(PurePosixPath(name).name.partition(".")[0])
    return match[1] if match and names.is_split(match[1]) else ""


def is_shard(name: str) -> bool:
    """Whether a file is a shard: one of the numbered files that `datasets` writes for a split."""
    return bool(_NUMBERED.search(PurePosixPath(name).name))


def remark_on_shards(shards: Iterable[str], remarks: Remarks) -> None:
    """Add a remark if shards of a split are missing."""
    numbers_of = defaultdict(set)  # by the start of a name and the number of its shards
    for name in shards:
        if match := _NUMBERED.search(PurePosixPath(name).name):
            start = name[: -len(match.group(0))]
            number, count = map(int, match.groups())
            numbers_of[start, count].add(number)
    n_missing = 0
    first: list[str] = []
    for (start, count), numbers in numbers_of.items():
        n_missing += count - sum(number < count for number in numbers)
        missing = (number for number in range(count) if number not in numbers)
        first += (f"{start}-{number:05}-of-{count:05}" for number in islice(missing, _NAMED))
    example = ", ".join(first[:_NAMED])
    if n_missing > _NAMED:
        example += f" and {n_missing - _NAMED} more"
    remarks.add("doubtful", n_missing, "shards are missing", example, "fetch them")
