"""Fine-tune the encoder, train from scratch, or fit a linear head, on weighted labels; export one ONNX file."""

import hashlib
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from assay import calibration, catalogue, dataset, graphs, linear_head, modalities, parameters, payloads
from assay.errors import InputError, run
from assay.inference import Model

_STARTS = {
    "encoder": "training from the weights of the encoder",
    "scratch": "training from random weights",
    "frozen": "fitting a linear classifier on what the encoder gives",
}
_ROWS = 1024  # of what an encoder gives, at a time
_TINY = 1e-9


def main() -> None:
    params = parameters.load()
    train, validation, classes = read()
    if params.train.class_weights == "balanced":
        train = train.assign(weight=balanced(train["code"].to_numpy(), train["weight"].to_numpy()))

    encoder = dataset.read_json(dataset.ENCODER_INFO)
    start = where_from(params.train.start, params.train.network, encoder)
    learn = linear if start == "frozen" else partial(network, start=start, modality=encoder["modality"])
    content, curve, temperature = learn(train, validation, len(classes), params)

    dataset.write_bytes(dataset.CLASSIFIER, content)
    kind = {name: encoder[name] for name in payloads.kind(train)}
    dataset.write_json(dataset.CLASSES, {"classes": classes, **kind})
    dataset.write_frame(dataset.LEARNING_CURVE, pd.DataFrame(curve))
    last = (
        min(curve, key=lambda row: row["validation_loss"]) if params.train.patience and len(validation) else curve[-1]
    )
    metrics = {"train_examples": len(train), "validation_examples": len(validation), **last}
    dataset.write_json(dataset.TRAIN_METRICS, metrics | {"temperature": temperature, "start": start})
    dataset.drop_checkpoint()


def read() -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """What is learned from, what is checked against, each with `code` and `weight`, and the names of the classes."""
    labels = dataset.read_csv(dataset.ANNOTATED_LABELS).to_pandas().set_index("id")[["label", "weight"]]
    examples = catalogue.read().drop(columns="key").join(labels, on="id", how="inner")
    classes = sorted(labels["label"].unique())
    examples["code"] = pd.Categorical(examples["label"], classes).codes
    examples["weight"] = examples["weight"].astype(float)
    train, validation = (examples[examples["split"] == split] for split in ("train", "validation"))
    if train.empty:
        raise InputError("no example of the split train has a label: label some, or give rows the split train")
    return train, validation, classes


def balanced(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights (n,) whose sum is the same for each class that there is, and is for all of them what it was."""
    sums = np.bincount(codes, weights)
    return weights * weights.sum() / np.count_nonzero(sums) / np.maximum(sums, _TINY)[codes]


def where_from(start: str, network: str, encoder: dict) -> str:
    """Where training starts; says so."""
    if start == "encoder" and encoder["start"] != "encoder":
        raise InputError(f"params.yaml: train.start: encoder needs weights, and {encoder['method']} has none: use auto")
    start = encoder["start"] if start == "auto" else start
    if start == "encoder" and network == "large":
        raise InputError("params.yaml: train.network: large has no weights of the encoder: use start: scratch")
    print(_STARTS[start], file=sys.stderr)
    return start


# the graph from payload to probabilities, the learning curve, the temperature
Learned = tuple[bytes, list[dict], float]


def network(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    n_classes: int,
    params: parameters.Parameters,
    *,
    start: str,
    modality: str,
) -> Learned:
    """Train a network."""
    from assay import training  # TensorFlow takes seconds to import, and a linear head needs none

    given = params.train
    bfloat16 = None if given.bfloat16 == "auto" else given.bfloat16
    training.fix(given.seed, portable=params.portable, threads=params.threads, bfloat16=bfloat16)
    prepare = Model(dataset.ENCODER_FRONT, portable=params.portable, threads=params.threads)
    payload = payloads.Stored(payloads.of(train, _ROWS))
    shape = prepare(payload[np.arange(1)]).shape[1:]
    networks = training.networks

    def build() -> tuple:
        """The network that learns, the one that answers, and the part that the weights of an encoder are for."""
        trunk = networks.encoder(shape, large=given.network == "large")
        model = networks.classifier(trunk, n_classes)
        return model, networks.mirrored(model) if given.mirror and len(shape) == 3 else model, trunk

    model, answers, trunk = build()
    if start == "encoder":
        trunk.set_weights(list(dataset.read_arrays(dataset.ENCODER_WEIGHTS).values()))
    augment = modalities.named(modality).augment
    own = training.Examples(payload, train["code"].to_numpy(), train["weight"].to_numpy())
    checked = None
    if len(validation):
        prepared = payloads.Stored(map(prepare, payloads.of(validation, _ROWS)))
        checked = training.Examples(prepared, validation["code"].to_numpy(), validation["weight"].to_numpy())
    curve = training.fit(
        model,
        training.Batches(own, given.batch_size, lambda raw, rng: prepare(augment(raw, rng, given.shift)), given.seed),
        training.cross_entropy(given.label_smoothing),
        learning_rate=given.learning_rate,
        epochs=given.epochs,
        steps=given.steps,
        validation=checked,
        metrics=["accuracy"],
        accumulated=given.gradient_accumulation,
        patience=given.patience,
        key=fingerprint(train, validation, params),
    )
    temperature = 1.0
    if checked:
        temperature = calibration.temperature(training.logits(answers, training.InOrder(checked)), checked.labels)
    last = training.classifier_to_onnx(answers, lambda: build()[1], temperature)
    return graphs.then(dataset.ENCODER_FRONT.read_bytes(), last), curve, temperature


def fingerprint(train: pd.DataFrame, validation: pd.DataFrame, params: parameters.Parameters) -> str:
    """Of all that a trained network depends on: a checkpoint is for no other one."""
    examples = pd.concat([train, validation])[["id", "split", "code", "weight"]]
    said = hashlib.blake2b(repr((params.train, params.portable, params.threads)).encode(), digest_size=16)
    said.update(pd.util.hash_pandas_object(examples, index=False).to_numpy().tobytes())
    modules = (module for name, module in sorted(sys.modules.items()) if name.startswith(("assay.", "__main__")))
    code = [Path(module.__file__) for module in modules]
    for path in (dataset.ENCODER_FRONT, dataset.ENCODER_WEIGHTS, dataset.ENCODER_INFO, *code):
        said.update(path.read_bytes())
    return said.hexdigest()


def linear(train: pd.DataFrame, validation: pd.DataFrame, n_classes: int, params: parameters.Parameters) -> Learned:
    """Fit a linear classifier on what the frozen encoder gives."""
    read = Model(dataset.ENCODER, linear_head.FEATURES, portable=params.portable, threads=params.threads)
    features, others = (
        linear_head.gather(map(read, payloads.of(examples, _ROWS))) if len(examples) else None
        for examples in (train, validation)
    )
    codes, weights = train["code"].to_numpy(), train["weight"].to_numpy()
    checked = (others, validation["code"].to_numpy()) if len(validation) else None
    head = linear_head.fit(features, codes, weights, n_classes, checked)
    sides = {"": (head.logits(features), codes)}
    temperature = 1.0
    if checked:
        sides["validation_"] = head.logits(others), checked[1]
        temperature = calibration.temperature(*sides["validation_"])
        both = linear_head.gather([features, others]), np.append(codes, checked[1])
        weights = np.append(weights, validation["weight"].to_numpy())
        head = linear_head.fit(*both, weights, n_classes, strengths=[head.strength])  # all is told: now learn from them
    row: dict[str, float] = {"epoch": 1}
    for side, (logits, labels) in sides.items():
        row |= {f"{side}accuracy": float((logits.argmax(axis=1) == labels).mean())}
        row |= {f"{side}loss": linear_head.loss(logits, labels)}
    content = dataset.ENCODER.read_bytes()
    last = graphs.linear_head(head.coef / temperature, head.intercept / temperature, graphs.opset(content))
    return graphs.then(content, last, read.output), [row], temperature


if __name__ == "__main__":
    run(main)
