"""`python -m assay compare` between commits of the default pipeline, with and without what DVC
keeps.
"""

import json

import pytest

from tests.support.pipeline import Project, clone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory, first_run) -> Project:
    """Two commits, `two` and `three` batches, and a workspace in which one label of `three` is
    answered anew. What `first_run` made is `three`, and is fetched.
    """
    project = clone(tmp_path_factory.mktemp("compare") / "assay", shares_runs=True)
    for name, batches in {
        "two": ["digits-1", "digits-2"],
        "three": ["digits-1", "digits-2", "digits-3"],
    }.items():
        project.set(batches=batches)
        project.repro()
        project.commit(name)
        project.run(f"git tag {name}")
    labels = (project.folder / "data/annotated/labels.csv").read_text().splitlines()[1:]
    identity, label = labels[0].split(",")[:2]
    other = "1" if label == "0" else "0"
    (project.folder / "data/annotations/anna.csv").write_text(
        f"id,annotator,label\n{identity},anna,{other}\n"
    )
    project.run("dvc repro -s annotate")
    return project


def compare(project: Project, arguments: str) -> dict:
    return json.loads(project.run(f"python -m assay compare {arguments} --json").stdout)


def refused(project: Project, arguments: str, *words: str) -> None:
    done = project.run(f"python -m assay compare {arguments}", check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr


def test_two_commits(project):
    found = compare(project, "two three --why")
    data, model = found["data"], found["model"]
    recorded = [
        json.loads(project.run(f"git show {name}:metrics/evaluate.json").stdout)
        for name in ("two", "three")
    ]
    assert found["missing"] == []
    assert data["batches"] == [["digits-1", "digits-2"], ["digits-1", "digits-2", "digits-3"]]
    assert data["examples"] == {"a": 900, "b": 1797, "added": 897, "removed": 0, "moved": {}}
    assert model["test_examples"] == recorded[0]["test_examples"]  # no test example left
    for name, each in model["metrics"].items():
        assert each["a"] == pytest.approx(recorded[0][name], abs=1e-4)
        assert each["change"] == pytest.approx(each["b"] - each["a"])
        assert each["low"] < each["change"] < each["high"]
    assert model["chance_in_training"]["log_loss"] > 0
    assert model["why"]["additions"]["examples"] == data["labels"]["added"]
    assert model["why"]["all"]["b"] > model["why"]["all"]["a"]


def test_the_workspace(project):
    found = compare(project, "three")
    assert found["b"] == "workspace"
    assert found["data"]["labels"]["relabelled_by"] == {"by anna": 1}
    assert found["model"] == {"recorded": {}, "yet_to_run": {"workspace": "train"}}
    page = project.run("python -m assay compare three").stdout
    assert "answers       0 → 1" in page
    assert "1 by anna" in page


def test_a_version_whose_files_lie_on_the_remote_alone(project, tmp_path):
    project.run(f"dvc remote add --local -d shelf {tmp_path}/shelf && dvc push -q -A")
    project.run(f"git clone -q . {tmp_path}/other")
    other = Project(tmp_path / "other")
    other.run(f"dvc remote add --local -d shelf {tmp_path}/shelf")
    assert compare(other, "two three") == compare(project, "two three")


def test_a_clone_with_no_cache_and_no_remote(project, tmp_path):
    project.run(f"git clone -q . {tmp_path}/bare")
    bare = Project(tmp_path / "bare")
    page = bare.run("python -m assay compare two three").stdout
    assert "no verdict" in page
    assert "900 → 1,797" in page
    assert page.count("neither cached nor on the remote") == 1
    assert "docs/sharing.md says what else to type if a version is older" in " ".join(page.split())
    assert "plots/predictions.csv" in page.splitlines()[-1]
    assert " accuracy " in bare.run("dvc metrics diff two three").stdout
    bare.run("dvc plots diff two three --out plots-diff")
    drawn = (bare.folder / "plots-diff/index.html").read_text()
    assert all(name in drawn for name in ("validation_loss", "Reliability", "two", "three"))
    assert "accuracy" in bare.run("dvc exp show -A --csv").stdout


def test_markdown(project):
    page = project.run("python -m assay compare two three --markdown --metric accuracy").stdout
    assert page.startswith("### two → three: ")
    assert "| accuracy | 0." in page
    assert "macro F1" not in page


def test_what_cannot_be_compared(project, tmp_path):
    refused(project, "nothing three", "nothing", "unknown Git revision")
    (tmp_path / "params.yaml").write_text((project.folder / "params.yaml").read_text())
    (tmp_path / "assay").symlink_to(project.folder / "assay")
    refused(Project(tmp_path), "two three", "two cannot be read", "not a git repository")

    # else the workspace has yet to run train or annotate
    project.run("git checkout -q dvc.lock && rm data/annotations/anna.csv")
    classes, predictions = (
        project.folder / "metrics/classes.csv",
        project.folder / "plots/predictions.csv",
    )
    kept = classes.read_text(), predictions.read_bytes()
    classes.write_text(kept[0] + "ten,1,1,1,1,0\n")
    page = project.run("python -m assay compare three --fail-if worse", check=False)
    assert page.returncode == 2
    assert "no verdict: the classes differ" in page.stdout
    assert "classes of workspace alone: ten" in page.stdout
    classes.write_text(kept[0])
    predictions.unlink()
    header = "id,answer,predicted,confidence,loss\n"
    predictions.write_text(f"{header}ffff,1,1,0.9,0.1\n")
    refused(project, "three", "workspace:plots/predictions.csv", "has no example 'ffff'")
    learned = (project.folder / "data/annotated/labels.csv").read_text().splitlines()[1]
    predictions.write_text(f"{header}{learned[:32]},1,1,0.9,0.1\n")
    page = project.run("python -m assay compare three --fail-if worse", check=False)
    assert page.returncode == 2
    assert "no verdict: no test example in common" in page.stdout
    assert "nothing can be judged without a test example in common" in page.stdout
    assert "splits" in page.stdout
    project.run("python -m assay compare three")
    predictions.unlink()
    predictions.write_bytes(kept[1])
