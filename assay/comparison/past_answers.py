"""People's answers in a version of the data."""

from pathlib import Path

import pandas as pd

from assay.annotation import answers
from assay.comparison.versions import Version
from assay.contract import class_names, paths
from assay.contract.errors import say


def read(version: Version) -> pd.DataFrame | None:
    """The answers in data/annotations: `name` (an id or key), `annotator`, `label`.

    None if the version has no such folder. Files that git keeps as links are left out, and named on
    stderr: the answers are in another place.
    """
    found = version.files_below(paths.ANNOTATIONS)
    if found is None:
        return None
    rows: list[tuple[str, str, str]] = []
    for path in filter(answers.is_answers, sorted(found, key=answers.order)):
        place = Path(f"{version.name}:{path}")
        answers.check_name(place)  # for such a file DVC would wait for ever
        if version.is_link_in_git(path):
            say(f"{place} is a link, so git does not have its answers: they are not compared")
            continue
        content = version.read(path)
        if content is None:
            return None
        for _, column, row in answers.rows_of(place, content):
            rows.append((row[column], row["annotator"], class_names.normal(row["label"])))
    return pd.DataFrame(rows, columns=["name", "annotator", "label"])
