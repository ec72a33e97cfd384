"""Label Studio: tasks with predictions go out, people's answers come back as votes.

Both go through the REST API of a server, or through files if there is no server: tasks in Label
Studio's import format, answers in its export format JSON.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pandas as pd

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.contract import files, parquet_files, paths, plain_files
from assay.contract.errors import InputError, counted, first_of, writing
from assay.labelling import tasks, votes
from assay.labelling.server import Server, understood

ANSWERS = paths.ANNOTATIONS / "label-studio.csv"
# The ids that were pushed, by project, to tell what was deleted there. No stage of DVC depends on
# this file.
_PUSHED = paths.ANNOTATIONS / "label-studio.json"
_Vote = tuple[str, str]  # the label, and the project that it came from; "" if no file names it
_COLUMNS = ["id", "annotator", "label"]
_PROJECT = "project"  # the column that names a vote's project; earlier versions did not write it
_CHANGED = "changed since the last pull"
_REMOVED = "removed since the last pull"
_OF_NO_PROJECT = "removed: the file named no project for them, and this project has no such answers"
_ELSEWHERE = "answered otherwise in another project, where the same person's answer here counts"


def push(url: str, project: str, file: Path | None) -> Iterator[str]:
    """Send the queue to a project, or write it to a file; yield lines for the user.

    A missing project is created. A project that is there keeps its labelling interface, and gets
    only examples that it does not have.
    """
    queued, classes, medium = tasks.from_queue()
    layout = tasks.interface(medium, classes)
    changed = [name for name in classes if tasks.offered(name) != name]
    if changed:
        have = "has" if len(changed) == 1 else "have"
        said = f"{have} characters that XML forbids, escaped: {changed[0]!r}"
        yield f"{counted(len(changed), 'class')} {said}"
    if file:
        yield _write(file, queued, layout)
        return
    pushed = _pushed()
    with understood(f"what {url} answers"):
        server = Server(url, project, layout)
        tasks_there = server.tasks()
        ids_there = tasks.ids(tasks_there)
        answered = tasks.ids(filter(votes.is_answered, tasks_there))
        unknown = [label for label in classes if tasks.offered(label) not in server.offered]
    if unknown:
        remedy = "add it under Settings, Labeling Interface, or push to another --project"
        raise InputError(f"{server.place} does not offer the class {unknown[0]!r}: {remedy}")
    new = [task for task in queued if task["data"]["id"] not in ids_there]
    server.send(new)
    files.write_json(_PUSHED, pushed | {server.place: sorted(ids_there | tasks.ids(new))})
    there = [task["data"] for task in queued if task["data"]["id"] in ids_there]
    sent = counted(len(new), "task")
    yield f"{sent} sent to {server.place}; it had the other {len(there)} of the queue"
    tied = [data["id"] for data in there if data["why"] == answers.TIE]
    again = [id_ for id_ in tied if id_ in answered]
    first_time = [id_ for id_ in tied if id_ not in answered]
    for ids, what in (again, "answer again there"), (first_time, "answer there"):
        if ids:
            yield f"{len(ids)} of these to {what}, since {answers.TIE}: {first_of(ids)}"


def _write(file: Path, queued: list[dict], layout: str) -> str:
    """Write the tasks, and the labelling interface beside them. Return a line for the user."""
    layout_file = file.with_suffix(".xml")
    if layout_file == file:
        raise InputError(f"{file} is where the labelling interface goes: name a file .json")
    if not file.parent.is_dir():
        raise InputError(f"{file.parent} is no folder: name a file in one that is there")
    queue = json.dumps(queued, ensure_ascii=False, indent=1)
    for path, text in {file: queue, layout_file: layout}.items():
        with writing(path):
            files.write_bytes(path, text.encode())
    written = counted(len(queued), "task")
    return f"{written} in {file}; use the labelling interface in {layout_file}"


def pull(url: str, project: str, file: Path | None) -> Iterator[str]:
    """Fetch the answers of a project, or read an export, into ANSWERS; yield lines for the user.

    Votes of other projects stay, unless the same person answers about the same example here. Votes
    also stay if the project does not have their example, or if its batch is not listed now. If
    ANSWERS does not name the project of a vote, the vote counts as one of this project. ANSWERS is
    not written if it would not change.
    """
    if file and not file.exists():
        raise InputError(f"{file} is missing: name an export of Label Studio in the format JSON")
    earlier = _votes()
    known = set(catalogue.read()["id"])
    classes = parquet_files.read_classes(paths.PRED_PROBS)
    pushed_by_project = _pushed()
    with understood(str(file or f"what {url} answers")):
        if file:
            exported, emails = _exported(file), {}  # a file knows no addresses
        else:
            server = Server(url, project)
            exported, emails = server.tasks(), server.emails()
        class_of = {tasks.offered(name): name for name in classes}
        labels, keys_by_sentence = votes.of_tasks(exported, emails, known, class_of)
        ids_there = tasks.ids(exported)
    place = _place_of_export(exported, earlier) if file else server.place
    # An export may hold only the answered tasks, so a missing task was perhaps not deleted.
    pushed = [] if file else pushed_by_project.get(place, [])
    kept = _kept(earlier, labels, place, ids_there & known, keys_by_sentence)
    updated = kept | {key: (label, place) for key, label in labels.items()}
    if not place:  # no number in the file: a vote that is as before keeps the project that is known
        updated |= {key: vote for key, vote in kept.items() if labels.get(key) == vote[0]}
    if updated != earlier:
        rows = sorted((*key, *vote) for key, vote in updated.items())
        spreadsheets.write(ANSWERS, pd.DataFrame(rows, columns=[*_COLUMNS, _PROJECT]))
    people = {person for _, person in labels}
    unchanged = ", as before" if updated == earlier else ""
    in_all = f", which holds {len(updated):,} in all" if len(updated) > len(labels) else ""
    where = f" in {ANSWERS}{in_all}{unchanged}" if ANSWERS.exists() else f", so no {ANSWERS}"
    who = "1 person" if len(people) == 1 else f"{len(people)} people"
    yield f"{counted(len(labels), 'vote')} by {who}{where}"
    for sentence, keys in keys_by_sentence.items():
        yield f"{len(keys)} {sentence}: {first_of([' by '.join(key) for key in keys])}"
    deleted = [id_ for id_ in pushed if id_ not in ids_there]
    if deleted:
        yield f"{len(deleted)} deleted since the push: {first_of(deleted)}"


def _exported(file: Path) -> list[dict]:
    """The tasks of an exported file."""
    exported = json.loads(plain_files.read(file))
    if any("annotation_id" in task for task in exported):
        is_other = f"{file} is in Label Studio's format JSON-MIN"
        raise InputError(f"{is_other}: export it in the format JSON")
    return exported


def _kept(
    earlier: Mapping[votes.Key, _Vote],
    labels: Mapping[votes.Key, str],
    place: str,
    ids: Collection[str],
    keys_by_sentence: votes.KeysBySentence,
) -> dict[votes.Key, _Vote]:
    """The votes of earlier pulls, without those that the project no longer has; notes changes.

    Parameters
    ----------
    labels : what the project at `place` says now
    ids : of the examples that this project has, so that `labels` has all its votes about them
    """
    kept = dict(earlier)
    for key, (label, place_of_vote) in earlier.items():
        # an export knows only the number of its project
        is_from_here = place_of_vote in ("", place) or place.endswith(f"/{place_of_vote}")
        if key in labels and label != labels[key]:
            keys_by_sentence[_CHANGED if is_from_here else _ELSEWHERE].append(key)
        elif key not in labels and key[0] in ids and is_from_here:
            keys_by_sentence[_REMOVED if place_of_vote else _OF_NO_PROJECT].append(key)
            del kept[key]
    return kept


def _votes() -> dict[votes.Key, _Vote]:
    """The votes of earlier pulls."""
    rows = spreadsheets.read(ANSWERS, _COLUMNS).to_pylist() if ANSWERS.exists() else []
    return {(row["id"], row["annotator"]): (row["label"], row.get(_PROJECT, "")) for row in rows}


def _place_of_export(exported: list[dict], earlier: Mapping[votes.Key, _Vote]) -> str:
    """The project of an exported file: its URL if earlier votes tell it, or else its number.

    Earlier votes tell it if they come from exactly one project with this number. If the tasks do
    not have one number, it is "".
    """
    numbers = {str(task["project"]) for task in exported if task.get("project") is not None}
    if len(numbers) != 1:
        return ""
    place = f"projects/{numbers.pop()}"
    known = {place_of_vote for _, place_of_vote in earlier.values()}
    urls = [url for url in known if url.endswith(f"/{place}")]
    return urls[0] if len(urls) == 1 else place


def _pushed() -> dict[str, list[str]]:
    return files.read_json(_PUSHED, dict[str, list[str]]) if _PUSHED.exists() else {}
