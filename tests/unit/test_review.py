"""The review page's server and its file of answers: who is refused, and what is on disk."""

import fcntl
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.cleaning import gallery
from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError
from assay.modalities import arrays, audio
from assay.review import questions, server
from assay.review.answer_file import AnswerFile, file_safe
from tests.support.reviewed import HOSTILE, make

TOKEN, HOST = "secret", "127.0.0.1:8000"
GOOD = {"host": HOST, "origin": f"http://{HOST}", "token": TOKEN}
CLASSES = ["eight", "nine", "ten", *HOSTILE]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.chdir(tmp_path)
    make(n=10, classes=CLASSES)
    with TestClient(
        server.application(questions.read(), AnswerFile("anna"), TOKEN, 8000)
    ) as client:
        yield client


def answer(client: TestClient, headers: dict[str, str] = GOOD, **sent: str) -> int:
    body = {"id": f"{3:032x}", "label": "nine", "note": ""} | sent
    return client.post("/answers", json=body, headers=headers).status_code


def written() -> list[dict[str, str]]:
    path = paths.ANNOTATIONS / "anna.csv"
    return spreadsheets.read(path).to_pylist() if path.exists() else []


@pytest.mark.parametrize(
    "changed",
    [
        {"token": "wrong"},
        {"token": ""},
        {"host": "evil.example:8000"},
        {"host": "127.0.0.1:9000"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": f"https://{HOST}"},
        {"origin": "http://localhost:8000"},
    ],
    ids=str,
)
def test_strangers_are_refused(client: TestClient, changed: dict[str, str]) -> None:
    assert answer(client, GOOD | changed) == 403
    assert written() == []


def test_the_page_wants_the_token(client: TestClient) -> None:
    for path in (
        "/",
        "/?token=wrong",
        "/contents?rows=1",
        "/none",
        f"/contents?rows=1&token={TOKEN}",
    ):
        assert client.get(path, headers={"host": HOST}).status_code == 403
    page = client.get(f"/?token={TOKEN}", headers={"host": HOST})
    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "DENY"
    evil = {"host": "evil.example:8000"}
    assert client.get(f"/?token={TOKEN}", headers=evil).status_code == 403


def test_the_page_asks_the_queue_first_and_shows_contents(client: TestClient) -> None:
    page = client.get(f"/?token={TOKEN}", headers={"host": HOST}).text
    values = json.loads(re.search(r'id="values">(.*?)</script>', page)[1])
    asked = [question["row"] for question in values["questions"]]
    assert asked == list(range(10))
    assert values["questions"][0]["votes"] == [["anna", "eight"]]
    assert values["doubted"] == 8  # the first two are in the queue alone
    assert values["questions"][4]["evidence"] == [[5, 6, 7], [6, 7, 8]]
    shown = client.get("/contents?rows=0,9,77", headers=GOOD).json()
    for odd in ("²", "9" * 5000, "-1", "x", ""):
        assert client.get(f"/contents?rows=0,{odd},9", headers=GOOD).json() == shown
    assert sorted(shown) == ["0", "9"]
    assert shown["0"].startswith("data:image/png;base64,")


def test_evidence_is_shown_whose_key_has_the_separator_of_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(n=10, classes=CLASSES)
    examples = catalogue.read()
    examples["key"] = examples["key"].replace({"key-6": "cats; dogs/6.png"})
    monkeypatch.setattr(catalogue, "read", lambda: examples)
    cells = paths.ISSUES.read_text("utf-8")
    paths.ISSUES.write_text(cells.replace("b/key-6", "b/cats; dogs/6.png"), "utf-8")
    assert questions.read().asked[4]["evidence"] == [[5, 6, 7], [6, 7, 8]]


def test_a_doubted_label_is_asked_again_because_answers_tie(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(n=10, classes=CLASSES)
    rows = paths.QUEUE.read_text("utf-8").splitlines()
    rows[5] = rows[5].replace("they differ", answers.TIE)
    paths.QUEUE.write_text("\n".join([*rows, ""]), "utf-8")
    reasons = [question["reason"] for question in questions.read().asked]
    assert reasons == ["they differ"] * 4 + [answers.TIE] + ["they differ"] * 5
    script = Path(gallery.__file__).with_name("page.js").read_text("utf-8")
    assert f"/^{answers.TIE}$/" in script  # the page has it in Chinese too


def test_the_page_knows_a_sound_without_samples():
    sounds = np.zeros((2, 800), np.int16)
    sounds[1, 0] = 1  # the shortest sound that is heard
    rows = pa.record_batch({"audio": arrays.to_column(sounds)})
    silent, heard = audio.show(rows, {"shape": [800], "sample_rate": 8000})
    script = Path(gallery.__file__).with_name("page.js").read_text("utf-8")
    assert f"const SILENT = {len(silent)};" in script
    assert len(heard) > len(silent)


def test_each_answer_is_on_disk_at_once_and_annotate_takes_it(client: TestClient) -> None:
    for row, label in enumerate(CLASSES):
        assert answer(client, id=f"{row:032x}", label=label) == 204
    assert answer(client, id=f"{1:032x}", label="ten") == 204
    assert answer(client, id=f"{2:032x}", label="", note="not usable") == 204
    assert answer(client, id=f"{9:032x}", label="", note="not sure") == 204
    assert answer(client, id=f"{0:032x}", label="") == 204  # undone
    rows = [(int(row["id"], 16), row["label"], row["note"]) for row in written()]
    assert rows == [
        (1, "ten", ""),
        (2, "", "not usable"),
        *((row, CLASSES[row], "") for row in range(3, 9)),
        (9, "", "not sure"),
    ]
    taken = answers.read(catalogue.read(), parquet_files.read_classes(paths.PRED_PROBS))
    taken = taken[taken["label"] != ""]
    assert dict(zip(taken["example"], taken["label"], strict=True)) == {
        1: "ten",
        **{row: CLASSES[row] for row in range(3, 9)},
    }
    assert AnswerFile.summary(AnswerFileOf("anna")) == (
        "7 answers, 1 not sure, 1 not usable in data/annotations/anna.csv"
    )


def test_an_answer_that_the_page_does_not_know_is_not_replaced(client: TestClient) -> None:
    def change(before: Any, label: str) -> tuple[int, str]:
        sent = {"id": f"{3:032x}", "label": label, "note": "", "before": before}
        reply = client.post("/answers", json=sent, headers=GOOD)
        return reply.status_code, reply.text

    refused = 409, "answered otherwise meanwhile: reload the page"
    assert change(["", ""], "nine") == (204, "")
    assert change(["", ""], "ten") == refused
    assert change(["", ""], "") == refused
    assert change("nine", "ten") == refused
    assert [row["label"] for row in written()] == ["nine"]
    assert change(["", ""], "nine") == (204, "")  # sent again, as its reply was lost
    assert change(["nine", ""], "ten") == (204, "")
    assert change(["nine", ""], "") == refused
    assert change(["ten", ""], "") == (204, "")
    assert written() == []


def test_a_review_without_an_answer_names_no_file(client: TestClient) -> None:
    of_anna = AnswerFileOf("anna")
    assert of_anna.outcome() == "no answers, so no data/annotations/anna.csv"
    assert answer(client) == 204
    said = "1 answer in data/annotations/anna.csv; `dvc repro` uses them"
    assert of_anna.outcome() == said


class AnswerFileOf(AnswerFile):
    """The file of a person whose review is open."""

    def __init__(self, name: str) -> None:
        self.name, self.path = name, paths.ANNOTATIONS / f"{name}.csv"


@pytest.mark.parametrize(
    "wrong", [{"id": "none"}, {"label": "eleven"}, {"label": "", "note": "?"}, {"id": 3}], ids=str
)
def test_what_is_no_answer_is_refused(client: TestClient, wrong: dict[str, str]) -> None:
    assert answer(client, **wrong) == 400
    assert written() == []


def test_an_answer_that_is_too_deep_is_refused(client: TestClient) -> None:
    reply = client.post("/answers", content="[" * 100_000, headers=GOOD)
    assert (reply.status_code, reply.text) == (400, "no answer: id, label and note are needed")


def test_the_page_shows_no_name_of_an_example_that_turns_the_writing() -> None:
    script = Path(gallery.__file__).with_name("page.js").read_text("utf-8")
    assert "const named = (row) => seen(values.names[row]);" in script
    assert script.count("values.names") == 1


def test_what_others_wrote_into_the_file_stays(client: TestClient) -> None:
    assert answer(client) == 204
    path = paths.ANNOTATIONS / "anna.csv"
    path.write_text(f"{path.read_text()}{5:032x},bela,ten,,,\n{6:032x},anna,ten,,,\n")
    assert answer(client, id=f"{7:032x}") == 204
    assert [(int(row["id"], 16), row["annotator"]) for row in written()] == [
        (3, "anna"),
        (5, "bela"),
        (6, "anna"),
        (7, "anna"),
    ]


def test_a_new_file_names_examples_for_people_and_an_older_one_keeps_its_columns(
    client: TestClient,
) -> None:
    path = paths.ANNOTATIONS / "anna.csv"
    assert answer(client) == 204
    header = "id,annotator,label,note,batch,key"
    assert path.read_text("utf-8").splitlines() == [header, f"{3:032x},anna,nine,,b,key-3"]
    older = f"id,annotator,label,note\n{4:032x},anna,ten,\n"
    path.write_text(older, "utf-8")
    assert answer(client) == 204
    assert path.read_text("utf-8") == f"{older}{3:032x},anna,nine,\n"
    path.write_text(f"id,annotator,label,key\n{4:032x},anna,ten,key-4\n", "utf-8")
    assert answer(client) == 204
    assert [(row["key"], row["note"]) for row in written()] == [("key-4", ""), ("key-3", "")]
    assert len(answers.read(catalogue.read(), CLASSES)) == 2


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_file_keeps_the_form_that_a_spreadsheet_gave_it(
    client: TestClient, mark: bytes, end: bytes
) -> None:
    path = paths.ANNOTATIONS / "anna.csv"
    rows = mark + b"id,annotator,label,note\n%032x,anna,ten,\n" % 4
    path.write_bytes(rows.replace(b"\n", end))
    assert answer(client) == 204
    assert path.read_bytes() == (rows + b"%032x,anna,nine,\n" % 3).replace(b"\n", end)


@pytest.mark.parametrize("inside", [b"\n", b"\r\n"])
def test_line_ends_in_a_cell_stay_in_a_file_with_others(client: TestClient, inside: bytes) -> None:
    path = paths.ANNOTATIONS / "anna.csv"
    first = b'id,annotator,label,note\r\n"%032x","anna","two%slines",""\r\n' % (4, inside)
    path.write_bytes(first)
    assert answer(client) == 204
    assert answer(client) == 204
    expected = first + b"%032x,anna,nine,\r\n" % 3
    assert path.read_bytes().replace(b'"', b"") == expected.replace(b'"', b"")


def test_other_delimiters_are_said(client: TestClient, capsys: pytest.CaptureFixture) -> None:
    path = paths.ANNOTATIONS / "bela.csv"
    path.write_text(f"id;annotator;label;note\n{4:032x};bela;ten;\n", "utf-8")
    of_bela = AnswerFile("bela")
    of_bela.record(f"{3:032x}", "nine", "", ("b", "key-3"))
    assert path.read_text("utf-8").count(",") == 9
    said = "data/annotations/bela.csv has no commas between its cells: the first answer writes them"
    assert capsys.readouterr().err == f"assay: {said}\n"


def test_a_file_that_cannot_be_written_is_said(client: TestClient) -> None:
    (paths.ANNOTATIONS / "anna.csv").write_text("id,annotator,label,mood\n")
    assert answer(client) == 500


def test_one_review_for_one_name(client: TestClient) -> None:
    with pytest.raises(InputError, match="a review by anna is open already"):
        AnswerFile("anna")
    AnswerFile("bela")


@pytest.mark.usefixtures("batch")
def test_a_review_that_ends_leaves_no_name_and_can_be_opened_again() -> None:
    for _ in range(2):
        answers_of_anna = AnswerFile("anna")
        answers_of_anna.close()
        assert list(paths.UNFINISHED.iterdir()) == []


@pytest.mark.usefixtures("batch")
def test_a_lock_that_is_deleted_meanwhile_locks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A review that ends deletes it after the next one has opened it."""
    lock, flock = paths.UNFINISHED / "review-anna.lock", fcntl.flock
    deleted = []

    def late(*arguments: Any) -> None:
        flock(*arguments)
        if not deleted:
            deleted.append(lock.unlink())

    monkeypatch.setattr(fcntl, "flock", late)
    answers_of_anna = AnswerFile("anna")
    with pytest.raises(InputError, match="a review by anna is open already"):
        AnswerFile("anna")
    answers_of_anna.close()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "label-studio", "x" * 61, "a b"])
def test_names_that_are_no_files_are_refused(client: TestClient, name: str) -> None:
    with pytest.raises(InputError, match="cannot name your file"):
        AnswerFile(name)
    assert file_safe("Ann O'Hara, 李 \u202e/../x") == "Ann-O-Hara-李-..-x"


def test_nothing_to_review_is_said(client: TestClient) -> None:
    for path in (paths.QUEUE, paths.ISSUES):
        path.write_text(path.read_text().partition("\n")[0] + "\n")
    with pytest.raises(InputError, match="nothing to review"):
        questions.read()


@pytest.mark.parametrize("path", [paths.QUEUE, paths.ISSUES], ids=str)
def test_a_damaged_table_says_how_to_restore_it(client: TestClient, path: Path) -> None:
    path.write_text(path.read_text() + '"cut')
    with pytest.raises(InputError, match=f"{path} .*restore it: `dvc checkout --force dvc.yaml`"):
        questions.read()


def test_an_example_that_is_gone_is_said(client: TestClient) -> None:
    files.write_json(paths.LISTED, {"batches": ["b"]})
    columns = "id,given,suggested,why\n"
    paths.QUEUE.write_text(f"{columns}{77:032x},eight,nine,so\n")
    with pytest.raises(InputError, match="which has changed: run `dvc repro`"):
        questions.read()


def test_the_gallery_has_as_many_questions_as_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    doubted = make(n=60, classes=CLASSES)
    votes = catalogue.votes(catalogue.read())

    def page() -> str:
        return gallery.page(doubted, catalogue.read(), votes, CLASSES)

    assert page() == page()
    assert page().count("</script>") == 2  # the data, and ours
    assert "<script>document" not in page()
    nothing = gallery.page(doubted.head(0), catalogue.read(), votes, CLASSES)
    assert '"questions": []' in nothing
    monkeypatch.setattr(gallery, "_LARGEST", 5000)
    monkeypatch.setattr(gallery, "_LARGEST_EVIDENCE", 500)
    values = json.loads(re.search(r'id="values">(.*?)</script>', page())[1])
    assert 0 < len(values["questions"]) < 60
    assert values["doubted"] == 60
    assert sum(map(len, values["contents"].values())) <= 5000


def people_answer(name: str, *rows: tuple[int, str, str]) -> None:
    """A file of answers: example, annotator and label."""
    lines = [f"{row:032x},{person},{label}" for row, person, label in rows]
    path = paths.ANNOTATIONS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["id,annotator,label", *lines, ""]), "utf-8")


def shown_to(name: str) -> tuple[dict[str, Any], list[str], TestClient]:
    """What the page of a person has, what the review says at its start, and the page's server."""
    own = AnswerFile(name)
    asked = questions.read(own.name)
    client = TestClient(server.application(asked, own, TOKEN, 8000))
    page = client.get(f"/?token={TOKEN}", headers={"host": HOST}).text
    values = json.loads(re.search(r'id="values">(.*?)</script>', page)[1])
    return values, list(asked.messages(own)), client


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(n=10, classes=CLASSES)


@pytest.mark.usefixtures("batch")
def test_answers_of_other_files_are_shown_beside_the_labels() -> None:
    people_answer("dora.csv", (0, "dora", "ten"), (0, "cleo", "nine"), (1, "bela", "ten"))
    values, said, _ = shown_to("bela")
    first, second = values["questions"][:2]
    assert first["votes"] == [["anna", "eight"]]
    assert first["answers"] == [["dora", "ten", ""], ["cleo", "nine", ""]]
    assert second["answers"] == []  # of bela, who sees it as "your answer"
    assert values["answers"] == {f"{1:032x}": ["ten", ""]}
    later = "in files that are read after data/annotations/bela.csv: change answers there"
    place = "data/annotations/dora.csv row 4"
    assert said == [f"1 question not asked, which bela answered {later}: {place}"]


@pytest.mark.usefixtures("batch")
def test_answers_that_wait_are_counted() -> None:
    people_answer("dora.csv", (77, "dora", "ten"), (88, "dora", "ten"))
    _, said, _ = shown_to("bela")
    waiting = "2 answers left waiting, since no listed batch has the example"
    assert [line.partition(":")[0] for line in said] == [waiting]


@pytest.mark.usefixtures("batch")
def test_what_a_person_answered_in_an_earlier_file_is_not_asked() -> None:
    people_answer("a.csv", (1, "bela", "ten"), (2, "bela", ""), (3, "bela", "ten"))
    people_answer("bela.csv", (3, "bela", "nine"))
    values, said, client = shown_to("bela")
    assert values["answers"] == {f"{1:032x}": ["ten", ""], f"{3:032x}": ["nine", ""]}
    assert said == [
        "1 question not asked, which bela answered elsewhere: data/annotations/a.csv row 2"
    ]
    assert answer(client, id=f"{1:032x}", label="eight") == 204
    counting = answers.read(catalogue.read(), CLASSES).set_index("example")
    assert counting["label"].to_dict() == {1: "eight", 3: "nine"}


@pytest.mark.usefixtures("batch")
def test_what_a_later_file_answers_cannot_be_changed_here() -> None:
    people_answer("team B/2024/bela.csv", (1, "bela", "ten"), (2, "bela", ""))
    values, said, client = shown_to("bela")
    place = "data/annotations/team B/2024/bela.csv row"
    assert values["elsewhere"] == {f"{1:032x}": f"{place} 2", f"{2:032x}": f"{place} 3"}
    assert values["answers"] == {f"{1:032x}": ["ten", ""], f"{2:032x}": ["", ""]}
    assert said[0].startswith("2 questions not asked, which bela answered in files that are read")
    assert answer(client, id=f"{1:032x}") == 400
    assert not (paths.ANNOTATIONS / "bela.csv").exists()


@pytest.mark.usefixtures("batch")
def test_people_whose_answers_tie_are_asked_again() -> None:
    people_answer("Zo\xe9.csv", (1, "Zoe\u0301", "ten"), (2, "Zo\xe9", "ten"), (4, "Zo\xe9", "ten"))
    people_answer("dora.csv", (1, "dora", "nine"), (2, "dora", "ten"), (4, "dora", "nine"))
    people_answer("eve.csv", (4, "eve", "ten"))
    values, said, client = shown_to("Zoe\u0301")
    assert values["again"] == [f"{1:032x}"]
    assert [question["reason"] for question in values["questions"][:3]] == [
        "they differ",
        answers.TIE,
        "they differ",
    ]
    assert values["answers"][f"{1:032x}"] == ["ten", ""]
    tie = "b/key-1 (Zo\xe9 'ten', dora 'nine')"
    assert said == [f"1 question asked again, since people's answers tie: {tie}"]
    assert shown_to("eve")[0]["again"] == []  # eve gave no answer to it
    assert answer(client, id=f"{1:032x}", label="ten") == 204  # stays with it
    page = client.get(f"/?token={TOKEN}", headers={"host": HOST}).text
    assert json.loads(re.search(r'id="values">(.*?)</script>', page)[1])["again"] == []


@pytest.mark.usefixtures("batch")
def test_ties_that_another_file_of_the_person_decides_are_said() -> None:
    people_answer("team.csv", (1, "bela", "ten"), (1, "dora", "nine"))
    values, said, _ = shown_to("bela")
    assert values["again"] == []
    assert "change answers (1 of these tie) there: data/annotations/team.csv row 2" in said[0]


@pytest.mark.usefixtures("batch")
def test_doubted_labels_that_one_more_answer_would_not_change_are_not_asked() -> None:
    """The first five are in the queue, where all are asked."""
    alike = [(row, person, "ten") for row in (0, 4, 5, 6) for person in ("anna", "cleo")]
    people_answer("a.csv", *alike, (6, "dora", "nine"), (7, "anna", "ten"), (8, "anna", "ten"))
    note = "id,annotator,label,note\n"
    notes = [f"{8:032x},{who},,not usable\n{9:032x},{who},,not usable\n" for who in ("eve", "fay")]
    (paths.ANNOTATIONS / "b.csv").write_text(note + "".join(notes))
    values, said, _ = shown_to("bela")
    asked = [question["row"] for question in values["questions"]]
    assert asked == [0, 1, 2, 3, 4, 6, 7, 8]
    assert values["doubted"] == 6
    why = "since people answered alike, so that one more answer would change nothing"
    assert said == [f"2 doubted labels not asked, {why}"]
    values, _, _ = shown_to("cleo")  # who sees the own answers, and may change them
    assert [question["row"] for question in values["questions"]] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    header = paths.QUEUE.read_text().partition("\n")[0]
    paths.QUEUE.write_text(f"{header}\n")
    everything = [(row, person, "ten") for row in range(9) for person in ("eve", "fay", "gus")]
    people_answer("c.csv", *everything)
    with pytest.raises(InputError, match=f"is empty, and 8 doubted labels need no answer, {why}"):
        questions.read("bela")


@pytest.mark.usefixtures("batch")
def test_a_damaged_file_of_answers_does_not_end_the_review(
    capsys: pytest.CaptureFixture[str],
) -> None:
    people_answer("dora.csv", (1, "dora", "eleven"))
    people_answer("bela.csv", (1, "bela", "nine"))
    values, said, _ = shown_to("bela")
    assert (values["answers"], said) == ({f"{1:032x}": ["nine", ""]}, [])
    why = "; until then the review shows nobody the answers of others\n"
    assert capsys.readouterr().err.endswith(why)


@pytest.mark.usefixtures("batch")
def test_a_merge_conflict_in_the_own_file_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    people_answer("bela.csv", (1, "bela", "nine"))
    with (paths.ANNOTATIONS / "bela.csv").open("a") as file:
        file.write("<<<<<<< HEAD\n=======\n>>>>>>> theirs\n")
    with pytest.raises(InputError, match=r"bela.csv line 3 starts a git merge conflict"):
        server.serve("bela", 0, browser=False)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("batch")
def test_a_file_that_is_not_from_the_page_wants_another_name() -> None:
    (paths.ANNOTATIONS / "cleo.csv").write_text("key,annotator,label\nkey-1,cleo,ten\n")
    with pytest.raises(InputError, match=r"cleo.csv has no column 'id', .*: take another --name"):
        AnswerFile("cleo")
    assert not (paths.UNFINISHED / "review-cleo.lock").exists()  # named after a person
