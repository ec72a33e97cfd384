"""`python -m assay inspect`: what is said before anything runs, and the edits that it makes."""

import json
import re
import shutil
import subprocess
import sys
import time
import timeit

import pytest
from ruamel.yaml import YAML

from assay.contract import csv_files, files, parameters, parquet_files, paths
from assay.inspection import duration, edits, grouping, page
from assay.inspection.inspect import inspect
from tests.func.test_lost_in_decoding import sound
from tests.support.raw_files import image, parquet
from tests.support.workspace import Workspace

RAW = "data/raw/pets"
PETS = {f"{label}/{row}.png": image(row) for label in ("cat", "dog") for row in range(3)}


@pytest.fixture
def folder(workspace: Workspace) -> Workspace:
    """A workspace whose params.yaml is the one that Assay came with, and a folder of pictures."""
    original = paths.Path(edits.__file__).parents[2] / "params.yaml"
    workspace.write("params.yaml", original.read_text())
    workspace.raw(PETS, "pets")
    return workspace


def run(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "assay", "inspect", RAW, *arguments]
    return subprocess.run(
        command, cwd=workspace.root, capture_output=True, encoding="utf-8", check=False
    )


def test_the_edits_are_two_lines_and_keep_the_comments(folder: Workspace) -> None:
    before = (folder.root / "params.yaml").read_text().splitlines()
    result = run(folder, "--write")
    assert result.returncode == 0, result.stderr
    after = (folder.root / "params.yaml").read_text().splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.partition("#")[0].strip() for line in changed] == [
        "batches: [pets]",
        "batches: [pets]",
    ]
    assert all("#" in line for line in changed)
    assert parameters.load().batches == ["pets"]
    assert "needs no edit" in run(folder).stdout


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_edit_keeps_line_ends_and_the_byte_order_mark(
    folder: Workspace, mark: bytes, end: bytes
) -> None:
    before = paths.PARAMETERS.read_bytes()
    added = {"batches": [*parameters.load().batches, "pets"]}
    edits.write(added)
    after = paths.PARAMETERS.read_bytes()
    paths.PARAMETERS.write_bytes(mark + before.replace(b"\n", end))
    edits.write(added)
    assert parameters.load().batches == added["batches"]
    assert paths.PARAMETERS.read_bytes() == mark + after.replace(b"\n", end)


def test_a_second_batch_is_appended(folder: Workspace) -> None:
    run(folder, "--write")
    folder.raw(PETS, "more")
    facts = inspect(paths.RAW / "more", parameters.load())
    assert facts["edits"] == {"batches": ["pets", "more"], "pretrain.batches": ["pets", "more"]}


def test_a_group_is_proposed_with_what_it_asks_of_the_other_batches(folder: Workspace) -> None:
    rows = [f"{row}.png,{row % 2},anna{row // 4}" for row in range(12)]
    pictures = {f"{row}.png": image(row) for row in range(12)}
    folder.raw(pictures | {"metadata.csv": "\n".join(["file_name,label,speaker", *rows])}, "more")
    needed = "every listed batch needs this column, or names of files that the pattern fits"
    alone = inspect(paths.RAW / "more", parameters.load())["group"]
    assert alone["group"] == "speaker"
    assert needed not in alone["reason"]
    run(folder, "--write")
    beside = inspect(paths.RAW / "more", parameters.load())["group"]
    assert beside["reason"].endswith(f"; {needed}: missing in pets")
    metadata = "file_name,label,speaker\ncat/0.png,cat,anna\ndog/0.png,dog,bela\n"
    folder.write(f"{RAW}/metadata.csv", metadata)
    beside = inspect(paths.RAW / "more", parameters.load())["group"]
    assert beside["reason"].endswith("; the other listed batches have it too")
    (folder.root / RAW).rename(folder.root / "elsewhere")
    beside = inspect(paths.RAW / "more", parameters.load())["group"]
    assert beside["reason"].endswith(f"; {needed}: not known for pets")


@pytest.mark.parametrize(
    ("tracked", "then"),
    [
        ("touch data/raw/pets.dvc", f"dvc add {RAW}; dvc repro"),
        (f"touch {RAW}/cat/0.png.dvc", "dvc repro"),
        (f"git init -q; git add {RAW}", "dvc repro"),
    ],
)
def test_a_folder_that_dvc_add_refuses_is_not_added(
    folder: Workspace, tracked: str, then: str
) -> None:
    subprocess.run(tracked, cwd=folder.root, shell=True, check=True)
    assert re.findall("  then +(.*)", run(folder).stdout) == [then]


def test_a_locale_that_is_not_utf8_is_refused(
    folder: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "POSIX")
    monkeypatch.setenv("PYTHONUTF8", "0")
    for refused in (run(folder), folder.run("collect@pets")):
        assert (refused.returncode, refused.stdout) == (1, "")
        (line,) = refused.stderr.splitlines()
        assert line.startswith("assay: this terminal's locale is not UTF-8")
        assert "type `export PYTHONUTF8=1`" in line


def test_what_stdout_cannot_show_is_escaped(
    folder: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(f"{RAW}/çatlak/1.png", image(7))
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert r"\u00e7atlak" in run(folder).stdout
    assert "çatlak" in json.loads(run(folder, "--json").stdout)["labels_by_class"]
    assert r"\u00e7atlak" in folder.run("collect@pets").stdout


@pytest.mark.parametrize("name", ["2024-11-01", "2024", "012", "1e5", "0x1F", "null", "true"])
def test_the_edits_can_be_copied(folder: Workspace, name: str) -> None:
    """Where YAML would read another value than a text, the name stands in quotes."""
    folder.raw(PETS, name)
    facts = inspect(paths.RAW / name, parameters.load())
    facts["group"] = {"group": name, "reason": "a column"}
    lines = page.page(facts, written=False).replace("perhaps ", "").splitlines()
    copied = [line for line in lines if line.endswith(("]", f"collect.group: '{name}'"))]
    said = YAML(typ="safe").load("\n".join(line.strip() for line in copied))
    assert said == {"batches": [name], "pretrain.batches": [name], "collect.group": name}


def test_pictures_of_many_sizes_get_one(folder: Workspace) -> None:
    folder.write(f"{RAW}/cat/large.png", image(9, (400, 200)))
    folder.write(f"{RAW}/cat/colour.png", image(9, (8, 8), "RGB"))
    facts = inspect(paths.Path(RAW), parameters.load())
    assert facts["error"] == ""
    assert set(facts["edits"]) == {"batches", "pretrain.batches"}
    run(folder, "--write")
    said = folder.done("collect@pets")
    for remark in facts["remarks"]:  # the same words
        assert f"{remark['action']}: {remark['count']} {remark['what']}" in said
    assert "64 x 64 pixels" in said
    assert "grey pictures become colour" in said


def test_a_folder_that_cannot_be_read_ends_in_one_line(folder: Workspace) -> None:
    (folder.root / RAW / "cat/0.png").write_bytes(b"no picture")
    facts = json.loads(run(folder, "--json").stdout)
    assert "cat/0.png cannot be decoded" in facts["error"]
    assert "dvc add" not in run(folder).stdout
    before = (folder.root / "params.yaml").read_bytes()
    run(folder, "--write")
    assert (folder.root / "params.yaml").read_bytes() == before
    missing = subprocess.run(
        [sys.executable, "-m", "assay", "inspect", "nowhere"],
        cwd=folder.root, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert missing.returncode == 1
    assert len(missing.stderr.splitlines()) == 1
    assert "there is no folder nowhere: name one that is there" in missing.stderr


def test_a_group_is_proposed(workspace: Workspace) -> None:
    rows = [f"{row},{row % 3},{'ab'[row % 2]},p{row % 4}\n" for row in range(40)]
    workspace.raw({"examples.csv": "x,y,label,patient\n" + "".join(rows)}, "pets")
    facts = inspect(paths.Path(RAW), parameters.load())
    assert facts["group"]["group"] == "patient"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_page_fits_the_terminal(
    folder: Workspace, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    folder.write(f"{RAW}/.hidden", "x")
    text = page.page(inspect(paths.Path(RAW), parameters.load()), written=False)
    assert max(map(len, text.splitlines())) <= width
    assert "ignored" in text
    assert "cat 3, dog 3" in text


def test_names_are_shown_escaped(workspace: Workspace) -> None:
    workspace.raw({"examples.csv": "label,x\n\x1b[31mred,1\nb,2\n"}, "pets")
    assert "\x1b" not in page.page(inspect(paths.Path(RAW), parameters.load()), written=False)


def test_a_person_with_an_empty_name_is_told(workspace: Workspace) -> None:
    votes = "key,annotator,label\n1,,a\n1,anna,a\n2,,b\n"
    workspace.raw({"examples.csv": "key,x\n1,3\n2,4\n", "annotations.csv": votes}, "pets")
    said = page.page(inspect(paths.Path(RAW), parameters.load()), written=False)
    assert "labels by   (no name) 2, anna 1" in said


def test_what_later_stages_lack_is_told(folder: Workspace) -> None:
    """Of a whole table, whose splits are known, unless another batch may bring what is missing."""
    rows = "".join(f"{row / 7},{label}\n" for row, label in enumerate("aaaabbc"))
    folder.raw({"examples.csv": f"x,label\n{rows}"}, "small")
    folder.raw({"examples.csv": f"x,label\n{rows}"}, "other")
    folder.set("collect.test", 0.001)
    folder.set("clean.smallest_class", 3)
    none_tested = "7 examples have a label, and none of them is in the test split; train stops"
    too_few = "2 classes have fewer than 3 examples to learn from, for example 'b'; clean stops"
    text = page.page(inspect(paths.RAW / "small", parameters.load()), written=False)
    for said in (none_tested, too_few):
        assert said in " ".join(text.split())
    folder.set("batches", ["other"])
    folder.set("pretrain.batches", ["other"])
    text = page.page(inspect(paths.RAW / "small", parameters.load()), written=False)
    for said in (none_tested, too_few):
        assert said not in " ".join(text.split())


def test_copies_are_looked_for_in_the_sample(workspace: Workspace) -> None:
    workspace.raw({f"{'ab'[row % 2]}/{row}.png": image(row // 4) for row in range(900)}, "pets")
    facts = inspect(paths.Path(RAW), parameters.load())
    (merged,) = (remark for remark in facts["remarks"] if remark["action"] == "merged")
    assert 0 < merged["count"] < facts["decoded"] == 300
    among = "300 of them were decoded for this page, and copies were looked for among these alone"
    assert among in " ".join(page.page(facts, written=False).split())


def test_few_pictures_of_a_column_are_decoded(workspace: Workspace) -> None:
    """As of files: 300 at most, and fewer where they are large."""
    labels = ["a", "b"] * 450
    small = {"image": [image(row % 9) for row in range(900)], "label": labels}
    large = {"image": [image() + bytes(4_000_000)] * 12, "label": labels[:12]}
    workspace.raw({"examples.parquet": parquet(**small)}, "pets")
    workspace.raw({"examples.parquet": parquet(**large)}, "large")
    assert inspect(paths.Path(RAW), parameters.load())["decoded"] == 300
    assert inspect(paths.RAW / "large", parameters.load())["decoded"] == 6


def test_the_search_for_a_group_is_no_time_of_decoding(
    folder: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}
    clock = [0.0]  # seconds
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(grouping, "propose", lambda *_, splits: clock.append(clock.pop() + 99))
    monkeypatch.setattr(duration, "seconds", lambda *costs: told.setdefault("decoding", costs[-1]))
    inspect(paths.Path(RAW), parameters.load())
    assert clock == [99.0]
    assert told == {"decoding": 0.0}


@pytest.mark.parametrize(
    ("modality", "n", "values", "taken"),  # seconds of `dvc repro` on two cores
    [
        ("image", 220, 48 * 48 * 3, 82),
        ("image", 1797, 64, 50),
        ("image", 6000, 784, 115),
        ("text", 240, 60, 20),
        ("text", 10_000, 60, 180),
        ("table", 240, 6, 50),
        ("table", 5000, 13, 67),
        ("audio", 2000, 8000, 191),
    ],
)
def test_measured_times_lie_in_the_range(
    monkeypatch: pytest.MonkeyPatch, modality: str, n: int, values: float, taken: float
) -> None:
    """Also where Python is fast, which tells nothing about training."""
    monkeypatch.setattr(timeit, "repeat", lambda *_, **__: [duration._USUAL / 3])
    told = page._duration(duration.seconds(modality, n, values, 0.0))
    low, high, unit = re.fullmatch(r"(\d+) to (\d+) (s|min)", told).groups()
    seconds = {"s": 1, "min": 60}[unit]
    assert int(low) * seconds <= taken <= int(high) * seconds


@pytest.mark.parametrize("name", ["My Data", "données", "a,b"])
def test_a_folder_whose_name_no_list_can_hold(folder: Workspace, name: str) -> None:
    (folder.root / RAW).rename(folder.root / name)
    before = (folder.root / "params.yaml").read_bytes()
    said = f"batches: {name!r} is no batch name: use letters, digits, ., _ and -: rename the folder"
    facts = inspect(paths.Path(name), parameters.load())
    assert (facts["error"], facts["edits"]) == (said, {})
    command = [sys.executable, "-m", "assay", "inspect", name, "--write"]
    done = subprocess.run(
        command, cwd=folder.root, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert said in " ".join(done.stdout.split())
    assert "written" not in done.stdout
    assert (folder.root / "params.yaml").read_bytes() == before


SENTENCES = "text,label\n" + "".join(
    f"a sentence of some words {row},{'ab'[row % 2]}\n" for row in range(20)
)
NUMBERS = "x,y,label\n" + "".join(f"{row / 3},{row * row},{'ab'[row % 2]}\n" for row in range(20))


@pytest.mark.parametrize("collected", [False, True])
def test_another_modality_than_that_of_the_listed_batches(
    folder: Workspace, collected: bool
) -> None:
    run(folder, "--write")
    if collected:
        folder.done("collect@pets")
        shutil.rmtree(folder.root / RAW)  # as in a clone that pulled no raw data
    folder.raw({"examples.csv": SENTENCES}, "letters")
    facts = inspect(paths.RAW / "letters", parameters.load())
    assert facts["edits"] == {}
    assert facts["error"].startswith(
        "it is of modality text, but the listed batch pets is of image"
    )
    assert "a project holds one modality" in facts["error"]
    assert "column" not in facts["error"]


def test_a_table_beside_texts_may_be_texts(folder: Workspace) -> None:
    folder.raw({"examples.csv": SENTENCES}, "letters")
    folder.raw({"examples.csv": NUMBERS}, "numbers")
    folder.set("batches", ["letters"])
    folder.set("pretrain.batches", ["letters"])
    facts = inspect(paths.RAW / "numbers", parameters.load())
    assert facts["error"].endswith("or name the column of texts `text`")


WITH_TOWN = "income,town,label\n" + "".join(
    f"{row / 3},{'UB'[row % 3 > 0]},{'ab'[row % 2]}\n" for row in range(20)
)


@pytest.mark.parametrize("collected", [False, True])
def test_columns_that_the_listed_batches_have(folder: Workspace, collected: bool) -> None:
    """`pretrain` would stop at a missing one. One more is not read."""
    folder.set("batches", ["first"])
    folder.set("pretrain.batches", ["first"])
    folder.raw({"examples.csv": WITH_TOWN}, "first")
    folder.raw({"examples.csv": WITH_TOWN.replace("town", "city")}, "renamed")
    more = WITH_TOWN.replace("\n", ",1.5\n").replace(",1.5", ",score", 1)
    folder.raw({"examples.csv": more}, "more")
    if collected:
        folder.done("collect@first")
        shutil.rmtree(folder.root / "data/raw/first")
    before = (folder.root / "params.yaml").read_bytes()
    command = [sys.executable, "-m", "assay", "inspect", "data/raw/renamed", "--write"]
    assert subprocess.run(command, cwd=folder.root, check=False, capture_output=True).returncode
    assert (folder.root / "params.yaml").read_bytes() == before
    facts = inspect(paths.RAW / "renamed", parameters.load())
    assert facts["edits"] == {}
    lacks = "it does not fit first: it has no column 'town', which the encoder was learned from"
    remedy = "add it, with empty cells where it is not known, or rename it if it is called"
    assert facts["error"].startswith(f"{lacks}; {remedy} otherwise ('city'); ids change then")
    facts = inspect(paths.RAW / "more", parameters.load())
    assert facts["error"] == ""
    assert facts["edits"]["pretrain.batches"] == ["first", "more"]
    unread = "column is not read; the encoder was learned from others"
    assert [row["example"] for row in facts["remarks"] if row["what"] == unread] == ["'score'"]


def test_a_batch_that_leads_the_list_may_ask_for_too_much(folder: Workspace) -> None:
    folder.raw({"examples.csv": WITH_TOWN}, "first")
    folder.raw({"examples.csv": NUMBERS.replace("x,y", "income,y")}, "second")
    folder.set("batches", ["first", "second"])
    folder.set("pretrain.batches", ["first"])
    facts = inspect(paths.RAW / "first", parameters.load())
    assert facts["error"].startswith("the listed batch second does not fit it: it has no column")


@pytest.mark.parametrize("collected", [False, True])
def test_pictures_of_another_form_than_those_of_the_listed_batches(
    folder: Workspace, collected: bool
) -> None:
    """What inspect says that fits is what `pretrain` takes."""
    run(folder, "--write")
    if collected:
        folder.done("collect@pets")
        shutil.rmtree(folder.root / RAW)
    colour = {f"{label}/{row}.png": image(row, (9, 6), "RGB") for label in "ab" for row in range(4)}
    folder.raw(colour, "more")
    facts = inspect(paths.RAW / "more", parameters.load())
    assert facts["edits"] == {}
    learned = "shape is [6, 9, 3], but the encoder was learned from [8, 8, 1]"
    assert facts["error"].startswith(f"it does not fit pets: {learned}; take the batch off")
    all_fit = "set collect.resize: [8, 9], collect.fit: pad and collect.channels: 3, which loses"
    assert all_fit in facts["error"]
    folder.set("collect.resize", [8, 9])
    folder.set("collect.fit", "pad")
    folder.set("collect.channels", 3)
    assert inspect(paths.RAW / "more", parameters.load())["error"] == ""


def test_sounds_of_another_length_than_those_of_the_listed_batches(folder: Workspace) -> None:
    for batch, seconds in (("short", 0.4), ("long", 1.4)):
        folder.raw({f"{label}/1.wav": sound(seconds) for label in "ab"}, batch)
    for batch, others in (("long", ["short"]), ("short", ["long"])):
        folder.set("batches", others)
        folder.set("pretrain.batches", others)
        error = inspect(paths.RAW / batch, parameters.load())["error"]
        assert error.startswith(f"it does not fit {others[0]}: shape is ")
        assert "set collect.seconds: 2" in error
        assert error.count("set collect.seconds") == (2 if batch == "long" else 1)
    folder.set("collect.seconds", 2.0)
    assert inspect(paths.RAW / "short", parameters.load())["error"] == ""


def test_keys_of_a_collected_batch_with_other_content(folder: Workspace) -> None:
    rows = [f"k{row},sentence number {row} of some words,{'ab'[row % 2]}" for row in range(8)]
    folder.raw({"examples.csv": "\n".join(["key,text,label", *rows])}, "first")
    folder.set("batches", ["first"])
    folder.set("pretrain.batches", ["first"])
    folder.done("collect@first")
    corrected = [row.replace("some", "other") for row in rows[2:5]]
    folder.raw({"examples.csv": "\n".join(["key,text,label", *corrected, rows[0]])}, "second")
    (remark,) = [
        remark
        for remark in inspect(paths.RAW / "second", parameters.load())["remarks"]
        if "but other content" in remark["what"]
    ]
    assert (remark["action"], remark["count"], remark["example"]) == ("doubtful", 3, "first/k2")


def test_classes_of_a_batch_that_may_be_others_under_another_name(folder: Workspace) -> None:
    for name, classes in (("first", "01"), ("second", "ny"), ("third", "0x")):
        rows = [f"sentence number {row} of {name} words,{classes[row % 2]}" for row in range(8)]
        folder.raw({"examples.csv": "\n".join(["text,label", *rows])}, name)
    folder.set("batches", ["first"])
    folder.set("pretrain.batches", ["first"])
    folder.done("collect@first")
    for name, n in (("second", 1), ("third", 0)):
        remarks = inspect(paths.RAW / name, parameters.load())["remarks"]
        examples = [line["example"] for line in remarks if "none of those" in line["what"]]
        assert examples == ["'n', 'y' here, '0', '1' there"] * n


def test_a_listed_batch_that_is_not_here_does_not_stop(folder: Workspace) -> None:
    folder.set("batches", ["elsewhere"])
    folder.set("pretrain.batches", ["elsewhere"])
    facts = inspect(paths.Path(RAW), parameters.load())
    assert facts["error"] == ""
    assert facts["edits"]["batches"] == ["elsewhere", "pets"]


def test_labels_that_a_person_replaced_are_told_as_collect_does(workspace: Workspace) -> None:
    """Also where a person labels two exact copies."""
    rows = [f"{key},sentence number {key % 9} of some words,{'ab'[key % 2]}\n" for key in range(10)]
    votes = ["0,anna,a\n", "1,anna,b\n", "0,bela,a\n", "0,anna,b\n", "9,bela,a\n"]
    batch = {"examples.csv": "key,text,label\n" + "".join(rows)}
    workspace.raw(batch | {"annotations.csv": "key,annotator,label\n" + "".join(votes)})
    facts = inspect(paths.RAW / "b", parameters.load())
    workspace.done("collect@b")
    collected = files.read_json(paths.summary("b"))
    (said,) = (remark for remark in facts["remarks"] if "earlier one by" in remark["what"])
    assert (said["count"], said["example"]) == (2, "'0' by 'anna'")
    assert said in collected["remarks"]
    assert facts["labels_by_person"] == collected["labels_by_person"]


def test_what_is_stored_is_counted_once_copies_are_merged(workspace: Workspace) -> None:
    """Of three copies in training one stays; one of a test example goes out with its label."""
    rows = [
        "a,sun,one,train",
        "b,sun,one,train",
        "c,sun,two,train",
        "d,rain,one,train",
        "e,rain,two,test",
        "f,snow,one,test",
        "g,fog,two,validation",
    ]
    workspace.raw({"examples.csv": "\n".join(["key,text,label,split", *rows]) + "\n"})
    inspected = inspect(paths.RAW / "b", parameters.load())
    assert (inspected["examples"], inspected["splits"]["train"]) == (7, 4)  # rows
    workspace.done("collect@b")
    facts = files.read_json(paths.summary("b"))
    stored = parquet_files.read_parquet(paths.examples("b"))
    assert facts["examples"] == len(stored) == 4
    assert facts["splits"] == {"train": 1, "validation": 1, "test": 2}
    assert facts["labels_by_class"] == {"one": 3, "two": 3}
    assert facts["labels_by_person"] == {"given": 6}
    assert len(csv_files.read_csv(paths.labels("b"))) == 6


def test_examples_without_a_label_are_counted(folder: Workspace) -> None:
    assert "no label" not in page.page(inspect(paths.Path(RAW), parameters.load()), written=False)
    (folder.root / RAW / "unlabelled").mkdir()
    for row in range(4):
        folder.write(f"{RAW}/unlabelled/{row}.png", image(50 + row))
    facts = inspect(paths.Path(RAW), parameters.load())
    assert "  no label    4 examples\n" in page.page(facts, written=False)
    run(folder, "--write")
    told = folder.run("collect@pets").stdout  # of exact copies, one
    assert ": 7 image examples (4 without a label), 2 classes (cat, dog); " in told


def test_several_labels_of_an_example_are_told(folder: Workspace) -> None:
    told = " ".join(page.page(inspect(paths.Path(RAW), parameters.load()), written=False).split())
    assert " classes 2: cat 3, dog 3 " in told
    votes = "key,annotator,label\n" + "".join(f"cat/{row}.png,anna,dog\n" for row in range(2))
    folder.write(f"{RAW}/annotations.csv", votes)
    told = " ".join(page.page(inspect(paths.Path(RAW), parameters.load()), written=False).split())
    assert " classes 2: dog 5, cat 3 (8 labels for 6 examples) " in told


def test_more_slices_than_are_named_are_counted(folder: Workspace) -> None:
    facts = inspect(paths.Path(RAW), parameters.load())
    facts["slices"] = [f"s{number}" for number in range(14)]
    assert "s11 and 2 more" in " ".join(page.page(facts, written=False).split())
