"""The project as a folder of a larger git repository, and in git worktrees: a revision is read as
at the top.
"""

import json
import re
import shutil

import pytest

from assay.contract import paths
from tests.support.pipeline import PERSON, Project, clone

pytestmark = pytest.mark.slow

INSIDE = "team/assay"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """The project in `larger/team/assay`, after a commit without it: of one batch (tag `one`); of
    two (`two`).
    """
    larger = Project(tmp_path_factory.mktemp("subfolder") / "larger", **PERSON)
    # its .dvc is what `dvc init --subdir` makes
    project = clone(larger.folder / INSIDE, shares_runs=True, **PERSON)
    shutil.rmtree(project.folder / ".git")
    (larger.folder / "README.md").write_text("Other teams' things.\n")
    larger.run(
        "git init -q -b main && git add README.md && git commit -qm 'Before' && git tag before"
    )
    first = ["digits-1"]
    project.set(
        train__epochs=1,
        train__steps=1,
        evaluate__resamples=100,
        batches=first,
        pretrain__batches=first,
    )
    project.run("git add . && git commit -qm 'Begin' && dvc exp run")
    project.run("git add . && git commit -qm 'One batch' && git tag one")
    identity, label = (
        (project.folder / paths.ANNOTATED_LABELS).read_text().splitlines()[1].split(",")[:2]
    )
    answers = project.folder / paths.ANNOTATIONS / "anna/answers.tsv"
    answers.parent.mkdir()
    answers.write_text(f"id\tannotator\tlabel\n{identity}\tanna\t{label}\n")
    project.run("dvc exp run -S 'batches=[digits-1,digits-2]'")
    project.run("git add . && git commit -qm 'Two batches' && git tag two")
    return project


@pytest.fixture(scope="module")
def top(project) -> Project:
    """The same commits of a project that is a git repository of its own, with the cache of the
    first.
    """
    top = Project(project.folder.parents[2] / "top", FILTER_BRANCH_SQUELCH_WARNING="1", **PERSON)
    project.run(f"git clone -q '{project.folder.parents[1]}' '{top.folder}'")
    top.run(f"git filter-branch --subdirectory-filter {INSIDE} --tag-name-filter cat one two main")
    return with_cache(top, project)


@pytest.fixture(scope="module")
def page(top) -> str:
    return compare(top, "one two")


def with_cache(other: Project, project: Project) -> Project:
    other.run(f"dvc cache dir --local '{project.folder}/.dvc/cache' && dvc checkout")
    return other


def compare(project: Project, arguments: str) -> str:
    return project.run(f"python -m assay compare {arguments}").stdout


def test_two_versions(project, page):
    assert "batches       1 → 2, + digits-2" in page
    assert "answers       0 → 1" in page
    assert "  accuracy " in page
    assert compare(project, "one two") == page
    data = page.partition("\n")[2].partition("\nMODEL")[0]
    assert data in compare(project, "one")
    assert " accuracy " in project.run("dvc metrics diff one two").stdout


def test_a_report(project):
    project.run(".ci/report one")
    comment = (project.folder / "comment.md").read_text()
    assert "- batches: 1 → 2, + `digits-2`\n" in comment
    assert "| accuracy | " in comment
    for plot in ("loss", "confusion", "reliability"):
        assert f"![{plot}](comment/{plot}.png)" in comment
        assert (project.folder / f"comment/{plot}.png").exists()
    project.run("rm -r comment comment.md")


def test_a_clone(project, page):
    """Every version is read from the remote of today, which is in no version's own configuration."""
    base = project.folder.parents[2]
    project.run(f"dvc remote add --local -d team '{base}/store' && dvc push -q -A")
    project.run(f"dvc remote add -d team '{base}/store' && git commit -qam 'Share'")
    project.run(f"git clone -q ../.. '{base}/clone'")
    other = Project(base / "clone" / INSIDE)
    assert compare(other, "one two") == page
    other.run("dvc pull")
    assert other.repro() == set()
    assert other.run("git status --porcelain").stdout == ""


def test_worktrees(project, top, page):
    for each, inside in ((project, INSIDE), (top, ".")):
        folder = each.folder.parent / "worktree"
        each.run(f"git worktree add -q '{folder}' two")
        tree = with_cache(Project(folder / inside), project)
        assert compare(tree, "one two") == page
        assert tree.repro() == set()


def test_what_is_not_found_is_no_change(project):
    gone = [str(path) for path in (paths.ANNOTATIONS, paths.LISTED, paths.CLEAN_METRICS)]
    for tag, files in {"some": gone, "all": ["dvc.yaml", "dvc.lock", "params.yaml"]}.items():
        project.run(f"git rm -rq {' '.join(files)} && git commit -qm 'Take out' && git tag {tag}")
        project.run("git reset -q --hard HEAD~1")
    found = json.loads(compare(project, "some two --json"))
    assert found["absent"] == {"some": gone}
    assert not {"batches", "answers", "examples"} & set(found["data"])
    page = compare(project, "two some")
    assert not re.search(r"^  (batches|examples|answers|parameters) ", page, re.MULTILINE)
    assert f"not found in some, so not compared: {', '.join(gone)}\n" in page
    assert "neither cached" not in page

    for tag, reason in {
        "before": "does not contain a DVC repo",
        "all": "it has no params.yaml",
    }.items():
        done = project.run(f"python -m assay compare {tag} two", check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(f"assay: {tag} cannot be read: .*{reason}\n", done.stderr)
