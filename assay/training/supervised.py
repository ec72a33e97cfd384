"""Train a network on labels: one of ours, or an encoder from elsewhere."""

from typing import Any

from assay.contract import files, paths
from assay.contract.inference import Model
from assay.contract.parameters import Parameters
from assay.contract.stored_rows import StoredRows
from assay.modalities import registry
from assay.training import calibration, checkpoints, fitting, linear_probe, trainable
from assay.training.batches import CHECKED, Batches, Examples
from assay.training.classifier import LabelledExamples, Trained
from assay.training.fine_tuning import GraphEncoder
from assay.training.linear_head import FEATURES
from assay.training.trainable import OwnNetwork, Trainable


def train(
    train: LabelledExamples,
    validation: LabelledExamples,
    n_classes: int,
    params: Parameters,
    *,
    encoder: dict,
    start: str,
) -> Trained:
    """Train a network and calibrate it on the validation examples.

    Parameters
    ----------
    train, validation : what it learns from, and what it is checked against; the second may be empty
    n_classes : number of classes of the labels
    params : all parameters
    encoder : the content of encoder.json
    start : `encoder` or `scratch`, see `starting_point`
    """
    settings = params.train
    if settings.class_weights == "balanced":
        train = train.balanced()
    runtime: dict[str, Any] = {"portable": params.portable, "threads": params.threads}
    fitting.fix(settings.seed, bfloat16=settings.bfloat16, **runtime)
    payload = StoredRows(train.read())
    if start == "encoder" and encoder["elsewhere"]:
        network = _from_elsewhere(train, validation, n_classes, settings.lora, **runtime)
    else:
        setup = OwnNetwork(payload[:1], encoder, params, settings.shift)
        weights = files.read_arrays(paths.ENCODER_WEIGHTS) if start == "encoder" else {}
        filters = None if weights else setup.first_filters(payload)
        network = trainable.own(
            setup, n_classes, settings, weights=list(weights.values()), first_filters=filters
        )
    examples = Examples(payload, train.targets, train.weights)
    checked = None
    if len(validation):
        prepared = StoredRows(map(network.prepare, validation.read()))
        checked = Examples(prepared, validation.targets, validation.weights)
    steps = settings.steps
    if steps == "auto":
        steps = registry.named(encoder["modality"]).STEPS
    curve = fitting.fit(
        network.model,
        Batches(examples, settings.batch_size, network.augment, settings.seed),
        fitting.cross_entropy(settings.label_smoothing, soft=settings.soft_labels),
        learning_rate=settings.learning_rate,
        epochs=settings.epochs,
        steps=steps,
        validation=checked,
        metrics=["accuracy"],
        accumulated=settings.gradient_accumulation,
        patience=settings.patience,
        key=checkpoints.key(train, validation, params),
        remedy="lower train.learning_rate",
    )
    scores = checkpoints.best_epoch(curve) if settings.patience and checked else curve[-1]
    temperature = 1.0
    if checked:
        logits = fitting.logits(network.averaging, prepared, CHECKED)
        temperature = calibration.temperature(logits, validation.codes)
    content = network.export(temperature)
    return Trained(content, content, curve, scores, temperature)


def _from_elsewhere(
    train: LabelledExamples, validation: LabelledExamples, n_classes: int, lora: int, **runtime: Any
) -> Trainable:
    encoder = GraphEncoder(paths.ENCODER.read_bytes(), lora, **runtime)
    frozen = Model(paths.ENCODER, FEATURES, **runtime)
    head, *_ = linear_probe.fit_head(frozen, train, validation, n_classes)
    return trainable.from_elsewhere(encoder, head)
