"""The worst labels as a page that works offline: what is answered there is saved as a CSV file."""

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
    asked = review_page.questions(doubted.head(evidence.MOST), votes)
    fitting, contents = _fitting(asked, examples)
    values = {
        "classes": classes,
        "medium": registry.named(payloads.payload_format(examples)["modality"]).MEDIUM,
        "questions": fitting,
        "contents": contents,
        "names": review_page.names(examples.loc[review_page.rows_of(fitting)]),
        "doubted": len(doubted),
        "decisions": doubted["decision"].value_counts().to_dict(),
    }
    return review_page.html(values)


def _fitting(
    asked: Sequence[Question], examples: pd.DataFrame
) -> tuple[list[Question], dict[int, str]]:
    """The first questions whose contents are small enough together, and these contents by row.

    At least one question is there. So little is read that memory does not grow with the sounds.
    """
    contents = _contents(asked[:_FIRST], examples)
    size = sum(map(len, contents.values())) / max(len(asked[:_FIRST]), 1)
    likely = min(len(asked), int(1.5 * _LARGEST / max(size, 1)))
    contents |= _contents(asked[_FIRST:likely], examples)
    fitting: list[Question] = []
    kept: dict[int, str] = {}
    room = _LARGEST
    for question in asked[: max(likely, _FIRST)]:
        new = {row: contents[row] for row in review_page.rows_shown(question) if not kept.get(row)}
        large = {row for row in new if len(new[row]) > _LARGEST_EVIDENCE} - {question["row"]}
        new |= dict.fromkeys(large, "")  # their names alone are shown
        room -= sum(map(len, new.values()))
        if room < 0 and fitting:
            break
        kept |= new
        fitting.append(question)
    return fitting, kept


def _contents(asked: Sequence[Question], examples: pd.DataFrame) -> dict[int, str]:
    """What people are shown of each example of some questions, by row of the catalogue."""
    rows = review_page.rows_of(asked)
    shown = payloads.shown(examples.loc[rows], side=_SIDE)
    return dict(zip(rows, map(review_page.cut, shown), strict=True))
