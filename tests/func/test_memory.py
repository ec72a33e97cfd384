"""No output depends on the budget of memory; what does not fit into it ends in one line."""

import numpy as np
import pytest
from PIL import Image

from assay.contract import paths
from tests.support.workspace import Workspace

pytestmark = pytest.mark.slow

STAGES = ("collect@b", "sample@b", "pretrain", "embed@b", "clean")
OUTPUTS = (paths.examples("b"), paths.sample("b"), paths.ENCODER, paths.embeddings("b"))


@pytest.fixture
def photos(workspace: Workspace) -> Workspace:
    """Forty photos of 300 x 280 pixels, which stay as large."""
    rng = np.random.default_rng(0)
    for number in range(40):
        label = "dark" if number % 2 else "light"
        folder = workspace.root / "data/raw/b" / label
        folder.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(128, size=(30, 28, 3), dtype=np.uint8)
        pixels = noise.repeat(10, axis=0).repeat(10, axis=1) + 127 * (label == "light")
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    workspace.set("batches", ["b"])
    workspace.set("pretrain.batches", ["b"])
    workspace.set("collect.resize", [300, 280])
    return workspace


def test_the_same_bytes_with_any_budget(photos: Workspace) -> None:
    built = []
    for memory in ("1 GiB", "4 GiB", "16 GiB"):
        photos.set("memory", memory)
        for stage in STAGES:
            photos.done(stage)
        built.append([path.read_bytes() for path in (*OUTPUTS, paths.QUALITY, paths.PRED_PROBS)])
    assert built[0] == built[1] == built[2]


def test_what_does_not_fit_is_one_line(photos: Workspace) -> None:
    for stage in STAGES[:3]:
        photos.done(stage)
    photos.set("memory", "1 MiB")
    result = photos.run("embed@b")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "memory in params.yaml allows 1 MiB: raise memory, or make the example smaller" in line
