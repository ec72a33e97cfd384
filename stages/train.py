"""Fine-tune the encoder, or train from scratch, on weighted labels; export one ONNX file from payload to probabilities."""

import numpy as np
import pyarrow as pa

from assay import calibration, catalogue, dataset, networks, parameters, payloads, training
from assay.catalogue import Catalogue
from assay.errors import run
from assay.training import Examples

_ENOUGH = 50  # validation examples from which on a temperature can be fitted


def main() -> None:
    params = parameters.load()
    examples = catalogue.read(dataset.listed())
    labels = dataset.read_csv(dataset.ANNOTATED_LABELS)
    classes = sorted(set(labels["label"].to_pylist()))
    train, validation = (labelled(examples, labels, classes, split) for split in ("train", "validation"))

    training.fix(params.train.seed, portable=params.portable, threads=params.threads)
    info = dataset.read_json(dataset.ENCODER_INFO)
    model = networks.classifier(networks.encoder(info), len(classes))
    if params.train.start == "encoder":
        networks.start_from(model, info["method"], dataset.read_arrays(dataset.ENCODER_WEIGHTS))
    curve = training.fit(model, train, validation, params.train)
    temperature = 1.0
    if len(validation) >= _ENOUGH:
        logits = training.logits(model, validation.payload, params.train.batch_size)
        temperature = calibration.fit_temperature(logits, validation.labels)

    with dataset.whole(dataset.CLASSIFIER) as unfinished:
        training.export(model, info, temperature, unfinished)
    kind = {name: value for name, value in info.items() if name not in ("method", "dimension")}
    dataset.write_json(dataset.CLASSES, {"classes": classes, **kind})
    rows = ([f"{value:.4f}" if isinstance(value, float) else value for value in row.values()] for row in curve)
    dataset.write_csv(dataset.LEARNING_CURVE, list(curve[0]), rows)
    sizes = {"train_examples": len(train), "validation_examples": len(validation)}
    dataset.write_json(dataset.TRAIN_METRICS, sizes | curve[-1] | {"temperature": temperature})


def labelled(examples: Catalogue, labels: pa.Table, classes: list[str], split: str) -> Examples:
    """The examples of one split that have a label, with their payloads."""
    at = dataset.index_of(labels["id"], examples.ids)
    code, weight = np.full(len(examples), -1), np.zeros(len(examples))
    code[at] = dataset.index_of(labels["label"], classes)
    weight[at] = labels["weight"].to_numpy().astype(float)
    chosen = (code >= 0) & (examples.splits == split)
    blocks = list(payloads.of_chosen(examples, chosen, size=4096))
    return Examples(np.concatenate(blocks) if blocks else np.zeros(0), code[chosen], weight[chosen])


if __name__ == "__main__":
    run(main)
