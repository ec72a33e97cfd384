"""A fresh clone gives the committed bytes, wherever and however it is run, and not much slower than an import."""

import shutil
import sys
import time

import pytest

from tests.func.pipeline import Project, clone

pytestmark = pytest.mark.slow

UNUSUAL = {"LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "2"}
SLOWEST = 20  # imports of TensorFlow; benchmarks/default_run.py measures what it is, this only guards it


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    folder = tmp_path_factory.mktemp("fresh")
    return clone(folder / "assay", HOME=str(folder))


def test_fresh_clone_is_clean_after_repro(project):
    start = time.perf_counter()
    project.run(f"'{sys.executable}' -c 'import tensorflow'")
    imported = time.perf_counter()
    assert project.repro()
    assert (time.perf_counter() - imported) / (imported - start) < SLOWEST
    assert project.run("git status --porcelain").stdout == ""
    assert project.repro() == set()


def test_the_released_model_predicts_a_file(project):
    script = (
        "import io, pyarrow.parquet as pq; from PIL import Image;"
        "row = pq.read_table('data/raw/digits-1/examples.parquet').to_pylist()[0];"
        "Image.open(io.BytesIO(row['image'])).save('one.png')"
    )
    project.run(f'python -c "{script}"')
    name, label, probability = project.run("python -m assay predict one.png").stdout.split()
    assert name == "one.png"
    assert label in "0123456789"
    assert 0.1 <= float(probability) <= 1
    assert "median ms" in project.run("python -m benchmarks.prediction").stdout


def test_same_bytes_in_an_unusual_place(tmp_path):
    project = clone(tmp_path / "Grüße aus 北京, mit Leerzeichen", HOME=str(tmp_path), **UNUSUAL)
    one_core = "taskset -c 0 " if shutil.which("taskset") else ""
    project.run(f"umask 077; {one_core}python -m dvc repro")
    assert project.run("git status --porcelain").stdout == ""
