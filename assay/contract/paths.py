"""The path of each file of the pipeline, and names that several files use, such as the splits.

All paths are relative to the folder of the project, where stages and commands run. Every path of
the pipeline is written here once and in dvc.yaml once. A test compares the two.
"""

import os
import re
from pathlib import Path

from assay.contract.errors import InputError

SPLITS = ("train", "validation", "test")

EXAMPLES_FILE = "examples.parquet"  # in a collected batch, and in a raw one too
TRUTH_FILE = "truth.csv"  # in both, too
ANNOTATIONS_FILE = "annotations.csv"  # in a raw batch
NOT_USABLE = "not usable"  # a person's note instead of a label, in data/annotations
NOTES = ("", "not sure", NOT_USABLE)  # possible notes beside an empty label in data/annotations
GIVEN = "given"  # the annotator of a batch's own column `label`

PARAMETERS = Path("params.yaml")
RAW = Path("data/raw")  # <batch>/ in one of the layouts of assay/layouts/
LISTED = Path("data/batches.json")  # the batches that clean used, for the stages after it
COLLECTED = Path("data/collected")  # <batch>/examples.parquet, labels.csv, truth.csv, summary.json
SAMPLED = Path("data/sampled")  # <batch>.parquet: only payloads, for pretraining
EMBEDDED = Path("data/embedded")  # <batch>.npy: one row per row of examples.parquet, in its order
QUALITY = Path("data/cleaned/quality.parquet")  # every labelled example and what clean decided
ISSUES = Path("data/cleaned/issues.csv")  # the examples that are not simply kept, for people
GALLERY = Path("data/cleaned/gallery.html")  # a page that shows the worst of them
CLEANED_LABELS = Path("data/cleaned/labels.csv")  # id, label, confidence, source
ALTERNATIVES = Path("data/cleaned/alternatives.csv")  # id, label, confidence: other possible labels
PRED_PROBS = Path("data/cleaned/pred_probs.parquet")  # out-of-sample probabilities of every example
LEFT_OUT = Path("data/cleaned/left_out.csv")  # id, reason (such as a leak) of dropped examples
CLEAN_MODEL = Path("data/cleaned/model.json")  # the ridge penalty that clean chose
ANNOTATIONS = Path("data/annotations")  # *.csv, *.tsv: people's answers, tracked by git
ANNOTATED_LABELS = Path("data/annotated/labels.csv")  # for train
LABEL_COLUMNS = ["id", "label", "weight", "source"]  # of ANNOTATED_LABELS
UNUSABLE = Path("data/annotated/left_out.csv")  # id, reason: examples that people call not usable
TIES = Path("data/annotated/ties.csv")  # for evaluate: id, label; answers that do not count
TEST_LABELS = Path("data/annotated/test.csv")  # for evaluate: id, label, source
DOUBTS = Path("data/evaluated/doubts.csv")  # labels of the test and validation splits, worst first
QUEUE = Path("data/annotated/queue.csv")  # what a person should look at next, best first
PRETRAINED = Path("models/pretrained")  # encoders of other people: pretrain.encoder names one
ENCODER = Path("models/encoder/encoder.onnx")  # payload to embedding
ENCODER_FRONT = Path("models/encoder/front.onnx")  # payload to the input of a network
ENCODER_WEIGHTS = Path("models/encoder/weights.npz")  # the weights that train fine-tunes
ENCODER_INFO = Path("models/encoder/encoder.json")  # modality, shape, dimension, method, …
CLASSIFIER = Path("models/classifier/classifier.onnx")  # payload to probabilities
CLASSES = Path("models/classifier/classes.json")
CLEAN_METRICS = Path("metrics/clean.json")
ANNOTATORS = Path("metrics/annotators.csv")  # how reliable each person is
ANNOTATOR_PARTS = Path("metrics/annotator_parts.csv")  # the same by class and by batch
AGREEMENT = Path("metrics/agreement.csv")  # of each pair of people
AGREEMENT_METRICS = Path("metrics/agreement.json")  # of all people
TRAIN_METRICS = Path("metrics/train.json")
EVALUATE_METRICS = Path("metrics/evaluate.json")
CLASS_METRICS = Path("metrics/classes.csv")  # precision, recall and F1 of each class
SLICE_METRICS = Path("metrics/slices.csv")  # accuracy of each part of the test set
REGIONS = Path("metrics/regions.csv")  # groups of similar test examples, the weakest first
FORECAST = Path("metrics/forecast.json")  # accuracy at twice the rows, and each lever's gain
LEVERS = Path("metrics/levers.csv")  # what to do next, for people: one lever per row
FORECAST_CURVE = Path("plots/forecast.csv")  # accuracy by number of labelled rows
LEARNING_CURVE = Path("plots/learning_curve.csv")
# of the test examples: id, answer, predicted, confidence, loss
PREDICTIONS = Path("plots/predictions.csv")
RELIABILITY = Path("plots/reliability.csv")
LABEL_ERRORS = Path("plots/label_errors.csv")  # precision by recall, where the truth is known
RELEASE = Path("release")  # model.onnx, model.json, README.md, report.html
RELEASE_MODEL = RELEASE / "model.onnx"
RELEASE_INFO = RELEASE / "model.json"
MODEL_CARD = RELEASE / "README.md"
REPORT = RELEASE / "report.html"  # how good this version is, and what to do next

# It lies on the disk of the outputs, but outside every folder that DVC hashes.
UNFINISHED = Path(".dvc/tmp/assay")
# A training that was killed goes on from here. It is no output of a stage, since DVC deletes
# outputs before a stage runs.
CHECKPOINT = UNFINISHED / "checkpoint.npz"
RECORD = Path("dvc.lock")  # what DVC has noted about inputs and outputs of stages


def is_utf8(name: object) -> bool:
    """Whether a file's name is UTF-8: Python decodes other bytes as lone surrogates."""
    return not re.search("[\udc80-\udcff]", str(name))


def check_project() -> None:
    """Raise InputError outside a project: `dvc repro` cannot make missing files there."""
    if not PARAMETERS.exists():
        raise InputError(f"{PARAMETERS} is missing: run this in the folder that holds dvc.yaml")


def examples(batch: str) -> Path:
    return COLLECTED / batch / EXAMPLES_FILE


def labels(batch: str) -> Path:
    return COLLECTED / batch / "labels.csv"


def truth(batch: str) -> Path:
    return COLLECTED / batch / TRUTH_FILE


def summary(batch: str) -> Path:
    return COLLECTED / batch / "summary.json"


def sample(batch: str) -> Path:
    return SAMPLED / f"{batch}.parquet"


def embeddings(batch: str) -> Path:
    return EMBEDDED / f"{batch}.npy"


def batch_of_this_stage() -> str:
    """The batch of this stage, from the name that DVC gives the stage, such as `collect@<batch>`.

    The batch is no argument of the command: the shell would interpret `${item}` in a `cmd`.
    """
    _, _, batch = os.environ.get("DVC_STAGE", "").partition("@")
    if not batch:
        raise InputError("this stage works on one batch; run it as `dvc repro <stage>@<batch>`")
    return batch
