"""Whatever is wrong with what comes in: exit code 1, one line that names the place and the remedy,
and no output.
"""

import gzip
import os
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.contract import csv_files, files, parquet_files, paths
from tests.support.raw_files import idx, image, parquet, png_header
from tests.support.workspace import Workspace

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
DIGITS = idx(4, 8, 8)
GOOD = {"a/1.png": image(1), "b/2.png": image(2)}
TIFF = image(2, form="TIFF", compression="tiff_deflate")
TABLE = {"examples.csv": "label,x\na,1\nb,2\n"}
PARQUET = parquet(label=["a", "b"], x=[1.0, 2.0])
FETCH = "fetch it again"


def csv(text: str) -> dict[str, str]:
    return {"examples.csv": text}


def in_folders(*names: str) -> dict[str, bytes]:
    return {f"{name}/1.png": image(value) for value, name in enumerate(names)}


def listed(text: str) -> dict[str, str | bytes]:
    return {"metadata.csv": text, "1.png": image()}


def mnist(images: bytes, end: str = "", labels: bytes = idx(4)) -> dict[str, bytes]:
    return {f"{IMAGES}{end}": images, LABELS: labels}


def column(**columns: object) -> dict[str, bytes]:
    return {"examples.parquet": parquet(**columns)}


# what is in data/raw/b, and what the message must say
BATCHES = {
    "no file at all": ({}, "data/raw/b is empty", "put examples into it"),
    "no layout": (
        {"readme.txt": "hello"},
        "data/raw/b has no known layout",
        "it needs",
        "readme.txt",
    ),
    "split folders beside another": (
        in_folders("train/a", "test/a", "extra/a"),
        "data/raw/b",
        "'extra'",
        "'test'",
    ),
    "file name that is not UTF-8": (
        {os.fsdecode(b"a/\xff.png"): image()},
        "data/raw/b/a/",
        "rename",
    ),
    "audio": (
        {"a/1.wav": b"RIFF", "b/2.wav": b"RIFF"},
        "data/raw/b/a/1.wav cannot be decoded",
        "replace it",
    ),
    "images and audio": (
        {"a/1.wav": b"RIFF", "b/2.png": image()},
        "data/raw/b holds audio and image files",
        "a batch of each",
    ),
    # IDX
    "IDX labels missing": ({IMAGES: idx(4, 8, 8)}, f"{LABELS} is missing", "come in pairs"),
    "IDX magic": (mnist(idx(4)), f"{IMAGES} has the magic 00000801", FETCH),
    "IDX of no bytes": (mnist(b""), IMAGES, FETCH),
    "IDX header cut short": (mnist(DIGITS[:9]), f"{IMAGES} is cut short", FETCH),
    "IDX cut short": (mnist(DIGITS[:-5]), f"{IMAGES} is cut short", FETCH),
    "IDX too long": (mnist(DIGITS + b"0"), f"{IMAGES} is longer than its header", FETCH),
    "IDX in gzip cut short": (
        mnist(gzip.compress(DIGITS[:-5]), ".gz"),
        f"{IMAGES}.gz is cut short",
        FETCH,
    ),
    "gzip cut short": (mnist(gzip.compress(DIGITS)[:-12], ".gz"), f"{IMAGES}.gz", "damaged", FETCH),
    "gzip damaged": (
        mnist(gzip.compress(DIGITS)[:-8] + bytes(8), ".gz"),
        f"{IMAGES}.gz",
        "damaged",
        FETCH,
    ),
    "gzip that is none": (mnist(DIGITS, ".gz"), f"{IMAGES}.gz", "damaged", FETCH),
    "IDX counts": (mnist(idx(5, 8, 8)), f"{IMAGES} holds 5", f"{LABELS} 4", "fetch both again"),
    "IDX sizes": (
        mnist(DIGITS) | {"t10k-images-idx3-ubyte": idx(4, 9, 8), "t10k-labels-idx1-ubyte": idx(4)},
        "t10k images differ in size",
        "one batch of each",
    ),
    "IDX larger than memory": (
        mnist(idx(2**32 - 1, 2**32 - 1, 9, content=b"0")),
        IMAGES,
        "cut short",
        FETCH,
    ),
    "IDX of 47 GB in gzip": (
        mnist(gzip.compress(idx(60_000_000, 28, 28, content=b"0")), ".gz"),
        IMAGES,
        FETCH,
    ),
    "IDX without pixels": (mnist(idx(4, 0, 8)), f"{IMAGES} holds images of no pixels", FETCH),
    "IDX without examples": (
        mnist(idx(0, 8, 8), labels=idx(0)),
        "data/raw/b holds no examples",
        "params.yaml",
    ),
    # images
    "PNG cut short": (
        GOOD | {"b/2.png": image(2)[:50]},
        "b/b/2.png cannot be decoded",
        "replace it or take it out",
    ),
    "TIFF cut short": (
        GOOD | {"b/2.tif": image(2, form="TIFF")[:100]},
        "b/b/2.tif cannot be decoded",
        "take it out",
    ),
    "TIFF damaged": (
        GOOD | {"b/2.tif": TIFF[:8] + bytes(9) + TIFF[17:]},
        "b/b/2.tif cannot be decoded",
        "take it out",
    ),
    "text named .png": (
        GOOD | {"b/2.png": "hello"},
        "b/b/2.png cannot be decoded",
        "not a picture",
        "take it out",
    ),
    "image of no bytes": (
        GOOD | {"b/2.png": b""},
        "b/b/2.png cannot be decoded",
        "not a picture",
        "take it out",
    ),
    "decompression bomb": (
        GOOD | {"b/2.png": png_header(50_000, 50_000)},
        "b/b/2.png",
        "bomb",
        "take it out",
    ),
    "image too large": (
        GOOD | {"b/2.png": png_header(10_000, 10_000)},
        "b/b/2.png",
        "pixels",
        "take it out",
    ),
    # metadata.csv
    "listed outside": (
        listed("file_name,label\n../b/1.png,a\n"),
        "metadata.csv row 2",
        "name files below data/raw/b",
    ),
    "listed absolute": (
        listed("file_name,label\n/etc/hosts,a\n"),
        "metadata.csv row 2",
        "name files below data/raw/b",
    ),
    "listed but missing": (
        listed("file_name,label\n1.png,a\n2.png,a\n"),
        "metadata.csv row 3",
        "b/2.png is missing",
    ),
    "listed with no name": (
        listed("file_name,label\n1.png,a\n,a\n"),
        "metadata.csv row 3",
        "file_name",
    ),
    "listed twice": (
        listed("file_name,label\n1.png,a\n1.png,b\n"),
        "metadata.csv row 3",
        "1.png",
        "keys must differ",
    ),
    "listed without label": (
        listed("file_name,y\n1.png,a\n"),
        "metadata.csv has no column 'label'",
        "leave it empty",
    ),
    "listed without name": (
        listed("file,label\nx,a\n"),
        "metadata.csv has no column 'file_name'",
        "file, label",
    ),
    "listed split": (
        listed("file_name,label,split\n1.png,a,tset\n"),
        "metadata.csv row 2",
        "'tset'",
        "one of",
    ),
    # CSV
    "CSV of no bytes": (csv(""), "examples.csv is empty", "header"),
    "CSV without rows": (csv("label,x\n"), "data/raw/b holds no examples", "params.yaml"),
    "CSV of a header without line end": (
        csv("label,x"),
        "data/raw/b holds no examples",
        "params.yaml",
    ),
    "CSV in Latin-1": (
        {"examples.csv": "label,x\nJosé,1\n".encode("latin-1")},
        "examples.csv",
        "line 2",
        "as UTF-8",
    ),
    "ragged row": (csv("label,x\na,1\nb\n"), "examples.csv", "#3", "got 1"),
    "open quote": (csv('label,x\na,1\n"b,1\n'), "examples.csv", "#3", "does not end"),
    "two columns of one name": (csv("label,x,x\na,1,2\n"), "examples.csv has two columns 'x'"),
    "no label": (csv("y,x\na,1\n"), "examples.csv has no column 'label'", "leave it empty"),
    "no feature": (csv("label,key\na,1\n"), "examples.csv", "no column is left to learn from"),
    "slip in a column of numbers": (
        csv("label,x\na,1\n\nb,2\na,3\nb,4O\n"),
        "examples.csv row 6",
        "'x' is '4O'",
        "mend it",
    ),
    "infinity after a blank line": (
        csv("label,x\n\na,1\n\nb,inf\n"),
        "examples.csv row 5",
        "'x' is inf",
    ),
    "infinity": (
        csv("label,x\na,1\nb,-inf\n"),
        "examples.csv row 3",
        "'x' is -inf",
        "finite value",
    ),
    "beyond float32": (
        csv("label,x\na,1\nb,1e300\n"),
        "examples.csv row 3",
        "'x' is 1e300",
        "3.4e38, the range of float32",
    ),
    "two rows of one key": (
        csv("label,x,key\na,1,k\nb,2,k\n"),
        "examples.csv row 3",
        "'k'",
        "keys must differ",
    ),
    "unknown split": (
        csv("label,x,split\na,1,train\nb,2,tset\n"),
        "examples.csv row 3",
        "'tset'",
        "one of",
    ),
    # Parquet
    "unreadable Parquet": (
        {"examples.parquet": "hello"},
        "examples.parquet is no readable Parquet file",
    ),
    "Parquet cut short": (
        {"examples.parquet": PARQUET[:-9]},
        "examples.parquet is no readable Parquet file",
    ),
    "Parquet page damaged": (
        {"examples.parquet": PARQUET[:4] + b"\xff" * 20 + PARQUET[24:]},
        "examples.parquet",
    ),
    "Parquet without rows": (
        column(label=pa.nulls(0, pa.string()), x=pa.nulls(0, pa.float64())),
        "holds no examples",
    ),
    "null image": (
        column(label=["a", "b"], image=[image(), None]),
        "examples.parquet row 1",
        "'image'",
        "not missing",
    ),
    "feature of lists": (
        column(label=["a", "b"], x=[[1.0], [2.0]]),
        "examples.parquet row 0",
        "'x'",
        "take that column out",
    ),
    "text that is a number": (
        column(label=["a", "b"], text=[None, 3]),
        "examples.parquet row 1",
        "'text' is 3",
        "it must be text",
    ),
    "damaged audio": (
        column(label=["a"], audio=[b"RIFF"]),
        "examples.parquet row 0 cannot be decoded",
        "replace it",
    ),
    "infinite label": (column(label=[1.0, np.inf], x=[1.0, 2.0]), "examples.parquet row 1", "inf"),
    "label of bytes": (
        column(label=[None, b"b"], x=[1.0, 2.0]),
        "examples.parquet",
        "text or numbers",
    ),
    "label of lists": (
        column(label=[["a"], ["b"]], x=[1.0, 2.0]),
        "examples.parquet",
        "text or numbers",
    ),
    # several people's labels, and the truth
    "annotation of no example": (
        TABLE | {"annotations.csv": "key,annotator,label\n7,anna,a\n"},
        "s.csv row 2",
        "'7'",
    ),
    "annotation of nobody": (
        TABLE | {"annotations.csv": "key,label\n0,a\n"},
        "has no column 'annotator'",
    ),
    "annotation of no key": (
        TABLE | {"annotations.csv": "id,annotator,label\n0,a,a\n"},
        "annotations.csv",
        "'key'",
    ),
    "truth of no example": (
        TABLE | {"truth.csv": "key,label\n0,a\n7,a\n"},
        "truth.csv row 3",
        "'7'",
    ),
    "two truths": (TABLE | {"truth.csv": "key,label\n0,a\n0,b\n"}, "truth.csv row 3", "'0'"),
}

# what params.yaml says, and what the message must say
PARAMETERS = {
    "unknown key": ("collect.tset", 0.2, "collect.tset", "unknown key", "allowed here: test"),
    "unknown section": ("colect", {}, "colect", "unknown key", "collect"),
    "wrong type": ("collect.test", "0.2", "collect.test", "must be a valid number"),
    "out of range": ("collect.test", 1.5, "collect.test", "must be less than 1"),
    "infinite": ("train.learning_rate", float("inf"), "train.learning_rate", "finite"),
    "infinite threads": ("threads", float("inf"), "threads", "integer"),
    "nothing to train on": ("collect.validation", 0.8, "test + validation", "below 1"),
    "half a size": ("collect.resize", [8], "collect.resize"),
    "size of a wall": ("collect.resize", [100_000, 1], "collect.resize: must be", "from 1 to 4096"),
    "no size": ("collect.resize", "small", "collect.resize: must be", "'auto'", "not 'small'"),
    "no fit": ("collect.fit", "fill", "collect.fit: must be 'crop', 'pad' or 'stretch', not"),
    "no batch": ("batches", [], "batches", "at least 1"),
    "batch listed twice": ("batches", ["b", "c", "b"], "batches: b is listed twice"),
    "pretrain no subset": (
        "pretrain.batches",
        ["d"],
        "pretrain.batches: d is not in batches",
        "add it there, or take it off pretrain.batches",
    ),
    "batch with a slash": ("batches", ["b", "c", "d/e"], "'d/e' is no batch name", "use letters"),
    "batch above": ("batches", ["b", "c", ".."], "'..' is no batch name", "use letters"),
    "batch for the shell": (
        "batches",
        ["b", "c", "$(touch x)"],
        "'$(touch x)' is no batch name",
        "use letters",
    ),
    "batch that is a number": ("batches", ["b", "c", 7], "batches.2", "must be a valid string"),
    "batch that is a date": ("batches", [date(2024, 11, 1)], "batches.0", "put a name in quotes"),
    "column that is a number": ("collect.group", 2024, "collect.group", "put a name in quotes"),
    "digits outside": ("digits.batches", {"../x": 9}, "'../x' is no batch name", "use letters"),
}

NOT_YAML = {
    "open bracket": ("batches: [b\n", "not YAML", "line 2"),
    "tab": ("batches:\n\t- b\n", "not YAML", "line 2"),
    "merge conflict": (
        "<<<<<<< HEAD\nthreads: 2\n=======\nthreads: 3\n>>>>>>> x\n",
        "params.yaml line 1",
        "git merge conflict",
    ),
    "Latin-1": ("# José\n".encode("latin-1"), "not YAML", "utf-8"),
    "no keys": ("- b\n", "must hold keys"),
    "brackets in brackets": ("batches: " + "[" * 100_000, "line 1", "brackets in brackets"),
}


def fails(workspace: Workspace, stage: str, *words: str) -> None:
    before = workspace.files()
    result = workspace.run(stage)
    message = result.stderr
    assert (result.returncode, message.count("\n")) == (1, 1), message
    assert [word for word in words if word not in message] == [], message
    assert workspace.files() == before


def cases(table: dict[str, tuple], *names: str) -> pytest.MarkDecorator:
    """Run a test for each row of a table; what is left of a row after `names` are words of the
    message.
    """
    rows = [(*row[: len(names)], row[len(names) :]) for row in table.values()]
    return pytest.mark.parametrize((*names, "words"), rows, ids=list(table))


@cases(BATCHES, "files")
def test_batch(workspace: Workspace, files: dict[str, str | bytes], words: tuple[str, ...]) -> None:
    workspace.raw(files)
    fails(workspace, "collect@b", *words)


@cases(PARAMETERS, "key", "value")
def test_parameters(workspace: Workspace, key: str, value: object, words: tuple[str, ...]) -> None:
    workspace.raw(GOOD)
    workspace.set(key, value)
    fails(workspace, "collect@b", "params.yaml", *words)


@cases(NOT_YAML, "text")
def test_not_yaml(workspace: Workspace, text: str | bytes, words: tuple[str, ...]) -> None:
    workspace.write("params.yaml", text)
    fails(workspace, "collect@b", "params.yaml", *words)


def test_no_stage(workspace: Workspace) -> None:
    fails(workspace, "collect", "dvc repro <stage>@<batch>")


# Later stages


def collected(workspace: Workspace, **batches: dict[str, str | bytes]) -> pd.DataFrame:
    """Collect batches, list them, and embed them at random; the examples of all."""
    workspace.set("batches", list(batches))
    workspace.set("pretrain.batches", list(batches))
    files.write_json(paths.LISTED, {"batches": list(batches)})
    examples = []
    for batch, content in batches.items():
        workspace.raw(content, batch)
        workspace.done(f"collect@{batch}")
        examples.append(
            parquet_files.read_parquet(paths.examples(batch), ["id", "key"]).to_pandas()
        )
        embeddings = np.random.default_rng(0).normal(size=(len(examples[-1]), 4)).astype(np.float32)
        files.write_rows(paths.embeddings(batch), len(embeddings), [embeddings])
    return pd.concat(examples)


def rows(*labels: str, start: int = 0) -> dict[str, str]:
    """A table of training examples, one for each label."""
    lines = (f"{label},train,{start + row},{row}\n" for row, label in enumerate(labels))
    return csv("label,split,x,key\n" + "".join(lines))


def one_class(workspace: Workspace) -> None:
    collected(workspace, b=rows(*"aaaa"))


def class_of_one(workspace: Workspace) -> None:
    collected(workspace, b=rows(*"aaabbbc"))


def no_label(workspace: Workspace) -> None:
    collected(workspace, b=rows("", "", ""))


def embeddings_of_two_widths(workspace: Workspace) -> None:
    collected(workspace, b=rows(*"aabb"), c=rows(*"aabb", start=9))
    files.write_rows(paths.embeddings("c"), 4, [np.zeros((4, 5), np.float32)])


def not_collected(workspace: Workspace) -> None:
    files.write_json(paths.LISTED, {"batches": ["b", "c"]})


def other_shape(workspace: Workspace) -> None:
    workspace.raw(GOOD)
    workspace.done("collect@b")
    files.write_json(paths.ENCODER_INFO, {"modality": "image", "shape": [9, 9, 1]})


def sampled(**batches: dict[str, str | bytes]) -> Callable[[Workspace], None]:
    def prepare(workspace: Workspace) -> None:
        workspace.set("pretrain.batches", list(batches))
        for batch, content in batches.items():
            workspace.raw(content, batch)
            workspace.done(f"collect@{batch}")
            workspace.done(f"sample@{batch}")

    return prepare


def foreign_encoder(workspace: Workspace) -> None:
    sampled(b=GOOD)(workspace)
    workspace.write("models/pretrained/x.onnx", b"no model")
    workspace.set("pretrain.encoder", "x.onnx")


def too_many_digits(workspace: Workspace) -> None:
    workspace.set("digits.batches", {"b": 9999})


def answers(file: str, b: dict[str, str] | None = None) -> Callable[[Workspace], None]:
    def prepare(workspace: Workspace) -> None:
        examples = collected(workspace, b=b or rows(*"aabb"), c=rows(*"aabb", start=9))
        pred_probs = np.full((len(examples), 2), 0.5, np.float32)
        parquet_files.write_probabilities(paths.PRED_PROBS, examples["id"], pred_probs, ["a", "b"])
        csv_files.write_frame(
            paths.QUALITY, examples.assign(given="a", quality=1.0), ["id", "given", "quality"]
        )
        labels = examples.assign(label="a", confidence=1.0, source="consensus")
        csv_files.write_frame(paths.CLEANED_LABELS, labels, ["id", "label", "confidence", "source"])
        workspace.write("data/annotations/anna.csv", file)

    return prepare


STAGES = {
    "too many digits": (too_many_digits, "digits", "params.yaml: digits.batches", "9999", "1797"),
    "two shapes": (
        sampled(b=GOOD, c={"a/1.png": image(size=(9, 8))}),
        "pretrain",
        "c.parquet",
        "8 x 9",
        "b holds",
    ),
    "test examples": (
        sampled(b=csv("label,split,x\na,test,1\n")),
        "pretrain",
        "pretrain.batches",
        "examples only",
    ),
    "foreign encoder": (foreign_encoder, "pretrain", "models/pretrained/x.onnx cannot be used"),
    "one class": (one_class, "clean", "all 4 labels", "'a'", "at least two classes are needed"),
    "class of one example": (
        class_of_one,
        "clean",
        "data/raw/b",
        "'c'",
        "1 example",
        "clean.smallest_class",
    ),
    "no label": (
        no_label,
        "clean",
        "no example of any batch has a label",
        "label some in data/raw/",
    ),
    "widths": (embeddings_of_two_widths, "clean", "data/embedded/c.npy has 5 columns", "4"),
    "not collected": (
        not_collected,
        "clean",
        "data/collected/b/examples.parquet is missing",
        "dvc repro",
    ),
    "other shape": (
        other_shape,
        "embed@b",
        "data/raw/b: shape is [8, 8, 1]",
        "[9, 9, 1]",
        "collect.resize",
    ),
    "unknown class": (
        answers("key,annotator,label\nb/0,anna,z\n"),
        "annotate",
        "anna.csv row 2",
        "'z'",
        "a, b",
    ),
    "no id at all": (
        answers("id,annotator,label\nffff,anna,a\n"),
        "annotate",
        "anna.csv row 2",
        "'ffff' is no id",
    ),
    "row number": (
        answers(
            "key,annotator,label\nc/0,anna,a\nb/0,anna,a\n",
            csv("label,split,x\na,train,1\nb,train,2\n"),
        ),
        "annotate",
        "anna.csv row 3",
        "'b/0' is a row number",
        "write its `id`",
    ),
    "merge conflict": (
        answers("key,annotator,label\n<<<<<<< HEAD\nb/0,anna,a\n=======\nb/0,anna,b\n>>>>>>> x\n"),
        "annotate",
        "anna.csv line 2",
        "git merge conflict",
    ),
    "ambiguous key": (
        answers("key,annotator,label\n0,anna,a\n"),
        "annotate",
        "anna.csv row 2",
        "<batch>/<key>",
    ),
    "no id": (answers("annotator,label\nanna,a\n"), "annotate", "anna.csv", "'id'", "'key'"),
    "no annotator": (
        answers("key,label\nb/0,a\n"),
        "annotate",
        "anna.csv has no column 'annotator'",
    ),
    "ragged answers": (
        answers("key,annotator,label\nb/0,a\n"),
        "annotate",
        "anna.csv",
        "#2",
        "got 2",
    ),
}


@cases(STAGES, "prepare", "stage")
def test_stage(workspace: Workspace, prepare: Callable, stage: str, words: tuple[str, ...]) -> None:
    prepare(workspace)
    fails(workspace, stage, *words)
