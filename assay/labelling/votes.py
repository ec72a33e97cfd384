"""The annotations of Label Studio's tasks as votes: one label of one person for one example."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

Key = tuple[str, str]  # the id of the example, the annotator
KeysBySentence = dict[str, list[Key]]  # a sentence for the user, what it is about


def of_tasks(
    tasks: Iterable[dict],
    emails: Mapping[int, str | None],
    known: Collection[str],
    class_of: Mapping[str, str],
) -> tuple[dict[Key, str], KeysBySentence]:
    """The last answer of each person about each example.

    Parameters
    ----------
    tasks : in the export format JSON
    emails : the e-mail address by the number of a user; an unknown user is named by the number
    known : the ids of the examples of the listed batches
    class_of : the class by the label that Label Studio offered for it

    Returns
    -------
    The label by key; sentences for the user, each with the keys that it is about.
    """
    last: dict[Key, dict] = {}
    keys_of: KeysBySentence = defaultdict(list)
    for id_, annotation in _by_time(tasks):
        key = id_, annotator(annotation, emails)
        if annotation["completed_by"] is None:
            keys_of["without an annotator, each counted as another person's"].append(key)
        if key in last:
            keys_of["answered again by the same person, whose later answer counts"].append(key)
        last[key] = annotation
    labels = {}
    for (id_, person), annotation in last.items():
        label = _chosen(annotation)
        if annotation["was_cancelled"]:
            keys_of["skipped"].append((id_, person))
        elif id_ not in known:
            keys_of["about no example of the listed batches, left out"].append((id_, person))
        elif label is None or label not in class_of:
            answer = f"{label!r} to {id_}"
            keys_of["with no class of the data, left out"].append((answer, person))
        else:
            labels[id_, person] = class_of[label]
    return labels, keys_of


def is_answered(task: dict) -> bool:
    """Whether anybody has answered a task, in the export format JSON; a skip is no answer."""
    return not all(annotation["was_cancelled"] for annotation in task["annotations"])


def annotator(annotation: dict, emails: Mapping[int, str | None]) -> str:
    """The name of the person who answered: the e-mail address, or else the number of the user.

    If there is no number, the annotation's number is used, so that two unnamed people stay two.
    """
    user = annotation["completed_by"]
    if isinstance(user, dict):
        number = user["id"]
        email = user.get("email")
    else:
        number = user
        email = emails.get(user)
    name = email or (f"annotation {annotation['id']}" if number is None else number)
    # JSON may hold half a character (a lone surrogate), and UTF-8 may not
    return str(name).encode(errors="backslashreplace").decode()


def _by_time(tasks: Iterable[dict]) -> list[tuple[str, dict]]:
    """All annotations with the ids of their examples, the earliest first."""
    annotations = [
        (str(task["data"].get("id", "?")), annotation)
        for task in tasks
        for annotation in task["annotations"]
    ]

    def time(entry: tuple[str, dict]) -> tuple[datetime, int]:
        _, annotation = entry
        return datetime.fromisoformat(annotation["updated_at"]), annotation["id"]

    return sorted(annotations, key=time)


def _chosen(annotation: dict) -> str | None:
    """The label; None unless there is exactly one choice."""
    # Relations between parts have no `from_name`.
    parts = [part for part in annotation["result"] if part.get("from_name") == "label"]
    choices = [part["value"].get("choices", []) for part in parts]
    return choices[0][0] if len(choices) == 1 and len(choices[0]) == 1 else None
