"""`unlike`, the second output of the released graph: what it means, and that it is as defined."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from scipy.spatial.distance import cdist

from assay.contract.inference import UNLIKE, Model
from assay.training import onnx_graph, unlike
from assay.training.classifier import LabelledExamples, Trained
from assay.training.onnx_graph import Graph

HOW = {"portable": True, "threads": 1}
CENTRES = 3 * np.eye(3, 8)  # of classes


def drawn(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (CENTRES[rng.integers(3, size=n)] + rng.normal(size=(n, 8))).astype(np.float32)


def examples(payload: np.ndarray) -> LabelledExamples:
    none = np.zeros(len(payload))
    blocks = np.array_split(payload, 7)
    return LabelledExamples(none, none, none, none, lambda: iter(blocks))


def classifier(opset: int = 15, *, wide: bool = False) -> Trained:
    content = onnx_graph.linear_head(CENTRES.T, np.zeros(3), opset, wide=wide)
    return Trained(content, content, [], {}, 1.0)


@pytest.mark.parametrize(("opset", "wide"), [(11, False), (15, False), (18, False), (15, True)])
def test_held_out_examples_are_uniform_and_far_ones_near_one(opset, wide):
    trained = classifier(opset, wide=wide)
    sets = examples(drawn(5001, 0)), examples(drawn(600, 1))
    graph, meaning = unlike.attach(trained, *sets, 3, **HOW)
    assert (meaning["held_out"], meaning["split"]) == (600, "validation")
    assert graph == unlike.attach(trained, *sets, 3, **HOW)[0]
    model, new = Model(graph, UNLIKE, **HOW), drawn(4000, 2)
    shares = model(new)
    assert shares.dtype == np.float32
    assert shares.shape == (4000,)
    levels = np.array([0.1, 0.5, 0.9, 0.99])
    assert np.quantile(shares, levels) == pytest.approx(levels, abs=0.06)
    assert np.mean(shares > 0.99) == pytest.approx(0.01, abs=0.01)
    between = np.tile(CENTRES.mean(axis=0), (2, 1)).astype(np.float32)
    far = between if wide else np.concatenate([between, new[:5] + 20])
    assert model(far).min() > 0.95 if wide else model(far)[2:].min() > 0.999
    probabilities = Model(trained.onnx, **HOW)(new)
    assert Model(graph, **HOW)(new).tobytes() == probabilities.tobytes()


def test_few_validation_examples_are_said(capsys):
    sets = examples(drawn(300, 0)), examples(drawn(39, 1))
    graph, meaning = unlike.attach(classifier(), *sets, 3, **HOW)
    assert (meaning["held_out"], meaning["split"]) == (150, "train")
    said = capsys.readouterr().err
    assert "only 39 validation examples: `unlike` is calibrated on 150 training examples" in said
    assert "so new examples get too high values" in said
    assert "a larger collect.validation makes them more" in said
    assert "held-out" not in meaning["meaning"]
    assert np.mean(Model(graph, UNLIKE, **HOW)(drawn(2000, 2))) == pytest.approx(0.5, abs=0.06)


def test_two_examples_and_constant_features_do():
    payload = np.zeros((4, 8), np.float32)
    graph, _ = unlike.attach(classifier(), examples(payload[:2]), examples(payload[:0]), 3, **HOW)
    assert Model(graph, UNLIKE, **HOW)(payload) == pytest.approx(0)
    assert Model(graph, UNLIKE, **HOW)(payload + 1) == pytest.approx(1)


def test_distances_equal_those_of_numpy():
    usual, new = drawn(200, 0).astype(np.float64), drawn(50, 1)
    groups = np.eye(2)[np.arange(200) % 2] / 100
    graph = Graph()
    names = (
        unlike._length(graph, "payload", usual, groups),
        unlike._angle(graph, "payload", usual, groups),
    )
    graph("Concat", *names, axis=1, output="both")
    given = (TensorProto.FLOAT, [8])
    found = Model(graph.serialised("g", given, outputs=["both"]), **HOW)(new)
    assert found[:, 0] == pytest.approx(cdist(new, groups.T @ usual).min(axis=1), rel=1e-3)
    more = np.sqrt(np.square(usual).sum(axis=1).mean()) / 2
    usual, new = (np.insert(x, 0, more, axis=1) for x in (usual, new.astype(np.float64)))
    means = groups.T @ (usual / np.linalg.norm(usual, axis=1, keepdims=True))
    assert found[:, 1] == pytest.approx(cdist(new, means, "cosine").min(axis=1), abs=1e-3)


@pytest.mark.parametrize("n", [50, 3000])
def test_the_share_is_that_of_held_out_scores(n):
    scores = np.random.default_rng(0).gumbel(size=n)
    graph = Graph()
    unlike._calibrate(graph, "payload", scores)
    given = {"outputs": [UNLIKE], "output_type": (TensorProto.FLOAT, 1)}
    model = Model(graph.serialised("g", (TensorProto.FLOAT, [1]), **given), **HOW)
    shares = model(scores[:, None].astype(np.float32))
    below = (scores <= scores[:, None]).mean(axis=1)
    assert np.abs(shares - below).max() < 0.01 + 1 / n * 3
    points = np.linspace(-9, 99, 999, dtype=np.float32)[:, None]
    assert np.all(np.diff(model(points)) >= -1e-6)
    assert model(points)[[0, -1]] == pytest.approx([0, 1], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("mirror", [False, True])
def test_a_network_gives_what_its_last_layer_reads(mirror):
    import keras

    from assay.training import fitting, networks, onnx_export

    fitting.fix(0, portable=False, threads=1)

    def build() -> keras.Model:
        model = networks.classifier(networks.encoder((8, 8, 1)), 3)
        return networks.mirrored(model) if mirror else model

    network = build()
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    content = onnx_export.export_classifier(network, build, 2.0)
    probabilities, evidence = (
        Model(content, output, **HOW)(pictures) for output in ("probabilities", "evidence")
    )
    graph = onnx.load_from_string(content).graph
    shapes = [value.type.tensor_type.shape.dim for value in [*graph.input, *graph.output]]
    assert {shape[0].dim_param for shape in shapes} == {"n"}  # the export's own name may differ
    logits = network.predict(pictures, verbose=0) / 2
    assert evidence[:, :3] == pytest.approx(logits, abs=0.02)
    features = keras.Model(network.input, networks.last_features(network))
    assert evidence[:, 3:] == pytest.approx(features.predict(pictures, verbose=0), abs=0.02)
    assert np.allclose(probabilities.sum(axis=1), 1)
