"""Fine-tune the encoder, or train from scratch, on weighted labels; export one ONNX file, payload to probabilities."""

import sys

import numpy as np
import pandas as pd

from assay import calibration, catalogue, dataset, modalities, parameters, payloads, training
from assay.errors import InputError, run
from assay.training import Examples


def main() -> None:
    params = parameters.load()
    labels = dataset.read_csv(dataset.ANNOTATED_LABELS).to_pandas().set_index("id")
    examples = catalogue.read().join(labels, on="id", how="inner")
    classes = sorted(labels["label"].unique())
    train, validation = (gather(examples[examples["split"] == split], classes) for split in ("train", "validation"))
    if not len(train):
        raise InputError("no example of the split train has a label: label some, or give rows the split train")

    training.fix(params.train.seed, portable=params.portable, threads=params.threads)
    encoder = dataset.read_json(dataset.ENCODER_INFO)
    fine_tuned = fine_tunes(params.train.start, encoder)
    trunk = training.networks.encoder(encoder)
    if fine_tuned:
        trunk.set_weights(list(dataset.read_arrays(dataset.ENCODER_WEIGHTS).values()))
    model = training.networks.classifier(trunk, len(classes))
    augment = modalities.named(encoder["modality"]).augment
    curve = training.fit(
        model,
        training.Batches(train, params.train.batch_size, augment, params.train.seed),
        training.CROSS_ENTROPY,
        learning_rate=params.train.learning_rate,
        epochs=params.train.epochs,
        steps=params.train.steps,
        validation=validation,
        metrics=["accuracy"],
    )
    temperature = 1.0
    if len(validation):
        logits = training.logits(model, validation.payload, params.train.batch_size)
        temperature = calibration.temperature(logits, validation.labels)

    dataset.write_bytes(dataset.CLASSIFIER, training.classifier_to_onnx(model, encoder, temperature))
    kind = {name: encoder[name] for name in ("modality", "shape", "features") if name in encoder}
    dataset.write_json(dataset.CLASSES, {"classes": classes, **kind})
    dataset.write_frame(dataset.LEARNING_CURVE, pd.DataFrame(curve))
    metrics = {"train_examples": len(train), "validation_examples": len(validation), **curve[-1]}
    dataset.write_json(dataset.TRAIN_METRICS, metrics | {"temperature": temperature, "fine_tuned": fine_tuned})


def fine_tunes(start: str, encoder: dict) -> bool:
    """Whether training starts from the weights of `encoder`; says so."""
    if start == "encoder" and not encoder["trainable"]:
        raise InputError(f"params.yaml: train.start: encoder needs weights, and {encoder['method']} has none: use auto")
    fine_tuned = start != "scratch" and encoder["trainable"]
    print(f"training from {'the weights of the encoder' if fine_tuned else 'random weights'}", file=sys.stderr)
    return fine_tuned


def gather(examples: pd.DataFrame, classes: list[str]) -> Examples:
    """Some labelled examples with their payloads."""
    payload = list(payloads.of(examples, size=4096)) or [np.zeros(0)]
    codes = pd.Categorical(examples["label"], classes).codes
    return Examples(np.concatenate(payload), codes, examples["weight"].to_numpy().astype(float))


if __name__ == "__main__":
    run(main)
