"""Packages against stages: what an edit to a package of assay/ makes stale, as the real DVC says."""

import json
from pathlib import Path

import pytest

from tests.support.pipeline import Project, clone
from tests.unit.test_dvc_yaml import STAGES, outs_of
from tests.unit.test_packages import ORDER

pytestmark = pytest.mark.slow

ALL = set(STAGES)
STALE = {
    "contract": ALL,
    "modalities": ALL - {"batches", "sample", "deploy"},
    "layouts": {"collect"},
    "collecting": {"collect"},
    "training": {"pretrain", "clean", "train", "evaluate"},
    "encoders": {"pretrain"},
    "catalogue": {"clean", "annotate", "train", "evaluate", "queue", "report"},
    "measures": {"clean", "annotate", "evaluate", "queue"},
    "cleaning": {"clean", "evaluate"},
    "annotation": {"annotate", "queue"},
    "evaluation": {"evaluate"},
    "release": {"deploy", "report"},
    "reporting": {"report"},
    "comparison": set(),
    "labelling": set(),
    "review": set(),
    "inspection": set(),
    "exporting": set(),
}
BEFORE_CLEAN = {"collect", "sample", "pretrain", "embed"}
SPARING = ORDER[ORDER.index("cleaning") :]  # what judges, compares or shows


def outputs(project: Project) -> set[Path]:
    """The outputs of all stages, of every batch where a stage runs once a batch."""
    outs = {out for stage in STAGES.values() for out in outs_of(stage)}
    batches = project.yaml("params.yaml")["batches"]
    return {project.folder / out.replace("${item}", batch) for out in outs for batch in batches}


def changed(project: Project) -> dict[str, set[str]]:
    """The changed dependencies of each stage (`collect@digits-1`) that `dvc status` calls stale."""
    status = json.loads(project.run("dvc status --json").stdout)
    return {
        stage: {dep for reason in reasons for dep in reason["changed deps"]}
        for stage, reasons in status.items()
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone whose dvc.lock is up to date. No stage ran: what the outputs hold does not matter."""
    project = clone(tmp_path_factory.mktemp("matrix") / "assay")
    for path in outputs(project):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("made up")
    project.run("dvc commit --force --quiet")
    return project


def test_nothing_is_stale_before_an_edit(project: Project) -> None:
    assert changed(project) == {}


@pytest.mark.parametrize("package", ORDER)
def test_an_edit_makes_stale_what_the_table_says(project: Project, package: str) -> None:
    module = min((project.folder / "assay" / package).glob("[a-z]*.py"))
    source = module.read_text()
    module.write_text(f"{source}# a comment\n")
    found = changed(project)
    module.write_text(source)
    items = project.yaml("dvc.lock")["stages"]
    stale = {item for item in items if item.partition("@")[0] in STALE[package]}
    assert found == {item: {f"assay/{package}"} for item in stale}


@pytest.mark.parametrize("package", SPARING)
def test_what_judges_never_reruns_what_reads(package: str) -> None:
    assert not STALE[package] & BEFORE_CLEAN
