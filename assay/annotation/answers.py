"""People's answers in data/annotations, which override everything else."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from assay.annotation import answer_remarks
from assay.annotation.example_names import ExampleNames, plain
from assay.catalogue import spreadsheets
from assay.contract import class_names, csv_files, edited_inputs, paths, plain_files
from assay.contract.errors import InputError, cache_of, counted, first_of, say

_SUFFIXES = (".csv", ".tsv")
_OTHER_FILES = ("README.md", "label-studio.json")  # known to hold no answers
_CLASSES = 10  # class names in a message
_COPY = re.compile(r" ?\((\d+)\)\Z")  # what a browser adds to the name of a second download
_COLUMNS = ["example", "annotator", "label", "place", "note"]
TIE = "people's answers tie"  # why an example is asked again; page.js has the Chinese


def read(examples: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Read all answers: `example` (row of `examples`), `annotator`, `label`, `place` and `note`.

    A file has the columns `annotator`, `label`, and `id` or `key`. A key that several batches use
    is written `<batch>/<key>`. An empty label is no answer, but may have the note that the example
    is not usable. `place` is the row of the answer. If a person answers twice about one
    example, the last answer counts. Answers about examples of no listed batch are left out until
    the batch is listed. Both are reported on stderr, and so are names that may mean one person.
    Labels and people are compared as `class_names.normal` writes them.

    Raises
    ------
    InputError
        With file and row, if a name is no id, or is a row number, or a label is no class.
    """
    last, waiting = latest(examples, classes)
    for line in waiting:
        say(line)
    return that_count(last)


def latest(examples: pd.DataFrame, classes: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """The last row of each person about each example, as in `read`, even if it says nothing.

    Returns
    -------
    These rows, and messages about the answers that wait for their batch
    """
    edited_inputs.note(paths.ANNOTATIONS, lambda: filter(is_answers, _entries()))
    tables = _files()
    names = ExampleNames(examples)
    rows = []
    waiting: dict[tuple[str, ...], str] = {}  # where the last answer is, by example and person
    changed: dict[tuple[str, ...], str] = {}
    contradictions = []
    for path in tables:
        check_name(path)
        for place, column, row in rows_of(path, plain_files.read(path)):
            is_id = column == "id"
            example = names.example(row[column], place=place, is_id=is_id)
            label, note = class_names.normal(row["label"]), _note(row)
            if example is None:
                unplaced = changed if names.has_batch_of(row) else waiting
                about = plain(row[column]), row.get("batch", "").strip(), row["annotator"]
                unplaced[about] = f"{place}, {column} {row[column]!r}"
                if not label and note != paths.NOT_USABLE:
                    del unplaced[about]  # no answer, or one that is taken back
                continue
            _check_label(label, classes, place)
            if is_id and (otherwise := names.contradiction(row, example)):
                contradictions.append(f"{place}: {otherwise}")
            rows.append((example, row["annotator"], label, place, note))
    answers = pd.DataFrame(rows, columns=_COLUMNS)
    answer_remarks.say_problems(answers, contradictions)
    last = _last(answers)
    answer_remarks.say_look_alikes(last["annotator"])
    left = answer_remarks.lines_on_waiting(list(waiting.values()), list(changed.values()))
    return last, list(left)


def that_count(last: pd.DataFrame) -> pd.DataFrame:
    """The rows of `latest` that give a label, or say that an example is not usable."""
    return last[(last["label"] != "") | (last["note"] == paths.NOT_USABLE)]


def _note(row: dict[str, str]) -> str:
    """The note beside a label, in lower case; "" if there is none."""
    notes = [cell for name, cell in row.items() if name.strip().lower() == "note"]
    return notes[0].strip().lower() if notes else ""


def standing(answers: pd.DataFrame) -> pd.DataFrame:
    """Count the answers from `read` about each example, by row of the catalogue.

    Returns
    -------
    pd.DataFrame
        `label`, the most frequent one, "" if several are equally frequent; `lead`, how many more
        people gave it than the second; `for_use`, how many more people gave a label than say that
        the example is not usable.
    """
    is_label = answers["label"] != ""
    for_use = is_label.map({True: 1, False: -1}).groupby(answers["example"]).sum()
    n_of_label = answers[is_label].value_counts(["example", "label"]).reset_index("label")
    rank = n_of_label.groupby("example").cumcount()  # the most frequent label comes first
    first, second = n_of_label[rank == 0], n_of_label[rank == 1]
    lead = first["count"].sub(second["count"], fill_value=0)
    label = first["label"].where(lead > 0, "")
    frame = pd.DataFrame({"label": label, "lead": lead, "for_use": for_use})
    return frame.fillna({"label": "", "lead": 0})


def not_usable(answers: pd.DataFrame) -> pd.Series:
    """Why an example is left out, by row of the catalogue: more people say so than give a label."""
    for_use = standing(answers)["for_use"]
    is_note = answers["label"] == ""
    notes = answers[is_note & answers["example"].isin(for_use.index[for_use < 0])]
    return f"{paths.NOT_USABLE}, by " + notes.groupby("example")["annotator"].agg(", ".join)


def _check_label(label: str, classes: Sequence[str], place: str) -> None:
    if not label or label in classes:
        return
    unknown = f"{place}: {label!r} is no class of the data"
    for names in class_names.look_alikes([*classes, label]):
        if label in names:
            meant = " or ".join(repr(name) for name in names if name != label)
            raise InputError(f"{unknown}: did you mean {meant}?")
    known = ", ".join(classes[:_CLASSES]) + (", …" if len(classes) > _CLASSES else "")
    empty = "leave it empty to give no answer"
    enough = "clean.smallest_class labels of it to learn from"
    if_new = f"if it is new, first list a batch that brings {enough}"
    if_renamed = f"if it was renamed, replace it in {paths.ANNOTATIONS}"
    raise InputError(f"{unknown}, which has: {known}; {empty}; {if_new}; {if_renamed}")


def tied(answers: pd.DataFrame) -> pd.DataFrame:
    """The answers from `read` that give a label to an example without one most frequent label."""
    stands = standing(answers)
    is_tied = (stands["label"] == "") & (stands["for_use"] >= 0)
    return answers[(answers["label"] != "") & answers["example"].isin(stands.index[is_tied])]


def is_answers(path: Path) -> bool:
    """Whether a file in data/annotations holds answers, by its path."""
    return path.suffix.lower() in _SUFFIXES and not _hidden(path)


def check_name(path: Path) -> None:
    """Raise InputError if a name is not UTF-8: DVC cannot track such a file."""
    if not paths.is_utf8(path):
        raise InputError(f"{path}: this name is not UTF-8, so DVC cannot track it: rename the file")


def order(path: Path) -> tuple[tuple[str, ...], int, str]:
    """The sort key of files: `anna.csv` comes before `anna (1).csv`, then comes `anna (2).csv`."""
    copy = _COPY.search(path.stem)
    name, number = (path.stem[: copy.start()], int(copy[1])) if copy else (path.stem, 0)
    return (*path.parent.parts, name), number, path.name


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(paths.ANNOTATIONS).parts)


def _files() -> list[Path]:
    """The files with answers; other files are named on stderr."""
    candidates = sorted(_entries(), key=order)
    tables = [path for path in candidates if path.suffix.lower() in _SUFFIXES]
    others = [path for path in candidates if path.suffix.lower() not in _SUFFIXES]
    unknown = [str(path) for path in others if path.name not in _OTHER_FILES and not _hidden(path)]
    if unknown:
        say(f"not read, since answers are .csv or .tsv: {first_of(unknown)}")
    hidden = [str(path) for path in tables if _hidden(path)]
    if hidden:
        say(f"not read, since they are hidden: {first_of(hidden)}")
    read = [path for path in tables if is_answers(path)]
    links = [str(path) for path in read if path.is_symlink() and not cache_of(path)]
    if links:
        where = f"answers in {counted(len(links), 'file')} that git keeps as a link alone"
        say(f"{where}, so colleagues lack them: {first_of(links)}: put the file itself there")
    return read


def _entries() -> list[Path]:
    """The files in data/annotations."""
    entries = paths.ANNOTATIONS.rglob("*")
    return [path for path in entries if path.is_symlink() or not path.is_dir()]


def rows_of(path: Path, content: bytes) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The rows of a file: the place of each, the column that names its example, and its cells.

    The annotator is written as `class_names.normal` writes names.

    Raises
    ------
    InputError
        If a column is missing, or if a row repeats the header, as after a git merge.
    """
    table = spreadsheets.parse(path, content, ["annotator", "label"])
    column = csv_files.key_column(path, table, ("id", "key"))
    places = csv_files.name_rows(path, table)
    for place, row in zip(places, table.to_pylist(), strict=True):
        if all(name == cell for name, cell in row.items()):
            raise InputError(f"{place} repeats the header: delete this row")
        if any(row.values()):  # spreadsheets leave empty rows at the end
            yield place, column, row | {"annotator": class_names.normal(row["annotator"])}


def _last(answers: pd.DataFrame) -> pd.DataFrame:
    """The last answer of each person about each example; say how many others there are."""
    vote = ["example", "annotator"]
    repeated = answers[answers.duplicated(vote)]
    last = answers.drop_duplicates(vote, keep="last")
    if repeated.empty:
        return last
    again = f"{counted(len(repeated), 'answer')} repeated by one person about one example"
    again += ", where the last one counts"
    said = answers.assign(said=answers["label"].where(answers["label"] != "", answers["note"]))
    pairs = said.merge(said.loc[last.index], on=vote, suffixes=("", "_last"))
    replaced = pairs[pairs["said"] != pairs["said_last"]]
    if len(replaced):
        pair = replaced.iloc[0]
        earlier = f"{pair['place']} {pair['said']!r}"
        later = f"{pair['said_last']!r} of {pair['place_last']} by {pair['annotator']!r}"
        say(f"{again}; {len(replaced):,} had another label: {earlier} gives way to {later}")
    else:
        say(f"{again}: {repeated['place'].iloc[0]} by {repeated['annotator'].iloc[0]!r}")
    return last
