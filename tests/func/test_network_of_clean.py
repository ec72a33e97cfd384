"""Networks in `clean`, at native speed: they run, and give the same bytes twice."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from assay.contract import paths
from tests.support.workspace import Workspace

pytestmark = pytest.mark.slow
N = 200
N_WRONG = 12


def test_networks_at_native_speed_give_the_same_bytes(workspace: Workspace) -> None:
    digits = load_digits(n_class=2)
    pairs = zip(digits.images[:N], digits.target[:N], strict=True)
    files: dict[str, bytes] = {}
    for number, (pixels, label) in enumerate(pairs):
        written = label if number >= N_WRONG else 1 - label
        file = io.BytesIO()
        Image.fromarray(np.uint8(pixels * 15)).convert("RGB").save(file, "PNG")
        files[f"{written}/{number}.png"] = file.getvalue()
    workspace.raw(files)
    for key, value in (("batches", ["b"]), ("pretrain.batches", ["b"]), ("portable", False)):
        workspace.set(key, value)
    workspace.set("clean.folds", 2)
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b"):
        workspace.done(stage)
    said = workspace.done("clean")
    first = paths.PRED_PROBS.read_bytes()
    assert "fold 2 of 2" in said
    workspace.done("clean")
    assert paths.PRED_PROBS.read_bytes() == first
