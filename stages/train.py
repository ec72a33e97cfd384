"""Train the classifier on weighted labels, and export it as one ONNX file."""

import sys
from functools import partial

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads, scored_examples
from assay.contract import class_names, csv_files, files, parameters, paths, rounding
from assay.contract.errors import InputError, counted, first_of, quiet, run, say, tell
from assay.contract.inference import UNLIKE
from assay.modalities import known_categories
from assay.training import classifier, linear_probe, starting_point, unlike
from assay.training.classifier import LabelledExamples


def main() -> None:
    params = parameters.load()
    encoder = files.read_json(paths.ENCODER_INFO)
    size = params.embed.batch_size
    examples, classes = read_examples()
    train = examples[examples["split"] == "train"]
    validation = examples[examples["split"] == "validation"]
    check_labels(train["label"])
    say_unlearned(train, classes)
    learned = training_split(train, classes, params.train, size)
    checked = labelled(validation, classes, params.train, size)

    start = starting_point.choose(params.train, encoder)
    starting_point.say_unused(params.train, start, encoder)
    starting_point.say_no_validation(params.train, start, len(validation))
    print(starting_point.DESCRIPTIONS[start], file=sys.stderr)
    if start == "frozen":
        trained = linear_probe.fit(learned, checked, len(classes), params)
    else:
        with quiet():  # TensorFlow prints a greeting
            from assay.training import supervised
        trained = supervised.train(
            learned, checked, len(classes), params, encoder=encoder, start=start
        )
    content, meaning = unlike.attach(
        trained, learned, checked, len(classes), portable=params.portable, threads=params.threads
    )

    files.write_bytes(paths.CLASSIFIER, content)
    fitted = examples if trained.learned_validation else train
    payload_format = payloads.payload_format(train)
    described = {"classes": classes, **payload_format, UNLIKE: meaning}
    if of_categories := known_categories.category_columns(payload_format):
        blocks = payloads.read(train, size, of_categories)
        described["categories"] = known_categories.learned(blocks, of_categories)
    if trained.learned_validation:
        described["learned_splits"] = ["train", "validation"]
    if params.train.class_weights == "balanced":
        described["class_shares"] = class_shares(fitted, classes)
        made = "makes probabilities those of equally frequent classes, too high for rare ones"
        say(f"train.class_weights: balanced {made}; to correct them, see docs/selection.md")
    files.write_json(paths.CLASSES, described)
    csv_files.write_frame(paths.LEARNING_CURVE, pd.DataFrame(trained.curve))
    sizes = {"train_examples": len(train), "validation_examples": len(validation)}
    metrics = sizes | trained.scores | {"temperature": trained.temperature, "start": start}
    files.write_json(paths.TRAIN_METRICS, metrics)
    tell(f"train: learned from {counted(len(train), 'label')} of {len(classes):,} classes")
    if files.md5(paths.CLASSIFIER).encode() in files.record():
        files.drop_checkpoint()  # not earlier: a kill before DVC's note would lose the training


def read_examples() -> tuple[pd.DataFrame, list[str]]:
    """See `with_labels`. Raise InputError if no example is in the test split."""
    catalogued = catalogue.read()
    scored_examples.check(catalogued)  # else `evaluate` would raise, after the long training
    return with_labels(catalogued)


def with_labels(catalogued: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The examples that have labels, with `label`, `weight`, `source` and `code`; the classes."""
    labels = csv_files.read_csv(paths.ANNOTATED_LABELS, paths.LABEL_COLUMNS).to_pandas()
    labels = labels.set_index("id")
    classes = sorted(labels["label"].unique())
    examples = catalogued.join(labels[paths.LABEL_COLUMNS[1:]], on="id", how="inner")
    examples["code"] = class_names.codes(examples["label"], classes)
    examples["weight"] = examples["weight"].astype(float)
    return examples, classes


def check_labels(labels: pd.Series) -> None:
    """Raise InputError if there are no labels of the training split, or labels of one class."""
    if labels.empty:
        remedy = "label some, or give rows the split train"
        raise InputError(f"no example of the split train has a label: {remedy}")
    first = labels.iloc[0]
    if (labels == first).all():
        all_are = f"all {len(labels)} training labels in use are {first!r}"
        decided = f"see what cleaning decided in {paths.ISSUES}"
        raise InputError(f"{all_are}: at least two classes are needed: {decided}")


def say_unlearned(train: pd.DataFrame, classes: list[str]) -> None:
    """Say which classes have labels only in the validation split, and none in `train`."""
    learned = set(train["label"])
    unlearned = [repr(name) for name in classes if name not in learned]
    if unlearned:
        where = "labels in the validation split alone, so they are hardly learned"
        remedy = "give examples of them the split train"
        say(f"{counted(len(unlearned), 'class')} with {where}: {first_of(unlearned)}: {remedy}")


def class_shares(fitted: pd.DataFrame, classes: list[str]) -> list[float]:
    """The share of each class in the weights of the labels learned from, before balancing."""
    sums = np.bincount(fitted["code"], fitted["weight"], len(classes))
    return [rounding.as_written(share) for share in sums / sums.sum()]


def training_split(
    examples: pd.DataFrame, classes: list[str], params: parameters.Train, size: int
) -> LabelledExamples:
    """What the classifier learns from: examples as `labelled`, or with soft labels.

    The weights of classes are balanced later, in training.
    """
    split = labelled(examples, classes, params, size)
    if params.soft_labels:
        alternatives = csv_files.read_csv(paths.ALTERNATIVES).to_pandas()
        split.targets = classifier.soft_labels(examples, alternatives, classes)
        judged = examples["source"].isin(classifier.JUDGED)
        # soft labels already show how sure they are
        split.weights = np.where(judged, 1.0, split.weights)
    return split


def labelled(
    examples: pd.DataFrame, classes: list[str], params: parameters.Train, size: int
) -> LabelledExamples:
    """Rows of `with_labels` as they are; `size` is the number of payloads read at a time."""
    ids, codes, weights = (examples[name].to_numpy() for name in ("id", "code", "weight"))
    targets = np.eye(len(classes), dtype=np.float32)[codes] if params.soft_labels else codes
    return LabelledExamples(ids, codes, weights, targets, partial(payloads.read, examples, size))


if __name__ == "__main__":
    run(main)
