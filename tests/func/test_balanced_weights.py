"""Balanced weights: a rare class is found more often, and its probability is not called calibrated."""

import numpy as np
import pytest

from assay.contract import files, paths
from assay.contract.inference import Model
from tests.support.workspace import Workspace

pytestmark = pytest.mark.slow


def rare(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each of n examples is of a rare class, (n,), and three numbers of each, (n, 3)."""
    rng = np.random.default_rng(0)
    is_rare = rng.random(n) < 0.08
    return is_rare, rng.normal(size=(n, 3)) + is_rare[:, None] * [1.2, 0.8, 0.5]


def test_the_probabilities_of_balanced_weights_can_be_corrected(workspace: Workspace) -> None:
    is_rare, numbers = rare(600)
    labelled = zip(numbers, is_rare, strict=True)
    lines = [f"{a:.3f},{b:.3f},{c:.3f},{'fraud' if rare else 'ok'}" for (a, b, c), rare in labelled]
    workspace.raw({"examples.csv": "\n".join(["a,b,c,label", *lines, ""])})
    for key, value in (("batches", ["b"]), ("pretrain.batches", ["b"]), ("train.start", "frozen")):
        workspace.set(key, value)
    workspace.set("clean.folds", 0)
    workspace.set("train.class_weights", "balanced")
    for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean", "annotate"):
        workspace.done(stage)
    said = workspace.done("train")
    assert said.count("too high for rare ones; to correct them, see docs/selection.md\n") == 1
    info = files.read_json(paths.CLASSES)
    shares = np.array(info["class_shares"])
    assert info["classes"] == ["fraud", "ok"]
    assert 0.02 < shares[0] < 0.12
    assert abs(shares.sum() - 1) < 0.001
    is_rare, numbers = rare(5000)
    pred_probs = Model(paths.CLASSIFIER, portable=True, threads=1)(numbers)  # (n, 2)
    corrected = pred_probs * shares / (pred_probs * shares).sum(axis=1, keepdims=True)
    assert pred_probs[:, 0].mean() > 3 * is_rare.mean()
    assert corrected[:, 0].mean() < 1.5 * is_rare.mean()
    loss, corrected_loss = (
        -np.log(np.where(is_rare, p[:, 0], p[:, 1])).mean() for p in (pred_probs, corrected)
    )
    assert corrected_loss < 0.6 * loss
