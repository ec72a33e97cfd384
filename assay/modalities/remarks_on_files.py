"""Merge the remarks on many files that a user wants predicted: each kind is printed once."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.contract.remarks import Action, Remark, Remarks

# parts of a remark that differ by file: number of examples, sizes of pictures, what is lost
_OF_ONE_FILE = re.compile(
    r"^of [\d,]+ (?=sounds |texts )"
    r"|, from \d+ x \d+( to \d+ x \d+)?"
    r"| \([\d.]+ s in all\)"
    r"| \([\d.]+% of all lost\)"
)
_Kind = tuple[Action, str, str]  # what is done, of what, and the remedy


class RemarksOnFile(Remarks):
    """The remarks on one of many files, in the plural."""

    def add(
        self, action: Action, count: int, what: str, example: object = "", remedy: str = ""
    ) -> None:
        """Add a remark, unless its count is 0. `what` stays in the plural, also for one."""
        if count:
            self.append(Remark(action, count, what, str(example), remedy))


class RemarksOnFiles:
    """The remarks on many files, by kind and file, in the order in which they were made."""

    def __init__(self) -> None:
        self._by_kind: dict[_Kind, dict[Path, Remark]] = {}

    def add(self, path: Path, remarks: Iterable[Remark]) -> None:
        """Add the remarks on one more file."""
        for remark in remarks:
            kind = (remark.action, _OF_ONE_FILE.sub("", remark.what), remark.remedy)
            self._by_kind.setdefault(kind, {})[path] = remark

    def say(self) -> None:
        """Print a line on stderr for each kind of remark: with its count in all files."""
        for (action, what, remedy), by_file in self._by_kind.items():
            path, first = next(iter(by_file.items()))
            is_one = len(by_file) == 1
            place = str(path) if is_one else f"{len(by_file):,} files"
            names_file = is_one or str(path) in first.example
            example = first.example if names_file else f"{first.example} in {path}".strip()
            count = sum(remark.count for remark in by_file.values())
            is_setting = "collect." in remedy  # such a parameter has no effect on a released model
            merged = Remarks()
            of_all = first.what if is_one else what
            merged.add(action, count, of_all, example, "" if is_setting else remedy)
            merged.say(place)


@contextmanager
def said_at_end() -> Iterator[RemarksOnFiles]:
    """Yield an object to add remarks to. It prints them when the block ends, even with an error."""
    remarks = RemarksOnFiles()
    try:
        yield remarks
    finally:
        remarks.say()
