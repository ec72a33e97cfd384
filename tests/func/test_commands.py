"""`python -m assay` where people cut its output short, ask for help, or name what it does not take."""

import pytest

from tests.support.pipeline import Project, clone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("commands") / "assay", PYTHONUNBUFFERED="")


@pytest.mark.parametrize("command", ["--help", "predict --help", "compare HEAD HEAD"])
def test_ends_quietly_where_nobody_reads_on(project: Project, command: str) -> None:
    assert project.run(f"python -m assay {command} | true").stderr == ""


def test_predict_says_what_it_takes(project: Project) -> None:
    said = " ".join(project.run("python -m assay predict --help").stdout.split())
    assert [
        word for word in ("images", "sounds", "texts", "CSV", "features") if word not in said
    ] == []
    assert "tabs and without a header: file or row, class, probability, unlike" in said


def test_the_help_names_the_commands_as_they_are_typed(project: Project) -> None:
    said = " ".join(project.run("python -m assay --help").stdout.split())
    assert "inspect, predict, label-studio, review, compare, export." in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("data/none.png", "data/none.png is missing: name files that are there"),
        ("data", "data is a folder: name the files in it, as in data/*"),
    ],
)
def test_predict_wants_files(project: Project, name: str, says: str) -> None:
    done = project.run(f"python -m assay predict params.yaml {name}", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"assay: {says}\n")
