"""Find the files of a batch by the names that people write in tables."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

# a column names files or examples if more than this share of its rows does
MOST = 0.5
_ELSEWHERE = re.compile(r"/|\w:/|(.*/)?\.\./")  # paths of another folder or machine


class FileNames:
    """Finds the files of a batch by the names in a list, which is in one of its folders.

    Attributes
    ----------
    root : the folder of the list, "" or with a slash at its end
    names : of all files, relative to the batch
    media : the names of images and sounds
    """

    def __init__(self, root: str, names: set[str], media: set[str]) -> None:
        self.root = root
        self.names = names
        self.media = media

    def find(self, cell: str) -> str:
        """The file that a cell names, relative to the batch; "" if there is none.

        The exact path comes first. Then a name without folder or ending is enough, if only one file
        has it. Last, the longest end of the path counts, again if only one file has it. A relative
        path may have more folders before the file's path, but no other folders in it: it could name
        another file that is missing.
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
        """Which texts `find` may find, bool (n,). It is a fast filter, since most texts name none.

        It keeps a text if its last part is the name of a file, or if it is not ASCII.
        """
        plain = pc.utf8_lower(pc.replace_substring(cells, "\\", "/"))
        last = pc.replace_substring_regex(pc.utf8_rtrim(plain, "/"), "(?s)^.*/", "")
        is_name = pc.is_in(last, pa.array(self._by_short_name, pa.string()))
        return pc.or_(is_name, pc.invert(pc.string_is_ascii(cells)))

    @cached_property
    def _paths(self) -> dict[str, str]:
        """The path of each file below the folder, relative to it and folded, see `_folded`."""
        below = (name for name in self.names if name.startswith(self.root))
        return {name: _folded(name.removeprefix(self.root)) for name in below}

    @cached_property
    def _by_short_name(self) -> dict[str, str]:
        """The file by each of its short names; "" if several files have the name."""
        return self._index(_short_names)

    @cached_property
    def _by_end(self) -> dict[str, str]:
        """The file by each end of its path; "" if several files have the end."""
        return self._index(_ends)

    def _index(self, names_of: Callable[[str], Iterable[str]]) -> dict[str, str]:
        file_of: dict[str, str] = {}
        for file, path in self._paths.items():
            for name in names_of(path):
                file_of[name] = "" if name in file_of else file
        return file_of

    @cached_property
    def _depth(self) -> int:
        """The largest number of parts in a path."""
        return 1 + max((name.count("/") for name in self.names), default=0)

    def _end_of(self, folded: str) -> str:
        """The longest end of a path that is also the end of a file's path; "" if there is none."""
        if folded.rpartition("/")[2] not in self._by_short_name:
            return ""
        parts = PurePosixPath(folded).parts[-self._depth :]
        return next((end for end in _ends("/".join(parts)) if end in self._by_end), "")

    def _is_shared(self, end: str) -> bool:
        """Whether an end with at least one folder is the end of several files' paths."""
        return "/" in end and self._by_end.get(end) == ""

    @cached_property
    def by_number(self) -> dict[str, str]:
        """Images and sounds with a number as name, by this number without leading zeros."""
        stems = {name: PurePosixPath(name).stem for name in sorted(self.media)}
        return {stem.lstrip("0"): name for name, stem in stems.items() if stem.isdigit()}

    def is_vague(self, cell: str) -> bool:
        """Whether a cell may mean several files."""
        folded = _folded(cell)
        is_known = _here(folded) in self._by_short_name or self._is_shared(self._end_of(folded))
        return is_known and not self.find(cell)

    def namesakes(self, cell: str) -> list[str]:
        """The files that a vague cell may mean, for a message."""
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
    """The ends of a path, longest first: the path itself, without one folder, and so on."""
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("\\", "/")


def _without_ending(path: str) -> str:
    """A path without its suffix, as `PurePosixPath` would cut it, but faster."""
    start, _, ending = path.rpartition(".")
    has_ending = ending and "/" not in ending and start and not start.endswith("/")
    return start if has_ending else path


def _here(folded: str) -> str:
    """The name in a cell, without folders of another machine."""
    return PurePosixPath(folded).name if _ELSEWHERE.match(folded) else folded
