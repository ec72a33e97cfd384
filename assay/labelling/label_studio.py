"""Label Studio: what the queue asks goes out as tasks with predictions, people's answers come back as votes.

Through the REST API of a server, or without one through its files: tasks go out in its import format, answers come back
in its export format `JSON`, the same both ways.
"""

import json
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pandas as pd
import requests

from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError
from assay.modalities import registry

ANSWERS = paths.ANNOTATIONS / "label-studio.csv"
_COLUMNS = ["id", "annotator", "label"]
_PUSHED = (
    paths.ANNOTATIONS / "label-studio.json"
)  # ids by project: what is missing later was deleted; DVC ignores it
_KEY = "LABEL_STUDIO_API_KEY"  # as Label Studio's own SDK names it
_AT_ONCE = 100  # tasks of one request
_CHOICE = {
    "from_name": "label",
    "to_name": "example",
    "type": "choices",
}  # the names are those of `interface`


def push(url: str, project: str, file: Path | None) -> Iterator[str]:
    """Send the queue to a project, made where it is missing, or write it to a file; yield what to tell the user.

    An example that the project already has is not sent again. A project that is there keeps its labelling interface.
    """
    tasks, classes, medium = asked()
    layout = interface(medium, classes)
    if file:
        file.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
        file.with_suffix(".xml").write_text(layout, encoding="utf-8")
        yield f"{len(tasks)} tasks in {file}; the labelling interface that they need in {file.with_suffix('.xml')}"
        return
    pushed, server = _pushed(), Server(url, project, layout)
    there = ids(server.tasks())
    if unknown := [label for label in classes if label not in server.offered]:
        add = "add it under Settings, Labeling Interface, or push to another --project"
        raise InputError(f"{server.place} does not offer the class {unknown[0]!r}: {add}")
    new = [task for task in tasks if task["data"]["id"] not in there]
    for start in range(0, len(new), _AT_ONCE):
        server.call("POST", f"projects/{server.number}/import", json=new[start : start + _AT_ONCE])
    yield f"{len(new)} tasks sent to {server.place}, which had the other {len(tasks) - len(new)} of the queue"
    files.write_json(_PUSHED, pushed | {server.place: sorted(there | ids(new))})


def pull(url: str, project: str, file: Path | None) -> Iterator[str]:
    """Fetch the answers of a project, or read them from an export, into ANSWERS; yield what to tell the user.

    Earlier votes for examples that the project does not hold stay. A file that would not change is not written.
    """
    rows = spreadsheets.read(ANSWERS, _COLUMNS).to_pylist() if ANSWERS.exists() else []
    before = {(row["id"], row["annotator"]): row["label"] for row in rows}
    known, classes = (
        set(catalogue.read()["id"]),
        parquet_files.read_classes(paths.PRED_PROBS),
    )
    server = None if file else Server(url, project)
    pushed = (
        _pushed().get(server.place, []) if server else []
    )  # an export may hold the answered tasks alone
    try:
        tasks = server.tasks() if server else json.loads(file.read_bytes())
        people = (
            {user["id"]: user["email"] for user in server.call("GET", "users/")} if server else {}
        )
        found, remarks = votes(tasks, people, known, classes)
        there = ids(tasks)
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise InputError(
            f"{file or server.place} is no export of Label Studio in the format JSON: {error!r}"
        ) from None
    remarks["changed since the last pull"] = [
        key for key, label in found.items() if before.get(key, label) != label
    ]
    gone = [key for key in before if key[0] in there and key not in found]
    remarks["there at the last pull, and no vote now"] = gone
    remarks["deleted since the push"] = [(id_,) for id_ in pushed if id_ not in there]
    after = {key: label for key, label in before.items() if key[0] not in there} | found
    if after != before:
        frame = pd.DataFrame(
            sorted((*key, label) for key, label in after.items()), columns=_COLUMNS
        )
        spreadsheets.write(ANSWERS, frame)
    same = ", as before" if after == before else ""
    yield f"{len(found)} votes by {len({person for _, person in found})} people in {ANSWERS}{same}"
    for what, which in remarks.items():
        if which:
            yield f"{len(which)} {what}: {', '.join(map(' by '.join, which[:3]))}{', …' if len(which) > 3 else ''}"


def asked() -> tuple[list[dict], list[str], str]:
    """The queue as tasks, in its order; the classes; the medium of the examples."""
    queue = spreadsheets.read(paths.QUEUE, ["id", "given", "suggested", "why"]).to_pylist()
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    version = f"assay-{files.md5(paths.PRED_PROBS)[:8]}"
    kind = files.read_json(paths.ENCODER_INFO)
    modality = registry.named(kind["modality"])
    examples = examples[examples["id"].isin([row["id"] for row in queue])]
    shown = payloads.shown(examples, _AT_ONCE)
    known = {
        id_: (place, show)
        for id_, place, show in zip(examples["id"], examples.index, shown, strict=True)
    }
    tasks = []
    for row in queue:
        if row["id"] not in known or row["suggested"] not in classes:
            raise InputError(
                f"{paths.QUEUE} asks for {row['id']!r}, which is not as it was: run `dvc repro`"
            )
        place, show = known[row["id"]]
        data = {"id": row["id"], modality.MEDIUM: show, "given": row["given"], "why": row["why"]}
        score = float(pred_probs[place, classes.index(row["suggested"])])
        choice = _CHOICE | {"value": {"choices": [row["suggested"]]}}
        prediction = {"model_version": version, "score": round(score, 4), "result": [choice]}
        tasks.append({"data": data, "predictions": [prediction]})
    return tasks, classes, modality.MEDIUM


def interface(medium: str, classes: Sequence[str]) -> str:
    """What people see: the example, why it is asked for, and a choice of one class.

    An alias is what comes back as the answer; of a value that starts with `$`, Label Studio would make a variable.
    """
    choices = "".join(
        f"    <Choice value={quoteattr(name)} alias={quoteattr(name)}/>\n" for name in classes
    )
    return (
        f'<View>\n  <Header value="$why" size="5"/>\n  <{medium.capitalize()} name="example" value="${medium}"/>\n'
        f'  <Choices name="label" toName="example" choice="single" showInline="true">\n{choices}  </Choices>\n</View>\n'
    )


def ids(tasks: list[dict]) -> set[str]:
    """The examples that some tasks are about; tasks that are not ours have none."""
    return {str(task["data"]["id"]) for task in tasks if "id" in task["data"]}


def votes(
    tasks: list[dict], people: dict[int, str | None], known: Collection[str], classes: Sequence[str]
) -> tuple[dict[tuple[str, str], str], dict[str, list[str]]]:
    """The last answer of each person to each example.

    Parameters
    ----------
    tasks : of an export in the format JSON
    people : the e-mail address by the number of a user; where it is not known, the number is the annotator's name
    known : the ids of the examples of the listed batches

    Returns
    -------
    The label by (id, annotator), and what is to be remarked: what, and of which (id, annotator).
    """
    answers = [
        (annotation, str(task["data"].get("id", "?")))
        for task in tasks
        for annotation in task["annotations"]
    ]
    answers.sort(
        key=lambda answer: (datetime.fromisoformat(answer[0]["updated_at"]), answer[0]["id"])
    )
    last, found, remarks = {}, {}, defaultdict(list)
    for annotation, id_ in answers:
        key = id_, annotator(annotation, people)
        if annotation["completed_by"] is None:
            remarks["by nobody that Label Studio names, each taken for another person"].append(key)
        if key in last:
            remarks["answered again by the same person, whose later answer counts"].append(key)
        last[key] = annotation
    for key, annotation in last.items():
        parts = [
            part for part in annotation["result"] if part.get("from_name") == "label"
        ]  # relations have no name
        chosen = [part["value"].get("choices", []) for part in parts]
        label = chosen[0][0] if list(map(len, chosen)) == [1] else None
        if annotation["was_cancelled"]:
            remarks["skipped"].append(key)
        elif key[0] not in known:
            remarks["to no example of the listed batches, left out"].append(key)
        elif label not in classes:
            remarks["with no class of the data, left out"].append(
                (f"{label!r} to {key[0]}", key[1])
            )
        else:
            found[key] = label
    return found, remarks


def annotator(annotation: dict, people: dict[int, str | None]) -> str:
    """Who answered: the e-mail address; else the number; else the annotation's, so that two unnamed people stay two."""
    user = annotation["completed_by"]
    number, email = (
        (user["id"], user.get("email")) if isinstance(user, dict) else (user, people.get(user))
    )
    return email or (f"annotation {annotation['id']}" if number is None else str(number))


class Server:
    """One project of a Label Studio server, seen by the user whose token is in the environment.

    Raises
    ------
    InputError
        Where there is not exactly one project of that name or number, and no `layout` to make one with.
    """

    def __init__(self, url: str, project: str, layout: str | None = None) -> None:
        self.url, self.session = url.rstrip("/"), requests.Session()
        key, kind = os.environ.get(_KEY, ""), "Token"
        if (
            key.count(".") == 2
        ):  # a JWT, good for nothing but being exchanged for one that is good for minutes
            key, kind = (
                self.call("POST", "token/refresh/", json={"refresh": key})["access"],
                "Bearer",
            )
        self.session.headers["Authorization"] = f"{kind} {key}"
        there = self.call("GET", "projects/?page_size=10000")["results"]
        found = [each for each in there if project in (each["title"], str(each["id"]))]
        if layout and not found:
            found = [
                self.call("POST", "projects/", json={"title": project, "label_config": layout})
            ]
        if len(found) != 1:
            raise InputError(
                f"{self.url} has {len(found)} projects {project!r}: give --project one's name or number"
            )
        self.number = found[0]["id"]
        self.place = f"{self.url}/projects/{self.number}"
        self.offered = {
            label
            for tag in found[0]["parsed_label_config"].values()
            for label in tag.get("labels", [])
        }

    def call(self, method: str, path: str, **options: object) -> dict | list:
        """What a request is answered with."""
        try:
            answer = self.session.request(method, f"{self.url}/api/{path}", timeout=600, **options)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as error:
            said = type(error).__name__ if error.response is None else error.response.text[:300]
            check = f"is Label Studio there, and a personal access token of it in {_KEY}?"
            raise InputError(f"{self.url}/api/{path} failed ({said}): {check}") from None

    def tasks(self) -> list[dict]:
        return self.call(
            "GET", f"projects/{self.number}/export?exportType=JSON&download_all_tasks=true"
        )


def _pushed() -> dict[str, list[str]]:
    return files.read_json(_PUSHED) if _PUSHED.exists() else {}
