"""Remarks: what Assay changed or guessed in a person's data, with a count and an example."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from assay.contract.errors import say, shortened

_VERBS = {"are": "is", "have": "has", "go": "goes", "may": "may"}  # singular by plural
_REGULAR = "become cancel come get hold keep lack lie lose name replace tell"
_VERBS |= {verb: f"{verb}s" for verb in _REGULAR.split()}
_VERB = "|".join(_VERBS)
# How remarks in the plural begin: `files are`, `file names lack`,
# `colour pictures of 16 bits keep`.
_MANY = re.compile(
    r"((?:\w+ )?\w+?)"  # `colour picture`, `class`
    r"(?:(?<=ss)es|s)"  # the plural: of `class` too
    r"((?: (?:in|of) [\w. ]+?)?)"  # ` of 16 bits`
    rf" ({_VERB})\b"  # ` keep`
)
# How remarks on a part of all begin: `of 300 sounds are`. The noun stays in the plural.
_SOME = re.compile(rf"(of [\d,]+ .+?) ({_VERB})\b")
_LONGEST, _LAST = 200, 80  # characters of an example that people see; how many are from its end
Action = Literal["ignored", "left out", "converted", "cut", "merged", "guessed", "doubtful"]


@dataclass(frozen=True)
class Remark:
    """One kind of change or guess.

    Attributes
    ----------
    action : what was done; `doubtful`: nothing was done, but a person should look
    count : of files, examples, rows or cells, at least 1
    what : follows the count, for example `sounds are longer than 1.0 s`
    example : one of them: a file, a row or a value; "" where there is nothing to name
    remedy : what to do if this is not right; "" where there is nothing to do
    """

    action: Action
    count: int
    what: str
    example: str = ""
    remedy: str = ""

    def text(self) -> str:
        """The remark without its action, for people; a long example is cut in the middle."""
        joint = ": " if self.count == 1 else ", for example "
        shown = shortened(self.example, _LONGEST, _LAST)
        example = f"{joint}{shown}" if shown else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.count} {self.what}{example}{remedy}"

    def __str__(self) -> str:
        return f"{self.action}: {self.text()}"


def _singular(what: str) -> str:
    """Turn `files are hidden` into `file is hidden`; other text stays as it is."""
    if match := _SOME.match(what):
        subject, verb = match.groups()
    elif match := _MANY.match(what):
        noun, addition, verb = match.groups()
        subject = f"{noun}{addition}"
    else:
        return what
    rest = re.sub(rf"\b(and|or) ({_VERB})\b", _second_verb, what[match.end() :])
    return f"{subject} {_VERBS[verb]}{rest}"


def _second_verb(match: re.Match[str]) -> str:
    """Turn `and are` into `and is`."""
    return f"{match[1]} {_VERBS[match[2]]}"


class Remarks(list[Remark]):
    """The remarks on one batch or file, in the order in which they were made.

    Attributes
    ----------
    payload_format : parts of the format that depend on the whole batch, such as the range of grey
        values; only images have them
    """

    def __init__(self) -> None:
        super().__init__()
        self.payload_format: dict[str, Any] = {}

    def add(
        self, action: Action, count: int, what: str, example: object = "", remedy: str = ""
    ) -> None:
        """Add a remark, unless its count is 0. `what` is in the plural; see `Remark`."""
        if count:
            what = _singular(what) if count == 1 else what
            self.append(Remark(action, count, what, str(example), remedy))

    def note(self, action: Action, examples: Sequence[object], what: str, remedy: str = "") -> None:
        """Add a remark on some files, rows or values: their count, and the first of them."""
        self.add(action, len(examples), what, next(iter(examples), ""), remedy)

    def say(self, place: Path | str) -> None:
        """Print each remark as one line on stderr.

        Parameters
        ----------
        place : the batch or file that the remarks are about
        """
        for remark in self:
            say(f"{place}: {remark}")

    def as_dicts(self) -> list[dict[str, Any]]:
        """The remarks for a JSON file."""
        return [asdict(remark) for remark in self]
