"""Where each file of the pipeline lies, and the names that these files share, such as splits.

All paths are relative to the folder of the project, where stages and commands run. Every path of
the pipeline is written here once and in dvc.yaml once. A test compares the two.
"""

import os
import re
from pathlib import Path

from assay.contract.errors import InputError

SPLITS = ("train", "validation", "test")

EXAMPLES_FILE = "examples.parquet"  # in a collected batch, and in a raw one too
TRUTH_FILE = "truth.csv"  # likewise
ANNOTATIONS_FILE = "annotations.csv"  # in a raw batch
NOT_USABLE = "not usable"  # a person's note instead of a label, in data/annotations
NOTES = ("", "not sure", NOT_USABLE)  # beside an empty label there
GIVEN = "given"  # the annotator of a batch's own column `label`

PARAMETERS = Path("params.yaml")
RAW = Path("data/raw")  # <batch>/ in one of the layouts of assay/layouts/
LISTED = Path("data/batches.json")  # the batches that clean judged, for the stages after it
COLLECTED = Path("data/collected")  # <batch>/examples.parquet, labels.csv, truth.csv, summary.json
SAMPLED = Path("data/sampled")  # <batch>.parquet: payloads alone, what pretraining reads
EMBEDDED = Path("data/embedded")  # <batch>.npy: a row an example, in the order of examples.parquet
QUALITY = Path("data/cleaned/quality.parquet")  # every labelled example and what clean decided
ISSUES = Path("data/cleaned/issues.csv")  # the same for what is not simply kept, for people
GALLERY = Path("data/cleaned/gallery.html")  # the worst of them, in pictures
CLEANED_LABELS = Path("data/cleaned/labels.csv")  # id, label, confidence, source
ALTERNATIVES = Path("data/cleaned/alternatives.csv")  # id, label, confidence: other possible labels
PRED_PROBS = Path("data/cleaned/pred_probs.parquet")  # out-of-sample probabilities of every example
LEFT_OUT = Path("data/cleaned/left_out.csv")  # id, reason: a leak, for example, in no labels
CLEAN_MODEL = Path("data/cleaned/model.json")  # the ridge penalty that clean chose
ANNOTATIONS = Path("data/annotations")  # *.csv, *.tsv: people's answers, in git
ANNOTATED_LABELS = Path("data/annotated/labels.csv")  # for train
LABEL_COLUMNS = ["id", "label", "weight", "source"]  # of it
UNUSABLE = Path("data/annotated/left_out.csv")  # id, reason: what people call not usable
TIES = Path("data/annotated/ties.csv")  # for evaluate: id, label; answers that do not count
TEST_LABELS = Path("data/annotated/test.csv")  # for evaluate: id, label, source
DOUBTS = Path("data/evaluated/doubts.csv")  # labels of the test and validation splits, worst first
QUEUE = Path("data/annotated/queue.csv")  # what a person should look at next, best first
PRETRAINED = Path("models/pretrained")  # encoders from elsewhere: pretrain.encoder names one
ENCODER = Path("models/encoder/encoder.onnx")  # payload to embedding
ENCODER_FRONT = Path("models/encoder/front.onnx")  # payload to what a network takes
ENCODER_WEIGHTS = Path("models/encoder/weights.npz")  # what train fine-tunes
ENCODER_INFO = Path("models/encoder/encoder.json")  # modality, shape, dimension, method, …
CLASSIFIER = Path("models/classifier/classifier.onnx")  # payload to probabilities
CLASSES = Path("models/classifier/classes.json")
CLEAN_METRICS = Path("metrics/clean.json")
ANNOTATORS = Path("metrics/annotators.csv")  # how far each person can be trusted
ANNOTATOR_PARTS = Path("metrics/annotator_parts.csv")  # on each class and in each batch
AGREEMENT = Path("metrics/agreement.csv")  # of each pair of people
AGREEMENT_METRICS = Path("metrics/agreement.json")  # of all of them
TRAIN_METRICS = Path("metrics/train.json")
EVALUATE_METRICS = Path("metrics/evaluate.json")
CLASS_METRICS = Path("metrics/classes.csv")  # precision, recall and F1 of each class
SLICE_METRICS = Path("metrics/slices.csv")  # accuracy of each part of the test set
REGIONS = Path("metrics/regions.csv")  # groups of similar test examples, the weakest first
FORECAST = Path("metrics/forecast.json")  # accuracy at twice the rows, and each lever's gain
LEVERS = Path("metrics/levers.csv")  # what to do next: a row a lever, for people
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

# On the same disk as the outputs, outside every folder that DVC hashes.
UNFINISHED = Path(".dvc/tmp/assay")
# Of a training that was killed. It is no output, since DVC clears outputs before a stage runs.
CHECKPOINT = UNFINISHED / "checkpoint.npz"
RECORD = Path("dvc.lock")  # what DVC has noted about inputs and outputs of stages


def is_utf8(name: object) -> bool:
    """Whether a file's name is UTF-8: Python shows other bytes as lone surrogates."""
    return not re.search("[\udc80-\udcff]", str(name))


def check_project() -> None:
    """Raise outside of a project, where `dvc repro` cannot make what is missing."""
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
    """The batch of this `foreach` item of dvc.yaml, from the name of its stage, `collect@<batch>`.

    It is no argument of the command, since `${item}` in a `cmd` would be shell text.
    """
    _, _, batch = os.environ.get("DVC_STAGE", "").partition("@")
    if not batch:
        raise InputError("this stage works on one batch; run it as `dvc repro <stage>@<batch>`")
    return batch
