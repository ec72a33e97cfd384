"""What looks odd and is right: it comes in as it is."""

import gzip
import io
import re
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from assay.contract import csv_files, parquet_files, paths
from tests.support.raw_files import idx, image, parquet
from tests.support.workspace import Workspace


def collect(workspace: Workspace, files: dict[str, str | bytes]) -> str:
    workspace.raw(files)
    return workspace.done("collect@b")


def examples(*columns: str) -> dict[str, tuple]:
    """Columns of the collected examples, by key."""
    rows = parquet_files.read_parquet(paths.examples("b")).to_pylist()
    return {row["key"]: tuple(row[name] for name in columns) for row in rows}


def labels() -> dict[str, list[str]]:
    """The labels of each labelled example, by key."""
    key_of = {id_: key for key, (id_,) in examples("id").items()}
    found = defaultdict(list)
    for row in csv_files.read_csv(paths.labels("b")).to_pylist():
        found[key_of[row["id"]]].append(row["label"])
    return found


def test_byte_order_mark(workspace: Workspace) -> None:
    assert collect(workspace, {"examples.csv": "\ufefflabel,x\na,1\nb,2\na,3\nb,5\n"}) == ""
    assert labels() == {"0": ["a"], "1": ["b"], "2": ["a"], "3": ["b"]}


@pytest.mark.parametrize(
    "numbers", [[3.0, None, 12.0], pa.array([3, None, 12]), ["3.0", "", "12.0"]]
)
def test_whole_numbers_lose_their_point(workspace: Workspace, numbers: list) -> None:
    collect(workspace, {"examples.parquet": parquet(label=numbers, x=[1.0, 2.0, 3.0])})
    assert labels() == {"0": ["3"], "2": ["12"]}


def test_text_is_kept_exactly_but_for_blanks_at_its_ends(workspace: Workspace) -> None:
    odd = ["1", "01", " 1", "1.0", "TRUE", "true", "null", "NaN", "nan", "N/A", "Straße", "strasse"]
    collect(
        workspace,
        {
            "examples.csv": "label,x\n"
            + "".join(f"{label},{row}\n" for row, label in enumerate(odd))
        },
    )
    assert labels() == {str(row): [label.strip()] for row, label in enumerate(odd)}


def test_text_that_csv_must_quote(workspace: Workspace) -> None:
    odd = ["a,b", 'a"b', "a\nb", "a\rb", "a\r\nb"]
    collect(
        workspace,
        {"examples.parquet": parquet(label=odd, x=[float(row) for row in range(len(odd))])},
    )
    assert labels() == {str(row): [label] for row, label in enumerate(odd)}


def test_keys_that_look_like_numbers(workspace: Workspace) -> None:
    files = {
        "examples.csv": "label,x,key\n,1,1.0\n,2,2.0\n",
        "annotations.csv": "key,annotator,label\n2.0,anna,a\n",
    }
    collect(workspace, files)
    assert labels() == {"2.0": ["a"]}


@pytest.mark.parametrize(
    ("files", "numbered"),
    [
        ({"examples.csv": "label,x\na,1\n"}, True),
        ({"examples.parquet": parquet(label=["a"], text=["x"])}, True),
        ({"train-images-idx3-ubyte": idx(2, 8, 8), "train-labels-idx1-ubyte": idx(2)}, True),
        ({"examples.csv": "label,x,key\na,1,1\n"}, False),
        ({"examples.parquet": parquet(label=["a"], text=["x"], key=["1"])}, False),
        ({"a/1.png": image(1)}, False),
    ],
)
def test_keys_that_are_row_numbers_are_noted(
    workspace: Workspace, files: dict, numbered: bool
) -> None:
    collect(workspace, files)
    path = paths.examples("b")
    assert parquet_files.is_numbered(path) == numbered
    assert list(pq.read_schema(path).metadata) == [b"payload", b"keys"][: 1 + numbered]


def test_one_vote_a_person(workspace: Workspace) -> None:
    people = "key,annotator,label\n0,anna,a\n1,anna,b\n0,anna,b\n0,bela,a\n"
    said = collect(workspace, {"examples.csv": "x\n1\n2\n", "annotations.csv": people})
    assert labels() == {"0": ["b", "a"], "1": ["b"]}
    replaced = "label replaces an earlier one by the same person for the same example"
    numbered = "labels name their row by its number, for example '0'"
    remedy = "add a column `key` before rows are added or removed in between"
    assert said == (
        f"assay: data/raw/b: merged: 1 {replaced}: '0' by 'anna'\n"
        f"assay: data/raw/b: doubtful: 4 {numbered}; {remedy}\n"
    )


def test_no_label(workspace: Workspace) -> None:
    collect(workspace, {"examples.csv": "label,x\n,1\nb,2\n"})
    assert set(examples()) == {"0", "1"}
    assert labels() == {"1": ["b"]}


def test_blanks_alone_are_no_label(workspace: Workspace) -> None:
    files = {
        "examples.csv": "label,x\n \u00a0,1\nb,2\n",
        "annotations.csv": "key,annotator,label\n0,anna, \n0,bela,a\n1,bela,\t\n",
        "truth.csv": "key,label\n0, \n1,b\n",
    }
    collect(workspace, files)
    assert labels() == {"0": ["a"], "1": ["b"]}
    assert csv_files.read_csv(paths.truth("b"))["label"].to_pylist() == ["b"]


def test_mixed_sizes_and_modes(workspace: Workspace) -> None:
    workspace.set("collect.resize", [6, 5])
    workspace.set("collect.channels", 1)
    files = {
        "a/1.png": image(1, (9, 8)),
        "a/2.png": image(200, mode="RGB"),
        "b/3.gif": image(3, form="GIF"),
    }
    collect(workspace, files)
    assert parquet_files.read_payload_format(paths.examples("b"))["shape"] == [6, 5, 1]
    assert set(examples()) == set(files)


def test_duplicates_vote(workspace: Workspace) -> None:
    collect(workspace, {"cat/1.png": image(7), "dog/1.png": image(7), "dog/2.png": image(8)})
    assert examples("duplicates") == {"cat/1.png": (["dog/1.png"],), "dog/2.png": ([],)}
    assert labels() == {"cat/1.png": ["cat", "dog"], "dog/2.png": ["dog"]}


def test_copy_across_the_test_border(workspace: Workspace) -> None:
    collect(workspace, {"examples.csv": "label,split,x\na,train,1\nb,test,1\nc,train,2\n"})
    assert examples("split", "duplicates")["1"] == ("test", ["0"])
    assert labels() == {"1": ["b"], "2": ["c"]}


def test_split_folders(workspace: Workspace) -> None:
    collect(
        workspace, {"train/a/1.png": image(1), "val/b/2.png": image(2), "test/a/1.png": image(3)}
    )
    assert examples("split") == {
        "train/a/1.png": ("train",),
        "val/b/2.png": ("validation",),
        "test/a/1.png": ("test",),
    }
    assert labels() == {"train/a/1.png": ["a"], "val/b/2.png": ["b"], "test/a/1.png": ["a"]}


def test_sounds_that_are_cut_are_told(workspace: Workspace) -> None:
    workspace.set("collect.seconds", 0.1)
    sound = io.BytesIO()
    soundfile.write(sound, np.linspace(-0.5, 0.5, 4000), 8000, format="WAV")
    said = collect(workspace, {"a/1.wav": sound.getvalue()})
    assert "cut: 1 of 1 sounds is longer than 0.1 s (0.4 s in all)" in said


def test_slices(workspace: Workspace) -> None:
    listed = "file_name,label,site,hour\nx/1.png,a,Köln,07\n2.png,b,,8\n"
    collect(workspace, {"metadata.csv": listed, "x/1.png": image(1), "2.png": image(2)})
    assert examples("slice:site", "slice:hour") == {"x/1.png": ("Köln", "07"), "2.png": ("", "8")}


def test_list_of_files(workspace: Workspace) -> None:
    collect(
        workspace,
        {
            "metadata.csv": "file_name,label\n1.png,a\n./2.png,b\n",
            "1.png": image(1),
            "2.png": image(2),
        },
    )
    assert labels() == {"1.png": ["a"], "2.png": ["b"]}


def test_list_of_files_in_split_folders(workspace: Workspace) -> None:
    listed = "file_name,label\ntrain/1.png,a\ntest/2.png,b\n"
    collect(workspace, {"metadata.csv": listed, "train/1.png": image(1), "test/2.png": image(2)})
    assert examples("split") == {"train/1.png": ("train",), "test/2.png": ("test",)}
    assert labels() == {"train/1.png": ["a"], "test/2.png": ["b"]}


def test_split_column(workspace: Workspace) -> None:
    collect(
        workspace, {"examples.csv": "label,split,x\na,train,1\nb,validation,2\nc,test,3\nd,,4\n"}
    )
    assert examples("split") == {
        "0": ("train",),
        "1": ("validation",),
        "2": ("test",),
        "3": ("train",),
    }


def test_idx(workspace: Workspace) -> None:
    files = {
        "train-images-idx3-ubyte": idx(2, 8, 8),
        "train-labels-idx1-ubyte.gz": gzip.compress(idx(2)),
    }
    collect(
        workspace,
        files | {"t10k-images-idx3-ubyte": idx(1, 8, 8), "t10k-labels-idx1-ubyte": idx(1)},
    )
    assert examples("split") == {
        "t10k/0": ("test",),
        "train/1": ("train",),
    }  # train/0 is a copy of t10k/0
    assert labels() == {"t10k/0": ["0"], "train/1": ["1"]}


def test_unused_files_are_named_once(workspace: Workspace) -> None:
    stray = dict.fromkeys(("notes.txt", "a/readme.md", "z.json", "y.json", ".DS_Store"), "")
    warned = collect(
        workspace, {"a/1.png": image(1), "b/2.png": image(2), "3.png": image(3), **stray}
    )
    unused = "5 files are not used, for example 3.png, a/readme.md, notes.txt and 2 more"
    assert warned.count(unused) == 1
    assert warned.count("1 file is hidden or left by a program: .DS_Store") == 1


def test_what_programs_leave_is_no_data(workspace: Workspace) -> None:
    """DVC ignores it too: else the owner would train on files that nobody else gets."""
    names = ("cat/.ipynb_checkpoints/1.png", "__MACOSX/cat/._1.png", "cat/._2.png", "cat/x.swp")
    files = dict.fromkeys(names, image(3)) | {"cat/1.png": image(1), "dog/2.png": image(2)}
    assert "4 files are hidden or left by a program" in collect(workspace, files)
    assert labels() == {"cat/1.png": ["cat"], "dog/2.png": ["dog"]}


def test_number_as_dvc_writes_it(workspace: Workspace) -> None:
    text = (workspace.root / "params.yaml").read_text()
    workspace.write("params.yaml", re.sub("learning_rate: .*", "learning_rate: 1e-05", text))
    assert collect(workspace, {"examples.csv": "label,x\na,1\nb,2\na,3\nb,5\n"}) == ""
