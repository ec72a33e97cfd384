"""The data set contract: where each file of the pipeline lies, its format, and how it is read and written.

Every path is spelled here once and in dvc.yaml once; a test compares the two. Examples are immutable and lie in
Parquet, by batch, under an id that is the hash of their content; labels lie apart, in sorted CSV.
"""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from assay.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "validation", "test")

EXAMPLES_FILE, TRUTH_FILE = "examples.parquet", "truth.csv"  # in a collected batch, and in a raw one too
ANNOTATIONS_FILE = "annotations.csv"  # in a raw batch
GIVEN = "given"  # the annotator of a batch's own column `label`

RAW = Path("data/raw")  # <batch>/ in one of the layouts of assay/layouts.py
LISTED = Path("data/batches.json")  # the batches that clean judged, for the stages after it
COLLECTED = Path("data/collected")  # <batch>/examples.parquet, labels.csv, truth.csv
SAMPLED = Path("data/sampled")  # <batch>.parquet: payloads alone, what pretraining reads
EMBEDDED = Path("data/embedded")  # <batch>.npy: one row per example, in the order of examples.parquet
QUALITY = Path("data/cleaned/quality.parquet")  # every labelled example and what clean decided
ISSUES = Path("data/cleaned/issues.csv")  # the same for what is not simply kept, for people
GALLERY = Path("data/cleaned/gallery.html")  # the worst of them, in pictures
CLEANED_LABELS = Path("data/cleaned/labels.csv")  # id, label, confidence, source
ALTERNATIVES = Path("data/cleaned/alternatives.csv")  # id, label, confidence: what else an example may be
PRED_PROBS = Path("data/cleaned/pred_probs.parquet")  # out-of-sample probabilities of every example
ANNOTATIONS = Path("data/annotations")  # *.csv, *.tsv: people's answers, in git
ANNOTATED_LABELS = Path("data/annotated/labels.csv")  # what train learns from: id, label, weight, source
TEST_LABELS = Path("data/annotated/test.csv")  # what evaluate scores against: id, label, source
QUEUE = Path("data/annotated/queue.csv")  # what a person should look at next, best first
PRETRAINED = Path("models/pretrained")  # encoders from elsewhere: pretrain.encoder names one
ELSEWHERE = "pretrained: "  # how `method` of such an encoder starts in encoder.json
ENCODER = Path("models/encoder/encoder.onnx")  # payload to embedding
ENCODER_FRONT = Path("models/encoder/front.onnx")  # payload to what a network takes
ENCODER_WEIGHTS = Path("models/encoder/weights.npz")  # what train fine-tunes
ENCODER_INFO = Path("models/encoder/encoder.json")  # modality, input shape, dimension, method
CLASSIFIER = Path("models/classifier/classifier.onnx")  # payload to probabilities
CLASSES = Path("models/classifier/classes.json")
CLEAN_METRICS = Path("metrics/clean.json")
ANNOTATORS = Path("metrics/annotators.csv")  # how far each person can be trusted
TRAIN_METRICS = Path("metrics/train.json")
EVALUATE_METRICS = Path("metrics/evaluate.json")
CLASS_METRICS = Path("metrics/classes.csv")  # precision, recall and F1 of each class
SLICE_METRICS = Path("metrics/slices.csv")  # accuracy of each part of the test set that a column names
LEARNING_CURVE = Path("plots/learning_curve.csv")
PREDICTIONS = Path("plots/predictions.csv")  # id, answer, predicted, confidence, loss of every test example
RELIABILITY = Path("plots/reliability.csv")
RELEASE = Path("release")  # model.onnx, model.json, README.md
RELEASE_MODEL = RELEASE / "model.onnx"
RELEASE_INFO = RELEASE / "model.json"
MODEL_CARD = RELEASE / "README.md"

_UNFINISHED = Path(".dvc/tmp/assay")  # on the same disk as the outputs, outside every folder that DVC hashes
_CHECKPOINT = _UNFINISHED / "checkpoint.npz"  # of a training that was killed; DVC clears outputs before a stage runs
_RECORD = Path("dvc.lock")
_ROW_GROUP = 4096  # rows of examples.parquet that are read at a time
csv.field_size_limit(2**31 - 1)  # a cell may be as long as pyarrow allows


def examples(batch: str) -> Path:
    return COLLECTED / batch / EXAMPLES_FILE


def labels(batch: str) -> Path:
    return COLLECTED / batch / "labels.csv"


def truth(batch: str) -> Path:
    return COLLECTED / batch / TRUTH_FILE


def sample(batch: str) -> Path:
    return SAMPLED / f"{batch}.parquet"


def embeddings(batch: str) -> Path:
    return EMBEDDED / f"{batch}.npy"


def batch_of_this_stage() -> str:
    """The batch that a `foreach` item of dvc.yaml is about, from the name of the stage, `collect@<batch>`.

    Not from the command line: `${item}` in a `cmd` would be shell text.
    """
    _, _, batch = os.environ.get("DVC_STAGE", "").partition("@")
    if not batch:
        raise InputError("this stage works on one batch; run it as `dvc repro <stage>@<batch>`")
    return batch


# Writing: a file is whole or it is not there.


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path to write to; what was written becomes `path` in one step when the block ends without an error."""
    unfinished = _UNFINISHED / str(path).replace("/", "--")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut may leave the name without the content
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def scratch() -> BinaryIO:
    """A file for what does not fit into memory. It has no name, and is gone when it is closed or the process killed."""
    _UNFINISHED.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=_UNFINISHED)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    with whole(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in rows:  # before Python 3.13 the writer forgets that a lone carriage return must be quoted
            (quoted if any("\r" in str(value) for value in row) else writer).writerow(row)


def write_frame(path: Path, frame: "pd.DataFrame", columns: Sequence[str] = ()) -> None:
    """Write a frame, or some columns of it, as CSV or Parquet, by the ending of `path`."""
    chosen = frame[list(columns or frame)]
    if path.suffix == ".parquet":
        return write_parquet(path, pa.Table.from_pandas(chosen, preserve_index=False).replace_schema_metadata())
    rounded = chosen.map(lambda value: f"{value:.4f}" if isinstance(value, float) else value)
    return write_csv(path, list(chosen), rounded.itertuples(index=False))


def write_json(path: Path, values: dict) -> None:
    """Write `values`; floats are rounded to four digits, which is more than any of our metrics is sure of."""
    rounded = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in values.items()}
    write_bytes(path, f"{json.dumps(rounded, indent=2, ensure_ascii=False)}\n".encode())


def write_parquet(path: Path, table: pa.Table) -> None:
    with whole(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd", row_group_size=_ROW_GROUP, use_dictionary=False)


def write_examples(batch: str, kind: dict, columns: dict[str, pa.Array], *, numbered: bool = False) -> None:
    """Write examples.parquet.

    `kind` says what the payload columns are, for `read_kind`; `numbered`, that keys are row numbers, for `is_numbered`.
    """
    said = {"payload": json.dumps(kind)} | ({"keys": "row numbers"} if numbered else {})
    write_parquet(examples(batch), pa.table(columns).replace_schema_metadata(said))


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)


def write_checkpoint(arrays: dict[str, np.ndarray], state: dict) -> None:
    """Keep what a training needs to go on after it was killed: one, the latest."""
    write_arrays(_CHECKPOINT, arrays | {"state": np.array(json.dumps(state))})


def drop_checkpoint() -> None:
    _CHECKPOINT.unlink(missing_ok=True)


def record() -> bytes:
    """What DVC has noted so far of what stages read and wrote."""
    return _RECORD.read_bytes() if _RECORD.exists() else b""


def write_rows(path: Path, n: int, blocks_of_rows: Iterable[np.ndarray]) -> None:
    """Write blocks that together have `n` rows as one `.npy` array, never holding more than one of them."""
    # not by a memory map: a full disk would kill the process
    with whole(path) as unfinished, unfinished.open("wb") as file:
        end = 0
        for block in blocks_of_rows:
            if not end:
                header = {"descr": block.dtype.str, "fortran_order": False, "shape": (n, *block.shape[1:])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(block))
            end += len(block)
        if end != n:
            raise InputError(f"{path} would have {end} rows for {n} examples")


def write_probabilities(path: Path, ids: Sequence[str], pred_probs: np.ndarray, classes: Sequence[str]) -> None:
    """Write pred_probs (n, classes) beside their ids; the names of the classes go into the schema."""
    values = pa.FixedSizeListArray.from_arrays(pa.array(pred_probs.ravel()), pred_probs.shape[1])
    table = pa.table({"id": pa.array(ids, pa.string()), "pred_probs": values})
    write_parquet(path, table.replace_schema_metadata({"classes": json.dumps(list(classes))}))


def write_bytes(path: Path, content: bytes) -> None:
    with whole(path) as unfinished:
        unfinished.write_bytes(content)


def keep_only(folder: Path, kept: Iterable[Path]) -> None:
    """Remove all else from a folder: batches that left their list would go on counting in the hash of the folder."""
    for path in set(folder.glob("*")) - set(kept):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


# Reading


def read_csv(path: Path, columns: Sequence[str] = ()) -> pa.Table:
    """Read a CSV file, see `parse_csv`."""
    return parse_csv(path, path.read_bytes(), columns)


def parse_csv(name: Path | str, content: bytes, columns: Sequence[str] = (), delimiters: str = ",") -> pa.Table:
    """The content of a CSV file with a header as text, exactly as it was typed; an empty cell is an empty string.

    Parameters
    ----------
    name : of the file, for messages
    columns : that it must have
    delimiters : of these the one that is most frequent in the header

    Raises
    ------
    InputError
        If the file is not UTF-8 (a byte order mark is fine), has rows of different lengths, two columns of one name,
        or lacks one of `columns`.
    """
    try:
        lines = io.StringIO(content.decode("utf-8").removeprefix("\ufeff"), newline="")
        delimiter = _delimiter(lines, delimiters)
        header = next(filter(None, csv.reader(lines, delimiter=delimiter)), None)
        if header is None:
            raise InputError(f"{name} is empty: a header line is the least it must have")
        types = dict.fromkeys(header, pa.string())
        table = pa.csv.read_csv(
            pa.BufferReader(content + b"\n"),  # else a header without line end would be no header
            read_options=pa.csv.ReadOptions(use_threads=False),  # else errors do not tell the row
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
    except UnicodeDecodeError as error:
        place = f"line {len(content[: error.start + 1].splitlines())} has the byte 0x{content[error.start]:02x}"
        raise InputError(f"{name} is not UTF-8: {place}; save it as UTF-8") from None
    except (pa.ArrowInvalid, csv.Error) as error:
        raise InputError(_conflict(name, content) or f"{name} is no well-formed CSV: {error}") from None
    twice = [each for each in header if header.count(each) > 1]
    if twice:
        raise InputError(f"{name} has two columns {twice[0]!r}: rename one or take it out")
    missing = [each for each in columns if each not in header]
    if missing:
        lacks = f"{name} has no column {missing[0]!r}; it has: {', '.join(header)}"
        raise InputError(_conflict(name, content) or lacks)
    return table


def _delimiter(lines: TextIO, delimiters: str) -> str:
    """The one that is most frequent in the header."""
    delimiter = max(delimiters, key=lines.readline().count)
    lines.seek(0)
    return delimiter


def _conflict(name: Path | str, content: bytes) -> str:
    """What to do about a file that git could not merge; "" where a file cannot be read for another reason."""
    mark = re.search(rb"^<<<<<<< ", content, re.MULTILINE)
    if not mark:
        return ""
    line = content.count(b"\n", 0, mark.start()) + 1
    mend = "keep what is right of both sides, and delete the lines that start with <<<<<<<, ======= and >>>>>>>"
    return f"{name} line {line} starts a git merge conflict: {mend}"


def name_rows(path: Path, table: pa.Table, delimiters: str = ",") -> list[str]:
    """What to call each row of a file in a message: a CSV file's as a spreadsheet counts them, else from 0."""
    numbers = range(len(table))
    if path.suffix != ".parquet":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=_delimiter(file, delimiters))
            numbers = [number for number, cells in enumerate(rows, start=1) if cells][1:]
    return [f"{path} row {number}" for number in numbers]


def listed() -> list[str]:
    """The names of the listed batches, in the order of arrival."""
    return read_json(LISTED)["batches"]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


def read_checkpoint() -> tuple[dict[str, np.ndarray], dict]:
    """What `write_checkpoint` kept; nothing where there is none, or none that can be read."""
    if not _CHECKPOINT.exists():
        return {}, {}
    try:
        arrays = read_arrays(_CHECKPOINT)
        return arrays, json.loads(str(arrays.pop("state")))
    except Exception:  # whatever a power cut made of it
        print(f"assay: {_CHECKPOINT} is damaged and discarded: training begins anew", file=sys.stderr)
        drop_checkpoint()
        return {}, {}


def fingerprint(path: Path) -> str:
    """The MD5 of a file, as dvc.lock has it."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def read_json(path: Path) -> dict:
    content = path.read_bytes()
    try:
        return json.loads(content)
    except ValueError as error:
        damaged = f"{path} is no JSON ({error}): take it back with `git checkout` or `dvc checkout`, or make it again"
        raise InputError(_conflict(path, content) or damaged) from None


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    path.stat()  # raises what tells the name of a missing file; what pyarrow raises does not
    try:
        return pq.read_table(path, columns=columns, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is not a readable Parquet file ({error}): write or fetch it again") from None


def read_kind(path: Path) -> dict:
    """What the payloads of a file of examples are: `modality`, `shape` of one, and what else their module notes."""
    return json.loads(pq.read_schema(path).metadata[b"payload"])


def is_numbered(path: Path) -> bool:
    """Whether the keys of a file of examples are row numbers, which mean others once a row is removed."""
    return b"keys" in pq.read_schema(path).metadata


def describe(kind: dict) -> str:
    """What `read_kind` gave, in words."""
    return f"{kind['modality']} examples of shape {' x '.join(map(str, kind['shape'])) or 'free'}"


def read_probabilities(path: Path) -> tuple[np.ndarray, list[str]]:
    """pred_probs (n, classes), in the order they were written in, and the names of the classes."""
    table = read_parquet(path)
    classes = json.loads(table.schema.metadata[b"classes"])
    values = table["pred_probs"].combine_chunks().flatten().to_numpy()
    return values.reshape(-1, len(classes)), classes


def count(path: Path) -> int:
    """The number of rows of a Parquet file."""
    return pq.read_metadata(path).num_rows


def described(schema: pa.Schema) -> list[str]:
    """The columns of examples.parquet that are not payload."""
    fixed = ("id", "key", "duplicates", "split")
    return [name for name in schema.names if name in fixed or name.startswith("slice:")]


def slice_columns(path: Path) -> dict[str, str]:
    """The slices of a file of examples, among them the categories of a table: column, and what it is called."""
    names = {name: name.removeprefix("slice:") for name in pq.read_schema(path).names if name.startswith("slice:")}
    types = read_kind(path).get("features", {})
    names |= {f"feature:{name}": name for name, type_ in types.items() if type_ == "category"}
    return {column: slice_name(name) for column, name in names.items()}


def slice_name(column: str) -> str:
    """What the slice of a column is called; `batch` is that of the batches."""
    return "batch (column)" if column == "batch" else column


def blocks(path: Path, size: int) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file in blocks of at most `size`, so that memory does not grow with the file."""
    with pq.ParquetFile(path, pre_buffer=False) as file:  # else it keeps all that it has read
        yield from file.iter_batches(size, use_threads=False)


# Identity


def content_ids(payload: np.ndarray) -> list[str]:
    """The id of each example: a hash of its canonical payload, 32 hex digits.

    Parameters
    ----------
    payload : np.ndarray of shape (n, ...)
        One example a row; its type and shape are part of its content.
    """
    kind = f"{payload.dtype.str} {payload.shape[1:]}".encode()
    contents = (row.encode() if isinstance(row, str) else row.tobytes() for row in payload)
    return [hashlib.blake2b(kind + content, digest_size=16).hexdigest() for content in contents]


def split_by_hash(example_id: str, test: float, validation: float) -> str:
    """The side of an example, from its id alone: so it never changes sides when data grows.

    `test` and `validation` are shares of all examples, 0 <= test + validation < 1.
    """
    position = int(example_id[:13], 16) / 16**13  # 52 bits: exact in a float
    if position < test:
        return "test"
    return "validation" if position < test + validation else "train"
