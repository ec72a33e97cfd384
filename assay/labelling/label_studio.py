"""Label Studio: tasks with predictions go out, people's answers come back as votes.

Both ways go through the REST API of a server, or without one through files: tasks in Label Studio's
import format, answers in its export format JSON.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError, first_of, writing
from assay.labelling import tasks, votes
from assay.labelling.server import Export, Server, understood

ANSWERS = paths.ANNOTATIONS / "label-studio.csv"
# The ids that were pushed, by project, to tell what was deleted there. It is no dependency of DVC.
_PUSHED = paths.ANNOTATIONS / "label-studio.json"
_COLUMNS = ["id", "annotator", "label"]


def push(url: str, project: str, file: Path | None) -> Iterator[str]:
    """Send the queue to a project, or write it to a file; yield lines for the user.

    A missing project is created. One that is there keeps its labelling interface, and gets only
    examples that it does not have.
    """
    queued, classes, medium = tasks.from_queue()
    layout = tasks.interface(medium, classes)
    changed = [name for name in classes if tasks.offered(name) != name]
    if changed:
        yield f"{len(changed)} classes have characters that XML forbids, escaped: {changed[0]!r}"
    if file:
        layout_file = file.with_suffix(".xml")
        if layout_file == file:
            raise InputError(f"{file} is where the labelling interface goes: name a file .json")
        if not file.parent.is_dir():
            raise InputError(f"{file.parent} is no folder: name a file in one that is there")
        with writing(file):
            files.write_bytes(file, json.dumps(queued, ensure_ascii=False, indent=1).encode())
        with writing(layout_file):
            files.write_bytes(layout_file, layout.encode())
        yield f"{len(queued)} tasks in {file}; they need the labelling interface in {layout_file}"
        return
    pushed = _pushed()
    with understood(f"what {url} answers"):
        server = Server(url, project, layout)
        ids_there = tasks.ids(server.tasks())
        unknown = [label for label in classes if tasks.offered(label) not in server.offered]
    if unknown:
        remedy = "add it under Settings, Labeling Interface, or push to another --project"
        raise InputError(f"{server.place} does not offer the class {unknown[0]!r}: {remedy}")
    new = [task for task in queued if task["data"]["id"] not in ids_there]
    server.send(new)
    files.write_json(_PUSHED, pushed | {server.place: sorted(ids_there | tasks.ids(new))})
    others = len(queued) - len(new)
    yield f"{len(new)} tasks sent to {server.place}; it had the other {others} of the queue"
    there = [task["data"] for task in queued if task["data"]["id"] in ids_there]
    again = [data["id"] for data in there if data["why"] == answers.TIE]
    if again:
        yield f"{len(again)} of these to answer again there, since {answers.TIE}: {first_of(again)}"


def pull(url: str, project: str, file: Path | None) -> Iterator[str]:
    """Fetch the answers of a project, or read an export, into ANSWERS; yield lines for the user.

    Earlier votes about examples that the project does not have stay, and so do those about examples
    of a batch that is not listed now. ANSWERS is not written if it would not change.
    """
    if file and not file.exists():
        raise InputError(f"{file} is missing: name an export of Label Studio in the format JSON")
    earlier = _votes()
    known = set(catalogue.read()["id"])
    classes = parquet_files.read_classes(paths.PRED_PROBS)
    pushed_by_project = _pushed()
    with understood(str(file or f"what {url} answers")):
        source = Export(file) if file else Server(url, project)
        exported = source.tasks()
        class_of = {tasks.offered(name): name for name in classes}
        labels, keys_by_sentence = votes.of_tasks(exported, source.people(), known, class_of)
        ids_there = tasks.ids(exported)
    # An export may hold only the answered tasks, so nothing follows from missing ones.
    pushed = [] if file else pushed_by_project.get(source.place, [])
    changed = [key for key, label in labels.items() if earlier.get(key, label) != label]
    ids_judged = ids_there & known  # the examples about which the project says all
    votes_gone = [key for key in earlier if key[0] in ids_judged and key not in labels]
    keys_by_sentence["changed since the last pull"] = changed
    keys_by_sentence["removed since the last pull"] = votes_gone
    deleted = [id_ for id_ in pushed if id_ not in ids_there]
    votes_kept = {key: label for key, label in earlier.items() if key[0] not in ids_judged}
    updated = votes_kept | labels
    if updated != earlier:
        rows = sorted((*key, label) for key, label in updated.items())
        spreadsheets.write(ANSWERS, pd.DataFrame(rows, columns=_COLUMNS))
    people = {person for _, person in labels}
    unchanged = ", as before" if updated == earlier else ""
    yield f"{len(labels)} votes by {len(people)} people in {ANSWERS}{unchanged}"
    names_by_sentence = {
        sentence: [" by ".join(key) for key in keys] for sentence, keys in keys_by_sentence.items()
    }
    names_by_sentence["deleted since the push"] = deleted
    for sentence, names in names_by_sentence.items():
        if names:
            yield f"{len(names)} {sentence}: {first_of(names)}"


def _votes() -> dict[votes.Key, str]:
    """The votes of earlier pulls."""
    rows = spreadsheets.read(ANSWERS, _COLUMNS).to_pylist() if ANSWERS.exists() else []
    return {(row["id"], row["annotator"]): row["label"] for row in rows}


def _pushed() -> dict[str, list[str]]:
    return files.read_json(_PUSHED, dict[str, list[str]]) if _PUSHED.exists() else {}
