"""The files of a batch, by the names that tables of people give them."""

import re
import unicodedata
from functools import cached_property
from pathlib import PurePosixPath

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

        Its path counts, or else, where only one file has it, its name without folder or ending.
        """
        exact = f"{self.root}{PurePosixPath(cell)}"
        if exact in self.names:
            return exact
        return self._others.get(_here(cell), "")

    @cached_property
    def _others(self) -> dict[str, str]:
        """The file by each of its other names; "" where several files have it."""
        file_of: dict[str, str] = {}
        for name in self.names:
            for other in self._others_of(name):
                file_of[other] = "" if other in file_of else name
        return file_of

    def _others_of(self, name: str) -> set[str]:
        """The names of a file without its folder or ending."""
        if not name.startswith(self.root):
            return set()
        path = PurePosixPath(_folded(name.removeprefix(self.root)))
        return {str(path), str(path.with_suffix("")), path.name, path.stem}

    @cached_property
    def by_number(self) -> dict[str, str]:
        """Images and sounds that numbers name, by this number without leading zeros."""
        stems = {name: PurePosixPath(name).stem for name in sorted(self.media)}
        return {stem.lstrip("0"): name for name, stem in stems.items() if stem.isdigit()}

    def is_vague(self, cell: str) -> bool:
        """Whether a cell may name several files."""
        return not self.find(cell) and _here(cell) in self._others

    def namesakes(self, cell: str) -> list[str]:
        """The files that a cell may name, for a message."""
        return sorted(name for name in self.names if _here(cell) in self._others_of(name))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("\\", "/")


def _here(cell: str) -> str:
    """What a cell names, without the folders of another machine."""
    folded = _folded(cell)
    return PurePosixPath(folded).name if _ELSEWHERE.match(folded) else folded
