"""Training goes on after it was killed, stops early, and weighs classes."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from assay.contract import files, paths
from assay.training import classifier, linear_head, linear_probe, onnx_graph


@pytest.mark.slow
def test_stored_payloads_are_read_back_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from assay.contract.stored_rows import StoredRows

    monkeypatch.chdir(tmp_path)
    pictures = np.arange(10 * 6, dtype=np.uint8).reshape(10, 2, 3)
    stored = StoredRows(iter([pictures[:7], pictures[7:]]))
    assert np.array_equal(stored[np.array([9, 0, 6, 9])], pictures[[9, 0, 6, 9]])
    texts = np.array(["", "ä", "a longer one"], object)
    stored = StoredRows([texts])
    assert stored[np.array([2, 0, 1])].tolist() == ["a longer one", "", "ä"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


DAMAGES = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "zeros inside": lambda content: content[:200] + bytes(400) + content[600:],
    "another archive": lambda content: another(),
}


def another() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_discarded(damage, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    state = {"key": "a", "rows": [{"epoch": 1}]}
    files.write_checkpoint({"0": np.arange(1000)}, state)
    assert files.read_checkpoint()[1] == state
    file = next(path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(damage(file.read_bytes()))
    assert files.read_checkpoint() == ({}, {})
    said = "assay: .dvc/tmp/assay/checkpoint.npz is damaged and discarded: training begins anew\n"
    assert capsys.readouterr().err == said
    assert files.read_checkpoint() == ({}, {})
    assert capsys.readouterr().err == ""


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append((os.fstat(number).st_size, Path("a").exists()))
    )
    files.write_bytes(Path("a"), b"content")
    assert synced == [(len(b"content"), False)]


def test_balanced_weights_have_the_same_sum_for_each_class():
    codes, weights = np.array([0, 0, 0, 2]), np.array([1.0, 1.0, 0.5, 0.5])
    balanced = classifier.balanced_weights(codes, weights)
    assert np.bincount(codes, balanced).tolist() == pytest.approx([1.5, 0, 1.5])
    assert balanced[0] == 2 * balanced[2]


@pytest.mark.parametrize("class_weights", ["balanced", "none"])
def test_a_linear_classifier_balances_all_that_it_is_fitted_on(
    class_weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The last fit is on both splits, whose classes have other shares."""
    sums = []

    def fit(features, labels, weights, *others, **options):
        sums.append(np.bincount(labels, weights).tolist())
        return linear_head.LinearHead(np.eye(2), np.zeros(2), 1.0)

    def split(codes: list[int]) -> classifier.LabelledExamples:
        values = np.array(codes)
        half = np.full(len(codes), 0.5)
        return classifier.LabelledExamples(
            values.astype(str), values, half, values, lambda: [np.eye(2)[values]]
        )

    class Encoder:
        output = "features"

        def __call__(self, block: np.ndarray) -> np.ndarray:
            return block

    monkeypatch.setattr(linear_head, "fit", fit)
    monkeypatch.setattr(linear_probe, "Model", lambda *_, **__: Encoder())
    monkeypatch.setattr(onnx_graph, "with_linear_head", lambda *_: b"")
    monkeypatch.setattr(paths, "ENCODER", tmp_path / "encoder.onnx")
    paths.ENCODER.write_bytes(b"")
    of_train = SimpleNamespace(class_weights=class_weights)
    params = SimpleNamespace(train=of_train, portable=True, threads=1)
    trained = linear_probe.fit(split([0] * 8 + [1] * 2), split([0, 1, 1, 1]), 2, params)
    assert trained.learned_validation
    balanced = [[2.5, 2.5], [3.5, 3.5]]
    assert sums == (balanced if class_weights == "balanced" else [[4, 1], [4.5, 2.5]])
    assert not linear_probe.fit(split([0, 1]), split([]), 2, params).learned_validation


def test_soft_labels_tell_what_else_is_possible():
    """A person's answer stands; a class that no label names is left out."""
    rows = [
        ["judged", "b", 0.25],
        ["judged", "gone", 0.1],
        ["answered", "b", 0.4],
        ["dropped", "b", 1.0],
    ]
    alternatives = pd.DataFrame(rows, columns=["id", "label", "confidence"])
    examples = pd.DataFrame(
        {"id": ["answered", "judged"], "code": [0, 0], "source": ["human", "consensus"]}, [5, 7]
    )
    soft = classifier.soft_labels(examples, alternatives, ["a", "b"])
    assert soft.tolist() == [[1, 0], [0.75, 0.25]]


def test_constants_keep_the_digits_that_every_processor_gives():
    values = (
        np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-10, 10).repeat(50)
    ).astype(np.float32)
    found = onnx_graph.rounded(values)
    assert found.dtype == np.float32
    assert found == pytest.approx(values, rel=2**-12)
    assert (
        np.mean(found != onnx_graph.rounded(np.nextafter(values, np.float32(9e9)))) < 0.01
    )  # else one in two
    assert onnx_graph.rounded(np.array([0, -1, 3, 4095], np.float32)).tolist() == [0, -1, 3, 4095]


@pytest.mark.slow
@pytest.mark.parametrize(("patience", "soft"), [(0, False), (2, True)])
def test_a_killed_training_goes_on_to_the_same_weights(
    patience: int,
    soft: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    """Killed after each epoch in turn; with patience it must stop where it would have, at the best weights."""
    from assay.training import fitting, networks
    from assay.training.batches import Batches, Examples

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(90, 4)).astype(np.float32), rng.integers(2, size=90)
    labels = np.eye(2)[labels] if soft else labels
    own, checked = (
        Examples(rows[part], labels[part], np.ones(len(labels[part])))
        for part in (slice(60), slice(60, 90))
    )

    def learn(key: str) -> tuple[list[dict], list[np.ndarray]]:
        fitting.fix(0, portable=True, threads=1)
        model = networks.classifier(networks.encoder((4,)), 2)
        batches = Batches(own, 16, lambda raw, rng: raw + rng.normal(size=raw.shape), 0)
        how = {"epochs": 6, "accumulated": 2, "patience": patience, "metrics": ["accuracy"]}
        loss = fitting.cross_entropy(0.1, soft=soft)
        curve = fitting.fit(
            model, batches, loss, learning_rate=0.05, validation=checked, key=key, **how
        )
        return curve, model.get_weights()

    def killed_after_writing(arrays: dict, state: dict) -> None:
        write(arrays, state)
        raise KeyboardInterrupt

    curve, weights = learn("")
    assert len(curve) < 6 if patience else len(curve) == 6
    write = files.write_checkpoint
    for epoch in range(1, len(curve) + (not patience)):
        monkeypatch.setattr(files, "write_checkpoint", killed_after_writing)
        with pytest.raises(KeyboardInterrupt):
            learn("a")
        assert files.read_checkpoint()[1]["rows"] == curve[:epoch]
    monkeypatch.setattr(files, "write_checkpoint", write)
    capsys.readouterr()
    gone_on = learn("a")
    last = len(curve) - bool(patience)  # the last epoch after which a checkpoint was written
    assert f"interrupted after epoch {last}, " in capsys.readouterr().err
    assert gone_on[0] == curve
    assert all(map(np.array_equal, gone_on[1], weights))
    anew = learn("b")
    assert "interrupted" not in capsys.readouterr().err
    assert anew[0] == curve
    assert all(map(np.array_equal, anew[1], weights))
    if patience:
        best = min(curve, key=lambda row: row["validation_loss"])["epoch"]
        assert best < len(curve)


@pytest.mark.parametrize(("n", "epochs"), [(1, "1 epoch"), (2, "2 epochs")])
def test_what_is_ahead_and_why_it_ended_is_told(capsys, n, epochs):
    from assay.training.progress import Progress

    progress = Progress([], n, patience=n)
    progress.set_params({"steps": 1})
    progress.on_train_begin()
    progress.on_train_end()
    ahead = f"training: at most {epochs} of 1 step\n"
    assert capsys.readouterr().err == (
        f"{ahead}stopped after epoch 0: no lower validation loss for {epochs}\n"
    )


@pytest.mark.parametrize(("columns", "scores"), [(200, 4), (111, 4), (80, 2), (30, 0)])
def test_the_line_of_an_epoch_fits_the_terminal(capsys, monkeypatch, columns, scores):
    from assay.training.progress import Progress

    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    names = ["accuracy", "loss", "validation_accuracy", "validation_loss"]
    progress = Progress([{"epoch": 1, **dict.fromkeys(names, 0.5)}], 12, patience=1)
    progress.set_params({"steps": 1})
    progress.on_train_begin()
    progress.counted_from = 0
    progress.on_epoch_end(0)
    progress.on_train_end()
    line, stopped = capsys.readouterr().err.split("\n")[1].split("\r")
    assert len(line) == min(columns - 1, 110)
    assert len(stopped) >= len(line)  # it covers it
    assert line.count("0.5") == scores
    start = "epoch 1/12: validation accuracy 0.5000, validation loss 0.5000; "
    assert line.startswith(start if scores == 2 else "epoch 1/12: ")
    assert line.rstrip().endswith("s left")


@pytest.mark.slow
def test_texts_of_about_one_length_share_a_batch(tmp_path, monkeypatch):
    from assay.contract.stored_rows import StoredRows
    from assay.training.batches import Batches, Examples

    monkeypatch.chdir(tmp_path)
    texts = ["x" * length for length in np.random.default_rng(0).integers(1, 200, 1000)]
    examples = Examples(StoredRows([np.array(texts, object)]), np.arange(1000), np.ones(1000))
    batches = Batches(examples, 20, lambda raw, _: raw, 0)
    seen = [batches[index] for index in range(len(batches))]
    filled = sum(len(raw) * max(map(len, raw)) for raw, _, _ in seen)
    assert filled < 1.3 * sum(map(len, texts))  # in any order it would be nearly twice
    assert sorted(np.concatenate([labels for _, labels, _ in seen])) == list(range(1000))
    order, random = batches.order, batches.random
    batches.on_epoch_end()
    assert not np.array_equal(batches.order, order)
    batches.resume(random)
    assert np.array_equal(batches.order, order)


@pytest.mark.slow
def test_no_thread_tunes_how_batches_are_read():
    from assay.training.batches import Batches, Examples, Untuned

    examples = Examples(np.arange(100.0)[:, None], np.arange(100), np.ones(100))
    batches = Batches(examples, 20, lambda raw, _: raw, 0)
    read = Untuned(batches).get_tf_dataset()
    assert read.options().autotune.enabled is False  # TensorFlow waits for the thread at the end
    labels = [label for _, part, _ in read for label in part.numpy()]
    assert labels == list(batches.order[: len(batches) * batches.size])


@pytest.mark.slow
def test_an_encoder_is_exported_in_one_form():
    import onnx

    from assay.training import networks, onnx_export

    def build():
        return networks.encoder((16, 16, 1))

    content, _ = onnx_export.export_encoder(build(), build)
    graph = onnx.load_from_string(content).graph
    # a reshape that computes its own shape is only sometimes simplified
    assert "Shape" not in [node.op_type for node in graph.node]


@pytest.mark.slow
def test_logits_are_the_same_in_blocks_of_any_size(tmp_path, monkeypatch):
    import keras

    from assay.contract.stored_rows import StoredRows
    from assay.training import fitting

    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    rows = np.random.default_rng(0).normal(size=(25, 3)).astype(np.float32)
    expected = rows @ np.asarray(model.weights[0])
    assert np.allclose(fitting.logits(model, rows), expected, atol=1e-5)
    assert np.allclose(fitting.logits(model, StoredRows([rows]), 10), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("flags", "is_fast"),
    [
        ("flags : avx512f amx_bf16 amx_tile", True),
        ("flags : avx512f avx512_bf16", True),
        ("flags : avx2", False),
    ],
)
def test_a_processor_says_whether_it_is_fast_in_bfloat16(flags, is_fast, tmp_path, monkeypatch):
    import keras

    from assay.training import fitting

    monkeypatch.setattr(fitting, "_CPU_INFO", tmp_path / "cpuinfo")
    assert not fitting._multiplies_bfloat16()  # there is no such file but on Linux
    (tmp_path / "cpuinfo").write_text(flags)
    assert fitting._multiplies_bfloat16() == is_fast
    fitting.fix(0, portable=False, threads=1, bfloat16="fast")
    policy = keras.config.dtype_policy().name
    fitting.set_dtype("float32")
    assert policy == ("mixed_bfloat16" if is_fast else "float32")
