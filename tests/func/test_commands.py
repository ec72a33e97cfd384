"""`python -m assay` where people cut its output short, ask for help, or name what it does not take."""

from pathlib import Path

import pytest

from assay.review import server
from tests.support.pipeline import ROOT, Project, clone

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


@pytest.mark.parametrize(
    "command",
    [
        *("review --no-browser", "export new", "predict a.png", "inspect a", "compare HEAD"),
        *("label-studio push --file new.json", "label-studio pull --file new.json"),
    ],
)
def test_outside_of_a_project_nothing_is_made(tmp_path: Path, command: str) -> None:
    """A folder `.dvc` in data/raw would hide all raw batches from DVC."""
    here = Project(tmp_path, PYTHONPATH=str(ROOT))
    done = here.run(f"python -m assay {command}", check=False)
    wanted = "params.yaml is missing: run this in the folder that holds dvc.yaml"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"assay: {wanted}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_review_of_nothing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        server.serve("anna", 0, browser=False)
    assert list(tmp_path.iterdir()) == []


def outcome(folder: Path, command: str) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a command outside of a project."""
    done = Project(folder, PYTHONPATH=str(ROOT)).run(command, check=False)
    return done.returncode, done.stdout, done.stderr


def test_messages_do_not_go_to_stdout_where_stderr_is_closed(tmp_path: Path) -> None:
    assert outcome(tmp_path, "python -m assay predict nothing 2>&-") == (1, "", "")


@pytest.mark.parametrize("command", ["--help", "predict nothing"])
def test_a_command_whose_results_go_nowhere_fails(tmp_path: Path, command: str) -> None:
    remedy = "leave out `>&-`, or write `>/dev/null` if you want no results"
    said = f"assay: stdout is closed, and results are printed there: {remedy}\n"
    assert outcome(tmp_path, f"python -m assay {command} >&-") == (1, "", said)
    assert outcome(tmp_path, f"python -m assay {command} >&- 2>&-") == (1, "", "")


def test_what_is_closed_is_no_file_that_is_opened_next(tmp_path: Path) -> None:
    """Else messages of libraries would go into it."""
    opens = "terminal.prepare(); print(open('/dev/null').fileno() > 2)"
    command = f'python -c "from assay.contract import terminal; {opens}" <&- 2>&-'
    assert outcome(tmp_path, command) == (0, "True\n", "")
