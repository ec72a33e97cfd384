"""The files of a batch, by the names that tables of people give them."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

# of its rows: a column of which more name files, or examples, is there to name them
MOST = 0.5
_ELSEWHERE = re.compile(r"/|\w:/|(.*/)?\.\./")  # paths of another folder or machine


class FileNames:
    """The files of a batch, by the names that a list in one of its folders may give them.

    Attributes
    ----------
    root : the folder, "" or with a slash behind
    names : of all files, relative to the batch
    media : those of them that are images or sounds
    """

    def __init__(self, root: str, names: set[str], media: set[str]) -> None:
        self.root = root
        self.names = names
        self.media = media

    def find(self, cell: str) -> str:
        """The file that a cell names, relative to the batch; "" if there is none.

        Its path counts, or else, where only one file has it, its name without folder or ending, or
        the longest end of its path. A relative path may have folders in front of all of the file's
        own path, but not in place of its folders: these may tell files apart that are missing.
        """
        exact = f"{self.root}{PurePosixPath(cell)}"
        if exact in self.names:
            return exact
        folded = _folded(cell)
        if file := self._by_short_name.get(_here(folded)):
            return file
        end = self._end_of(folded)
        file = self._by_end.get(end, "")
        is_whole = end in (folded, self._paths.get(file))
        return file if is_whole or _ELSEWHERE.match(folded) else ""

    def may_find(self, cells: pa.Array) -> pa.Array:
        """Which texts `find` may find, bool (n,): quick, for it is a few of many.

        A file has their last part for a name, or this is not plain to see.
        """
        plain = pc.utf8_lower(pc.replace_substring(cells, "\\", "/"))
        last = pc.replace_substring_regex(pc.utf8_rtrim(plain, "/"), "(?s)^.*/", "")
        is_name = pc.is_in(last, pa.array(self._by_short_name, pa.string()))
        return pc.or_(is_name, pc.invert(pc.string_is_ascii(cells)))

    @cached_property
    def _paths(self) -> dict[str, str]:
        """The path of each file below the folder, relative to it and folded."""
        below = (name for name in self.names if name.startswith(self.root))
        return {name: _folded(name.removeprefix(self.root)) for name in below}

    @cached_property
    def _by_short_name(self) -> dict[str, str]:
        """The file by its short names; "" where several files have it."""
        return self._index(_short_names)

    @cached_property
    def _by_end(self) -> dict[str, str]:
        """The file by each end of its path; "" where several files have it."""
        return self._index(_ends)

    def _index(self, names_of: Callable[[str], Iterable[str]]) -> dict[str, str]:
        file_of: dict[str, str] = {}
        for file, path in self._paths.items():
            for name in names_of(path):
                file_of[name] = "" if name in file_of else file
        return file_of

    @cached_property
    def _depth(self) -> int:
        """The most parts that a path has."""
        return 1 + max((name.count("/") for name in self.names), default=0)

    def _end_of(self, folded: str) -> str:
        """The longest end of a path that files of the folder have; "" if there is none."""
        if folded.rpartition("/")[2] not in self._by_short_name:
            return ""
        parts = PurePosixPath(folded).parts[-self._depth :]
        return next((end for end in _ends("/".join(parts)) if end in self._by_end), "")

    def _is_shared(self, end: str) -> bool:
        """Whether several files have an end of their paths, with its folder."""
        return "/" in end and self._by_end.get(end) == ""

    @cached_property
    def by_number(self) -> dict[str, str]:
        """Images and sounds that numbers name, by this number without leading zeros."""
        stems = {name: PurePosixPath(name).stem for name in sorted(self.media)}
        return {stem.lstrip("0"): name for name, stem in stems.items() if stem.isdigit()}

    def is_vague(self, cell: str) -> bool:
        """Whether a cell may name several files."""
        folded = _folded(cell)
        is_known = _here(folded) in self._by_short_name or self._is_shared(self._end_of(folded))
        return is_known and not self.find(cell)

    def namesakes(self, cell: str) -> list[str]:
        """The files that a vague cell may name, for a message."""
        folded = _folded(cell)
        end = self._end_of(folded)
        names_of, wanted = _short_names, _here(folded)
        if self._is_shared(end):
            names_of, wanted = _ends, end
        return sorted(file for file, path in self._paths.items() if wanted in names_of(path))


def _short_names(path: str) -> Iterable[str]:
    """A path and its name, both also without the ending."""
    name = path.rpartition("/")[2]
    return {path, _without_ending(path), name, _without_ending(name)}


def _ends(path: str) -> Iterable[str]:
    """The path without its first folders: none, one, and so on."""
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("\\", "/")


def _without_ending(path: str) -> str:
    """A path without what `PurePosixPath` calls its suffix, in less time."""
    start, _, ending = path.rpartition(".")
    has_ending = ending and "/" not in ending and start and not start.endswith("/")
    return start if has_ending else path


def _here(folded: str) -> str:
    """What a cell names, without the folders of another machine."""
    return PurePosixPath(folded).name if _ELSEWHERE.match(folded) else folded
