"""What the review page asks: the queue, best first, then the doubted labels that are not in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.cleaning import evidence, review_page
from assay.cleaning.review_page import Question
from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError, counted
from assay.modalities import registry
from assay.review.answer_file import AnswerFile
from assay.review.answered import Answered

_SETTLED = "people answered alike, so that one more answer would change nothing"
_Rows = dict[str, dict[str, str]]  # of a table, by the id of the example
_ISSUE = ["id", "kind", "given", "suggested", "reason", *evidence.COLUMNS]


@dataclass(frozen=True)
class Questions:
    """All questions; `examples` are the rows of the catalogue that they show, in order.

    `n_doubted` of them are about doubted labels; the others are only in the queue. `answered` is
    what people have answered so far. `n_settled` doubted labels are not asked, since one more
    answer would change nothing.
    """

    asked: list[Question]
    n_doubted: int
    examples: pd.DataFrame
    classes: list[str]
    medium: str
    answered: Answered
    n_settled: int

    def messages(self, own: AnswerFile) -> Iterator[str]:
        """Lines about what is asked again, what is not asked, and answers that wait."""
        if self.n_settled:
            yield f"{counted(self.n_settled, 'doubted label')} not asked, since {_SETTLED}"
        yield from self.answered.messages(own, self.names())

    def names(self) -> dict[str, str]:
        """The name of each example that is asked about, by id, in the order of the questions."""
        name_of_row = review_page.names(self.examples)
        return {question["id"]: name_of_row[question["row"]] for question in self.asked}

    def places(self) -> dict[str, tuple[str, str]]:
        """The batch and the key of each example that is asked about, by id."""
        rows = self.examples.loc[[question["row"] for question in self.asked]]
        return dict(zip(rows["id"], zip(rows["batch"], rows["key"], strict=True), strict=True))


def read(name: str = "") -> Questions:
    """Read the queue and the doubted labels.

    A doubted label comes with its evidence and with the class that the evidence speaks for, also
    if it is in the queue. If people's answers tie, now or in the queue, the tie is the reason that
    is given. A doubted label that is not in the queue is left out if one more answer would change
    nothing.

    Parameters
    ----------
    name : of the person who is asked, whose own answers are shown

    Raises
    ------
    InputError
        If there is nothing to ask, a table is damaged, or an example is no longer there.
    """
    examples = catalogue.read()
    columns = ["id", "given", "suggested", "why"]
    queue = spreadsheets.rows_of_output(paths.QUEUE, columns) if paths.QUEUE.exists() else []
    issues = spreadsheets.rows_of_output(paths.ISSUES, _ISSUE)
    queued = {row["id"]: row | {"reason": row["why"]} for row in queue}
    doubted = {row["id"]: row for row in issues if row["kind"] == "label"}
    if not queued | doubted:
        raise InputError(f"{paths.QUEUE} is empty, and no label is doubted: nothing to review")
    classes = parquet_files.read_classes(paths.PRED_PROBS)
    answered = Answered(examples, classes)
    settled = answered.settled(name) & (doubted.keys() - queued.keys())
    rows = _merged(queued, doubted, settled, answered.tied)
    if not rows:
        n = counted(len(settled), "doubted label")
        empty = f"{paths.QUEUE} is empty, and {n} need no answer"
        raise InputError(f"{empty}, since {_SETTLED}: nothing to review")
    row_of_id = dict(zip(examples["id"], examples.index, strict=True))
    for id_, row in rows.items():
        if id_ not in row_of_id or row["suggested"] not in classes:
            where = paths.ISSUES if "kind" in row else paths.QUEUE
            raise InputError(f"{where} asks for {id_!r}, which has changed: run `dvc repro`")
    row_of_name = dict(zip(examples["batch"] + "/" + examples["key"], examples.index, strict=True))
    frame = pd.DataFrame(rows.values(), [row_of_id[id_] for id_ in rows])
    frame = frame.reindex(columns=_ISSUE).astype(object).fillna("")
    frame = frame.join(examples[["batch", "key", "split"]])
    for column in evidence.COLUMNS:
        evidence_rows = [_rows_of(cell, row_of_name) for cell in frame[column]]
        frame[f"rows_{column}"] = pd.Series(evidence_rows, frame.index)
    asked = review_page.questions(frame, catalogue.votes(examples))
    medium = registry.named(files.read_json(paths.ENCODER_INFO)["modality"]).MEDIUM
    n_doubted = int((frame["kind"] == "label").sum())
    shown = examples.loc[review_page.rows_of(asked)]
    return Questions(asked, n_doubted, shown, classes, medium, answered, len(settled))


def _merged(queue: _Rows, doubted: _Rows, settled: set[str], tied: set[str]) -> _Rows:
    """The rows of what is asked about, by id: the queue, then the doubted labels not in it.

    Parameters
    ----------
    queue, doubted : rows by id, with the `reason`; what is in both has the row of a doubted label
    settled : ids of doubted labels that are left out
    tied : ids of examples whose answers tie now; those with a tie in the queue are added
    """
    rows = queue | {id_: row for id_, row in doubted.items() if id_ not in settled}
    is_tie = {id_ for id_, row in queue.items() if row["reason"] == answers.TIE} | tied
    tie = {"reason": answers.TIE}
    return {id_: row | tie if id_ in is_tie else row for id_, row in rows.items()}


def _rows_of(names: str, row_of_name: dict[str, int]) -> list[int]:
    """The rows of the examples that a cell names; a name may hold the separator itself."""
    parts = names.split("; ")
    rows = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):  # the longest name first
            row = row_of_name.get("; ".join(parts[start:end]))
            if row is not None:
                rows.append(row)
                break
        start = end  # after the name; after this part if no name starts here
    return rows
