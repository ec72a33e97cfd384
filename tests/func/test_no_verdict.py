"""`compare` where predictions are not those of the version's own model, or the classes differ."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from assay.comparison import comparison_page, gate
from assay.comparison.compare import compare
from assay.evaluation.scores import METRICS

ROOT = Path(__file__).parents[2]
MODEL = "models/classifier"
LABELS = "data/annotated/labels.csv"
BATCH = "data/raw/digits-1"
PEOPLE = "data/annotations"
NOTE = "examples.csv.dvc"
ANSWERS = "id,annotator,label\n"
CLASSES = {"classes.json": b"{}", "classifier.onnx": b"a model"}


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def write(name: str, content: object) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content))


def git(command: str) -> None:
    subprocess.run(f"git -c user.name=a -c user.email=a {command}", shell=True, check=True)


def folder_of(path: str, files: dict[str, bytes]) -> dict[str, Any]:
    listing = [{"md5": md5(content), "relpath": name} for name, content in sorted(files.items())]
    md5_of_folder = f"{md5(json.dumps(listing).encode())}.dir"
    return {"path": path, "md5": md5_of_folder, "nfiles": len(files)}


def locked(classifier: bytes = b"a model", labels: bytes = b"labels") -> dict[str, Any]:
    """The record of a whole build: of `train`, `evaluate`, and a batch that is no longer listed."""
    folder = folder_of(MODEL, CLASSES)
    files = CLASSES | {"classifier.onnx": classifier}
    outs = [{"path": f"{MODEL}/{name}", "md5": md5(files[name])} for name in files]
    table = {"path": LABELS, "md5": md5(b"labels")}
    used = {"params.yaml": {"train.epochs": 5, "portable": True}}
    unlisted = {"params.yaml": {"collect.test": 0.9}}
    stages = {
        "annotate": {"outs": [table | {"md5": md5(labels)}]},
        "train": {"deps": [table, {"path": "stages/train.py"}], "params": used, "outs": outs},
        "evaluate": {"deps": [folder, table]},
        "collect@gone": {"params": unlisted},
    }
    return {"schema": "2.0", "stages": {key: {"cmd": "true"} | stages[key] for key in stages}}


@pytest.fixture(autouse=True)
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with the tag `whole`, whose model has three test examples."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    Path(".dvc").mkdir()
    rows = [f"{number:032x},a,a,0.9,0.1" for number in range(3)]
    write("plots/predictions.csv", "\n".join(["id,answer,predicted,confidence,loss", *rows, ""]))
    write("metrics/classes.csv", "label,f1\na,1\nb,1\n")
    write("metrics/clean.json", {"examples": 3})
    ends = ("", "_low", "_high")
    write("metrics/evaluate.json", {f"{name}{end}": 0.5 for name in METRICS for end in ends})
    write("data/batches.json", {"batches": ["b"]})
    ids = [f"{number:032x}" for number in range(3)]
    Path("data/collected/b").mkdir(parents=True)
    examples = pa.table({"id": ids, "key": ids, "split": ["test"] * 3})
    pq.write_table(examples, "data/collected/b/examples.parquet")
    write("dvc.yaml", "stages: {}\n")
    write(".dvc/config", "")
    write("dvc.lock", yaml.safe_dump(locked()))
    git("init -q -b main . && git add -A")
    git("commit -qm whole && git tag whole")


def compared(a: str, b: str | None) -> tuple[dict[str, Any], str]:
    """The result, judged by each gate, and the page in a terminal."""
    result = compare(a, b, why=True, metrics=list(METRICS))
    for condition in ("worse", "accuracy:1"):
        assert gate.judge(result, [condition])["fails"] == ("metrics" not in result["model"])
    return result, comparison_page.terminal(result)


def other_model() -> None:
    """As `dvc exp run train` leaves it."""
    write("dvc.lock", yaml.safe_dump(locked(classifier=b"another")))


def other_labels() -> None:
    """As `dvc repro annotate` leaves it."""
    write("dvc.lock", yaml.safe_dump(locked(labels=b"others")))


def other_file_beside_the_model() -> None:
    record = locked()
    record["stages"]["evaluate"]["deps"][0]["nfiles"] = 3
    record["stages"]["evaluate"]["deps"][0]["md5"] = "0.dir"
    write("dvc.lock", yaml.safe_dump(record))


def other_parameter() -> None:
    write("params.yaml", Path("params.yaml").read_text().replace("epochs: 5 ", "epochs: 6 "))


STOPPED = {other_model: "evaluate", other_labels: "train", other_parameter: "train"}


@pytest.mark.parametrize(("change", "stage"), STOPPED.items())
@pytest.mark.parametrize("side", ["workspace", "older", "both"])
def test_no_verdict_from_an_older_model(change: Callable[[], None], stage: str, side: str) -> None:
    change()
    names = ["whole", None]
    if side != "workspace":
        git("commit -qam stopped && git tag stopped && git checkout -q whole")
        names = ["stopped", "stopped" if side == "both" else "whole"]
    result, page = compared(*names)
    name = "workspace" if side == "workspace" else "stopped"
    assert result["model"] == {"recorded": {}, "yet_to_run": {name: stage}}
    assert page.splitlines()[0].endswith(f": no verdict: {name} has yet to run {stage}")
    assert f"  the predictions and scores in {name} are of an earlier model" in page.splitlines()
    reason = f"nothing can be judged before `dvc repro` has run {stage}"
    assert gate.judge(result, ["worse", "not-better"])["reasons"] == [reason]
    assert "0.5" not in page


def test_a_whole_version_has_a_verdict_whatever_unlisted_batches_left() -> None:
    result, page = compared("whole", None)
    assert result["model"]["metrics"]["accuracy"]["verdict"] == "same predictions"
    assert page.splitlines()[0] == "whole → workspace: same predictions"


def test_a_model_that_was_trained_without_dvc() -> None:
    for name, content in CLASSES.items():
        write(f"{MODEL}/{name}", content.decode())
    assert "metrics" in compared("whole", None)[0]["model"]
    write(f"{MODEL}/classifier.onnx", "another")
    result, page = compared("whole", None)
    assert result["model"]["yet_to_run"] == {"workspace": "train"}
    assert "`dvc checkout` after a `git checkout`" in page
    assert "metrics" in compared("whole", "whole")[0]["model"]


def test_other_classes_leave_the_data_and_name_themselves() -> None:
    write("metrics/classes.csv", "label,f1\na,1\n*c*,1\n")
    result, page = compared("whole", None)
    assert result["model"]["other_classes"] == [["b"], ["*c*"]]
    lines = page.splitlines()
    assert lines[0] == "whole → workspace: no verdict: the classes differ"
    assert {"  classes of whole alone: b", "  classes of workspace alone: *c*"} <= set(lines)
    assert "DATA" in lines
    assert ["batches", "1"] in [line.split() for line in lines]
    assert "0.5000" in page  # each model's own score
    assert "classes of workspace alone: `*c*`" in comparison_page.markdown(result)
    reason = "nothing can be judged where the classes differ"
    assert gate.judge(result, ["worse"])["reasons"] == [reason]


@pytest.fixture
def built() -> None:
    """The tag `built`: a raw batch in DVC, another one of `digits`, and people's answers."""
    digits = {"params.yaml": {"digits": yaml.safe_load(Path("params.yaml").read_text())["digits"]}}
    of_people = {"anna.csv": ANSWERS, "empty.dvc": "outs: []\n"}
    answers = folder_of(PEOPLE, {name: text.encode() for name, text in of_people.items()})
    record = locked()
    record["stages"]["annotate"]["deps"] = [answers]
    record["stages"]["collect@digits-1"] = {"deps": [{"path": BATCH, "md5": "1.dir", "nfiles": 1}]}
    outs = [{"path": "data/raw/digits-2", "md5": "3.dir"}]
    record["stages"]["digits"] = {"params": digits, "outs": outs}
    for name in ("digits", "collect@digits-1"):
        record["stages"][name]["cmd"] = "true"
    write("dvc.lock", yaml.safe_dump(record))
    write(".dvcignore", f"/{PEOPLE}/*.json\n")
    for name, text in of_people.items():
        write(f"{PEOPLE}/{name}", text)
    added_batch("1.dir")
    git("add -A")
    git("commit -qm built && git tag built")


def added_batch(md5_of_folder: str) -> None:
    out = {"md5": md5_of_folder, "hash": "md5", "path": Path(BATCH).name}
    write(f"{BATCH}.dvc", yaml.safe_dump({"outs": [out]}))


def set_parameter(old: str, new: str) -> None:
    text = Path("params.yaml").read_text()
    assert text.count(old) == 1
    write("params.yaml", text.replace(old, new))


def other_digits() -> None:
    set_parameter("digits-3: 897", "digits-3: 896")


def own_data_and_other_digits() -> None:
    set_parameter("batches: [digits-1, digits-2, digits-3]", "batches: [own]")
    set_parameter("batches: [digits-1, digits-2] ", "batches: [own]")
    other_digits()


def freeze(stages: dict[str, Any]) -> None:
    write("dvc.yaml", yaml.safe_dump({"stages": stages}))


def frozen_training() -> None:
    other_parameter()
    freeze({"train": {"cmd": "true", "frozen": True}})


def frozen_batch() -> None:
    added_batch("2.dir")
    freeze({"collect": {"foreach": ["digits-1"], "do": {"cmd": "true", "frozen": True}}})


SOURCES: dict[Callable[[], object], str | None] = {
    lambda: None: None,
    lambda: added_batch("2.dir"): "collect",
    lambda: write(f"{BATCH}.dvc", "outs:\n- md5: 2.dir\n  path: digits-1\n"): None,  # of DVC 2
    lambda: write(f"{PEOPLE}/bela.csv", ANSWERS): "annotate",
    lambda: write(f"{PEOPLE}/anna.csv", f"{ANSWERS}{0:032x},anna,a\n"): "annotate",
    lambda: write(f"{PEOPLE}/tasks.json", "[]"): None,
    lambda: Path(PEOPLE, "anna.csv").unlink(): None,  # git may ignore what DVC has read
    other_digits: "digits",
    own_data_and_other_digits: None,
    frozen_training: None,
    frozen_batch: None,
    other_file_beside_the_model: None,  # `dvc repro` does nothing about it
}


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("change", "stage"), SOURCES.items())
@pytest.mark.parametrize("is_committed", [False, True])
def test_what_no_stage_made(
    change: Callable[[], object], stage: str | None, is_committed: bool
) -> None:
    change()
    if is_committed:
        git("add -A")
        git("commit -q --allow-empty -m other && git tag other")
    name = "other" if is_committed else "workspace"
    result, _ = compared("built", "other" if is_committed else None)
    assert result["model"].get("yet_to_run") == ({name: stage} if stage else None)


def imported(content: str) -> None:
    """A file of the batch `u`, as `dvc import-url` leaves it in the folder of the batch."""
    out = {"md5": md5(content.encode()), "hash": "md5", "path": "examples.csv"}
    write(f"data/raw/u/{NOTE}", yaml.safe_dump({"outs": [out]}))
    write("data/raw/u/.gitignore", "/examples.csv\n")


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_file_that_dvc_tracks_in_the_folder_of_a_batch(is_committed: bool) -> None:
    set_parameter("batches: [digits-1, digits-2, digits-3]", "batches: [u]")
    set_parameter("batches: [digits-1, digits-2] ", "batches: [u]")
    imported("one")
    beside = {name: Path("data/raw/u", name).read_bytes() for name in (".gitignore", NOTE)}
    dep = folder_of("data/raw/u", beside | {"examples.csv": b"one"})
    record = locked()
    record["stages"]["collect@u"] = {"cmd": "true", "deps": [dep]}
    write("dvc.lock", yaml.safe_dump(record))
    git("add -A")
    git("commit -qm built && git tag built")
    assert "metrics" in compared("built", None)[0]["model"]
    imported("two")
    if is_committed:
        git("commit -qam other && git tag other")
    name = "other" if is_committed else "workspace"
    result, _ = compared("built", "other" if is_committed else None)
    assert result["model"]["yet_to_run"] == {name: "collect"}
