"""Real images through the whole pipeline, by the README's two edits: MNIST, reduced to 3,000
examples.
"""

import gzip
import json

import pytest

from benchmarks.workspace import SHARED
from tests.support.pipeline import clone

PARTS = {"train": 2500, "t10k": 500}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SHARED / "mnist").is_dir(), reason="MNIST is not beside the repository"
    ),
]


def test_mnist(tmp_path):
    project = clone(tmp_path / "assay")
    folder = project.folder / "data/raw/mnist"
    folder.mkdir(parents=True)
    for part, n in PARTS.items():
        for kind, header, size in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
            content = gzip.decompress((SHARED / "mnist" / f"{part}-{kind}-ubyte.gz").read_bytes())
            head = content[:4] + n.to_bytes(4, "big") + content[8:header]
            (folder / f"{part}-{kind}-ubyte").write_bytes(
                head + content[header : header + n * size]
            )
    project.set(batches=["mnist"], pretrain__batches=["mnist"], portable=False, train__steps=150)
    project.run("dvc repro")
    scores = json.loads((project.folder / "metrics/evaluate.json").read_text())
    assert scores["accuracy"] > 0.9
    assert scores["test_examples"] == 500
