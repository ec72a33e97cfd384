"""The page on which people judge labels: one file, used offline (the gallery) or from `review`.

Untrusted data, such as the names of classes, are in it as JSON. The script shows them as text only.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from assay.cleaning import evidence

Question = dict[str, Any]  # what the script knows of a label that a person is to judge

ROWS = [f"rows_{column}" for column in evidence.COLUMNS]
LONGEST_NAME = 200  # characters of a name that are shown
_TEXT = 5000  # characters of an example that are shown
_FOLDER = Path(__file__).parent


def questions(doubted: pd.DataFrame, votes: pd.DataFrame) -> list[Question]:
    """What the page asks about some labels.

    Parameters
    ----------
    doubted : in the order of the page, by row of the catalogue: `id`, `batch`, `key`, `split`,
        `given` ("": no label), `suggested`, `reason`, and ROWS, lists of rows of the catalogue
    votes : `example` (row of the catalogue), `annotator`, `label`
    """
    about = votes[votes["example"].isin(doubted.index)]
    people: dict[int, list[list[str]]] = {}
    for vote in about.itertuples():
        people.setdefault(vote.example, []).append([cut(vote.annotator, LONGEST_NAME), vote.label])
    return [
        {
            "id": row.id,
            "row": int(row.Index),
            "split": row.split,
            "given": row.given,
            "suggested": row.suggested,
            "reason": cut(row.reason, 5 * LONGEST_NAME),
            "votes": people.get(row.Index, []),
            "evidence": [[int(other) for other in getattr(row, side)] for side in ROWS],
        }
        for row in doubted.itertuples()
    ]


def rows_of(chosen: Sequence[Question]) -> list[int]:
    """The rows of the catalogue that some questions show, ascending."""
    return sorted({row for question in chosen for row in rows_shown(question)})


def rows_shown(question: Question) -> list[int]:
    """The example of a question, and those that speak for either label."""
    return [question["row"], *(row for side in question["evidence"] for row in side)]


def names(examples: pd.DataFrame) -> dict[int, str]:
    """The name of each of some rows of the catalogue, as people know it."""
    columns = zip(examples.index, examples["batch"], examples["key"], strict=True)
    return {int(row): cut(f"{batch}/{key}", LONGEST_NAME) for row, batch, key in columns}


def cut(text: str, most: int = _TEXT) -> str:
    """A text for people: its first characters, and how many more it has. Data URIs are not cut."""
    n_more = len(text) - most
    return text if n_more <= 0 or text.startswith("data:") else f"{text[:most]}… (+{n_more:,})"


def html(values: dict[str, Any]) -> str:
    """The page with the values that its script reads, in one file that loads nothing else.

    The page's security policy names the digest of our script, so a browser runs no other script.
    """
    text = json.dumps(values, sort_keys=True)  # ASCII, so that lone surrogates can be written
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    style, script = ((_FOLDER / f"page.{end}").read_text("utf-8") for end in ("css", "js"))
    return Template((_FOLDER / "page.html").read_text("utf-8")).substitute(
        style=style,
        script=script,
        style_digest=_digest(style),
        script_digest=_digest(script),
        digest=digest,
        values=text.replace("<", "\\u003c"),  # no `</script>` and no `<!--` within the data
    )


def _digest(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
