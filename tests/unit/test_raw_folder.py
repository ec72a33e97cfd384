"""Folders as people have them: what is read, how it is labelled, and what is said about it."""

import gzip
import hashlib
import os
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from assay.contract import class_names, parameters, plain_files
from assay.contract.errors import InputError
from assay.contract.files import MB
from assay.layouts import file_lists, listing, names, raw_folder
from assay.layouts.file_names import FileNames
from assay.layouts.raw_batch import RawBatch
from stages import batches
from tests.support.raw_files import idx, image, parquet

ROOT = Path(__file__).parents[2]
NFC, NFD = "caf\u00e9", "cafe\u0301"
Read = Callable[..., RawBatch]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the batch lies, in a project of its own."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    return Path("data/raw/b")


@pytest.fixture
def read(folder: Path) -> Read:
    def write_and_read(files: dict[str, str | bytes], **limits: int) -> RawBatch:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return raw_folder.read(folder, **limits)

    return write_and_read


def pictures(*file_names: str) -> dict[str, bytes]:
    return {name: image(number) for number, name in enumerate(file_names)}


def labels(batch: RawBatch) -> dict[str, str]:
    return {example.key: example.label for example in batch.examples}


def splits(batch: RawBatch) -> dict[str, str]:
    return {example.key: example.split for example in batch.examples}


def said(batch: RawBatch) -> list[tuple[str, int]]:
    return [(remark.action, remark.count) for remark in batch.remarks]


CATS = pictures("cat/1.png", "dog/2.png")
OF_CATS = {"cat/1.png": "cat", "dog/2.png": "dog"}

# junk


@pytest.mark.parametrize(
    "junk",
    [
        ".ipynb_checkpoints/1.png",
        "cat/.ipynb_checkpoints/1-checkpoint.png",
        ".hidden.png",
        ".git/objects/ab.png",
        "__MACOSX/cat/._1.png",
        "@eaDir/1.png/SYNOPHOTO_THUMB_M.png",
        "cat/@eaDir/1.png",
        ".thumbnails/normal/1.png",
        "#recycle/3.png",
        "$RECYCLE.BIN/3.png",
        "lost+found/3.png",
        "System Volume Information/3.png",
        "cat/Thumbs.db",
        "cat/thumbs.db",
        "ehthumbs_vista.db",
        "Desktop.ini",
        ".picasa.ini",
        "Picasa.ini",
        "Icon\r",
        "cat/.1.png.swp",
        "labels.csv~",
    ],
)
def test_junk_is_ignored_and_said_once(read: Read, junk: str) -> None:
    batch = read(CATS | {junk: image(3)})
    assert labels(batch) == OF_CATS
    assert said(batch) == [("ignored", 1)]
    assert batch.remarks[0].example in junk


def test_junk_is_counted_by_file(read: Read) -> None:
    batch = read(CATS | pictures("@eaDir/1.png", "@eaDir/a/2.png", "cat/._1.png"))
    assert said(batch) == [("ignored", 3)]


@pytest.mark.parametrize("class_", ["Icons", "recycle", "swp", "tilde~s", "thumbs"])
def test_names_that_resemble_junk_are_classes(read: Read, class_: str) -> None:
    batch = read(pictures(f"{class_}/1.png", "other/2.png"))
    assert labels(batch) == {f"{class_}/1.png": class_, "other/2.png": "other"}
    assert said(batch) == []


def test_what_dvc_writes_beside_data_is_not_mentioned(read: Read) -> None:
    assert said(read(CATS | {".gitignore": "/cat", "cat.dvc": "outs:", "cat/.gitignore": ""})) == []


def test_nothing_but_junk(read: Read) -> None:
    with pytest.raises(
        InputError, match=r"data/raw/b is empty but for '\.DS_Store'.* put examples"
    ):
        read({".DS_Store": b""})


def test_dvc_ignores_the_same_names() -> None:
    """Else junk that comes or goes would make a stage run, or be pushed to everyone."""
    ignored = (ROOT / ".dvcignore").read_text().splitlines()
    assert set(listing.JUNK) <= set(ignored)
    assert "/data/raw/*/**/.*" in ignored


# splits

SPELLINGS = {
    "train": ["train", "Train", "TRAIN", "training", "Training", "trn", "train_set", "ｔｒａｉｎ"],
    "validation": ["validation", "Validation", "valid", "VAL", "val", "dev", "development"],
    "test": ["test", "TEST", "Testing", "tst", "test-set", "testset", "eval", "Evaluation"],
}


@pytest.mark.parametrize(
    ("split", "spelling"), [(split, word) for split, words in SPELLINGS.items() for word in words]
)
def test_splits_in_other_spellings(read: Read, split: str, spelling: str) -> None:
    batch = read(pictures(f"{spelling}/a/1.png", f"{spelling}/b/2.png"))
    assert labels(batch) == {f"{spelling}/a/1.png": "a", f"{spelling}/b/2.png": "b"}
    assert set(splits(batch).values()) == {split}
    assert said(batch) == ([] if spelling == split else [("guessed", 2)])


def test_splits_in_a_column(read: Read) -> None:
    table = "label,split,text\na,Train,one word\nb,TESTING,two words\na,dev,three\nb, train ,four\n"
    batch = read({"examples.csv": table})
    assert list(splits(batch).values()) == ["train", "test", "validation", "train"]
    guessed = [remark for remark in batch.remarks if "split" in remark.what]
    assert [remark.count for remark in guessed] == [4]
    assert "'TESTING' as test" in guessed[0].example


def test_eval_beside_test_is_validation(read: Read) -> None:
    names_ = ("train/a/1.png", "eval/a/2.png", "test/a/3.png")
    assert list(splits(read(pictures(*names_))).values()) == ["validation", "test", "train"]


@pytest.mark.parametrize("value", ["tset", "data", "trainval", "0"])
def test_a_word_that_is_no_split(read: Read, value: str) -> None:
    with pytest.raises(InputError, match=rf"examples.csv row 2: split is '{value}'.* one of train"):
        read({"examples.csv": f"label,split,text\na,{value},one\n"})


def test_a_class_named_test_beside_others(read: Read) -> None:
    batch = read(pictures("test/1.png", "car/2.png", "bus/3.png"))
    assert set(labels(batch).values()) == {"test", "car", "bus"}
    assert set(splits(batch).values()) == {""}
    assert said(batch) == [("doubtful", 1)]


def test_classes_valid_and_invalid(read: Read) -> None:
    batch = read(pictures("valid/x/1.png", "invalid/x/2.png"))
    assert set(labels(batch).values()) == {"valid/x", "invalid/x"}
    assert said(batch) == [("doubtful", 1)]


def test_splits_below_classes(read: Read) -> None:
    batch = read(pictures("cat/Train/1.png", "cat/test/2.png", "dog/Train/3.png", "dog/test/4.png"))
    assert list(labels(batch).values()) == ["cat", "cat", "dog", "dog"]
    assert list(splits(batch).values()) == ["train", "test", "train", "test"]
    assert said(batch) == [("guessed", 4), ("guessed", 2)]


TRAINED = pictures("train/a/1.png", "train/b/2.png")


@pytest.mark.parametrize("inner", ["images", "test", "unknown"])
@pytest.mark.parametrize(("outer", "split"), [("test", "test"), ("val", "validation")])
def test_the_only_folder_of_a_held_out_split_is_no_class(
    read: Read, inner: str, outer: str, split: str
) -> None:
    """So Keras and Kaggle lay out test examples whose classes are not known."""
    batch = read(TRAINED | pictures(f"{outer}/{inner}/3.png", f"{outer}/{inner}/4.png"))
    assert sorted(labels(batch).values()) == ["", "", "a", "b"]
    assert list(splits(batch).values()).count(split) == 2
    remark = batch.remarks[-1].text()
    assert f"2 examples of the {split} split lie in one folder, {inner!r}, which is no" in remark
    assert f"for example {outer}/{inner}/3.png; put them into folders of their classes" in remark


@pytest.mark.parametrize("inner", ["a", "A"])
def test_the_only_folder_of_a_held_out_split_may_be_a_class(read: Read, inner: str) -> None:
    batch = read(TRAINED | pictures(f"test/{inner}/3.png", "val/a/4.png", "val/c/5.png"))
    assert sorted(labels(batch).values()) == sorted(["a", "a", "b", "c", inner])
    assert ("guessed", 1) not in said(batch)[1:]


def test_files_of_a_held_out_split_may_lie_in_no_folder(read: Read) -> None:
    labels_ = {"annotations.csv": "key,annotator,label\ntest/3.png,anna,a\n"}
    batch = read(TRAINED | pictures("test/3.png") | labels_)
    assert not [remark for remark in batch.remarks if "lie in one folder" in remark.text()]


# folders of examples without a label


@pytest.mark.parametrize(
    "name", ["unlabelled", "Unlabeled", "UN-LABELLED", "un_labeled", "unlabelled_images"]
)
def test_a_folder_of_examples_without_a_label(read: Read, name: str) -> None:
    batch = read(CATS | pictures(f"{name}/3.png", f"{name}/2024/4.png"))
    assert labels(batch) == OF_CATS | {f"{name}/3.png": "", f"{name}/2024/4.png": ""}
    said_ = (
        f"2 examples lie in a folder {name!r} and have no label by its name, for example {name}/"
    )
    (remark,) = batch.remarks
    assert remark.text().startswith(said_)
    assert remark.text().endswith("; rename the folder if it is a class")


def test_sounds_without_a_label(read: Read) -> None:
    batch = read(dict.fromkeys(("a/1.wav", "b/2.wav", "unlabelled/3.wav"), b"?"))
    assert list(labels(batch).values()) == ["a", "b", ""]


def test_examples_without_a_label_in_each_split(read: Read) -> None:
    names_ = ("test/a/3.png", "test/Unlabelled/4.png", "train/unlabelled/5.png")
    batch = read(TRAINED | pictures(*names_))
    assert labels(batch)["test/Unlabelled/4.png"] == labels(batch)["train/unlabelled/5.png"] == ""
    assert splits(batch)["test/Unlabelled/4.png"] == "test"
    (remark,) = batch.remarks
    assert remark.text().startswith("2 examples lie in a folder 'Unlabelled' or 'unlabelled' and")


def test_a_held_out_split_without_any_label(read: Read) -> None:
    batch = read(TRAINED | pictures("test/unlabelled/3.png"))
    assert sorted(labels(batch).values()) == ["", "a", "b"]
    assert said(batch) == [("guessed", 1)]


def test_no_folder_of_the_test_split_is_a_class(read: Read) -> None:
    """As without `unlabelled` beside it."""
    batch = read(TRAINED | pictures("test/images/3.png", "test/unlabelled/4.png"))
    assert sorted(labels(batch).values()) == ["", "", "a", "b"]
    assert said(batch) == [("guessed", 1), ("guessed", 1)]


@pytest.mark.parametrize("others", [(), ("unlabelled/6.png",)])
def test_no_label_beside_splits_below_classes(read: Read, others: tuple[str, ...]) -> None:
    classes = ("cat/train/1.png", "cat/test/2.png", "dog/train/3.png", "dog/test/4.png")
    batch = read(pictures(*classes, "unlabelled/test/5.png", *others))
    assert sorted(set(labels(batch).values())) == ["", "cat", "dog"]
    assert splits(batch)["unlabelled/test/5.png"] == "test"
    assert splits(batch).get("unlabelled/6.png", "") == ""


@pytest.mark.parametrize("start", ["", "pets/", "train/"])
@pytest.mark.parametrize("below", ["", "2024/"])
def test_a_batch_without_any_label(read: Read, start: str, below: str) -> None:
    batch = read(pictures(f"{start}unlabelled/{below}1.png", f"{start}unlabelled/{below}2.png"))
    assert set(labels(batch).values()) == {""}
    assert batch.labels() == []
    assert [remark.count for remark in batch.remarks if "have no label" in remark.what] == [2]


def test_people_label_a_batch_without_any_label(read: Read) -> None:
    votes = "file_name,annotator,label\n1.png,anna,a\n2.png,bela,b\n"
    batch = read(pictures("unlabelled/1.png", "unlabelled/2.png") | {"annotations.csv": votes})
    assert len(batch.annotations) == 2
    assert batch.layout == "files that annotations.csv labels"
    assert [remark.count for remark in batch.remarks if "examples lie in" in remark.what] == [2]


def test_a_label_of_that_name_in_a_list_is_kept(read: Read) -> None:
    listed = {"metadata.csv": "file_name,label\n1.png,cat\n2.png,unlabelled\n"}
    assert labels(read(FLAT | listed)) == {"1.png": "cat", "2.png": "unlabelled"}


@pytest.mark.parametrize(
    ("loose", "start"),
    [
        (("3.png", "4.png"), "2 files are not used, for example 3.png, 4.png; 2 pictures lie in"),
        (("3.png",), "1 file is not used: 3.png; 1 picture lies in"),
    ],
)
def test_loose_pictures_are_told_where_to_go(
    read: Read, loose: tuple[str, ...], start: str
) -> None:
    (remark,) = read(CATS | pictures(*loose)).remarks
    class_ = "move each into that of its class, or into `unlabelled` if that is not known"
    assert remark.text() == f"{start} no folder of a class: {class_}"


# wrappers


@pytest.mark.parametrize("wrapper", ["pets", "a/b/c", "download/pets-main"])
def test_wrappers_are_passed_through(read: Read, wrapper: str) -> None:
    batch = read(
        pictures(f"{wrapper}/cat/1.png", f"{wrapper}/dog/2.png") | {f"{wrapper}/LICENSE": ""}
    )
    assert labels(batch) == {f"{wrapper}/cat/1.png": "cat", f"{wrapper}/dog/2.png": "dog"}
    assert said(batch) == [("guessed", wrapper.count("/") + 1), ("ignored", 1)]


def test_wrappers_around_splits_and_within(read: Read) -> None:
    batch = read(pictures("pets/Train/images/cat/1.png", "pets/test/images/dog/2.png"))
    assert set(labels(batch).values()) == {"cat", "dog"}
    assert splits(batch) == {
        "pets/Train/images/cat/1.png": "train",
        "pets/test/images/dog/2.png": "test",
    }


def test_one_class_in_one_split_is_no_wrapper(read: Read) -> None:
    batch = read(pictures("train/cat/1.png", "train/dog/2.png", "test/cat/3.png"))
    assert set(labels(batch).values()) == {"cat", "dog"}
    assert said(batch) == []


def test_one_class_of_parts_in_one_split_is_no_wrapper(read: Read) -> None:
    batch = read(pictures("train/cat/x/1.png", "train/dog/x/2.png", "test/cat/x/3.png"))
    assert set(labels(batch).values()) == {"cat/x", "dog/x"}


def test_wrapper_around_idx_and_its_people(read: Read) -> None:
    files = {
        "MNIST/raw/train-images-idx3-ubyte": idx(2, 8, 8),
        "MNIST/raw/train-labels-idx1-ubyte": idx(2),
        "MNIST/raw/annotations.csv": "key,annotator,label\ntrain/1,anna,7\n",
    }
    batch = read(files)
    assert labels(batch) == {"train/0": "0", "train/1": "1"}
    assert batch.annotations == [("train/1", "anna", "7")]
    assert said(batch) == [("guessed", 2)]


def test_people_name_files_relative_to_their_own_file(read: Read) -> None:
    votes = "file_name,annotator,label\ncat/1.png,anna,dog\n"
    batch = read(pictures("pets/cat/1.png", "pets/dog/2.png") | {"pets/annotations.csv": votes})
    assert batch.annotations == [("pets/cat/1.png", "anna", "dog")]


# names of classes


def test_unicode_forms_and_blanks_are_made_one(read: Read) -> None:
    batch = read(pictures(f"{NFC}/1.png", f"{NFD}/2.png", " bar/3.png"))
    assert set(labels(batch).values()) == {NFC, "bar"}
    assert said(batch) == [("merged", 2)]


def test_labels_of_columns_people_and_truth_too(read: Read) -> None:
    batch = read(
        {
            "examples.csv": f"key,label,text\n0,{NFD} ,one\n1,bar,two\n",
            "annotations.csv": f"key,annotator,label\n1,anna, {NFD}\n",
            "truth.csv": f"key,label\n1,{NFD}\n",
        }
    )
    assert list(labels(batch).values()) == [NFC, "bar"]
    assert batch.annotations == [("1", "anna", NFC)]
    assert batch.truth == [("1", NFC)]
    assert ("merged", 3) in said(batch)


def test_people_in_another_unicode_form_are_one(read: Read) -> None:
    votes = f"file_name,annotator,label\ncat/1.png,Ren{NFC[-1]},cat\ndog/2.png,Ren{NFD[-2:]},dog\n"
    batch = read(CATS | {"annotations.csv": votes})
    assert {person for _, person, _ in batch.annotations} == {f"Ren{NFC[-1]}"}
    assert said(batch) == [("merged", 1)]


@pytest.mark.parametrize("joined", ["cat;dog", "cat|dog", "cat, dog"])
def test_labels_that_join_others_are_said(read: Read, joined: str) -> None:
    """Of lists of files, of folders and of people, as of tables."""
    folders = read(CATS | pictures(f"{joined}/3.png"))
    assert said(folders) == [("doubtful", 1)]
    assert repr(joined) in folders.remarks[0].text()
    votes = f'file_name,annotator,label\ncat/1.png,anna,"{joined}"\n'
    assert said(read({"annotations.csv": votes})) == [("doubtful", 2)]
    rows = f'1.png,cat\n2.png,dog\n3.png,"{joined}"\n'
    shutil.rmtree(Path("data/raw/b"))
    listed = read(
        {"metadata.csv": f"file_name,label\n{rows}"} | pictures("1.png", "2.png", "3.png")
    )
    assert said(listed) == [("doubtful", 1)]


def test_labels_that_share_their_parts_are_said(read: Read) -> None:
    joined = ["cat;dog", "dog;eel", "cat;eel", "fox;", "cat;gnu"]
    (doubt,) = read(pictures(*(f"{name}/{name}.png" for name in joined))).remarks
    assert doubt.text().startswith("3 labels hold several parts that other labels hold too, and")


def test_labels_with_a_decimal_comma_hold_no_parts(read: Read) -> None:
    listed = "".join(f'{row}.png,"{label}"\n' for row, label in enumerate(["1,5", "2,5", "1,2"]))
    files = {"metadata.csv": f"file_name,label\n{listed}"}
    assert read(files | pictures("0.png", "1.png", "2.png")).remarks == []


def test_known_answers_are_not_asked_for_where_they_are(read: Read) -> None:
    files = pictures("1.png", "2.png") | {"truth.csv": "key,label\n1.png,cat\n"}
    with pytest.raises(InputError, match=r"nothing says the class of 1.png, 2.png: add a folder"):
        read(files)


@pytest.mark.parametrize("name", ["Truth.csv", "truth.tsv"])
def test_known_answers_under_another_name(read: Read, name: str) -> None:
    table = "key,label\ncat/1.png,cat\n".replace(",", "\t" if name[-3:] == "tsv" else ",")
    (remark,) = read(pictures("cat/1.png", "cat/2.png", "dog/3.png") | {name: table}).remarks
    assert (
        remark.remedy == f"{name} is not read: call it truth.csv, as CSV, if it holds known answers"
    )


@pytest.mark.parametrize("pair", [("cat", "Cat"), ("cat", "ｃａｔ"), ("hot dog", "hot  dog")])
def test_look_alikes_are_kept_apart_and_told(read: Read, pair: tuple[str, str]) -> None:
    batch = read(pictures(f"{pair[0]}/1.png", f"{pair[1]}/2.png", f"{pair[1]}/3.png", "dog/4.png"))
    assert set(labels(batch).values()) == {*pair, "dog"}
    assert said(batch) == [("doubtful", 2)]
    assert f"{pair[0]!r} (1)" in batch.remarks[0].example
    assert f"{pair[1]!r} (2)" in batch.remarks[0].example


def test_classes_that_do_differ() -> None:
    assert class_names.look_alikes(["1", "10", "a", "ä", "b"]) == []


# what may not be lost


def no_right(path: str) -> Callable:
    listed = os.scandir

    def scandir(place: Path | str) -> object:
        if str(place).rstrip("/").endswith(path):
            raise PermissionError(13, "Permission denied", str(place))
        return listed(place)

    return scandir


def test_a_folder_that_may_not_be_read(
    read: Read, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monkeypatched, since root may read everything."""
    read(CATS)
    monkeypatch.setattr(os, "scandir", no_right("b/dog"))
    with pytest.raises(InputError, match=r"data/raw/b/dog may not be read: .*chmod"):
        raw_folder.read(folder)


def test_a_file_that_may_not_be_read(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = read(CATS)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"data/raw/b/cat/1.png may not be read: .*chmod"):
        batch.payload[0]


@pytest.mark.parametrize("ending", ["jxl", "npy", "mp4"])
def test_a_class_that_would_lose_all_its_files(read: Read, ending: str) -> None:
    lost = f"bird/3.{ending}"
    with pytest.raises(
        InputError, match=rf"data/raw/b/bird holds only files .* {lost}: .*or take the folder out"
    ):
        read(CATS | {lost: b"?"})


@pytest.mark.parametrize(
    ("ending", "form"), [("heic", "PNG or JPEG"), ("SVG", "PNG or JPEG"), ("m4a", "WAV or FLAC")]
)
def test_a_class_that_loses_most_of_its_files(read: Read, ending: str, form: str) -> None:
    lost = dict.fromkeys((f"cat/3.{ending}", f"cat/4.{ending}", f"cat/more/5.{ending}"), b"?")
    batch = read(CATS | lost | {"readme.pdf": b"?", "cat/notes.txt": ""})
    assert labels(batch) == OF_CATS
    start = "3 files in folders of classes are not used, for example"
    named = (
        f"{start} {', '.join(lost)}; .{ending.lower()} files cannot be read: save them as {form}"
    )
    rest = "2 files are not used, for example cat/notes.txt, readme.pdf"
    assert [remark.text() for remark in batch.remarks] == [named, rest]


BOXES = ["labels/1.txt", "Annotations/2.xml", "annotations/instances_train.json"]


@pytest.mark.parametrize("name", BOXES)
def test_a_folder_of_boxes(read: Read, name: str) -> None:
    wanted = r"holds only files .*: if these are boxes for detection, they are not supported: give"
    with pytest.raises(InputError, match=wanted):
        read(pictures("images/1.png", "images/2.png") | {name: "0 0.5 0.5 1 1"})


@pytest.mark.parametrize("name", ["1.txt", "2.XML", "_annotations.coco.json"])
def test_boxes_beside_pictures(read: Read, name: str) -> None:
    with pytest.raises(InputError, match=rf"nothing says .*; as to {name}, if these are boxes"):
        read(FLAT | {name: "0 0.5 0.5 1 1"})


def test_boxes_in_the_folder_of_a_class(read: Read) -> None:
    batch = read(CATS | {"cat/1.txt": "0 0.5 0.5 1 1"})
    assert "cat/1.txt; if these are boxes for detection, they" in batch.remarks[0].text()


def test_other_texts_are_no_boxes(read: Read, folder: Path) -> None:
    with pytest.raises(InputError, match=r"file_name,label\)$"):
        read(FLAT | {"readme.txt": "", "package.json": "", "about.xml": ""})
    shutil.rmtree(folder)
    with pytest.raises(InputError, match=r"text/1.txt: convert them to another format, or take"):
        read({"a/1.wav": b"?", "text/1.txt": "what is said"})


def test_a_folder_that_holds_but_the_list_of_the_files(read: Read) -> None:
    files = pictures("audio/1.png", "audio/2.png")
    listed = "filename,category\n1.png,a\n2.png,b\n"
    wanted = r"as meta/x.csv: move the table to data/raw/b if it lists the files there, or take"
    with pytest.raises(InputError, match=wanted):
        read(files | {"meta/x.csv": listed, "meta/human.xlsx": b"PK"})


def test_a_split_that_would_lose_all_its_files(read: Read) -> None:
    with pytest.raises(
        InputError, match=r"data/raw/b/Test holds only files .*: .*or take the folder out"
    ):
        read(pictures("train/cat/1.png", "train/dog/2.png") | {"Test/cat/3.jxl": b"?"})


def test_an_empty_class_is_told(read: Read, folder: Path) -> None:
    (folder / "bird").mkdir(parents=True)
    batch = read(CATS)
    assert said(batch) == [("ignored", 1)]
    assert batch.remarks[0].example == "bird"


# lists of files

FLAT = pictures("1.png", "2.png")
OF_FLAT = {"1.png": "a", "2.png": "b"}
JSON_LINES = '{"file_name": "1.png", "label": "a"}\n{"file_name": "2.png", "label": "b"}\n'
LISTS = {
    "metadata.jsonl": (JSON_LINES, 0),
    "metadata.parquet": (parquet(file_name=["1.png", "2.png"], label=["a", "b"]), 0),
    "metadata.csv": ("image,label\n1.png,a\n2.png,b\n", 1),
    "labels.csv": ("file,label\n1.png,a\n2.png,b\n", 1),
    "annotations.csv": ("file_name,label\n1.png,a\n2.png,b\n", 1),
    "index.tsv": ("label\tpath\na\t1.png\nb\t2.png\n", 1),
    "list.jsonl": (JSON_LINES, 1),
    "Labels.CSV": ("filename;label\n1.png;a\n2.png;b\n", 1),
    "breeds.csv": ("id,breed\n1,a\n2,b\n", 3),
    "table.parquet": (parquet(number=[1, 2], label=["a", "b"]), 2),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_files(read: Read, name: str) -> None:
    content, guesses = LISTS[name]
    batch = read(FLAT | {name: content})
    assert labels(batch) == OF_FLAT
    assert name in batch.layout
    assert said(batch).count(("ignored", 1)) == 0
    assert [action for action, _ in said(batch)] == ["guessed"] * guesses


def test_a_list_beside_folders_without_meaning(read: Read) -> None:
    content = "file,label,site\na/1.png,x,here\nb/2.png,y,there\nb/3.png,x,here\n"
    batch = read(pictures("a/1.png", "b/2.png", "b/3.png") | {"labels.csv": content})
    assert list(labels(batch).values()) == ["x", "y", "x"]
    assert batch.examples[0].slices == {"site": "here"}


def test_a_list_names_files_of_a_folder_beside_it(read: Read) -> None:
    batch = read(
        pictures("images/1.png", "images/2.png") | {"labels.csv": "file,label\n1.png,a\n2.png,b\n"}
    )
    assert labels(batch) == {"images/1.png": "a", "images/2.png": "b"}
    assert ("guessed", 2) in said(batch)


IN_FOLDERS = "file_name,label\na/1.png,café\na/2.png,thé\nb/1.png,thé\nb/2.png,café\n"
IN_JSON = '{"file": "a/1.png", "label": "x"}\n{"file": "b/2.png", "label": "y"}\n'
DAMAGED_LISTS = [
    ("labels.csv", IN_FOLDERS.encode("latin-1"), r"labels.csv is not UTF-8: line 2 has the byte"),
    ("labels.csv", IN_FOLDERS.encode("utf-16"), r"labels.csv is not UTF-8: line 1 has the byte"),
    ("labels.csv", f'{IN_FOLDERS[:-5]}"café\n'.encode(), r"row #5 starts a quoted cell that"),
    ("labels.csv", IN_FOLDERS.replace("label", "label,label", 1).encode(), r"expected 3 columns"),
    ("my.TSV", b"label\tlabel\tfile\n1\tx\ta/1.png\n1\ty\tb/2.png\n", "two columns"),
    ("labels.jsonl", f'{IN_JSON}{{"file": "a/'.encode(), r"labels.jsonl line 3 is no proper JSON"),
    (
        "labels.jsonl",
        f'{IN_JSON}{{"label": "\\ud800"}}'.encode(),
        r"labels.jsonl line 3 is no prop",
    ),
]


@pytest.mark.parametrize(("name", "content", "wrong"), DAMAGED_LISTS)
def test_a_list_that_cannot_be_read_leaves_no_folders_as_classes(
    read: Read, name: str, content: bytes, wrong: str
) -> None:
    files = pictures("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    with pytest.raises(InputError, match=wrong):
        read(files | {name: content})


@pytest.mark.parametrize("folder_", ["", "images/"])
def test_a_list_that_cannot_be_read_beside_one_folder(read: Read, folder_: str) -> None:
    listed = f"file_name,kind\n{folder_}1.png,a\n{folder_}2.png,b\n".encode("utf-16")
    with pytest.raises(InputError, match=r"labels.csv is not UTF-8: line 1"):
        read(pictures(f"{folder_}1.png", f"{folder_}2.png") | {"labels.csv": listed})


@pytest.mark.parametrize(
    "content",
    [b"epoch,label\n7,\xff\n", b"PAR1", b"\0", b"", b'"', b"\x1f\x8b\0", b"[]\n{\n", b"x,x\n\n"],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet", "x.csv.gz", "x.tsv"])
def test_other_tables_that_cannot_be_read_are_not_used(
    read: Read, name: str, content: bytes
) -> None:
    batch = read(CATS | {name: content})
    assert labels(batch) == OF_CATS
    assert said(batch) == [("ignored", 1)]


@pytest.mark.parametrize(
    ("ending", "form"), [("npy", "PNG or JPEG"), ("HEIC", "PNG or JPEG"), ("m4a", "WAV or FLAC")]
)
def test_a_list_of_files_that_cannot_be_read(read: Read, ending: str, form: str) -> None:
    listed = {"metadata.csv": f"file_name,label\n1.{ending},a\n"}
    wanted = rf"data/raw/b/1.{ending}: .* files cannot be read: save them as {form}"
    with pytest.raises(InputError, match=wanted):
        read(listed | {f"1.{ending}": b"\x93NUMPY"})


def test_a_list_of_pictures_with_a_wrong_ending(read: Read) -> None:
    files = {"1.heic": image(1), "2.png": image(2)}
    listed = "file_name,label\n1.heic,a\n2.png,b\n"
    assert list(labels(read(files | {"metadata.csv": listed})).values()) == ["a", "b"]


FORM = {"sample_submission.csv": "id,label\n3,0\n4,0\n"}


def test_a_form_to_fill_in_labels_nothing(read: Read) -> None:
    files = pictures("train/1.png", "train/2.png", "test/3.png", "test/4.png")
    batch = read(files | FORM | {"train.csv": "id,label\n1,a\n2,b\n"})
    assert labels(batch) == {"train/1.png": "a", "train/2.png": "b"}
    assert said(batch).count(("ignored", 2)) == 1
    remark = next(remark for remark in batch.remarks if remark.count == 2)
    assert "sample_submission.csv; rename it if its labels are true" in remark.text()


def test_a_form_that_is_the_only_list_is_doubtful(read: Read) -> None:
    batch = read(pictures("test/3.png", "test/4.png") | FORM)
    assert said(batch).count(("doubtful", 2)) == 1
    remark = next(remark for remark in batch.remarks if remark.action == "doubtful")
    assert "whose name says that it is to be filled in" in remark.text()


def test_a_form_to_fill_in_takes_no_class_away(read: Read) -> None:
    batch = read(pictures("train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png") | FORM)
    assert list(labels(batch).values()) == ["a", "b", "a", "b"]


def test_a_list_in_each_split(read: Read) -> None:
    files = pictures("train/1.png", "test/1.png")
    files |= {f"{split}/metadata.jsonl": JSON_LINES.splitlines()[0] for split in ("train", "test")}
    batch = read(files)
    assert labels(batch) == {"test/1.png": "a", "train/1.png": "a"}
    assert splits(batch) == {"test/1.png": "test", "train/1.png": "train"}


def test_a_list_for_each_split(read: Read) -> None:
    files = {"train.csv": "file,label\n1.png,a\n", "test.csv": "file,label\n2.png,b\n"}
    batch = read(FLAT | files)
    assert labels(batch) == OF_FLAT
    assert splits(batch) == {"1.png": "train", "2.png": "test"}


def test_a_metadata_file_within_a_wrapper(read: Read) -> None:
    batch = read(
        {"pets/1.png": image(1), "pets/2.png": image(2), "pets/metadata.jsonl": JSON_LINES}
    )
    assert labels(batch) == {"pets/1.png": "a", "pets/2.png": "b"}


def test_names_of_files_in_the_other_unicode_form(read: Read) -> None:
    listed = f"file_name,label\n{NFC}.png,a\n2.png,b\n"
    batch = read({f"{NFD}.png": image(1), "2.png": image(2), "metadata.csv": listed})
    assert labels(batch) == {f"{NFD}.png": "a", "2.png": "b"}
    assert said(batch) == [("guessed", 1)]


def test_a_name_that_several_files_have_is_none(read: Read) -> None:
    files = pictures("x/1.png", "y/1.png", "2.png", "3.png")
    with pytest.raises(InputError, match=r"metadata.csv row 2: data/raw/b/1.png is missing"):
        read(files | {"metadata.csv": "file_name,label\n1.png,a\n"})


@pytest.mark.parametrize(
    "table",
    [
        "epoch,loss\n1,0.5\n2,0.4\n",
        "file_name,label\ncat/1.png,dog\n",
        "file_name,width\ncat/1.png,8\ncat/2.png,8\ndog/3.png,8\ndog/4.png,8\n",
        '"broken',
    ],
    ids=["numbers", "a few corrections", "no labels", "broken"],
)
def test_tables_beside_classes_that_do_not_label_them(read: Read, table: str) -> None:
    files = pictures("cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png")
    batch = read(files | {"table.csv": table})
    assert list(labels(batch).values()) == ["cat", "cat", "dog", "dog"]
    assert said(batch) == [("ignored", 1)]


def test_votes_of_people_are_no_list(read: Read) -> None:
    votes = "file_name,annotator,label\ncat/1.png,anna,dog\ndog/2.png,anna,dog\n"
    batch = read(CATS | {"annotations.csv": votes})
    assert labels(batch) == OF_CATS
    assert len(batch.annotations) == 2


VOTES = [
    ("file_name,Label,worker\n{0},a,anna\n{1},b,bela\n", ("1.png", "2.png")),
    ("file_name,annotator,label\n{0},anna,a\n{1},bela,b\n", ("1.png", "2.png")),
    ("image,class,user\n{0},a,anna\n{1},b,bela\n", ("img/1.png", "img/2.png")),
    ("id,image,annotation,annotator_id\n1,{0},a,anna\n2,{1},b,bela\n", ("img/2.png", "img/1.png")),
    ("file,label,rater\n1,a,anna\n2.PNG,b,bela\n", ("img/1.png", "img/2.png")),
]


@pytest.mark.parametrize(("votes", "files"), VOTES)
def test_votes_of_people_under_other_names(read: Read, votes: str, files: tuple) -> None:
    batch = read(pictures(*files) | {"annotations.csv": votes.format(*files)})
    assert batch.annotations == [(files[0], "anna", "a"), (files[1], "bela", "b")]
    assert set(labels(batch).values()) == {""}, "their one folder is no class"
    assert batch.layout == "files that annotations.csv labels"
    assert ("guessed", 2) in said(batch)


def test_votes_of_people_beside_splits(read: Read) -> None:
    votes = "file_name,annotator,label\ntrain/1.png,anna,a\ntest/2.png,anna,b\n"
    files = pictures("train/1.png", "test/2.png")
    batch = read(files | {"annotations.csv": votes})
    assert splits(batch) == {"train/1.png": "train", "test/2.png": "test"}
    assert len(batch.annotations) == 2


def test_one_folder_stays_a_class_that_people_know(read: Read) -> None:
    votes = "file_name,annotator,label\ncat/1.png,anna,dog\ncat/2.png,anna,cat\n"
    batch = read(pictures("cat/1.png", "cat/2.png") | {"annotations.csv": votes})
    assert set(labels(batch).values()) == {"cat"}


@pytest.mark.parametrize(
    "others", [{}, {"metadata.csv": "file_name,label\n1.png,cat\n2.png,cat\n3.png,cat\n"}]
)
def test_few_corrections_take_no_labels_away(read: Read, others: dict[str, str]) -> None:
    """One folder, or one list, gives all the labels; a person mended one of three."""
    names = ("1.png", "2.png", "3.png") if others else ("cat/1.png", "cat/2.png", "cat/3.png")
    votes = f"file_name,annotator,label\n{names[0]},anna,dog\n"
    batch = read(pictures(*names) | others | {"annotations.csv": votes})
    assert list(labels(batch).values()) == ["cat"] * 3
    assert len(batch.annotations) == 1


def test_a_list_without_labels_stays_a_list(read: Read) -> None:
    votes = "file_name,annotator,label\n1.png,anna,a\n2.png,anna,b\n"
    listed = "file_name,site\n1.png,x\n2.png,y\n"
    batch = read(FLAT | {"annotations.csv": votes, "metadata.csv": listed})
    assert batch.layout == "files that metadata.csv lists"


def test_a_loose_picture_beside_classes_is_no_example(read: Read) -> None:
    votes = "file_name,annotator,label\na/train/1.png,anna,a\n"
    files = pictures("a/train/1.png", "a/test/2.png", "b/train/3.png", "b/test/4.png", "5.png")
    batch = read(files | {"annotations.csv": votes})
    assert list(labels(batch).values()) == ["a", "a", "b", "b"]
    assert list(splits(batch).values()) == ["test", "train"] * 2
    assert ("ignored", 1) in said(batch)


def test_the_label_is_not_taken_for_the_key(read: Read) -> None:
    with pytest.raises(InputError, match=r"annotations.csv has neither a column 'key'"):
        read(CATS | {"annotations.csv": "item,annotator,label\nx,anna,1\ny,anna,2\n"})


def test_answers_and_truth_alone_are_no_tables(read: Read) -> None:
    votes = "key,annotator,label\n1,anna,a\n"
    with pytest.raises(InputError, match=r"has no known layout: it needs folders per class"):
        read({"annotations.csv": votes, "truth.csv": "key,label\n1,a\n", "a.mp4": "x"})


def test_votes_without_a_person_name_what_is_missing(read: Read) -> None:
    with pytest.raises(InputError, match=r"annotations.csv has no column 'annotator'.*id, label"):
        read(CATS | {"annotations.csv": "id,label\nx,a\ny,b\n"})


UNKNOWN = [
    ({"a.csv": "x,label\n1,a\n", "b.csv": "x,label\n2,b\n"}, r"2 tables \(a.csv, b.csv\): join"),
    ({"X_train.csv": "x\n1\n", "y_train.csv": "label\na\n"}, r"no column in common \(x and label"),
    ({"pos/1.txt": "good", "neg/1.txt": "bad"}, r"put them into one table, examples.csv"),
    ({"a/1.npy": "x"}, r"it has a/1.npy; write the rows to examples.parquet"),
    ({"data.xlsx": "PK"}, r"save the sheet as examples.csv"),
]


@pytest.mark.parametrize(("files", "message"), UNKNOWN)
def test_what_is_no_layout_is_told_what_to_do(read: Read, files: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(files)


@pytest.mark.parametrize("folder_of_list", ["D:\\\\me\\\\", "/elsewhere/", "../other/"])
def test_a_list_from_another_machine(read: Read, folder_of_list: str) -> None:
    rows = f"{folder_of_list}1.png,a\n{folder_of_list}2.png,b\n"
    batch = read(FLAT | {"x.csv": f"path,label\n{rows}"})
    assert labels(batch) == OF_FLAT
    assert ("guessed", 2) in said(batch)


PREFIXES = ["C:\\Users\\me\\day1\\", "/home/me/day1/", "photos/day1/", "photos\\day1\\", "Day1\\"]


@pytest.mark.parametrize("start", PREFIXES)
@pytest.mark.parametrize("wrapper", ["", "mine/"])
def test_a_list_with_folders_in_front(read: Read, start: str, wrapper: str) -> None:
    """The files differ by their folders alone, so the longest end of a path tells them."""
    days = [start, start.replace("day1", "day2").replace("Day1", "DAY2")]
    rows = [f"{day}{number}.png,{day[-2]}{number}\n" for day in days for number in (1, 2)]
    files = pictures(*(f"{wrapper}day{day}/{number}.png" for day in (1, 2) for number in (1, 2)))
    batch = read(files | {f"{wrapper}labels.csv": "".join(["path,label\n", *rows])})
    wanted = dict(zip(files, ["11", "12", "21", "22"], strict=True))
    assert labels(batch) == wanted
    assert said(batch).count(("guessed", 4)) == 2


@pytest.mark.parametrize("start", ["mine/", "mine\\images\\", "C:/images/", "./images/"])
@pytest.mark.parametrize("list_", ["labels.csv", "metadata.csv"])
def test_a_list_with_folders_in_front_of_one_folder(read: Read, start: str, list_: str) -> None:
    within = "" if "images" in start else "images/"
    rows = f"{start}{within}1.png,a\n{start}{within}2.png,b\n"
    files = pictures("images/1.png", "images/2.png") | {list_: f"file_name,label\n{rows}"}
    assert labels(read(files)) == {"images/1.png": "a", "images/2.png": "b"}


def test_people_name_files_with_folders_in_front(read: Read) -> None:
    votes = "file_name,annotator,label\nC:\\me\\cat\\1.png,anna,a\nx/dog/1.png,anna,b\n"
    batch = read(pictures("cat/1.png", "dog/1.png") | {"annotations.csv": votes})
    assert batch.annotations == [("cat/1.png", "anna", "a"), ("dog/1.png", "anna", "b")]


@pytest.mark.parametrize("cell", ["val/1.png", "val/cat/1.png", "2024/1"])
def test_a_missing_file_is_not_one_in_another_folder(read: Read, cell: str) -> None:
    files = pictures("train/cat/1.png", "train/cat/2.png") | {"x.md": ""}
    with pytest.raises(InputError, match=rf"row 2: data/raw/b/{cell} is missing; put it there"):
        read(files | {"metadata.csv": f"file_name,label\n{cell},a\n"})


def test_an_end_of_a_path_that_several_files_have(read: Read) -> None:
    files = pictures("x/day1/1.png", "y/day1/1.png", "x/2.png")
    wanted = r"is missing, and 2 files may be meant \(x/day1/1.png, y/day1/1.png\): name one"
    with pytest.raises(InputError, match=wanted):
        read(files | {"metadata.csv": "file_name,label\nphotos/day1/1.png,a\n"})


UNUSED_LISTS = [
    ("file_name,label\n0.png,a\n1.png,b\n", r"'0.png' may mean a/0.png, b/0.png: write names"),
    ("file,label\na/0.jpg,a\nb/0.jpg,b\n", r"but 2 of 2 files .*, as 'a/0.jpg' \(a/0.png is\): me"),
    ("file,label\na/0.png,a\nc/0.png,b\nc/1.png,b\n", r"but 2 of 3 files .*, as 'c/0.png': mend"),
    ("file,label\na/0.png,a\n", r"but only 1 of 4 files: list the others too"),
    ("file,width\na/0.png,8\nb/0.png,8\n", r"but has no column 'label': name the one"),
    ("file,label,annotator\na/0.png,a,x\nb/0.png,b,y\n", r"labelled them: call it annotations.csv"),
    ('file,width\na/0.png,8\nb/0.png,"8\n', r"is no well-formed CSV: row #3 starts"),
]


@pytest.mark.parametrize(("table", "reason"), UNUSED_LISTS)
def test_why_a_list_beside_classes_is_not_used(read: Read, table: str, reason: str) -> None:
    files = pictures("a/0.png", "a/1.png", "b/0.png", "b/1.png") | {"a.csv": "x,y\n0,1\n"}
    batch = read(files | {"list.csv": table, "z.csv": '"'})
    assert list(labels(batch).values()) == ["a", "a", "b", "b"]
    assert said(batch) == [("ignored", 3)]
    assert re.search(rf"a.csv, list.csv, z.csv; list.csv .*{reason}", batch.remarks[0].text())


@pytest.mark.parametrize("start", ["", "0"])
def test_ages_beside_classes_name_no_files(read: Read, start: str) -> None:
    files = pictures(*(f"{'ab'[age % 2]}/{start}{age}.png" for age in range(20, 40)))
    ages = "".join(f"{20 + row % 15},{'xy'[row % 2]}\n" for row in range(40))
    (remark,) = read(files | {"people.csv": f"age,label\n{ages}"}).remarks
    assert remark.text() == "1 file is not used: people.csv"


def test_a_log_beside_classes_is_no_list(read: Read) -> None:
    batch = read(CATS | {"log.csv": "epoch,loss\n1,0.5\n2,0.4\n1,0.3\n"})
    assert [remark.text() for remark in batch.remarks] == ["1 file is not used: log.csv"]


@pytest.mark.parametrize("names_", [("1.png", "2.png"), ("train/1.png", "test/2.png")])
def test_flat_pictures_without_a_list(read: Read, names_: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"nothing says the class of .*1.png.*metadata.csv"):
        read(pictures(*names_))


SEGMENTS = "file_name,start,label\n1.png,0,a\n1.png,1,b\n1.png,2,a\n2.png,0,b\n2.png,1,a\n"
NEAR_LISTS = [
    (("1.png", "2.png"), SEGMENTS, r"'file_name', but '1.png' in 3 rows: keep one row for each"),
    (("train/1.png", "test/1.png"), "id,label\n1,a\n1,b\n", r"'1' may mean test/1.png, train/1"),
    (("1.png", "1.jpg"), "id,label\n1,a\n1,b\n", r"'1' may mean 1.jpg, 1.png: write names with"),
    (("01.png", "00.png"), "id,label\n1,a\n0,b\n", r"has '1' in its column 'id', and no file but"),
    (
        ("train/1.png", "test/2.png"),
        "id,cut\n1,a\n2,b\n",
        r"'id', but has no column 'label': name the",
    ),
    (("train/1.png", "test/2.png", "test/3.png"), "id,label\n1,a\n", r"but only 1 of 3 files: l"),
    (("1.png", "2.png"), "id,label,annotator\n1,a,x\n2,b,y\n", r"labelled them: call it annot"),
]


@pytest.mark.parametrize(("names_", "table", "wrong"), NEAR_LISTS)
def test_why_a_table_is_no_list(
    read: Read, names_: tuple[str, ...], table: str, wrong: str
) -> None:
    with pytest.raises(InputError, match=rf"nothing says the class of .*: list.csv .*{wrong}"):
        read(pictures(*names_) | {"list.csv": table})


def test_a_table_beside_pictures_stays_the_table(read: Read) -> None:
    batch = read(FLAT | {"examples.csv": "label,text\na,one word\nb,two words\n"})
    assert batch.modality == "text"
    assert ("ignored", 2) in said(batch)


@pytest.mark.parametrize("name", ["examples.csv", "Examples.csv", "EXAMPLES.CSV"])
def test_a_table_beside_folders_of_classes_is_the_table_in_any_case(read: Read, name: str) -> None:
    files = pictures("cat/1.png", "dog/2.png")
    batch = read(files | {name: "label,text\na,one word\nb,two words\n"})
    assert batch.modality == "text"
    assert said(batch) == [("ignored", 2)]


def test_a_list_of_files_may_be_called_as_the_table_is(read: Read) -> None:
    batch = read(FLAT | {"Examples.csv": "file_name,label\n1.png,x\n2.png,y\n"})
    assert batch.modality == "image"
    assert set(labels(batch).values()) == {"x", "y"}


@pytest.mark.parametrize(
    "cell", ["A/1.PNG", "a\\1", "1", "/home/x/a/1.png", "./a/1.png/", f"{NFD}.PNG", f"a/{NFC}"]
)
def test_what_is_found_may_be_found(cell: str) -> None:
    """The quick look leaves out none of the cells that name a file."""
    known = {"a/1.png", f"a/{NFC}.png"}
    files = FileNames("", known, known)
    assert files.find(cell)
    assert files.may_find(pa.array([cell, "2.png", "a/1.jpg/x"])).to_pylist() == [
        True,
        False,
        False,
    ]


def test_cells_of_a_large_table_are_not_looked_for_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_for: list[str] = []
    monkeypatch.setattr(FileNames, "find", lambda _, cell: looked_for.append(cell) or cell)
    runs = pa.table({"run": [f"run {row}" for row in range(99)] + ["1"], "age": [*range(100)]})
    counts = file_lists.counts_of_files(runs, FileNames("", {"1.png"}, {"1.png"}))
    assert counts == {"run": (1, 1), "age": (1, 1)}
    assert looked_for == ["1", "1"]


# archives


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tgz", "x.7z", "X.ZIP", "x.rar"])
def test_archives_must_be_unpacked(read: Read, folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"data/raw/b has .* an archive, {name}: unpack it"):
        read({name: b"PK"})
    batch = read(CATS)
    assert said(batch) == [("ignored", 1)]
    assert "packed" in batch.remarks[0].what


def test_an_archive_alone_in_the_folder_of_a_class_must_be_unpacked(read: Read) -> None:
    with pytest.raises(InputError, match=r"eel holds only .* as eel/x\.zip: unpack them, or take"):
        read(CATS | {"eel/x.zip": b"PK"})


@pytest.mark.parametrize("name", ["labels.xlsx", "Labels.ODS"])
def test_lists_of_pictures_in_a_form_that_is_not_read(read: Read, name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is not read: save it as metadata.csv if it"):
        read(FLAT | {name: b"PK"})


def test_names_without_an_ending(read: Read) -> None:
    with pytest.raises(InputError, match=r"it has cat/1, .*give their names an ending, such as"):
        read({"cat/1": image(1), "dog/2": image(2)})


# plain files alone


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


@pytest.mark.parametrize("name", ["cat/3.png", "annotations.csv", "truth.csv", "metadata.csv"])
@pytest.mark.parametrize("make", [fifo, unix_socket])
def test_pipes_and_sockets_are_refused(
    read: Read, folder: Path, make: Callable[[Path], None], name: str
) -> None:
    read(CATS)
    make(folder / name)
    with pytest.raises(InputError, match=f"data/raw/b/{name} is a pipe, a socket or a device"):
        raw_folder.read(folder)


def test_parameters_and_answers_from_a_pipe(folder: Path) -> None:
    Path("params.yaml").unlink()
    fifo(Path("params.yaml"))
    with pytest.raises(InputError, match=r"params\.yaml is a pipe"):
        parameters.load()
    with pytest.raises(InputError, match="/dev/null is a pipe, a socket or a device"):
        plain_files.read(Path("/dev/null"))
    with pytest.raises(InputError, match="is a folder"):
        plain_files.read(Path())


# links


def test_the_folder_of_a_batch(read: Read, folder: Path) -> None:
    with pytest.raises(InputError, match="there is no folder data/raw/b"):
        raw_folder.read(folder)
    folder.parent.mkdir(parents=True)
    folder.symlink_to("/nowhere")
    with pytest.raises(InputError, match="data/raw/b is a link to /nowhere"):
        batches.check_there(["b"])
    folder.unlink()
    folder.symlink_to("/etc")
    with pytest.raises(InputError, match="data/raw/b is a link to /etc"):
        raw_folder.read(folder)
    folder.unlink()
    folder.write_text("hello")
    with pytest.raises(InputError, match="data/raw/b is a file"):
        raw_folder.read(folder)


def in_cache(cache: Path, content: bytes) -> Path:
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = cache / "files/md5" / digest[:2] / digest[2:]
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path.absolute()


@pytest.mark.parametrize(
    ("config", "cache", "is_read"),
    [
        ("", ".dvc/cache", True),
        ("", "other/cache", False),
        ("[cache]\n    type = symlink\n    dir = ../other/cache\n", "other/cache", True),
        ("[cache]\n    dir = ../other/cache\n", ".dvc/cache", False),
        ("['remote \"x\"']\n    url = other\n", "other", False),
    ],
)
def test_links_into_the_cache_of_this_project_alone(
    read: Read, folder: Path, config: str, cache: str, is_read: bool
) -> None:
    Path(".dvc").mkdir()
    Path(".dvc/config.local").write_text(config)
    kept = in_cache(Path(cache), image(3))
    (folder / "cat").mkdir(parents=True)
    (folder / "cat/3.png").symlink_to(kept)
    if is_read:
        batch = read(CATS)
        assert "cat/3.png" in labels(batch)
        assert batch.payload[1] == image(3)
    else:
        with pytest.raises(InputError, match=r"cat/3.png is a link to .*: put the file itself"):
            read(CATS)


def test_a_link_into_a_cache_that_was_moved(read: Read, folder: Path) -> None:
    (folder / "cat").mkdir(parents=True)
    (folder / "cat/3.png").symlink_to("/old/.dvc/cache/files/md5/00/" + 30 * "0")
    wrong = "is a link into the DVC cache /old/.dvc/cache, which is gone or was moved: type `dvc"
    with pytest.raises(InputError, match=f"cat/3.png {wrong} checkout --relink`"):
        read(CATS)


# sizes


def test_a_huge_file_is_refused_before_it_is_read(read: Read, folder: Path) -> None:
    read(CATS)
    with (folder / "cat/3.png").open("wb") as file:
        file.truncate(100_000 * MB)  # sparse
    with pytest.raises(InputError, match=r"cat/3.png has 100,000 MB, .*largest_file, 4,000"):
        raw_folder.read(folder)


def test_the_limit_is_a_parameter(read: Read) -> None:
    files = CATS | {"cat/3.png": bytes(MB + 1)}
    assert len(read(files, largest_file=2).examples) == 3
    with pytest.raises(InputError, match=r"has 1 MB, more than collect.largest_file, 1"):
        read(files, largest_file=1)


def mnist(images: bytes, labels_: bytes = idx(2)) -> dict[str, bytes]:
    return {"train-images-idx3-ubyte.gz": gzip.compress(images), "train-labels-idx1-ubyte": labels_}


def test_gzip_is_not_unpacked_beyond_its_header(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 MB of gzip may unpack to 3 GB, although the header says 640 bytes."""
    taken = 0
    plain = gzip.GzipFile.read

    def counted(file: gzip.GzipFile, size: int = -1) -> bytes:
        nonlocal taken
        block = plain(file, size)
        taken += len(block)
        return block

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(InputError, match=r"longer than its header says: it says .2, 8, 8."):
        read(mnist(idx(2, 8, 8) + bytes(50 * MB)))
    assert taken <= 2 * MB


@pytest.mark.parametrize(
    "shape", [(2**32 - 1,) * 3, (0, 2**32 - 1, 2**32 - 1), (60_000_000, 28, 28)]
)
def test_headers_of_more_than_any_file(read: Read, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"more than collect.largest_file"):
        read(mnist(idx(*shape, content=b"0")))


def test_names_of_many_batches_are_checked_in_linear_time() -> None:
    """20,000 batches took 19 s."""
    many = [f"b{number}" for number in range(100_000)]
    parameters._check_names("batches", many)
    with pytest.raises(ValueError, match="b7 is listed twice"):
        parameters._check_names("batches", [*many, "b7"])


def test_words_of_splits() -> None:
    assert not any(map(names.is_split, ["", "set", "data", "tests of cats", "trains", "image"]))


def test_a_list_of_names_without_endings_beside_folders_is_explained(read: Read) -> None:
    stored = pictures(*(f"part_{n % 2}/ISIC_{n}.png" for n in range(4)))
    batch = read(
        stored | {"HAM.csv": "image_id,dx\n" + "".join(f"ISIC_{n},nv\n" for n in range(4))}
    )
    why = "names files in its column 'image_id', but has no column 'label'"
    assert any(remark.action == "ignored" and why in remark.text() for remark in batch.remarks)
    ages = read({"HAM.csv": "age,dx\n" + "".join(f"{n},nv\n" for n in range(4))})
    assert not any("names files" in remark.text() for remark in ages.remarks)


def test_files_that_cannot_be_read_are_the_reason(read: Read) -> None:
    with pytest.raises(InputError, match=r"has no known layout: \.mp4 files cannot be read"):
        read({"walk/1.mp4": "x", "run/2.mp4": "x"})


def test_a_packed_volume_cannot_be_read(read: Read) -> None:
    with pytest.raises(InputError, match=r"\.nii files cannot be read: save them as PNG or JPEG"):
        read({"walk/1.nii.gz": "x", "run/2.nii.gz": "x"})


@pytest.mark.parametrize(
    ("folders", "remedy"),
    [
        (("walk", "run"), "if each is one example, write a row of features for each"),
        (("train", "test"), "if they are splits, name them train.csv"),
        (("all", "all"), "if they are splits, name them train.csv"),
    ],
)
def test_tables_in_several_folders(folders: tuple[str, str], remedy: str, read: Read) -> None:
    with pytest.raises(InputError, match=remedy):
        read({f"{folder}/{n}.csv": "x,y\n1,2\n" for n, folder in enumerate(folders)})


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("metadata.csv", "keep one row for each file, or call the list annotations.csv$"),
        ("annotations.csv", "keep one row for each file$"),
    ],
)
def test_a_file_listed_twice(name: str, remedy: str, read: Read) -> None:
    listed = {name: "file_name,label\n1.png,a\n1.png,b\n2.png,b\n"}
    with pytest.raises(InputError, match=remedy):
        read(pictures("1.png", "2.png") | listed)
