"""What is odd about people's answers, in lines for people."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from assay.contract import class_names, paths
from assay.contract.errors import counted, first_of, say


def say_problems(answers: pd.DataFrame, contradictions: Sequence[str]) -> None:
    """Say on stderr how many answers have an unknown note, no annotator, or a label and a note.

    Parameters
    ----------
    answers : as `answers.read` gives them, also those that do not count
    contradictions : each answer with an id and a key of different examples: its place, and both
    """
    unknown = answers[(answers["label"] == "") & ~answers["note"].isin(paths.NOTES)]
    if len(unknown):
        first = unknown.iloc[0]
        wrong = f"{counted(len(unknown), 'answer')} with neither a label nor one of the notes"
        notes = " and ".join(map(repr, paths.NOTES[1:]))
        say(f"{wrong} {notes}: {first['place']}, {first['note']!r}")
    nameless = answers.loc[answers["annotator"] == "", "place"]
    if len(nameless):
        without = f"{counted(len(nameless), 'answer')} without an annotator"
        say(f"{without}, taken for those of one person: {nameless.iloc[0]}")
    both = answers[(answers["label"] != "") & answers["note"].isin(paths.NOTES[1:])]
    if len(both):
        first = both.iloc[0]
        noted = "with both a label and a note, where the label counts"
        example = f"{first['place']}, {first['label']!r} and {first['note']!r}"
        remedy = "empty the label if the note is right"
        say(f"{counted(len(both), 'answer')} {noted}: {example}; {remedy}")
    if contradictions:
        differ = "whose id and key name different examples, where the id counts"
        say(f"{counted(len(contradictions), 'answer')} {differ}: {contradictions[0]}")


def lines_on_waiting(waiting: list[str], changed: list[str]) -> Iterator[str]:
    """How many answers are about no example of a listed batch, and why that may be.

    Parameters
    ----------
    changed : the places of these answers, if their batch is listed
    waiting : the places of the others
    """
    mistyped = "perhaps its name is mistyped"
    perhaps = f"{mistyped}, or files of the batch or Assay changed, see docs/upgrading.md"
    if changed:
        left = f"{counted(len(changed), 'answer')} left waiting"
        yield f"{left}, since the batch has no such example ({perhaps}): {changed[0]}"
    if waiting:
        left = f"{counted(len(waiting), 'answer')} left waiting"
        if_listed = f"if its batch is listed, {perhaps}"
        yield f"{left}, since no listed batch has the example: {waiting[0]}; {if_listed}"


def say_look_alikes(people: Iterable[str]) -> None:
    """Name the people who may be one person, since their names differ by spelling alone."""
    alike = class_names.look_alikes(people)
    if alike:
        several = f"{counted(len(alike), 'annotator')} may have several names in the answers"
        say(f"{several}, since spelling alone differs: {first_of(class_names.in_words(alike))}")
