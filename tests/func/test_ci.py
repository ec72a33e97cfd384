"""The workflows for users: valid, audited, and their shell steps run in order in a clean clone, as
the runner would.
"""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.pipeline import ROOT, Project
from tests.support.sites import Site, commands

pytestmark = pytest.mark.slow

WORKFLOWS = ROOT / ".github/workflows"
GITLAB = ".gitlab-ci.yml"

# stands in for CML, which talks to GitHub and GitLab: notes how it was called
CML = """#!/bin/sh
printf '%s\\n' "$*" >> called
"""


@pytest.mark.parametrize(
    "command",
    [
        "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml",
        f"check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci {GITLAB}",
        "zizmor --offline --persona pedantic .github/workflows",
        "check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml",
        "check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff",
    ],
)
def test_workflows_are_valid_and_audited(command):
    Project(ROOT).run(command)


@pytest.mark.parametrize(("own", "made"), [(False, "lint\ntest\n"), (True, "lint\n")])
def test_own_batches_are_not_what_the_tests_are_for(tmp_path: Path, own: bool, made: str) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "bin").mkdir()
    for command in ("make", "apt-get", "chromium"):
        (tmp_path / "bin" / command).write_text(f'#!/bin/sh\necho "$*" >> {command}-called\n')
        (tmp_path / "bin" / command).chmod(0o755)
    project = Project(tmp_path)
    project.environ["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{project.environ['PATH']}"
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "data/raw" / ("mine.dvc" if own else "README.md")).touch()
    project.run("git init -q && git add .")
    assert ("no test runs" in project.run(".ci/run").stdout) == own
    assert (tmp_path / "make-called").read_text() == made


def clean_clone(site: Site, name: str) -> Project:
    """A clone as a runner has it after the steps that are actions: the cached environment, and CML."""
    project = site.clone(name)
    (project.folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (project.folder / ".venv" / path.name).symlink_to(path)
    (project.folder / ".venv/ready").touch()
    cml = site.folder / "cml"
    cml.mkdir(exist_ok=True)
    (cml / "cml").write_text(CML)
    (cml / "cml").chmod(0o755)
    project.environ["PATH"] = os.pathsep.join(
        [str(cml), *project.environ["PATH"].split(os.pathsep)]
    )
    return project


def github(
    project: Project, workflow: str, **environ: str
) -> dict[str, subprocess.CompletedProcess]:
    """Run the shell steps of a workflow's job, in order, until one fails."""
    (job,) = yaml.safe_load((project.folder / WORKFLOWS.relative_to(ROOT) / workflow).read_text())[
        "jobs"
    ].values()
    path, done = project.folder.parent / "github_path", {}
    path.touch()
    for step in job["steps"]:
        if "run" in step:
            script = project.folder.parent / "step"
            script.write_text(step["run"])
            added = os.pathsep.join(
                [*reversed(path.read_text().splitlines()), project.environ["PATH"]]
            )
            runner = Project(
                project.folder,
                **project.environ | environ | {"PATH": added, "GITHUB_PATH": str(path)},
            )
            done[step["name"]] = runner.run(f"bash -e '{script}'", check=False)
            if done[step["name"]].returncode:
                break
    return done


def gitlab(project: Project, job: str, **environ: str) -> subprocess.CompletedProcess:
    jobs = yaml.safe_load((project.folder / GITLAB).read_text())
    script = project.folder.parent / "script"
    script.write_text("\n".join([*jobs[".assay"]["before_script"], *jobs[job]["script"]]))
    return Project(project.folder, **project.environ | environ).run(
        f"bash -e -o pipefail '{script}'", check=False
    )


def measured(n: int) -> str:
    """A table of `n` things, large and small."""
    rows = ((number % 2, number % 7) for number in range(n))
    return "".join(
        [
            "size,weight,label\n",
            *(
                f"{10 * large + rest},{rest + number},{('small', 'large')[large]}\n"
                for number, (large, rest) in enumerate(rows)
            ),
        ]
    )


def scripts_of_comparisons() -> dict[str, str]:
    """The script of each step or job that compares, by its name."""
    workflow = yaml.safe_load((WORKFLOWS / "pull-request.yml").read_text())
    steps = workflow["jobs"]["assay"]["steps"]
    scripts = {step["name"]: step["run"] for step in steps if "merge-base" in step.get("run", "")}
    job = yaml.safe_load((ROOT / GITLAB).read_text())["merge request"]
    return scripts | {"merge request": "\n".join(job["script"])}


@pytest.mark.parametrize("name", ["Compare", "Not worse", "merge request"])
def test_no_common_commit_is_red(tmp_path, name):
    """Whatever the comparison would say: without a commit to compare with, nothing is judged."""
    for command in ("dvc", "cml", "python", ".ci/report"):
        stand_in = tmp_path / command
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text("#!/bin/sh\n")
        stand_in.chmod(0o755)
    environ = {"BASE": "main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    project = Project(tmp_path, **os.environ | environ | {"PATH": path})
    author = "-c user.name=a -c user.email=a"
    project.run(f"git init -q -b main && git {author} commit -qm one --allow-empty")
    project.run("git remote add origin . && git fetch -q origin")
    script = tmp_path / "script"
    script.write_text(scripts_of_comparisons()[name])
    assert project.run(f"bash -e '{script}'").returncode == 0
    project.run(f"git checkout -q --orphan other && git {author} commit -qm two --allow-empty")
    assert project.run(f"bash -e '{script}'", check=False).returncode == 1


def called(project: Project) -> str:
    path = project.folder / "called"
    return path.read_text() if path.exists() else ""


@pytest.fixture
def shared(site: Site) -> Project:
    """A clone whose origin has a remote, with all that the default pipeline made."""
    anna = site.owner("anna")
    site.type(
        anna,
        [
            *commands("A folder"),
            "git commit -qam 'Share'",
            "dvc push",
            "git push -q origin HEAD:main",
        ],
    )
    anna.run("git checkout -qb proposed")
    return anna


def test_a_pull_request(site, shared):
    """Stale: told in a comment all the same, and red. Brought up to date: green, on GitHub and on
    GitLab.
    """
    shared.set(evaluate__resamples=200)
    shared.run("git commit -qam 'More resamples' && git push -q origin HEAD")
    runner = clean_clone(site, "stale")
    runner.run("git checkout -q proposed")
    done = github(runner, "pull-request.yml", BASE="main")
    assert list(done)[-1] == "Nothing stale", done
    assert done["Nothing stale"].returncode == 1
    assert "dvc.lock" in done["Nothing stale"].stdout
    assert "Running stage 'evaluate'" in done["Reproduce"].stdout
    assert "Running stage 'train'" not in done["Reproduce"].stdout
    assert called(runner) == "comment update comment.md\n"
    comment = (runner.folder / "comment.md").read_text()
    assert "accuracy" in comment
    assert "**passes --fail-if worse**" in comment
    for plot in ("loss", "confusion", "reliability"):
        assert f"![{plot}](comment/{plot}.png)" in comment
        assert (runner.folder / f"comment/{plot}.png").read_bytes().startswith(b"\x89PNG")

    runner.run("dvc push && git commit -qam 'Reproduce' && git push -q origin HEAD")
    runner = clean_clone(site, "fresh")
    runner.run("git checkout -q proposed")
    done = github(runner, "pull-request.yml", BASE="main")
    assert not [step.stderr for step in done.values() if step.returncode]
    assert "Running stage" not in done["Reproduce"].stdout

    shutil.rmtree(runner.folder)
    runner = clean_clone(site, "fresh")
    runner.run("git checkout -q proposed")
    done = gitlab(runner, "merge request", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert done.returncode == 0, done.stderr
    assert called(runner) == "comment update --publish-native comment.md\n"


def test_a_pull_request_that_makes_the_model_worse(site, shared):
    """Worse: told in a comment, and red, on GitHub and on GitLab. Taken back, so better: green."""
    shared.run("dvc checkout")
    with (shared.folder / "data/annotated/labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong = [f"{row['id']},mallory,{(int(row['label']) + 1) % 10}" for row in rows]
    answers = shared.folder / "data/annotations/mallory.csv"
    answers.write_text("\n".join(["id,annotator,label", *wrong, ""]))
    share = "dvc repro && dvc push && git add -A && git commit -qm 'Answers' && git push -q origin"
    shared.run(f"{share} HEAD")
    runner = clean_clone(site, "worse")
    runner.run("git checkout -q proposed")
    done = github(runner, "pull-request.yml", BASE="main")
    codes = {name: step.returncode for name, step in done.items() if step.returncode}
    assert codes == {"Not worse": 2}, done
    assert "FAILS --fail-if worse: accuracy is worse" in done["Not worse"].stdout
    assert (
        "**FAILS --fail-if worse: accuracy is worse" in (runner.folder / "comment.md").read_text()
    )
    assert called(runner) == "comment update comment.md\n"
    done = gitlab(runner, "merge request", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert done.returncode == 2, done.stderr

    answers.unlink()
    shared.run(f"git push -q origin HEAD:main && git checkout -qb mended && {share} HEAD")
    runner = clean_clone(site, "mended")
    runner.run("git checkout -q mended")
    done = github(runner, "pull-request.yml", BASE="main")
    assert not [step.stderr for step in done.values() if step.returncode]
    assert list(done)[-1] == "Not worse"
    comment = (runner.folder / "comment.md").read_text()
    assert "**passes --fail-if worse**" in comment
    assert "better in accuracy" in comment


def test_new_data_is_picked_up(site, shared):
    """Nothing new: nothing happens. A batch grew where it came from: a pull request with what it
    made.
    """
    source = site.folder / "source"
    source.mkdir()
    source.joinpath("examples.csv").write_text(measured(40))
    shared.run(f"mkdir -p data/raw && dvc import-url '{source}' data/raw/own")
    shared.set(batches=["own"], pretrain__batches=["own"], train__start="frozen")
    shared.run(
        "dvc repro && dvc push && git add -A && git commit -qm 'Own data' && git push -q origin HEAD:main"
    )

    runner = clean_clone(site, "idle")
    done = github(runner, "new-data.yml")
    assert not [step.stderr for step in done.values() if step.returncode]
    assert called(runner) == ""
    done = gitlab(runner, "new data")
    assert done.returncode == 0, done.stderr
    assert called(runner) == ""

    source.joinpath("examples.csv").write_text(measured(60))
    runner = clean_clone(site, "busy")
    done = github(runner, "new-data.yml")
    assert not [step.stderr for step in done.values() if step.returncode]
    assert called(runner).startswith("pr create --title New data --body")
    assert "own.dvc" in runner.run("git diff --stat").stdout
    runner.run("dvc pull && dvc status --cloud")
