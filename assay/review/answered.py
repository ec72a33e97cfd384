"""What people have answered in all files of data/annotations, when the review starts."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assay.annotation import answers
from assay.cleaning import review_page
from assay.contract import paths
from assay.contract.errors import InputError, counted, quiet, say
from assay.review.answer_file import AnswerFile


@dataclass(frozen=True)
class OfPerson:
    """What one person has answered in other files than their own, by the id of the example.

    Attributes
    ----------
    said : label and note
    places : where each of these answers is
    later : the ids of the answers in files that are read after the person's own file. These answers
        count, and not those in the person's own file
    again : the ids of the examples that this person must answer again, since people's answers tie
    """

    said: dict[str, list[str]]
    places: dict[str, str]
    later: set[str]
    again: set[str]


class Answered:
    """The answers of everybody: `id`, `annotator`, `label`, `note` and `place` of the last ones.

    `tied` are the ids of the examples for which no label is the most frequent.
    """

    def __init__(self, examples: pd.DataFrame, classes: Sequence[str]) -> None:
        """Read all files. If one of them is wrong, say so, and go on without any answers.

        Parameters
        ----------
        examples : the catalogue
        """
        last = pd.DataFrame(columns=["example", "annotator", "label", "place", "note"])
        self._waiting: list[str] = []
        try:
            with quiet():  # `annotate` prints the remarks
                last, self._waiting = answers.latest(examples, classes)
        except InputError as error:
            say(f"{error}; until then the review shows nobody the answers of others")
        counting = answers.that_count(last)
        self._last = last.assign(id=examples["id"].reindex(last["example"]).array)
        self._about: dict[str, list[list[str]]] = {}  # person, label and note by id
        for row in self._last.loc[counting.index].itertuples():
            answer = [review_page.cut(row.annotator, review_page.LONGEST_NAME), row.label, row.note]
            self._about.setdefault(row.id, []).append(answer)
        self.tied = set(examples["id"].reindex(answers.tied(counting)["example"]))
        self._settled = set(examples["id"].reindex(_settled(counting)))

    def settled(self, name: str) -> set[str]:
        """The ids of the examples that one more answer, by `name`, would not change."""
        theirs = self._last.loc[self._last["annotator"] == name, "id"]
        return self._settled.difference(theirs)

    def others(self, id_: str, name: str) -> list[list[str]]:
        """Person, label and note of the answers about an example, except those by `name`."""
        return [answer for answer in self._about.get(id_, []) if answer[0] != name]

    def of(self, own: AnswerFile, asked: Collection[str]) -> OfPerson:
        """What the person with the file `own` has answered elsewhere about the ids in `asked`."""
        is_theirs = (self._last["annotator"] == own.name) & self._last["id"].isin(asked)
        theirs = self._last[is_theirs]
        said, places, later = {}, {}, set()
        for row in theirs.itertuples():
            path = Path(row.place.rpartition(" row ")[0])
            is_later = answers.order(path) > answers.order(own.path)
            is_answer = row.label or row.note in paths.NOTES[1:]
            if is_later or (is_answer and path != own.path):
                said[row.id], places[row.id] = [row.label, row.note], row.place
            if is_later:
                later.add(row.id)
        ties = self.tied.intersection(theirs.loc[theirs["label"] != "", "id"])
        return OfPerson(said, places, later, ties - later)

    def messages(self, own: AnswerFile, names: dict[str, str]) -> Iterator[str]:
        """Lines about what is asked again, what is not asked, and answers that wait.

        Parameters
        ----------
        names : the name of each example that is asked about, by id
        """
        person = self.of(own, names)
        again = [id_ for id_ in names if id_ in person.again]
        earlier = [id_ for id_ in person.said if id_ not in person.later | person.again]
        if again:
            said = ", ".join(f"{who} {label!r}" for who, label, _ in self._about[again[0]])
            first = f"{names[again[0]]} ({said})"
            yield f"{counted(len(again), 'question')} asked again, since {answers.TIE}: {first}"
        if earlier:
            known = f"{own.name} answered elsewhere: {person.places[earlier[0]]}"
            yield f"{counted(len(earlier), 'question')} not asked, which {known}"
        if person.later:
            n_tied = len(self.tied & person.later)
            ties = f" ({n_tied:,} of these tie)" if n_tied else ""
            remedy = f"in files that are read after {own.path}: change answers{ties} there"
            known = f"{own.name} answered {remedy}: {person.places[min(person.later)]}"
            yield f"{counted(len(person.later), 'question')} not asked, which {known}"
        yield from self._waiting


def _settled(counting: pd.DataFrame) -> pd.Index:
    """The rows of the catalogue for which one more answer, of any kind, would change nothing.

    Parameters
    ----------
    counting : from `answers.that_count`
    """
    standing = answers.standing(counting)
    has_label = (standing["lead"] > 1) & (standing["for_use"] > 0)
    return standing.index[has_label | (standing["for_use"] < -1)]
