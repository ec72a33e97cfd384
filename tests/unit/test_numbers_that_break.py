"""What is not finite, not definite or too small ends in one line, or is worked around."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto
from scipy.linalg import cho_solve

from assay.catalogue import payloads
from assay.cleaning import cross_validation, network_recipe
from assay.contract import files, parameters, paths
from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.encoders import columns
from assay.measures import leave_one_out
from assay.training import linear_head, onnx_graph, unlike
from assay.training.classifier import LabelledExamples, Trained
from stages import evaluate

PARAMS = parameters.Parameters.model_construct(
    portable=True,
    memory="1 GiB",
    threads=1,
    embed=parameters.Embed.model_construct(batch_size=8),
    evaluate=parameters.Evaluate.model_construct(reliability_bins=10),
)


def test_sums_that_rounding_made_indefinite() -> None:
    rng = np.random.default_rng(0)
    axes, _ = np.linalg.qr(rng.normal(size=(9, 9)))
    target = rng.normal(size=(9, 2))
    values = np.array([*range(1, 9), -1e-4])
    clipped = np.maximum(values, 0) + 1e-6 * 36 / 9
    solved = cho_solve(leave_one_out.factor((axes * values) @ axes.T, 1e-6), target)
    assert np.allclose(solved, (axes / clipped) @ axes.T @ target, rtol=1e-3)


def test_a_table_of_one_column_is_solved_as_it_was_fitted() -> None:
    """Rounding makes the sums of some of these tables indefinite, at the smallest penalty."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels = rng.integers(2, size=1000)
        rows = rng.integers(10, size=(1000, 1)) + 5.0 * labels[:, None]
        graph = columns.numbers_graph(rows, {"features": {"x": "number"}})
        features = Model(graph, portable=True, threads=1)(rows)
        fitted = leave_one_out.fit([features], labels, 2, penalties=[1e-6])
        coef, intercept = leave_one_out.solve([features], labels, 2, 1e-6)
        assert np.allclose(features @ coef + intercept, fitted.predict(features), atol=0.02)


@pytest.mark.parametrize("zeros", [0, 50])
def test_features_that_are_not_finite_are_not_learned_from(zeros: int) -> None:
    rows = np.array([[1, np.nan, *[0] * zeros]], np.float32)
    with pytest.raises(InputError, match="features that are not finite"):
        linear_head.gather([rows])


def broken() -> bytes:
    """A classifier that gives NaN."""
    graph = onnx_graph.Graph()
    graph("Log", graph("Neg", "payload"), output="embedding")
    return graph.serialised("broken", (TensorProto.FLOAT, [2]))


def test_a_classifier_that_gives_no_numbers_is_not_written() -> None:
    rows = np.ones((3, 2), np.float32)
    examples = LabelledExamples(rows[:, 0], rows[:, 0], rows[:, 0], rows, lambda: [rows])
    trained = Trained(broken(), broken(), [], {}, 1.0)
    with pytest.raises(InputError, match=r"logits are not finite: lower train\.learning"):
        unlike.attach(trained, examples, examples, 2, portable=True, threads=1)


def test_a_classifier_that_gives_no_numbers_is_not_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files.write_bytes(paths.CLASSIFIER, broken())
    files.write_json(paths.CLASSES, {"classes": ["a", "b"]})
    monkeypatch.setattr(payloads, "read", lambda *_: [np.ones((3, 2), np.float32)])
    with pytest.raises(InputError, match=r"classifier\.onnx gives probabilities that are no num"):
        evaluate.predict(pd.DataFrame({"answer": ["a", "b", "a"]}), ["a", "b"], PARAMS)


def test_no_more_folds_than_examples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    class Network:
        def __init__(self, *_: object) -> None:
            pass

        def first_filters(self, _payload: np.ndarray) -> None:
            return None

        def build(self, _n_classes: int, **_: object) -> tuple[None, None]:
            return None, None

        def prepare(self, payload: np.ndarray) -> np.ndarray:
            return payload

        def augment(self, payload: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
            return payload

    fits = []
    monkeypatch.setattr(payloads, "read", lambda *_, **__: [np.zeros((4, 2))])
    monkeypatch.setattr(files, "read_json", lambda _: {})
    monkeypatch.setattr(cross_validation, "OwnNetwork", Network)
    monkeypatch.setattr(cross_validation.fitting, "fit", lambda *_, **__: fits.append(1))
    monkeypatch.setattr(
        cross_validation.fitting, "logits", lambda _, rows: np.zeros((len(rows), 2))
    )
    known, targets = np.array([0, 1, 3]), np.eye(2)[[0, 1, 0]]
    recipe = network_recipe.Recipe(folds=100, epochs=1, views=1)
    examples = pd.DataFrame({"id": range(4)})
    cross_validation.log_probabilities(examples, known, targets, recipe, PARAMS)
    assert len(fits) == 3
    assert "clean.folds: 3, since" in capsys.readouterr().err


def train_for_8_steps(**how: Any) -> None:
    from assay.training import fitting, networks
    from assay.training.batches import Batches, Examples

    fitting.fix(0, portable=True, threads=1)
    rng = np.random.default_rng(0)
    examples = Examples(rng.normal(size=(32, 4)), rng.integers(2, size=32), np.ones(32))
    model = networks.classifier(networks.encoder((4,)), 2)
    batches = Batches(examples, 16, lambda rows, _: rows, 0)
    fitting.fit(model, batches, fitting.CROSS_ENTROPY, epochs=4, **how)


def test_a_training_that_diverges_ends_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^the loss is not finite at epoch \d: mend it$"):
        train_for_8_steps(learning_rate=1e300, remedy="mend it")


def test_a_training_that_would_change_no_weight_is_refused(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(
        InputError,
        match=r"^params.yaml: train.gradient_accumulation: 9 batches .* but training has 8: use 8",
    ):
        train_for_8_steps(learning_rate=0.1, accumulated=9)
    train_for_8_steps(learning_rate=0.1, accumulated=8)
    assert "left over" not in capsys.readouterr().err
    train_for_8_steps(learning_rate=0.1, accumulated=3)
    assert "gradient_accumulation: 2 of 8 steps are left over at" in capsys.readouterr().err


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (2, 2, 3)])
def test_the_large_network_takes_a_pixel(shape: tuple[int, ...]) -> None:
    from assay.training import networks

    model = networks.classifier(networks.encoder(shape, large=True), 3)
    assert model(np.zeros((2, *shape), np.uint8)).shape == (2, 3)
