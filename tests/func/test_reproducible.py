"""A fresh clone gives the committed bytes, wherever and however it is run, and not much slower than
an import.
"""

import re
import shutil

import pytest

from benchmarks.workspace import ROOT
from tests.support.pipeline import PERSON, clone

pytestmark = pytest.mark.slow

UNUSUAL = {
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "7",
    "OPENBLAS_NUM_THREADS": "2",
}
RECOVERY = ROOT / "docs" / "recovery.md"
SLOWEST = (
    20  # imports of TensorFlow; benchmarks/default_run.py measures what it is, this only guards it
)


def test_fresh_clone_is_clean_after_repro(first_run):
    assert first_run.stages
    assert first_run.imports_of_tensorflow < SLOWEST
    assert first_run.project.run("git status --porcelain --untracked-files=no").stdout == ""
    assert first_run.project.repro() == set()


def test_the_released_model_predicts_a_file(first_run):
    project = first_run.project
    script = (
        "import io, pyarrow.parquet as pq; from PIL import Image;"
        "row = pq.read_table('data/raw/digits-1/examples.parquet').to_pylist()[0];"
        "Image.open(io.BytesIO(row['image'])).save('one.png')"
    )
    project.run(f'python -c "{script}"')
    name, label, probability, unlike = project.run("python -m assay predict one.png").stdout.split()
    assert name == "one.png"
    assert label in "0123456789"
    assert 0.1 <= float(probability) <= 1
    assert 0 <= float(unlike) <= 1
    assert "median ms" in project.run("python -m benchmarks.prediction").stdout
    (project.folder / "one.png").unlink()


GONE = "rm -rf .dvc/cache data/[ce]* data/annotated models/[ce]* release plots/predictions.csv"
BROKEN = {  # how, before what docs/recovery.md says of it is typed
    "A run was killed, or the disk was full": "rm -rf release plots/predictions.csv",
    "DVC cannot read its own files": "truncate -s 8192 dvc.lock; truncate -s 0 .dvc/tmp/rwlock",
    "An output was edited, cut short or deleted": "rm data/cleaned/labels.csv; echo 1 > models/classifier/classes.json",
    "The cache was lost, or is damaged": "chmod -R u+w .dvc/cache; find .dvc/cache -type f | xargs truncate -s 1",
    "Outputs and cache are both gone": GONE,
    "An old version is wanted, and no cache or remote holds it": f"git commit -q --allow-empty -m more; {GONE}",
    "params.yaml is a mess": "echo '{' > params.yaml",
}


def test_what_to_do_when_something_is_broken(first_run):
    project = first_run.project
    sections = re.findall(
        r"^## (.*)\n(?:.*\n)*?```console\n((?:\$ .*\n)+)```", RECOVERY.read_text(), re.MULTILINE
    )
    assert [heading for heading, _ in sections] == list(BROKEN)
    project.environ |= PERSON
    before = project.run("find data models release plots -type f | sort | xargs md5sum").stdout
    for heading, commands in sections:
        project.run(BROKEN[heading])
        for command in commands.splitlines():
            project.run(command.removeprefix("$ "))
        assert project.run("git status --porcelain").stdout == "", heading
        assert project.repro() == set(), heading
        assert (
            project.run("find data models release plots -type f | sort | xargs md5sum").stdout
            == before
        ), heading
        assert project.run("dvc status").stdout == "Data and pipelines are up to date.\n", heading


def test_same_bytes_in_an_unusual_place(tmp_path):
    project = clone(tmp_path / "Grüße aus 北京, mit Leerzeichen", HOME=str(tmp_path), **UNUSUAL)
    one_core = "taskset -c 0 " if shutil.which("taskset") else ""
    project.run(f"umask 077; {one_core}python -m dvc repro")
    assert project.run("git status --porcelain").stdout == ""
