"""One person's answers in data/annotations/<name>.csv. Each answer writes the whole file again."""

import fcntl
import getpass
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pandas as pd

from assay.catalogue import spreadsheets
from assay.contract import class_names, files, git, paths, rewriting
from assay.contract.errors import InputError, counted, first_of, say

_NEEDED = ["id", "annotator", "label"]
_COLUMNS = [*_NEEDED, "note"]
_PLACE = ["batch", "key"]  # of the example, for people; a file without them stays without them
_LONGEST = 60  # characters of a file's name


def default_name() -> str:
    """The user's name in git, or else the login name, in a form that a file can have."""
    name = (git.ask("config", "user.name") or b"").decode(errors="replace")
    return file_safe(name) or file_safe(getpass.getuser()) or "reviewer"


def file_safe(name: str) -> str:
    """A name in which only letters, digits, points and underscores stay; the rest is hyphens."""
    return re.sub(r"[^\w.]+", "-", class_names.normal(name))[:_LONGEST].strip("-.")


def check(name: str) -> None:
    """Raise InputError if a person's file cannot be named so or be read. No file is made."""
    _rows(_path(class_names.normal(name)))


class AnswerFile:
    """The answers of one person. Another process cannot open them at the same time.

    Raises
    ------
    InputError
        If the name cannot be a file's, is in use, or the file was not written by the review page.
    """

    def __init__(self, name: str) -> None:
        name = class_names.normal(name)  # the form in which people are compared
        self.name, self.path = name, _path(name)
        _rows(self.path)
        self._lock_path = paths.UNFINISHED / f"review-{name}.lock"
        try:
            self._lock = _locked(self._lock_path)
        except BlockingIOError:
            remedy = "close it, or take another --name"
            raise InputError(f"a review by {name} is open already: {remedy}") from None
        if self.path.exists() and b"," not in self.path.read_bytes().partition(b"\n")[0]:
            cells = f"{self.path} has no commas between its cells"
            say(f"{cells}: the first answer writes them")

    def close(self) -> None:
        """Let others open the answers. The lock is deleted, because its name is a person's name."""
        self._lock_path.unlink(missing_ok=True)
        self._lock.close()

    def answers(self) -> dict[str, list[str]]:
        """Label and note by the id of the example."""
        rows, _ = _rows(self.path)
        mine = {id_: row for (id_, person), row in rows.items() if person == self.name}
        return {id_: [row["label"], row["note"]] for id_, row in mine.items()}

    def record(self, id_: str, label: str, note: str, place: tuple[str, str]) -> None:
        """Write an answer to disk, over an earlier one. Without label and note, remove the answer.

        The file is read again first, so that changes by another program are not lost. The file
        keeps its line ends and its byte order mark. Its delimiters become commas.

        Parameters
        ----------
        place : batch and key of the example
        """
        rows, columns = _rows(self.path)
        row = [id_, self.name, label, note, *place]
        rows[id_, self.name] = dict(zip(_COLUMNS + _PLACE, row, strict=True))
        if not label and not note:
            del rows[id_, self.name]
        frame = pd.DataFrame(list(rows.values()), columns=columns, dtype=object)
        before = self.path.read_bytes() if self.path.exists() else b""
        with files.whole(self.path) as partial:
            spreadsheets.write(partial, frame)
            written = partial.read_bytes()
            partial.write_bytes(rewriting.csv_in_form_of(before, written))

    def summary(self) -> str:
        """A line about what the file holds, for people."""
        answers = list(self.answers().values())
        notes = [note for _, note in answers]
        counts = [f"{notes.count(note)} {note}" for note in paths.NOTES[1:] if note in notes]
        labels = counted(sum(bool(label) for label, _ in answers), "answer")
        return f"{', '.join([labels, *counts])} in {self.path}"

    def outcome(self) -> str:
        """A line for people about the file at the end of a review."""
        if not self.path.exists():
            return f"no answers, so no {self.path}"
        return f"{self.summary()}; `dvc repro` uses them"


def _locked(path: Path) -> TextIO:
    """A lock that only this process has. If the process is killed, the lock is free again.

    Raises
    ------
    BlockingIOError
        If another process has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        lock = path.open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                return lock
        lock.close()  # it was deleted when another review ended


def _path(name: str) -> Path:
    """The file of a person's answers."""
    # label-studio.csv holds the answers from Label Studio
    if name != file_safe(name) or name in ("", "label-studio"):
        remedy = "take letters, digits, points and hyphens, as in --name anna"
        raise InputError(f"--name {name!r} cannot name your file of answers: {remedy}")
    return paths.ANNOTATIONS / f"{name}.csv"


def _rows(path: Path) -> tuple[dict[tuple[str, str], dict[str, str]], list[str]]:
    """The rows by id and person, each with all columns of the page; the columns of the file."""
    if not path.exists():
        return {}, _COLUMNS + _PLACE
    table = spreadsheets.read(path)
    if missing := [column for column in _NEEDED if column not in table.column_names]:
        has = f"has no column {first_of(list(map(repr, missing)))}, as the review page writes"
        raise InputError(f"{path} {has}: take another --name")
    if unknown := set(table.column_names) - {*_COLUMNS, *_PLACE}:
        has = f"has the column {min(unknown)!r}, which the review page does not write"
        raise InputError(f"{path} {has}: take another --name")
    rows = {}
    for row in table.to_pylist():
        person = class_names.normal(row["annotator"])
        rows[row["id"], person] = {"note": "", **row, "annotator": person}
    return rows, _COLUMNS + [column for column in _PLACE if column in table.column_names]
