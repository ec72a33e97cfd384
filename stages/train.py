"""Fine-tune the encoder, train from scratch, or fit a linear head, on weighted labels; export one ONNX file."""

import hashlib
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from assay.catalogue import catalogue, payloads
from assay.contract import class_names, csv_files, files, parameters, paths
from assay.contract.errors import InputError, quiet, run
from assay.contract.inference import Model
from assay.modalities import registry
from assay.training import calibration, linear_head, onnx_graph

_STARTS = {
    "encoder": "training from the weights of the encoder",
    "scratch": "training from random weights",
    "frozen": "fitting a linear classifier on what the encoder gives",
}
_JUDGED = ("consensus", "corrected")  # sources of labels of which clean knows how sure they are
Features = np.ndarray | csr_array  # (n, features)
_ROWS = 1024  # of what an encoder gives, at a time
_TINY = 1e-9


def main() -> None:
    params = parameters.load()
    train, validation, classes = read(told=params.train.soft_labels)
    if params.train.class_weights == "balanced":
        train = train.assign(weight=balanced(train["code"].to_numpy(), train["weight"].to_numpy()))

    encoder = files.read_json(paths.ENCODER_INFO)
    elsewhere = encoder["method"].startswith(paths.ELSEWHERE)
    start = where_from(params.train, encoder, elsewhere=elsewhere)
    of = {"start": start, "modality": encoder["modality"], "elsewhere": elsewhere}
    learn = linear if start == "frozen" else partial(network, **of)
    content, curve, temperature = learn(train, validation, classes, params)

    files.write_bytes(paths.CLASSIFIER, content)
    kind = {name: encoder[name] for name in payloads.payload_format(train)}
    files.write_json(paths.CLASSES, {"classes": classes, **kind})
    csv_files.write_frame(paths.LEARNING_CURVE, pd.DataFrame(curve))
    last = (
        min(curve, key=lambda row: row["validation_loss"])
        if params.train.patience and len(validation)
        else curve[-1]
    )
    metrics = {"train_examples": len(train), "validation_examples": len(validation), **last}
    files.write_json(paths.TRAIN_METRICS, metrics | {"temperature": temperature, "start": start})
    if files.md5(paths.CLASSIFIER).encode() in files.record():
        files.drop_checkpoint()  # else a kill before DVC notes what was written would lose all of it


def read(*, told: bool) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """What is learned from, what is checked against, each with `code` and `weight`, and the names of the classes.

    With `told`, doubts are told by soft labels and not by weights.
    """
    labels = (
        csv_files.read_csv(paths.ANNOTATED_LABELS)
        .to_pandas()
        .set_index("id")[["label", "weight", "source"]]
    )
    examples = catalogue.read().drop(columns="key").join(labels, on="id", how="inner")
    classes = class_names.of(labels["label"])
    examples["code"] = pd.Categorical(examples["label"], classes).codes
    examples["weight"] = examples["weight"].astype(float)
    train, validation = (
        examples[examples["split"] == split].copy() for split in ("train", "validation")
    )
    if train.empty:
        raise InputError(
            "no example of the split train has a label: label some, or give rows the split train"
        )
    if told:  # the labels themselves say how sure they are
        train.loc[train["source"].isin(_JUDGED), "weight"] = 1.0
    return train, validation, classes


def balanced(codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights (n,) whose sum is the same for each class that there is, and is for all of them what it was."""
    sums = np.bincount(codes, weights)
    return weights * weights.sum() / np.count_nonzero(sums) / np.maximum(sums, _TINY)[codes]


def soft(examples: pd.DataFrame, classes: list[str]) -> np.ndarray:
    """The probability of each class, with what else clean takes for possible. Shape (n, classes), float32.

    What people answered, and pseudo-labels, stand as they are.
    """
    own = examples["code"].to_numpy()
    found = np.eye(len(classes), dtype=np.float32)[own]
    others = csv_files.read_csv(paths.ALTERNATIVES).to_pandas()
    judged = examples["id"][examples["source"].isin(_JUDGED)]
    others = others[others["id"].isin(judged) & others["label"].isin(classes)]
    rows, confidence = (
        pd.Index(examples["id"]).get_indexer(others["id"]),
        others["confidence"].astype(np.float32),
    )
    found[rows, pd.Index(classes).get_indexer(others["label"])] = confidence
    np.subtract.at(found, (rows, own[rows]), confidence)
    return found


def where_from(params: parameters.Train, encoder: dict, *, elsewhere: bool) -> str:
    """Where training starts; says so."""
    start = params.start
    if start == "encoder" and encoder["start"] != "encoder" and not elsewhere:
        raise InputError(
            f"params.yaml: train.start: encoder needs weights, and {encoder['method']} has none: use auto"
        )
    start = encoder["start"] if start == "auto" else start
    if start == "frozen" and params.soft_labels:
        other = "encoder, or scratch" if elsewhere else "scratch"
        raise InputError(
            f"params.yaml: train.soft_labels is for networks, and start: frozen trains none: use {other}"
        )
    if params.lora and not (start == "encoder" and elsewhere):
        raise InputError(
            "params.yaml: train.lora is for an encoder from elsewhere that learns on: use start: encoder"
        )
    if params.network == "large" and encoder.get("tokens"):
        raise InputError(
            "params.yaml: train.network: large is no Transformer, as pretrain.method says: use small"
        )
    if start == "encoder" and params.network == "large":
        raise InputError(
            "params.yaml: train.network: large has no weights of the encoder: use start: scratch"
        )
    print(_STARTS[start], file=sys.stderr)
    return start


# the graph from payload to probabilities, the learning curve, the temperature
Learned = tuple[bytes, list[dict], float]


def network(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    classes: list[str],
    params: parameters.Parameters,
    *,
    start: str,
    modality: str,
    elsewhere: bool,
) -> Learned:
    """Train a network: one of ours, or an encoder from elsewhere."""
    with quiet():  # TensorFlow greets on stderr, whatever it is told
        from assay.training import fine_tuning, fitting, trainable

    given = params.train
    bfloat16 = None if given.bfloat16 == "auto" else given.bfloat16
    fitting.fix(given.seed, portable=params.portable, threads=params.threads, bfloat16=bfloat16)
    payload = payloads.Stored(payloads.read(train, _ROWS))
    if start == "encoder" and elsewhere:
        content, how = (
            paths.ENCODER.read_bytes(),
            {"portable": params.portable, "threads": params.threads},
        )
        encoder = fine_tuning.Encoder(content, given.lora, **how)  # first, since it may refuse
        planned = trainable.pretrained(encoder, frozen(train, validation, classes, params)[0])
    else:
        planned = trainable.ours(payload[np.arange(1)], start, modality, len(classes), params)
    labels = soft(train, classes) if given.soft_labels else train["code"].to_numpy()
    own = fitting.Examples(payload, labels, train["weight"].to_numpy())
    checked = None
    if len(validation):
        prepared = payloads.Stored(map(planned.prepare, payloads.read(validation, _ROWS)))
        labels = validation["code"].to_numpy()
        labels = np.eye(len(classes), dtype=np.float32)[labels] if given.soft_labels else labels
        checked = fitting.Examples(prepared, labels, validation["weight"].to_numpy())
    curve = fitting.fit(
        planned.model,
        fitting.Batches(own, given.batch_size, planned.augment, given.seed),
        fitting.cross_entropy(given.label_smoothing, soft=given.soft_labels),
        learning_rate=given.learning_rate,
        epochs=given.epochs,
        steps=registry.named(modality).STEPS if given.steps == "auto" else given.steps,
        validation=checked,
        metrics=["accuracy"],
        accumulated=given.gradient_accumulation,
        patience=given.patience,
        key=fingerprint(train, validation, params),
    )
    temperature = 1.0
    if checked:
        logits = fitting.logits(planned.answers, fitting.InOrder(checked))
        temperature = calibration.temperature(logits, validation["code"].to_numpy())
    return planned.to_onnx(temperature), curve, temperature


def fingerprint(
    train: pd.DataFrame, validation: pd.DataFrame, params: parameters.Parameters
) -> str:
    """Of all that a trained network depends on, and of DVC's record: once it notes a training, that is over."""
    examples = pd.concat([train, validation])[["id", "split", "code", "weight"]]
    said = hashlib.blake2b(
        repr((params.train, params.portable, params.threads)).encode(), digest_size=16
    )
    said.update(files.record())
    said.update(pd.util.hash_pandas_object(examples, index=False).to_numpy().tobytes())
    modules = (
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith(("assay.", "__main__"))
    )
    code = [Path(module.__file__) for module in modules]
    encoder = paths.ENCODER, paths.ENCODER_FRONT, paths.ENCODER_WEIGHTS, paths.ENCODER_INFO
    for path in (*encoder, paths.ALTERNATIVES, *code):
        said.update(path.read_bytes())
    return said.hexdigest()


def linear(
    train: pd.DataFrame, validation: pd.DataFrame, classes: list[str], params: parameters.Parameters
) -> Learned:
    """Fit a linear classifier on what the frozen encoder gives."""
    head, features, others, output = frozen(train, validation, classes, params)
    codes, answers = (each["code"].to_numpy() for each in (train, validation))
    sides = {"": (head.logits(features), codes)}
    temperature = 1.0
    if len(validation):
        sides["validation_"] = head.logits(others), answers
        temperature = calibration.temperature(*sides["validation_"])
        both = linear_head.gather([features, others]), np.append(codes, answers)
        weights = np.append(train["weight"], validation["weight"])
        strengths = [head.strength]  # all is told: now learn from them
        head = linear_head.fit(*both, weights, len(classes), strengths=strengths)
    row: dict[str, float] = {"epoch": 1}
    for side, (logits, labels) in sides.items():
        row |= {f"{side}accuracy": float((logits.argmax(axis=1) == labels).mean())}
        row |= {f"{side}loss": linear_head.loss(logits, labels)}
    content = paths.ENCODER.read_bytes()
    last = onnx_graph.linear_head(
        head.coef / temperature, head.intercept / temperature, onnx_graph.opset(content)
    )
    return onnx_graph.then(content, last, output), [row], temperature


def frozen(
    train: pd.DataFrame, validation: pd.DataFrame, classes: list[str], params: parameters.Parameters
) -> tuple[linear_head.LinearHead, Features, Features, str]:
    """The linear classifier that does best on what the encoder gives; what that is, for both; its output's name."""
    read = Model(
        paths.ENCODER, linear_head.FEATURES, portable=params.portable, threads=params.threads
    )
    features, others = (
        linear_head.gather(map(read, payloads.read(examples, params.embed.batch_size)))
        if len(examples)
        else None
        for examples in (train, validation)
    )
    checked = (others, validation["code"].to_numpy()) if len(validation) else None
    head = linear_head.fit(
        features, train["code"].to_numpy(), train["weight"].to_numpy(), len(classes), checked
    )
    return head, features, others, read.output


if __name__ == "__main__":
    run(main)
