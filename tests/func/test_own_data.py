"""A user's own batch is never lost: tracked, shared, experimented with, and brought back, with the
real DVC.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from assay.training import onnx_graph
from tests.support import tiny_bert
from tests.support.own_batches import (
    ADDED,
    COMMON,
    QUICK,
    RAW,
    UP_TO_DATE,
    WORDS,
    drawings,
    parquet_table,
    raw_bytes,
    rows_of_all_kinds,
    sounds,
    texts,
)
from tests.support.pipeline import PERSON, Project, clone

pytestmark = pytest.mark.slow

PRETRAINED = "models/pretrained"
MORE = "data/raw/more"


def flat_encoder(folder: Path) -> None:
    """An encoder of images, as one file: the pixels in a row."""
    graph = onnx_graph.Graph()
    graph("Flatten", "payload", output="embedding")
    (folder / "flat.onnx").write_bytes(graph.serialised("flat", (TensorProto.FLOAT, [1, 17, 15])))


def bert_encoder(folder: Path) -> None:
    """An encoder of texts, as a folder."""
    (folder / "bert").mkdir()
    tiny_bert.save(folder / "bert", sorted({*COMMON, *WORDS["low"], *WORDS["high"], *"底部高い"}))


@dataclass
class Layout:
    """How the batches `../mine` and `../more` are made, what a user types to track them, and what
    else is set.
    """

    make: list[Callable[[Path, np.random.Generator], None]]
    typed: list[str]
    params: dict[str, object] = field(default_factory=dict)


LAYOUTS = {
    "images, and a folder from elsewhere": Layout(
        [drawings, drawings],
        [
            *ADDED,
            f"dvc import-url $PWD/../more {MORE}",
            f"cp ../encoders/flat.onnx {PRETRAINED}/",
            f"dvc add {PRETRAINED}/flat.onnx",
        ],
        {"pretrain__encoder": "flat.onnx"},
    ),
    "sounds": Layout([sounds], ADDED),
    "one CSV, a file that is tracked in its folder": Layout(
        [texts],
        [
            f"cp -r ../mine {RAW}",
            f"dvc add {RAW}/examples.csv",
            f"cp -r ../encoders/bert {PRETRAINED}/",
            f"dvc add {PRETRAINED}/bert",
        ],
        {"pretrain__encoder": "bert"},
    ),
    "one Parquet, and a file from elsewhere": Layout(
        [parquet_table, rows_of_all_kinds],
        [*ADDED, f"mkdir {MORE}", f"dvc import-url $PWD/../more/examples.csv {MORE}/examples.csv"],
    ),
}


@dataclass
class Own:
    """A pipeline of own batches, built, committed and tagged `own`, and the raw bytes of that
    version.
    """

    project: Project
    raw: dict[str, bytes]


@pytest.fixture(scope="module", params=LAYOUTS)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Own:
    layout, folder = LAYOUTS[request.param], tmp_path_factory.mktemp("own")
    batches = ["mine", "more"][: len(layout.make)]
    for name in (*batches, "encoders"):
        (folder / name).mkdir()
    for number, (make, batch) in enumerate(zip(layout.make, batches, strict=True)):
        make(folder / batch, np.random.default_rng(number))
    flat_encoder(folder / "encoders")
    bert_encoder(folder / "encoders")
    project = clone(folder / "assay", **PERSON)
    project.run("git tag default && dvc remote add --default team ../remote")
    project.run("\n".join(["set -e", *layout.typed]))
    project.set(batches=batches, pretrain__batches=["mine"], **QUICK, **layout.params)
    ran = project.repro()
    assert "collect@mine" in ran
    assert "digits" not in ran
    project.run("git add . && git commit -qm 'Own data' && git tag own && dvc push")
    return Own(project, raw_bytes(project))


def test_a_colleague_has_every_raw_byte(own: Own) -> None:
    bela = Project(own.project.folder.parent / "bela", **PERSON)
    Project(own.project.folder.parent).run("git clone -q assay bela")
    bela.run("dvc pull")
    assert raw_bytes(bela) == own.raw
    assert bela.run("dvc repro").stdout.endswith(UP_TO_DATE)
    assert bela.run("git status --porcelain").stdout == ""
    assert bela.run("dvc status").stdout == UP_TO_DATE


@pytest.mark.parametrize(
    "own", [name for name in LAYOUTS if name != "sounds"], indirect=True
)  # tracked as images are
def test_experiments_versions_and_garbage_leave_the_raw_data(own: Own) -> None:
    project = own.project

    def whole(command: str) -> str:
        said = project.run(command).stdout
        assert raw_bytes(project) == own.raw, command
        return said

    assert whole("dvc data status") == "No changes.\n"
    assert "data/raw" not in whole("git clean -n -d")
    whole("dvc exp run -S evaluate.resamples=101 evaluate")
    whole("git checkout -f . && dvc checkout")
    queue = "dvc exp run --queue -S evaluate.resamples=102 --name second evaluate"
    whole(f"{queue} && dvc exp run --run-all")
    whole("dvc exp apply second")
    assert project.yaml("params.yaml")["evaluate"]["resamples"] == 102
    whole("git checkout -f . && dvc checkout")
    project.run(
        "git checkout -q default && dvc checkout", check=False
    )  # what the digits gave was never made here
    whole("git checkout -q - && dvc checkout")
    whole("dvc gc --workspace --force && dvc checkout")
    whole("dvc gc --all-tags --force && dvc checkout")
    assert whole("dvc data status") == "No changes.\n"
    project.run("find data/raw/m* -type f -not -name '*.dvc' -not -name .gitignore -delete")
    assert project.run("dvc data status").stdout != "No changes.\n"
    whole("dvc checkout")
    assert project.run("dvc status").stdout == UP_TO_DATE
