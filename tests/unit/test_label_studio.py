"""Label Studio: what its server answered once is replayed on loopback; what is posted there is looked at."""

import base64
import copy
import json
import os
import re
import resource
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.labelling import label_studio, server, tasks
from assay.modalities import images

RECORDED = json.loads((Path(__file__).parents[1] / "data/label_studio.json").read_text())
IDS = sorted(task["data"]["id"] for task in RECORDED["export"])
CLASSES = [str(digit) for digit in range(10)]
JWT = "header.payload.signature"
SKIPPED, UNKNOWN, TWICE, EDITED, *OTHERS = [task["data"]["id"] for task in RECORDED["export"]]
ANNA, BELA = (user["email"] for user in RECORDED["users"])


class Stub(ThreadingHTTPServer):
    """The server as it was recorded; `posted` is what it was told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Replay)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.recorded, self.posted = copy.deepcopy(RECORDED), []
        self.recorded["token"] = {"access": "access"}
        self.status, self.location = 200, ""


class Replay(BaseHTTPRequestHandler):
    def answer(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.partition("?")[0].removeprefix("/api/").split("/")
        self.server.posted.append(
            (self.command, self.path, self.headers["Authorization"], json.loads(sent or "null"))
        )
        status, body = (
            self.server.status,
            self.server.recorded[name[2] if name[2:] and name[2] else name[0]],
        )
        if (self.command, name[0], name[2:]) == (
            "POST",
            "projects",
            [],
        ) or self.path == "/api/projects/":
            body = RECORDED["projects"]["results"][0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815  # http.server's names

    def log_message(self, *_):
        pass


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", JWT)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """The examples of the recorded tasks, all in the queue."""
    monkeypatch.chdir(tmp_path)
    pixels = np.arange(len(IDS) * 64, dtype=np.uint8).reshape(-1, 8, 8, 1)
    columns, kind = images.to_columns(pixels, range(len(IDS)), None, None)
    n = len(IDS)
    names = {
        "id": IDS,
        "key": IDS,
        "duplicates": pa.array([[]] * n, pa.list_(pa.string())),
        "split": ["train"] * n,
    }
    parquet_files.write_examples("b", kind, names | columns)
    files.write_json(paths.LISTED, {"batches": ["b"]})
    files.write_json(paths.ENCODER_INFO, kind)
    parquet_files.write_probabilities(
        paths.PRED_PROBS, IDS, np.full((n, 10), 0.1, np.float32), CLASSES
    )
    queue = pd.DataFrame({"id": IDS[::-1], "given": "=1", "suggested": "3", "why": "-"})
    spreadsheets.write(paths.QUEUE, queue)
    judge()
    paths.ANNOTATIONS.mkdir(parents=True)


Judged = Sequence[tuple[str, str, float]]  # id, suggested class, how probable it is


def judge(clean: Judged = (), evaluate: Judged = (), pseudo: Judged = ()) -> None:
    """Write what `clean`, `evaluate` and `annotate` say about the classes of examples."""
    names = ["id", "suggested", "confidence"]
    of_clean, of_test, labels = (
        pd.DataFrame(rows, columns=names).astype({"confidence": float})
        for rows in (clean, evaluate, pseudo)
    )
    parquet_files.write_frame(paths.QUALITY, of_clean, names)
    spreadsheets.write(paths.DOUBTS, of_test)
    labels = labels.rename(columns={"suggested": "label", "confidence": "weight"})
    csv_files.write_frame(paths.ANNOTATED_LABELS, labels.assign(source="pseudo"))


def push(stub, **options) -> list[str]:
    return list(label_studio.push(stub.url if stub else "", "assay", options.get("file")))


def pull(stub, **options) -> list[str]:
    return list(label_studio.pull(stub.url if stub else "", "assay", options.get("file")))


def rows() -> dict[tuple[str, str], str]:
    table = spreadsheets.read(label_studio.ANSWERS).to_pylist()
    return {(row["id"], row["annotator"]): row["label"] for row in table}


def export(stub) -> list[dict]:
    return stub.recorded["export"]


def of(stub, example: str, email: str) -> dict:
    """The last annotation of someone."""
    number = next(user["id"] for user in RECORDED["users"] if user["email"] == email)
    task = next(task for task in export(stub) if task["data"]["id"] == example)
    return [each for each in task["annotations"] if each["completed_by"] == number][-1]


def choose(annotation: dict, *labels: str) -> None:
    annotation["result"] = (
        [{"from_name": "label", "value": {"choices": list(labels)}}] if labels else []
    )


def posted(stub, end: str) -> list:
    return [
        body for method, path, _, body in stub.posted if method == "POST" and path.endswith(end)
    ]


# push


def test_a_missing_project_is_made_and_gets_the_queue(stub):
    stub.recorded["projects"]["results"], stub.recorded["export"] = [], []
    assert push(stub)[0].startswith(f"{len(IDS)} tasks sent to {stub.url}/projects/")
    made = posted(stub, "/projects/")[0]
    assert made["title"] == "assay"
    assert [
        choice.get("value") for choice in ET.fromstring(made["label_config"]).iter("Choice")
    ] == CLASSES
    tasks = posted(stub, "/import")[0]
    assert [task["data"]["id"] for task in tasks] == IDS[::-1]  # in the order of the queue
    assert (tasks[0]["data"]["given"], tasks[0]["data"]["why"]) == ("=1", "-")
    prediction = tasks[0]["predictions"][0]
    assert prediction["score"] == pytest.approx(0.1)
    assert prediction["result"][0]["value"] == {"choices": ["3"]}


def test_the_score_is_that_of_the_suggestion_for_the_reason_shown(tmp_path):
    first, second, third, *others = IDS
    table = parquet_files.read_parquet(paths.examples("b"))
    split = ["train", "test", *["train"] * (len(IDS) - 2)]
    table = table.set_column(table.column_names.index("split"), "split", [split])
    pq.write_table(table, paths.examples("b"))
    of_other_class, of_other_split = (others[0], "4", 0.7), (first, "3", 0.5)
    judge([(first, "3", 0.93), of_other_class], [(second, "3", 0.92), of_other_split])
    push(None, file=tmp_path / "tasks.json")
    sent = json.loads((tmp_path / "tasks.json").read_text())
    scores = {task["data"]["id"]: task["predictions"][0]["score"] for task in sent}
    assert scores == dict.fromkeys(IDS, 0.1) | {first: 0.93, second: 0.92}
    judge(pseudo=[(third, "3", 0.91)])
    push(None, file=tmp_path / "tasks.json")
    sent = json.loads((tmp_path / "tasks.json").read_text())
    assert {task["predictions"][0]["score"] for task in sent} == {0.1, 0.91}


def test_what_is_there_is_not_pushed_again(stub):
    del export(stub)[2:]
    push(stub)
    assert {task["data"]["id"] for task in posted(stub, "/import")[0]} == set(IDS) - {
        SKIPPED,
        UNKNOWN,
    }
    stub.recorded["export"], stub.posted = copy.deepcopy(RECORDED["export"]), []
    assert push(stub)[0].startswith("0 tasks sent")
    assert not posted(stub, "/import")
    assert not posted(stub, "/projects/")


def test_tasks_that_are_there_and_whose_answers_tie_are_named(stub):
    del export(stub)[2:]
    why = ["-"] * (len(IDS) - 1) + [answers.TIE]
    queue = pd.DataFrame({"id": [*OTHERS, EDITED, TWICE, UNKNOWN, SKIPPED], "given": "1"})
    spreadsheets.write(paths.QUEUE, queue.assign(suggested="3", why=why))
    said = f"1 of these to answer again there, since people's answers tie: {SKIPPED}"
    assert push(stub)[1:] == [said]
    for annotation in export(stub)[0]["annotations"]:
        annotation["was_cancelled"] = True  # a skip is no answer
    assert push(stub)[1:] == [said.replace("answer again there", "answer there")]
    export(stub)[0]["annotations"] = []
    assert push(stub)[1:] == [said.replace("answer again there", "answer there")]
    del export(stub)[:]
    assert len(push(stub)) == 1  # none is there, so all are sent


def test_one_task_and_one_vote_are_told_in_the_singular(stub, tmp_path):
    del export(stub)[0]
    assert push(stub)[0].startswith("1 task sent to ")
    assert [task["data"]["id"] for task in posted(stub, "/import")[0]] == [SKIPPED]
    table = spreadsheets.read(paths.QUEUE).to_pandas()
    spreadsheets.write(paths.QUEUE, table[:1])
    assert push(None, file=tmp_path / "tasks.json")[0].startswith("1 task in ")
    of_another_project(stub, EDITED)
    for task in export(stub):
        del task["annotations"][1:]
    assert pull(stub)[0].startswith("1 vote by 1 person in ")


def test_a_personal_access_token_is_exchanged(stub):
    push(stub)
    assert posted(stub, "/token/refresh/") == [{"refresh": JWT}]
    assert {authorization for _, path, authorization, _ in stub.posted if "token" not in path} == {
        "Bearer access"
    }


def test_an_older_token_is_used_as_it_is(stub, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0123abc")
    pull(stub)
    assert {authorization for _, _, authorization, _ in stub.posted} == {"Token 0123abc"}


def test_a_project_without_a_class_is_refused(stub):
    parquet_files.write_probabilities(
        paths.PRED_PROBS, IDS, np.full((len(IDS), 11), 0.1, np.float32), [*CLASSES, "x"]
    )
    with pytest.raises(InputError, match="does not offer the class 'x'"):
        push(stub)


def test_a_queue_of_other_data_is_refused():
    paths.QUEUE.write_text("id,given,suggested,why\nff,,3,\n")
    with pytest.raises(InputError, match=r"queue.csv asks for 'ff'"):
        push(None, file=Path("tasks.json"))


def test_tasks_in_a_file(tmp_path):
    push(None, file=tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    uri = tasks[-1]["data"]["image"].removeprefix("data:image/png;base64,")
    assert len(tasks) == len(IDS)
    pixels = images.canonical(
        [base64.b64decode(uri)],
        [""],
        Collect.model_construct(
            resize=None, fit="crop", channels=None, background="white", depth="auto"
        ),
        Remarks(),
    )[:]
    assert pixels.ravel().tolist() == list(range(64))
    assert ET.parse(tmp_path / "tasks.xml").find("Image").get("value") == "$image"


def test_tasks_are_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "tasks.json"
    for before in (None, "earlier tasks"):
        if before:
            file.write_text(before)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(InputError, match=r"tasks.json cannot be written .*File too large"):
                push(None, file=file)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (file.read_text() if file.exists() else None) == before
        assert not file.with_suffix(".xml").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("/nosuch/tasks.json", "^/nosuch is no folder: name a file in one that is there"),
        ("/proc/tasks.json", "^/proc/tasks.json cannot be written .*: make room, or name another"),
    ],
)
def test_a_place_for_tasks_that_cannot_be(name, says):
    with pytest.raises(InputError, match=says):
        push(None, file=Path(name))


def test_interface_keeps_classes_as_they_are():
    classes = [
        "1",
        " 1",
        "1.0",
        "01",
        "TRUE",
        "null",
        "NaN",
        "<b>",
        '"q"',
        "it's",
        "a\nb",
        "é😀",
        "$why",
        "=1",
    ]
    choices = list(ET.fromstring(tasks.interface("text", classes)).iter("Choice"))
    assert [choice.get("alias") for choice in choices] == classes


# pull


def test_two_people_are_two_votes(stub):
    assert pull(stub)[0].endswith(f"votes by 2 people in {label_studio.ANSWERS}")
    assert {person for id_, person in rows() if id_ == TWICE} == {ANNA, BELA}
    answered = answers.read(catalogue.read(), CLASSES)  # annotate takes the file
    assert len(answered) == len(rows())


def test_mishaps_are_told_and_give_no_vote(stub):
    files.write_json(
        paths.ANNOTATIONS / "label-studio.json", {f"{stub.url}/projects/1": [*IDS, "gone"]}
    )
    said = "\n".join(pull(stub))
    assert f"1 skipped: {SKIPPED} by {BELA}" in said
    assert f"1 with no class of the data, left out: 'zebra' to {UNKNOWN} by {BELA}" in said
    assert "1 deleted since the push: gone" in said
    assert (
        f"answered again by the same person, whose later answer counts: {TWICE} by {BELA}" in said
    )
    assert not {(SKIPPED, BELA), (UNKNOWN, BELA)} & rows().keys()
    assert rows()[EDITED, BELA] == "4"


def test_parts_that_are_no_choice(stub):
    relation = {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right"}
    of(stub, OTHERS[0], ANNA)["result"].append(relation)
    of(stub, OTHERS[1], ANNA)["result"] = [
        {"from_name": "label", "value": {"rectanglelabels": ["3"]}}
    ]
    said = "\n".join(pull(stub))
    assert (OTHERS[0], ANNA) in rows()
    assert (
        f"with no class of the data, left out: 'zebra' to {UNKNOWN} by {BELA}, None to {OTHERS[1]} by {ANNA}"
        in said
    )


def test_people_without_a_name_stay_apart(stub):
    task = next(task for task in export(stub) if task["data"]["id"] == OTHERS[0])
    template = of(stub, OTHERS[0], ANNA)
    task["annotations"] = [template | {"id": number, "completed_by": None} for number in (901, 902)]
    told = "2 without an annotator, each counted as another person's: "
    assert any(line.startswith(told) for line in pull(stub))
    assert {person for id_, person in rows() if id_ == OTHERS[0]} == {
        "annotation 901",
        "annotation 902",
    }


@pytest.mark.parametrize("by_server", [True, False])
def test_a_person_without_an_address_is_a_number(stub, tmp_path, by_server):
    if by_server:
        stub.recorded["users"] = [user | {"email": None} for user in stub.recorded["users"]]
        pull(stub)
    else:
        for annotation in [each for task in export(stub) for each in task["annotations"]]:
            annotation["completed_by"] = {"id": annotation["completed_by"], "email": None}
        (tmp_path / "export.json").write_text(json.dumps(export(stub)))
        pull(None, file=tmp_path / "export.json")
    assert {person for _, person in rows()} == {str(user["id"]) for user in RECORDED["users"]}


def of_another_project(stub, *annotated: str) -> None:
    """From now on the server has the project 2 with the same tasks, and answers to some of them."""
    stub.recorded["projects"]["results"][0]["id"] = 2
    for task in export(stub):
        task["project"] = 2
        if task["data"]["id"] not in annotated:
            task["annotations"] = []


def test_another_project_with_the_same_tasks_removes_nothing(stub):
    pull(stub)
    before = rows()
    choose(of(stub, OTHERS[0], ANNA), "9")
    same = of(stub, OTHERS[1], ANNA)
    of_another_project(stub, OTHERS[0], OTHERS[1])
    choose(same, before[OTHERS[1], ANNA])
    said = pull(stub)
    assert rows() == before | {(OTHERS[0], ANNA): "9"}
    elsewhere = (
        "1 answered otherwise in another project, where the same person's answer here counts"
    )
    assert f"{elsewhere}: {OTHERS[0]} by {ANNA}" in said
    assert not [line for line in said if "removed" in line]
    places = {row["project"] for row in spreadsheets.read(label_studio.ANSWERS).to_pylist()}
    assert places == {f"{stub.url}/projects/1", f"{stub.url}/projects/2"}
    of_another_project(stub)
    assert "\n4 removed since the last pull: " in "\n".join(pull(stub))  # what was last from there
    assert {id_ for id_, _ in before.keys() - rows().keys()} == {OTHERS[0], OTHERS[1]}


def test_votes_of_a_file_without_projects_are_taken_for_this_projects(stub):
    pull(stub)
    table = spreadsheets.read(label_studio.ANSWERS).to_pandas()
    spreadsheets.write(label_studio.ANSWERS, table[["id", "annotator", "label"]])
    before = rows()
    of_another_project(stub, *IDS[1:])
    said = "\n".join(pull(stub))
    gone = [key for key in before if key[0] == IDS[0]]
    assert rows().keys() == before.keys() - set(gone)
    why = "removed: the file named no project for them, and this project has no such answers"
    assert f"{len(gone)} {why}: {IDS[0]} by " in said
    assert "since the last pull" not in said


@pytest.mark.parametrize("has_number", [True, False])
def test_an_exported_file_replaces_the_votes_of_its_project(stub, tmp_path, has_number):
    """A file has the number of its project alone."""
    pull(stub)
    before = rows()
    for task in export(stub):
        for annotation in task["annotations"]:
            email = {user["id"]: user["email"] for user in RECORDED["users"]}
            number = annotation["completed_by"]
            annotation["completed_by"] = {"id": number, "email": email[number]}
        if not has_number:
            del task["project"]
    next(task for task in export(stub) if task["data"]["id"] == OTHERS[0])["annotations"] = []
    (tmp_path / "export.json").write_text(json.dumps(export(stub)))
    said = "\n".join(pull(None, file=tmp_path / "export.json"))
    gone = {key for key in before if key[0] == OTHERS[0]} if has_number else set()
    assert rows().keys() == before.keys() - gone
    assert ("removed since the last pull" in said) is has_number
    places = {row["project"] for row in spreadsheets.read(label_studio.ANSWERS).to_pylist()}
    assert places == {f"{stub.url}/projects/1"}
    of_another_project(stub)
    (tmp_path / "export.json").write_text(json.dumps(export(stub)))
    kept = rows()
    pull(None, file=tmp_path / "export.json")
    assert rows() == kept


def test_an_answer_of_a_file_without_numbers_is_of_no_known_project(stub, tmp_path):
    pull(stub)
    changed = of(stub, OTHERS[0], ANNA)
    for task in export(stub):
        del task["project"]
        for annotation in task["annotations"]:
            address = {user["id"]: user["email"] for user in RECORDED["users"]}
            annotation["completed_by"] = {"id": 1, "email": address[annotation["completed_by"]]}
    choose(changed, "9")
    (tmp_path / "export.json").write_text(json.dumps(export(stub)))
    said = "\n".join(pull(None, file=tmp_path / "export.json"))
    assert "1 answered otherwise in another project, where the same person's answer here" in said
    table = spreadsheets.read(label_studio.ANSWERS).to_pylist()
    nowhere = [(row["id"], row["annotator"], row["label"]) for row in table if not row["project"]]
    assert nowhere == [(OTHERS[0], ANNA, "9")]


def test_a_pull_without_votes_names_no_file(stub):
    of_another_project(stub)
    assert pull(stub)[0] == "0 votes by 0 people, so no data/annotations/label-studio.csv"
    assert not label_studio.ANSWERS.exists()


def test_a_vote_that_is_gone_is_told(stub):
    pull(stub)
    before = rows()
    next(task for task in export(stub) if task["data"]["id"] == OTHERS[0])["annotations"] = []
    gone = sorted(key for key in before if key[0] == OTHERS[0])
    told = f"{len(gone)} removed since the last pull: {', '.join(map(' by '.join, gone))}"
    assert told in pull(stub)
    assert rows().keys() == before.keys() - set(gone)


def test_an_export_of_answered_tasks_deletes_nothing(stub, tmp_path):
    push(None, file=tmp_path / "tasks.json")
    (tmp_path / "export.json").write_text(json.dumps(export(stub)[3:]))
    assert not [line for line in pull(None, file=tmp_path / "export.json") if "deleted" in line]


def test_notes_that_git_could_not_merge(stub):
    notes = paths.ANNOTATIONS / "label-studio.json"
    notes.write_text('{\n<<<<<<< HEAD\n"a": []\n=======\n"b": []\n>>>>>>> theirs\n}\n')
    for command in (push, pull):
        with pytest.raises(
            InputError, match=r"label-studio.json line 2 starts a git merge conflict: .* delete"
        ):
            command(stub)
    assert not posted(stub, "/import")
    assert not label_studio.ANSWERS.exists()
    notes.write_text("{")
    with pytest.raises(InputError, match=r"label-studio.json is no JSON .* `git checkout`"):
        pull(stub)


def test_pulling_again_changes_nothing(stub):
    pull(stub)
    os.utime(label_studio.ANSWERS, (0, 0))
    assert pull(stub)[0].endswith(", as before")
    assert label_studio.ANSWERS.stat().st_mtime == 0


def test_the_later_answer_counts(stub):
    """By the time, not by its text nor by the order in the export."""
    task = next(task for task in export(stub) if task["data"]["id"] == OTHERS[0])
    later, sooner = copy.deepcopy(of(stub, OTHERS[0], ANNA)), of(stub, OTHERS[0], ANNA)
    task["annotations"].insert(0, later)
    sooner["updated_at"], later["updated_at"] = "2026-01-01T00:00:08Z", "2026-01-01T00:00:08.5Z"
    choose(sooner, "1")
    choose(later, "2")
    pull(stub)
    assert rows()[OTHERS[0], ANNA] == "2"


def test_an_answer_that_was_changed_is_told(stub):
    pull(stub)
    annotation = of(stub, OTHERS[0], ANNA)
    before = rows()[OTHERS[0], ANNA]
    choose(annotation, str((int(before) + 1) % 10))
    assert f"1 changed since the last pull: {OTHERS[0]} by {ANNA}" in pull(stub)
    assert rows()[OTHERS[0], ANNA] != before


@pytest.mark.parametrize("labels", [(), ("1", "2"), ("1, 2",), (" 1",), ("01",), ("1.0",)])
def test_what_is_not_one_class_is_no_vote(stub, labels):
    choose(of(stub, OTHERS[0], ANNA), *labels)
    assert [line for line in pull(stub) if line.startswith("2 with no class of the data")]
    assert (OTHERS[0], ANNA) not in rows()


def test_votes_of_a_deleted_task_stay(stub):
    pull(stub)
    before = rows()
    del export(stub)[-1]
    said, *_ = pull(stub)
    assert rows() == before
    n_pulled, n_kept = int(said.partition(" vote")[0]), len(before)
    assert n_pulled < n_kept
    assert said.endswith(f" in {label_studio.ANSWERS}, which holds {n_kept} in all, as before")


def test_votes_about_a_batch_that_left_the_list_stay(stub, monkeypatch):
    pull(stub)
    before = rows()
    examples = catalogue.read()
    monkeypatch.setattr(catalogue, "read", lambda: examples[examples["id"] != TWICE])
    said = pull(stub)
    assert rows() == before
    assert not [line for line in said if "removed" in line]


def test_tasks_that_are_not_ours(stub):
    export(stub)[-1]["data"] = {"text": "another project's"}
    export(stub)[-2]["data"]["id"] = "off the lists"
    assert [
        line for line in pull(stub) if line.startswith("4 about no example of the listed batches")
    ]
    assert {id_ for id_, _ in rows()} <= set(IDS)


def test_names_that_would_start_a_formula_come_back(stub):
    for user in stub.recorded["users"]:
        user["email"] = f'=cmd("{user["id"]}"),\n😀'
    pull(stub)
    assert {person for _, person in rows()} == {f'=cmd("{number}"),\n😀' for number in (1, 2)}
    assert "\n=" not in label_studio.ANSWERS.read_text().replace('"', "").replace(",", "\n")


def test_an_export_in_a_file(stub, tmp_path):
    pull(stub)
    by_server = rows()
    label_studio.ANSWERS.unlink()
    (tmp_path / "export.json").write_text(json.dumps(export(stub)))
    pull(None, file=tmp_path / "export.json")
    numbers = {user["email"]: str(user["id"]) for user in RECORDED["users"]}
    assert rows() == {(id_, numbers[person]): label for (id_, person), label in by_server.items()}
    for annotation in [each for task in export(stub) for each in task["annotations"]]:
        annotation["completed_by"] = {"id": annotation["completed_by"], "email": "a@example.com"}
    (tmp_path / "export.json").write_text(json.dumps(export(stub)))
    pull(None, file=tmp_path / "export.json")
    assert {person for _, person in rows()} == {"a@example.com"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "id,label\n", "{}x", '[{"id": 1, "example": "x", "label": "3"}]', '{"a": 1}', "[1]"),
        *(
            "null",
            "3",
            '"text"',
            "[null]",
            '[{"data": {"id": "a"}, "annotations": 3}]',
            "[" * 10_000,
        ),
    ],
)
def test_a_file_that_is_no_export(tmp_path, text):
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(
        InputError, match=r"export.json is no export of Label Studio in the format JSON"
    ):
        pull(None, file=tmp_path / "export.json")
    assert not label_studio.ANSWERS.exists()


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ([{"id": 4, "text": "x", "label": "3", "annotator": 1, "annotation_id": 7}], "JSON-MIN"),
        ([{"data": {"id": "a"}, "predictions": []}], "it lacks 'annotations'"),
        ([{"annotations": [], "predictions": []}], "it lacks 'data'"),
    ],
)
def test_an_export_in_another_format_is_named(tmp_path, tasks, why):
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    said = {"JSON-MIN": "is in Label Studio's format JSON-MIN: export it in the format JSON"}
    unlike = "is no export of Label Studio in the format JSON"
    with pytest.raises(InputError, match=f"export.json {said.get(why, f'{unlike}: {why}')}$"):
        pull(None, file=tmp_path / "export.json")


# the server


def test_a_project_that_is_not_there(stub):
    with pytest.raises(InputError, match="has 0 projects 'nope'"):
        list(label_studio.pull(stub.url, "nope", None))


def test_two_projects_of_one_name(stub):
    stub.recorded["projects"]["results"] *= 2
    with pytest.raises(InputError, match="has 2 projects 'assay'"):
        push(stub)


def test_no_server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(InputError, match="ConnectionError"):
        list(label_studio.pull("http://127.0.0.1:9", "assay", None))


@pytest.mark.parametrize(
    ("status", "body"), [(401, b'{"detail": "Token is invalid"}'), (500, b""), (200, b"<html>")]
)
def test_a_server_that_refuses_or_is_another(stub, status, body):
    stub.status, stub.recorded["token"] = status, body
    with pytest.raises(InputError, match="LABEL_STUDIO_API_KEY"):
        pull(stub)


DEEP = b"[" * 10_000
ANSWERS_OF_ANOTHER = [None, 3, "text", [3], {"a": 1}, [[]], [{"data": None}], DEEP]


@pytest.mark.parametrize("body", ANSWERS_OF_ANOTHER)
@pytest.mark.parametrize(
    ("command", "what"),
    [
        *((push, what) for what in ("token", "projects", "export")),
        *((pull, what) for what in ("token", "projects", "export", "users")),
    ],
)
def test_answers_that_are_not_label_studios(stub, what, body, command):
    stub.recorded[what] = body
    with pytest.raises(InputError, match=stub.url):
        command(stub)
    assert not label_studio.ANSWERS.exists()
    assert not posted(stub, "/import")


@pytest.mark.parametrize("layout", [None, "text", {}, {"label": None}, {"label": {"labels": None}}])
def test_a_project_without_configuration(stub, layout):
    for project in stub.recorded["projects"]["results"]:
        project["parsed_label_config"] = layout
    with pytest.raises(InputError, match=r"does not offer the class '0'|is no export of Label"):
        push(stub)
    del stub.recorded["projects"]["results"][0]["parsed_label_config"]
    with pytest.raises(InputError, match="parsed_label_config"):
        push(stub)


@pytest.mark.parametrize("token", ["tökén ☃", "☃", "a\nb"])
def test_a_token_that_no_header_can_hold(stub, monkeypatch, token):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)
    with pytest.raises(InputError, match="does LABEL_STUDIO_API_KEY hold a personal access token"):
        pull(stub)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_goes_to_no_server_that_the_user_did_not_name(stub, status):
    other = f"{stub.url.replace('127.0.0.1', 'localhost')}/api/projects/"
    stub.status, stub.location = status, other
    leads = f"{stub.url}/api/token/refresh/ leads to {other}, and the token goes to no other server"
    with pytest.raises(InputError, match=f"^{leads}: give that one to --url if you trust it$"):
        pull(stub)
    assert len(stub.posted) == 1


def test_a_page_to_log_in_is_no_other_server(stub):
    stub.status, stub.location = 302, "/user/login/?next=/api/"
    leads = f"{stub.url}/api/token/refresh/ leads to {stub.url}/user/login/?next=/api/ instead of"
    with pytest.raises(InputError, match=f"^{re.escape(leads)}.* --url .* LABEL_STUDIO_API_KEY"):
        pull(stub)


@pytest.mark.parametrize("key", [JWT, "0123abc"])
def test_netrc_replaces_no_token(stub, monkeypatch, tmp_path, key):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bob password of-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
    pull(stub)
    sent = {authorization for _, _, authorization, _ in stub.posted}
    assert sent == ({None, "Bearer access"} if key == JWT else {"Token 0123abc"})


@pytest.mark.parametrize("url", ["http://bob:secret@{}", "http://secret@{}/", "bob:secret@{}"])
@pytest.mark.parametrize("command", [push, pull])
def test_a_password_in_the_address_is_refused(stub, url, command):
    stub.url = url.format(stub.url.removeprefix("http://"))
    before = set(paths.ANNOTATIONS.iterdir())
    with pytest.raises(InputError, match=r"^--url has an @.* LABEL_STUDIO_API_KEY") as refused:
        command(stub)
    assert "secret" not in str(refused.value)
    assert set(paths.ANNOTATIONS.iterdir()) == before
    assert not stub.posted


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_end(stub, monkeypatch, status):
    monkeypatch.setattr(server, "_LARGEST", 1000)
    stub.status, stub.recorded["token"] = status, b"x" * 1001
    with pytest.raises(InputError, match="its answer is over 1,000 bytes"):
        pull(stub)


def test_half_a_character_in_a_name(stub):
    for user in stub.recorded["users"]:
        user["email"] = f"anna\ud83d{user['id']}"
    pull(stub)
    assert {person for _, person in rows()} == {r"anna\ud83d1", r"anna\ud83d2"}


def test_a_class_that_xml_forbids(stub, tmp_path):
    """It is offered escaped, that is said, and an answer with that name is the class."""
    classes = ["a\x1bb", "c\ufffe", *CLASSES]
    parquet_files.write_probabilities(
        paths.PRED_PROBS, IDS, np.full((len(IDS), 12), 0.1, np.float32), classes
    )
    queue = pd.DataFrame({"id": IDS[:1], "given": "", "suggested": classes[0], "why": "-"})
    spreadsheets.write(paths.QUEUE, queue)
    said = push(None, file=tmp_path / "tasks.json")
    assert said[0] == r"2 classes have characters that XML forbids, escaped: 'a\x1bb'"
    choices = list(ET.parse(tmp_path / "tasks.xml").iter("Choice"))
    assert [choice.get("alias") for choice in choices] == [r"a\x1bb", r"c\ufffe", *CLASSES]
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    assert task["predictions"][0]["result"][0]["value"] == {"choices": [r"a\x1bb"]}
    choose(of(stub, OTHERS[0], ANNA), r"a\x1bb")
    pull(stub)
    assert rows()[OTHERS[0], ANNA] == classes[0]


def test_tasks_do_not_overwrite_their_interface(tmp_path):
    with pytest.raises(InputError, match=r"tasks.xml is where .* name a file \.json"):
        push(None, file=tmp_path / "tasks.xml")


def test_notes_of_another_kind(stub):
    notes = paths.ANNOTATIONS / "label-studio.json"
    for text in ("[]", '{"a": 3}', '{"a": [3]}', "null", '{"a": NaN}', "[" * 10_000):
        notes.write_text(text)
        with pytest.raises(InputError, match=r"label-studio.json"):
            pull(stub)
