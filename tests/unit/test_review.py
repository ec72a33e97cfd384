"""The review page's server and its file of answers: who is refused, and what is on disk."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.cleaning import gallery
from assay.contract import files, parquet_files, paths
from assay.contract.errors import InputError
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


def test_what_others_wrote_into_the_file_stays(client: TestClient) -> None:
    assert answer(client) == 204
    path = paths.ANNOTATIONS / "anna.csv"
    path.write_text(f"{path.read_text()}{5:032x},bela,ten,\n{6:032x},anna,ten,\n")
    assert answer(client, id=f"{7:032x}") == 204
    assert [(int(row["id"], 16), row["annotator"]) for row in written()] == [
        (3, "anna"),
        (5, "bela"),
        (6, "anna"),
        (7, "anna"),
    ]


def test_a_file_that_cannot_be_written_is_said(client: TestClient) -> None:
    (paths.ANNOTATIONS / "anna.csv").write_text("id,annotator,label,mood\n")
    assert answer(client) == 500


def test_one_review_for_one_name(client: TestClient) -> None:
    with pytest.raises(InputError, match="a review by anna is open already"):
        AnswerFile("anna")
    AnswerFile("bela")


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
