"""The worst labels as a page that works offline and saves the answers as a CSV file."""

from collections.abc import Sequence

import pandas as pd

from assay.catalogue import payloads
from assay.cleaning import evidence, review_page
from assay.cleaning.review_page import Question
from assay.modalities import registry

_LARGEST = 4_000_000  # bytes of pictures, sounds and texts; the page is to be sent by mail
_LARGEST_EVIDENCE = _LARGEST // 40  # bytes of an example that speaks for a label
_SIDE = 96  # pixels: the longer side of a larger image
_FIRST = 16  # questions, from which the size of the others is estimated


def page(
    doubted: pd.DataFrame, examples: pd.DataFrame, votes: pd.DataFrame, classes: Sequence[str]
) -> str:
    """Read the payloads of the worst labels and of their evidence: as many as fit into the page.

    Parameters
    ----------
    doubted : from `evidence.find`, with the names of the classes, worst first
    examples : the catalogue
    votes : what each person said, as `catalogue.votes` gives it
    """
    questions = review_page.questions(doubted.head(evidence.MOST), votes)
    fitting, contents = _fitting(questions, examples)
    values = {
        "classes": classes,
        "medium": registry.named(payloads.payload_format(examples)["modality"]).MEDIUM,
        "questions": fitting,
        "contents": contents,
        "names": review_page.names(examples.loc[review_page.rows_of(fitting)]),
        "doubted": len(doubted),
    }
    return review_page.html(values)


def _fitting(
    questions: Sequence[Question], examples: pd.DataFrame
) -> tuple[list[Question], dict[int, str]]:
    """The first questions whose contents are small enough together, and these contents by row.

    There is at least one question. Only a few more are read than fit: large sounds take memory.
    """
    contents = _contents(questions[:_FIRST], examples)
    size = sum(map(len, contents.values())) / max(len(questions[:_FIRST]), 1)
    likely = min(len(questions), int(1.5 * _LARGEST / max(size, 1)))
    contents |= _contents(questions[_FIRST:likely], examples)
    fitting: list[Question] = []
    kept: dict[int, str] = {}
    room = _LARGEST
    for question in questions[: max(likely, _FIRST)]:
        rows = [row for row in review_page.rows_shown(question) if not kept.get(row)]
        added = {row: contents[row] for row in rows}
        large = {row for row in rows if len(added[row]) > _LARGEST_EVIDENCE} - {question["row"]}
        added |= dict.fromkeys(large, "")  # only their names are shown
        room -= sum(map(len, added.values()))
        if room < 0 and fitting:
            break
        kept |= added
        fitting.append(question)
    return fitting, kept


def _contents(questions: Sequence[Question], examples: pd.DataFrame) -> dict[int, str]:
    """What people are shown of each example of some questions, by row of the catalogue."""
    rows = review_page.rows_of(questions)
    shown = payloads.shown(examples.loc[rows], side=_SIDE)
    return dict(zip(rows, map(review_page.cut, shown), strict=True))
