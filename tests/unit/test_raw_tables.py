"""Tables in raw folders: what is refused in one line, and what is said about what was read."""

import gzip
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assay.contract import files, parameters, table_files
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.layouts import raw_folder
from assay.layouts.raw_batch import RawBatch
from assay.modalities import column_types, registry, tables
from tests.support.raw_files import idx, image, parquet

ROOT = Path(__file__).parents[2]
N = 10  # rows of a made-up table
LABELS = list("ab") * 5
Files = dict[str, str | bytes]
Read = Callable[[Files], RawBatch]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads a folder of files as `collect` does, up to the payloads."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())

    def write_and_read(files: Files) -> RawBatch:
        folder = Path("data/raw/b")
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        raw = raw_folder.read(folder)
        places = [example.place for example in raw.examples]
        params = parameters.load().collect
        registry.named(raw.modality).canonical(raw.payload, places, params, raw.remarks)
        return raw

    return write_and_read


def said(batch: RawBatch, action: str) -> list[str]:
    return [remark.text() for remark in batch.remarks if remark.action == action]


# dates that Python cannot hold

BEYOND = {
    "timestamps": pa.array([-(2**62)] * N, pa.timestamp("us")),
    "days": pa.array([10**7] * N, pa.date32()),
    "durations": pa.array([2**62] * N, pa.duration("s")),
    "lists": pa.array([[2**62]] * N, pa.list_(pa.timestamp("us"))),
}


@pytest.mark.parametrize("name", BEYOND)
def test_dates_beyond_python_beside_texts(read: Read, name: str) -> None:
    texts = [f"text {row}" for row in range(N)]
    content = parquet(text=texts, label=LABELS, when=BEYOND[name])
    with pytest.raises(InputError, match=r"x.parquet row 0: a value of type .* cannot be read"):
        read({"x.parquet": content})


@pytest.mark.parametrize("name", ["timestamps", "days", "durations"])
def test_dates_beyond_python_are_features(read: Read, name: str) -> None:
    batch = read({"x.parquet": parquet(x=np.arange(N) % 3, label=LABELS, when=BEYOND[name])})
    assert batch.payload.column_names == ["x", "when"]


@pytest.mark.parametrize("payload", [{"text": ["a text"] * N}, {"x": [1.5] * N}])
def test_a_time_zone_that_is_not_known(read: Read, payload: dict) -> None:
    when = pa.array([0] * N, pa.timestamp("us", "Mars/Phobos"))
    with pytest.raises(InputError, match=r"x.parquet: 'when' has the time zone 'Mars/Phobos'"):
        read({"x.parquet": parquet(label=LABELS, when=when, **payload)})


# an export of Assay

JUDGED = {"assay_given": LABELS, "assay_suggested": LABELS, "assay_quality": [0.5] * N}


def test_judgements_of_an_export_are_left_out(read: Read) -> None:
    batch = read({"x.parquet": parquet(x=np.arange(N) % 3, label=LABELS, **JUDGED)})
    assert batch.payload.column_names == ["x"]
    (told,) = said(batch, "left out")
    names = "'assay_given', 'assay_suggested', 'assay_quality'"
    assert told.startswith(
        f"3 columns of an export of Assay are no part of an example, for example {names}; "
    )


def test_judgements_of_an_export_of_files_are_no_slices(read: Read) -> None:
    rows = "".join(f"{row}.png,a,a,a\n" for row in range(2))
    listed = {"metadata.csv": f"file_name,label,assay_given,assay_suggested\n{rows}"}
    batch = read({f"{row}.png": image(row) for row in range(2)} | listed)
    assert not batch.slices()
    assert len(said(batch, "left out")) == 1


def test_one_column_that_is_called_as_a_judgement_is_of_a_person(read: Read) -> None:
    batch = read({"x.parquet": parquet(x=np.arange(N) % 3, label=LABELS, assay_quality=[0.5] * N)})
    assert batch.payload.column_names == ["x", "assay_quality"]


# names of files


def test_the_only_table_may_have_any_name(read: Read) -> None:
    batch = read({"data_with_idx.csv": "x,y,label\n1,2,a\n3,4,b\n"})
    assert [example.label for example in batch.examples] == ["a", "b"]


def test_a_table_beside_idx_files_is_no_table(read: Read) -> None:
    files = {"train-images.idx3-ubyte": idx(1, 8, 8), "my_idx.csv": "x,label\n1,a\n2,b\n"}
    with pytest.raises(InputError, match="has no known layout"):
        read(files)


def test_idx_files_in_the_other_spelling(read: Read) -> None:
    files = {"train-images.idx3-ubyte": idx(2, 8, 8), "train-labels.idx1-ubyte": idx(2)}
    batch = read(files)
    assert [example.label for example in batch.examples] == ["0", "1"]
    assert batch.used >= set(files)


def test_idx_files_under_names_that_are_not_known(read: Read) -> None:
    files = {"emnist-train-images-idx3-ubyte": idx(2, 8, 8), "emnist-train-labels-idx1-ubyte": b""}
    with pytest.raises(InputError, match=r"IDX files must be called train-images-idx3-ubyte and"):
        read(files)


@pytest.mark.parametrize(
    ("magic", "holds"),
    [(b"\0\0\x0d\3", "float32 with 3 axes"), (b"\0\0\x08\4", "unsigned bytes with 4 axes")],
)
def test_sound_idx_files_of_other_values(read: Read, magic: bytes, holds: str) -> None:
    files = {"train-images-idx3-ubyte": magic + bytes(99), "train-labels-idx1-ubyte": idx(2)}
    with pytest.raises(InputError, match=rf"it holds {holds}: write unsigned bytes, or"):
        read(files)


def test_two_files_that_a_list_may_mean(read: Read) -> None:
    files = {"000.png": image(1), "000.txt": "", "001.png": image(2)}
    wanted = r"row 2: .*000 is missing, and 2 files may be meant \(000.png, 000.txt\): name one"
    with pytest.raises(InputError, match=wanted):
        read(files | {"metadata.csv": "file_name,label\n000,a\n001,b\n"})


NOTES = {"f/1.m4a": b"?", "f/2.m4a": b"?", "f/3.m4a": b"?"}
OF_NOTES = "path,label,speaker\nf/1.m4a,a,x\nf/2.m4a,b,y\nf/2.m4a,b,x\nf/3.m4a,a,y\n"


@pytest.mark.parametrize("rows", [OF_NOTES, "file_name,label\n1,a\n2,b\n3,a\n"])
def test_a_list_of_sounds_that_cannot_be_read_is_no_table(read: Read, rows: str) -> None:
    wanted = r"labels.csv: its column '\w+' names 3 files, as f/1.m4a: .m4a files cannot be read"
    with pytest.raises(InputError, match=f"{wanted}: save them as WAV or FLAC, or name the table"):
        read(NOTES | {"labels.csv": rows})


def test_a_table_called_examples_is_one_beside_all_files(read: Read) -> None:
    assert len(read(NOTES | {"examples.csv": OF_NOTES}).examples) == 4


TEXT_FILES = {f"docs/r{row:03}.txt": "some text" for row in range(5)}
OF_TEXTS = [f"{name},{'ab'[row % 2]}" for row, name in enumerate(TEXT_FILES)]


@pytest.mark.parametrize("header", ["file,label", "file_name,label"])
@pytest.mark.parametrize("ending", [".txt", ".md", ".docx", ""])
def test_a_list_of_texts_is_no_table(read: Read, header: str, ending: str) -> None:
    listed = "\n".join([header, *OF_TEXTS]).replace(".txt", ending)
    files = {name.replace(".txt", ending or ".srt"): text for name, text in TEXT_FILES.items()}
    wanted = (
        r"labels.csv: its column 'file\w*' names 5 files, as docs/r000.*: put them into a column"
    )
    with pytest.raises(InputError, match=wanted):
        read(files | {"labels.csv": listed})


def test_categories_called_as_texts_are_no_list(read: Read) -> None:
    rows_ = [f"{row % 2 + 1},{row * 37 % 11}.5,{LABELS[row]}" for row in range(N)]
    table = {"t.csv": "\n".join(["sex,x,label", *rows_])}
    for n_texts in (2, 9):
        texts = {f"log/{number}.txt": "" for number in range(1, n_texts + 1)}
        assert len(read(table | texts).examples) == N


def test_a_list_is_refused_for_the_format_that_it_names(read: Read) -> None:
    files = {"a.m4a": b"?", "b.pdf": b"?", "t.csv": "file,label\nb.pdf,a\n"}
    with pytest.raises(InputError, match=r"names 1 file, as b.pdf: .pdf files cannot be read"):
        read(files)


def test_a_table_of_texts_may_name_their_files(read: Read) -> None:
    rows_ = [f"a text of {row} words,{name},a" for row, name in enumerate(TEXT_FILES)]
    for header in ("text", "review"):
        batch = read(TEXT_FILES | {"t.csv": "\n".join([f"{header},file,label", *rows_])})
        assert batch.modality == "text"


@pytest.mark.parametrize("cell", ["cats/1.png", "yes", "https://x.org/1.png"])
@pytest.mark.parametrize("column", ["image", "audio"])
def test_a_column_called_as_files_that_holds_texts(read: Read, column: str, cell: str) -> None:
    wanted = (
        rf"row 2: '{column}' must be an encoded file .* but it is '{cell}': call the table meta"
    )
    with pytest.raises(InputError, match=wanted):
        read({"examples.csv": f"{column},label\n{cell},a\n{cell},b\n"})


def test_a_second_column_of_files_is_named(read: Read) -> None:
    table = parquet(image=[b"a"], mask=[b"b"], label=["x"])
    with pytest.raises(InputError, match="its column 'mask' holds files beside the payload"):
        read({"examples.parquet": table})


# several files of one table


def rows(header: str, n: int) -> str:
    """A CSV file of n rows; the last column holds labels."""
    width = header.count(",")
    return f"{header}\n" + "".join(
        f"{row % 3}.5," * width + f"{'ab'[row % 2]}\n" for row in range(n)
    )


@pytest.mark.parametrize("names", ["Age,age", "body mass,BodyMass"])
def test_two_files_that_spell_a_column_differently(read: Read, names: str) -> None:
    one, other = names.split(",")
    files = {"train.csv": rows(f"{one},b,label", 9), "test.csv": rows(f"{other},b,label", 5)}
    wanted = f"train.csv has a column '{one}', and test.csv '{other}': give them one name"
    with pytest.raises(InputError, match=wanted):
        read(files)


def test_columns_that_a_file_lacks_are_said(read: Read) -> None:
    files = {"train.csv": rows("age,b,c,Age,label", 9), "test.csv": rows("age,b,label", 5)}
    batch = read(files)
    assert said(batch, "doubtful")[0] == (
        "5 rows are of files that lack columns, and have gaps there, for example "
        "test.csv (5 rows) lacks 'c', 'Age'; give all files the same columns"
    )
    assert batch.payload.column_names == ["age", "b", "c", "Age"]


def test_files_with_the_same_columns_are_no_doubt(read: Read) -> None:
    files = {"train.csv": rows("b,age,label", 9), "test.csv": rows("age,b,label", 5)}
    assert said(read(files), "doubtful") == []


# what is not as it seems


def test_a_key_that_a_line_has_twice(read: Read) -> None:
    line = '{"text": "good", "label": "a", "label": "b"}'
    with pytest.raises(InputError, match=r"examples.jsonl line 2 .* it has two keys 'label'"):
        read({"examples.jsonl": '{"text": "bad", "label": "b"}\n' + line})


def test_blanks_before_quotes_are_said(read: Read) -> None:
    batch = read({"examples.csv": 'text,label\nhello, "a"\nworld, "b"\n"x", c\n"""y"", z",d\n'})
    assert [example.label for example in batch.examples] == ['"a"', '"b"', "c", "d"]
    assert said(batch, "doubtful")[0] == (
        "2 cells have a blank before their quote, so the quotes are part of the text, "
        "for example ' \"a\"'; take these blanks out if they are not"
    )


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\n\n"])
def test_blank_lines_before_a_header(read: Read, ends: str) -> None:
    batch = read({"examples.csv": f"{ends}x;y;label{ends}1;2;a{ends}3;4;b{ends}"})
    assert batch.payload.column_names == ["x", "y"]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("Size, cm;Mass, kg;label\n170;65,5;a\n171;60,5;b", ["Size, cm", "Mass, kg"]),
        ("Size, cm;Mass, kg;label\n1,5;2,5;a\n1,6;2,6;b", ["Size, cm", "Mass, kg"]),  # fit both
        ("a;b,c;d,label\n1,2,a\n3,4,b", ["a;b", "c;d"]),
    ],
)
def test_rows_tell_the_delimiter_where_the_header_does_not(
    read: Read, table: str, columns: list[str]
) -> None:
    assert read({"examples.csv": table}).payload.column_names == columns


def test_a_class_in_the_folder_of_another(read: Read) -> None:
    files = {"cat/1.png": image(1), "cat/more/2.png": image(2), "catfish/3.png": image(3)}
    batch = read(files)
    assert sorted(example.label for example in batch.examples) == ["cat", "cat/more", "catfish"]
    (doubt,) = said(batch, "doubtful")
    assert doubt.startswith("1 class lies in the folder of another class: 'cat/more'; put all")


def test_headers_that_repeat_are_left_out(read: Read) -> None:
    """Files that are put one behind the other have them."""
    part = "Text,label\ngood,a\nbad,b\nText,a\n"
    batch = read({"t.csv": part * 3})
    assert [example.label for example in batch.examples] == ["a", "b", "a"] * 3
    assert batch.examples[3].place.endswith("t.csv row 6")
    assert [example.key for example in batch.examples] == [*"01245689", "10"]
    assert said(batch, "left out") == [
        "2 rows are the header once more, for example data/raw/b/t.csv row 5"
    ]


def test_labels_by_row_number_count_headers_that_repeat(read: Read) -> None:
    """As pandas.read_csv counts them, and Assay before it left them out."""
    part = "text,label\n" + "".join(f"{word} of it all,a\n" for word in ("one", "two", "six"))
    labels = "key,annotator,label\n0,anna,b\n4,anna,b\n6,anna,b\n"
    batch = read({"examples.csv": part * 2, "annotations.csv": labels})
    given = {key: label for key, annotator, label in batch.annotations if annotator == "anna"}
    pairs = zip(batch.examples, batch.payload, strict=True)
    text_of = {example.key: text for example, text in pairs}
    assert given == {"0": "b", "4": "b", "6": "b"}
    assert [text_of[key] for key in given] == ["one of it all", "one of it all", "six of it all"]
    with pytest.raises(InputError, match=r"'3' is no example of this batch"):
        read({"annotations.csv": f"{labels}3,anna,b\n"})


@pytest.mark.parametrize("key", ["3", "7"])
def test_a_label_of_a_header_that_repeats_is_to_be_taken_out(read: Read, key: str) -> None:
    part = "text,label\n" + "".join(f"{word} of it all,a\n" for word in ("one", "two", "six"))
    rest = ": take this row out; the other numbers stay"
    gone = rf"row 3: '{key}' is no example of this batch, but the header once more{rest}$"
    labels = f"key,annotator,label\n0,anna,b\n{key},anna,b\n"
    with pytest.raises(InputError, match=gone):
        read({"examples.csv": part * 3, "annotations.csv": labels})
    with pytest.raises(InputError, match=gone):  # the last one has no examples behind it
        read({"examples.csv": part * 2 + "text,label\n", "annotations.csv": labels})


@pytest.mark.parametrize("key", ["03", "11", "x"])
def test_another_key_is_no_header_that_repeats(read: Read, key: str) -> None:
    part = "text,label\n" + "".join(f"{word} of it all,a\n" for word in ("one", "two", "six"))
    labels = f"key,annotator,label\n{key},anna,b\n"
    with pytest.raises(InputError, match=r"later numbers are shifted$"):
        read({"examples.csv": part * 3, "annotations.csv": labels})


def test_a_row_number_that_is_gone_tells_of_removed_rows(read: Read) -> None:
    labels = {"annotations.csv": "key,annotator,label\n1,anna,a\n2,anna,b\n"}
    shifted = "if examples were taken out, the later numbers are shifted"
    gone = r"row 3: '2' is no example of this batch: mend it or take the row out"
    with pytest.raises(InputError, match=f"{gone}; {shifted}$"):
        read({"examples.csv": "text,label\none word,a\ntwo words,b\n"} | labels)
    with pytest.raises(InputError, match=f"{gone}$"):
        read({"examples.csv": "text,label,key\none word,a,0\ntwo words,b,1\n"} | labels)


def test_shards_that_are_missing_are_counted_without_a_list_of_them(read: Read) -> None:
    """The count in a name may be any number."""
    content = parquet(text=["one word", "two words"], label=["a", "b"])
    batch = read({"train-00001-of-999999999.parquet": content})
    first = ", ".join(f"train-{number:05}-of-999999999" for number in (0, 2, 3))
    missing = f"999999998 shards are missing, for example {first} and 999999995 more"
    assert said(batch, "doubtful")[0] == f"{missing}; fetch them"


def test_a_number_without_its_zeros_is_no_key_but_says_which_is(read: Read) -> None:
    answers = {"annotations.csv": "key,annotator,label\n1,anna,a\n"}
    wanted = r"row 2: '1' is no example of this batch: write '{}' if that is meant, or mend it"
    with pytest.raises(InputError, match=wanted.format("00001")):
        read({"examples.csv": "text,label,key\none word,a,00000\ntwo words,b,00001\n"} | answers)
    pictures = {"a/0000.png": image(1), "b/0002.png": image(2)}
    (Path("data/raw/b/examples.csv")).unlink()
    with pytest.raises(InputError, match=r"'1' is no example of this batch: mend it"):
        read(pictures | answers)


@pytest.mark.parametrize("keys", [",x", "x,", ","])
def test_a_row_without_a_key_is_named(read: Read, keys: str) -> None:
    first, second = keys.split(",")
    row = 3 if first else 2
    with pytest.raises(InputError, match=rf"examples\.csv row {row}: the key is empty: fill it"):
        read({"examples.csv": f"text,label,key\none word,a,{first}\ntwo words,b,{second}\n"})


@pytest.mark.parametrize("number", ["²", "1" * 5000], ids=len)
def test_an_odd_number_is_no_key(read: Read, number: str) -> None:
    """Python converts neither to an integer."""
    answers = {"annotations.csv": f"key,annotator,label\n{number},anna,a\n"}
    with pytest.raises(InputError, match="' is no example of this batch: mend it"):
        read({"examples.csv": "text,label,key\none word,a,1\ntwo words,b,2\n"} | answers)


def test_a_key_that_is_an_odd_number_is_no_other_number(read: Read) -> None:
    answers = {"annotations.csv": "key,annotator,label\n7,anna,a\n"}
    with pytest.raises(InputError, match=r"row 2: '7' is no example of this batch: write '007'"):
        read({"examples.csv": "text,label,key\none word,a,²\ntwo words,b,007\n"} | answers)


@pytest.mark.parametrize(
    ("cells", "type_", "example"),
    [
        (["4,869", "3,649"], "number", "'4,869' is read as 4869; if it is 4.869"),
        (["€ 12", "€ 3,649"], "number", "'€ 3,649' is read as 3649; if it is 3.649"),
        (["5/5/2021", "3/4/2021"], "date", "'3/4/2021' is read as 2021-04-03; if it is 2021-03-04"),
    ],
)
def test_a_reading_that_is_a_guess_says_what_was_read(
    read: Read, cells: list[str], type_: str, example: str
) -> None:
    rows_ = [f'"{cells[row % 2]}",{row}.5,{label}' for row, label in enumerate(LABELS)]
    batch = read({"examples.csv": "\n".join(["a,y,label", *rows_])})
    what = f"1 column is read as {type_}s in the first of two ways that fit"
    meant = example.rpartition(" ")[2]
    full = f"{what}, unless the encoder decides: 'a' ({example}, write {meant})"
    assert said(batch, "guessed") == [full]


@pytest.mark.parametrize(
    ("header", "cells"), [("x,y,label", "2.5,{},{}"), ("text,label", "words {},{}")]
)
def test_a_delimiter_at_the_end_of_lines_is_no_index(read: Read, header: str, cells: str) -> None:
    lines = [header, *(cells.format(row, label) for row, label in enumerate(LABELS))]
    batch = read({"examples.csv": "".join(f"{line},\n" for line in lines)})
    left_out = said(batch, "left out")
    assert "1 column holds no value: ''" in left_out
    assert not [line for line in left_out if "index" in line]


@pytest.mark.parametrize(
    ("cells", "n"),
    [
        (["-999", "1.5", "-4", "3.5", "0.25"], 2),
        (["9999", "9999", "4", "3", "2"], 4),
        (["99", "70", "80", "75", "78"], 0),
        (["99", "1", "1", "1", "1"], 0),
        (["77777", "1", "2", "3", "4"], 0),
    ],
)
def test_nines_that_may_say_that_there_is_no_value(read: Read, cells: list[str], n: int) -> None:
    rows_ = [f'"{cells[row % 5]}",{row}.5,{"ab"[row % 2]}' for row in range(20)]
    batch = read({"examples.csv": "\n".join(["a,y,label", *rows_])})
    what = "cells hold a number far beyond all others of the column, as if none were known"
    lines = [line for line in said(batch, "doubtful") if what in line]
    expected = f"{2 * n} {what}, for example {cells[0]} in 'a' ({2 * n}); leave them empty if so"
    assert lines == ([expected] if n else [])


def test_a_feature_that_is_called_key_is_to_be_renamed(read: Read) -> None:
    wanted = "keys must differ in a batch: rename the column if it is a feature"
    with pytest.raises(InputError, match=wanted):
        read({"examples.csv": "key,x,label\n0,1,a\n1,2,b\n0,3,a\n"})


@pytest.mark.parametrize("label", ["['cat']", "['cat', 'pet']", '[ ""cat"" ]', "{'cat'}"])
def test_lists_are_no_labels(read: Read, label: str) -> None:
    with pytest.raises(InputError, match=r"label is .*: an example has one label"):
        read({"examples.csv": f'x,label\n1,dog\n2,"{label}"\n'})


def test_brackets_may_be_part_of_a_label(read: Read) -> None:
    batch = read({"examples.csv": "x,label\n1,[noise]\n2,{a}\n"})
    assert [example.label for example in batch.examples] == ["[noise]", "{a}"]


def test_rows_of_several_files_count_headers_that_repeat(read: Read) -> None:
    part = "text,label\none word,a\ntext,label\ntwo words,b\n"
    batch = read({"test.csv": part, "train.csv": part})
    assert [example.key for example in batch.examples] == ["0", "2", "3", "5"]


@pytest.mark.parametrize("joined", ["cat;dog", "cat|dog", "cat, dog"])
def test_labels_that_join_others_are_said(read: Read, joined: str) -> None:
    labels = ["cat", "dog", joined, "cat", "dog", joined, "cat, wild", "cat;"]
    batch = read({"t.tsv": table_of(x=list(range(8)), y=[1.5] * 8, label=labels)})
    (line,) = [line for line in said(batch, "doubtful") if "labels hold" in line]
    assert line.startswith(
        f"2 labels hold several other labels, and are read as one, for example {joined!r}; an"
    )


def test_free_text_beside_the_text_is_said(read: Read) -> None:
    questions = [f"what is the number of row {row}" for row in range(N)]
    columns = {"text": ["a long text of many words"] * N, "question": questions, "label": LABELS}
    assert said(read({"t.tsv": table_of(**columns)}), "doubtful")[0] == (
        "1 column holds free text beside 'text', which alone is what an example is: 'question'; "
        "give 'text' another name to have all joined"
    )


def test_a_cell_that_is_no_text_is_told_with_its_column(read: Read) -> None:
    line = '{"text": "a", "label": "b", "answers": {"start": [1]}}'
    with pytest.raises(InputError, match=r"line 1: 'answers' is {'start': \[1\]}, which is no lab"):
        read({"t.jsonl": line})


def test_texts_of_a_newer_type(read: Read) -> None:
    towns = pa.array(["Ulm", "Bonn"] * 5, pa.string_view())
    names = pa.array(LABELS, pa.string_view())
    batch = read({"t.parquet": parquet(x=np.arange(N) % 3, town=towns, label=names)})
    assert [example.label for example in batch.examples] == LABELS
    assert batch.payload.column_names == ["x", "town"]


def test_labels_that_are_short_floats(read: Read) -> None:
    labels = pa.array([0.1, 2, None, 0.5, 1e20] * 2, pa.float32())
    batch = read({"t.parquet": parquet(x=np.arange(N) % 3, y=np.arange(N) % 4, label=labels)})
    assert [example.label for example in batch.examples[:4]] == ["0.1", "2", "", "0.5"]


@pytest.mark.parametrize(
    "content", ["0,0,1.5,a\n1,2,3.5,b\n", "My table,,,\nx,y,z,label\n1,2,3,a\n"]
)
def test_a_first_row_that_is_no_header(read: Read, content: str) -> None:
    with pytest.raises(InputError, match=r"two columns '0?': .*; is the first row no header"):
        read({"t.csv": content})


# which column names the rows for answers

SHUFFLED = [row * 7 % N for row in range(N)]  # 0 to 9 in another order
FROM_1 = list(range(1, N + 1))
WORDS = [f"d{row}.txt" for row in range(N)]


def with_answers(header: str, ids: list, answered: list, their_header: str) -> Files:
    """A table of which a column `header` holds ids, and answers by another column."""
    rows_ = [f"{id_},{row * 37 % 11}.5,{row * 17 % 5}" for row, id_ in enumerate(ids)]
    answers = [f"{id_},anna,{LABELS[row]}" for row, id_ in enumerate(answered)]
    return {
        "t.csv": "\n".join([f"{header},x,y", *rows_]),
        "annotations.csv": "\n".join([f"{their_header},annotator,label", *answers]),
    }


@pytest.mark.parametrize(
    ("header", "ids", "answered"),
    [("id", SHUFFLED, range(N)), ("id", FROM_1, FROM_1[:-1]), ("doc", WORDS, WORDS[3:])],
)
def test_answers_by_ids_that_are_no_key_are_no_row_numbers(
    read: Read, header: str, ids: list, answered: list
) -> None:
    wanted = rf"annotations.csv names rows by values of the column '{header}', .*: call that column"
    with pytest.raises(InputError, match=wanted):
        read(with_answers(header, ids, answered, "key"))


def test_answers_by_row_numbers(read: Read) -> None:
    """An id that is the row number says the same; ids of other values leave no doubt."""
    for ids in (list(range(N)), [f"u{row}" for row in range(N)], [row + 50 for row in range(N)]):
        batch = read(with_answers("id", ids, [3, 1, 2], "key"))
        assert batch.annotations == [("3", "anna", "a"), ("1", "anna", "b"), ("2", "anna", "a")]
        assert batch.numbered


@pytest.mark.parametrize("header", ["id", "file_name", "patient"])
@pytest.mark.parametrize("ids", [SHUFFLED, FROM_1, WORDS])
def test_a_column_that_answers_name_too_is_the_key(read: Read, header: str, ids: list) -> None:
    batch = read(with_answers(header, ids, ids[4:8], header))
    assert [key for key, *_ in batch.annotations] == list(map(str, ids[4:8]))
    assert [example.key for example in batch.examples] == list(map(str, ids))
    assert f"1 column names the examples, as in annotations.csv: '{header}'" in said(
        batch, "guessed"
    )


def test_one_number_beyond_the_rows_is_told_as_such(read: Read) -> None:
    """Though most of the numbers are also values of a column, all of which differ."""
    with pytest.raises(InputError, match=r"row 11: '25' is no example of this batch"):
        read(with_answers("temperature", SHUFFLED, [*range(N - 1), 25], "key"))


GRADED = [f"{row},anna,{LABELS[row % 2]},{row % 5 + 1}\n" for row in FROM_1]
GRADES = "example,annotator,label,grade\n" + "".join(GRADED)


@pytest.mark.parametrize("header", ["id", "key"])
def test_grades_beside_ids_name_no_example(read: Read, header: str) -> None:
    answers = GRADES.replace("example", "id", 1) if header == "id" else GRADES
    files = with_answers(header, FROM_1, [], "") | {"annotations.csv": answers}
    batch = read(files)
    assert [key for key, *_ in batch.annotations] == list(map(str, FROM_1))
    with pytest.raises(InputError, match=r"row 12: '999' is no example"):
        read(files | {"annotations.csv": f"{answers}999,anna,a,3\n"})


def test_grades_alone_name_no_example(read: Read) -> None:
    answers = {"annotations.csv": GRADES.replace(",anna", "x,anna")}
    with pytest.raises(InputError, match=r"neither a column 'key' nor .*: call the one that names"):
        read(with_answers("key", FROM_1, [], "") | answers)


def test_one_of_two_columns_of_numbers_is_no_key(read: Read) -> None:
    answers = [f"{row},{N - index},anna,a" for index, row in enumerate(FROM_1)]
    answers_file = {"annotations.csv": "\n".join(["example,order,annotator,label", *answers])}
    with pytest.raises(InputError, match=r"neither a column 'key' nor .*: call the one that names"):
        read(with_answers("key", FROM_1, [], "") | answers_file)
    batch = read(with_answers("order", FROM_1, [], "") | answers_file)
    assert [key for key, *_ in batch.annotations] == list(map(str, reversed(FROM_1)))


def test_names_of_files_beside_ids_are_the_key(read: Read) -> None:
    table = [f"{row},{word},{row % 3}.5" for row, word in zip(FROM_1, WORDS, strict=True)]
    answers = [f"{row},{word},anna,a" for row, word in zip(FROM_1, WORDS, strict=True)]
    files = {
        "t.csv": "\n".join(["id,file_name,x", *table]),
        "annotations.csv": "\n".join(["id,file_name,annotator,label", *answers]),
    }
    assert [key for key, *_ in read(files).annotations] == WORDS


def test_names_of_files_that_repeat_name_no_row(read: Read) -> None:
    with pytest.raises(InputError, match=r"annotations.csv names rows by 'file_name', .* repeat"):
        read(with_answers("file_name", [row // 2 for row in range(N)], [1, 2], "file_name"))


def test_a_column_of_file_names_is_said_to_be_left_out(read: Read) -> None:
    batch = read({"t.csv": "file_name,x,label\nb,1.5,a\na,2.5,b\n"})
    assert said(batch, "left out") == ["1 column names files: it is not read: 'file_name'"]


@pytest.mark.parametrize("column", ["file_name", "path"])
@pytest.mark.parametrize("name", ["examples.csv", "Examples.csv", "t.csv"])
def test_a_table_of_names_of_pictures_that_are_not_there(
    read: Read, name: str, column: str
) -> None:
    pictures = {f"pictures/{row}.png": image(row) for row in range(2)} if name[0] != "t" else {}
    rows_ = "".join(f"{row}.jpg,{label}\n" for row, label in enumerate("ababa", 7))
    wrong = rf"its column '{column}': 5 of 5 names are of no file there, as '7.jpg': mend the names"
    with pytest.raises(InputError, match=wrong):
        read(pictures | {name: f"{column},label\n{rows_}"})


def test_a_list_of_pictures_that_is_called_as_a_table(read: Read) -> None:
    pictures = {f"{row}.png": image(row) for row in range(2)}
    wrong = "holds nothing but labels and names of files, .*: call it metadata.csv, so that"
    with pytest.raises(InputError, match=wrong):
        read(pictures | {"examples.csv": "file_name,label\n0.png,a\n1.png,b\n"})


PAIRS = "left,right,label\n" + "".join(
    f"l{row}.png,r{row}.png,{'ab'[row % 2]}\n" for row in range(6)
)


@pytest.mark.parametrize("name", ["examples.csv", "t.csv"])
@pytest.mark.parametrize(
    ("table", "count"),
    [
        ("icon,label\n" + "up.png,a\ndown.png,b\n" * 3, "1 column names"),
        (PAIRS, "2 columns name"),
        ("caption,label\na boat in 1.png,a\na cow in 2.png,b\n", "1 column names"),
    ],
)
def test_names_that_are_no_list_of_files_are_read(
    read: Read, table: str, count: str, name: str
) -> None:
    (doubt,) = [line for line in said(read({name: table}), "doubtful") if "pictures" in line]
    assert doubt.startswith(f"{count} pictures or sounds, which are not read")


def test_a_category_may_be_called_as_pictures_that_are_there(read: Read) -> None:
    icons = {"up.png": image(0), "down.png": image(1)}
    batch = read(icons | {"examples.csv": "icon,label\n" + "up.png,a\ndown.png,b\n" * 3})
    assert batch.payload["icon"].to_pylist() == ["up.png", "down.png"] * 3


def test_all_columns_of_pictures_that_are_there_are_named(read: Read) -> None:
    pictures = {f"{side}{row}.png": image(row) for side in "lr" for row in range(6)}
    wrong = "in its columns 'left' and 'right': leave one of these columns, and call it metadata"
    with pytest.raises(InputError, match=wrong):
        read(pictures | {"examples.csv": PAIRS})


@pytest.mark.parametrize("ending", [".txt", ""])
def test_a_list_of_texts_is_no_list_of_pictures(read: Read, ending: str) -> None:
    names = [f"{row}{ending}" for row in range(4)]
    listed = "".join(f"{name},{label}\n" for name, label in zip(names, "abab", strict=True))
    wrong = rf"in its column 'file_name', as '{names[0]}': put texts into a column `text`; names of"
    with pytest.raises(InputError, match=wrong):
        read(dict.fromkeys(names, "so it is") | {"examples.csv": f"file_name,label\n{listed}"})


def test_a_gap_is_no_name_of_a_file(read: Read) -> None:
    lines = ['{"file_name": "0.png", "label": "a"}', '{"file_name": null, "label": "a"}']
    lines += ['{"file_name": "", "label": "b"}', '{"file_name": "1.png", "label": "b"}']
    pictures = {f"{row}.png": image(row) for row in range(2)}
    with pytest.raises(InputError, match=r"in its column 'file_name': call it metadata.csv, so"):
        read(pictures | {"examples.jsonl": "\n".join(lines)})
    lines[0] = lines[0].replace("0", "7")
    with pytest.raises(InputError, match=r"1 of 2 names is of no file there, as '7.png': mend"):
        read(pictures | {"examples.jsonl": "\n".join(lines)})


def test_names_of_pictures_beside_features_are_said(read: Read) -> None:
    batch = read({"t.csv": "photo,x,label\nb.png,1.5,a\nc.png,2.5,b\n"})
    (doubt,) = said(batch, "doubtful")
    assert doubt.startswith("1 column names pictures or sounds, which are not read: 'photo'; call")


# columns in which some cells are no numbers


def table_of(**columns: list) -> str:
    rows_ = ["\t".join(map(str, cells)) for cells in zip(*columns.values(), strict=True)]
    return "\n".join(["\t".join(columns), *rows_])


def sizes(*odd: str, n: int = 40) -> dict[str, str]:
    """A table with a column of whole numbers, whose last cells are odd."""
    cells = [*(str(36 + row % 9) for row in range(n - len(odd))), *odd]
    labels = [LABELS[row % 2] for row in range(n)]
    return {"t.tsv": table_of(size=cells, x=[row * 37 % 11 for row in range(n)], label=labels)}


@pytest.mark.parametrize(
    ("odd", "n", "counts"),
    [
        (["XL"] * 3, 40, "37 numbers, and 3 other cells, as 'XL'"),
        (["G", "B"], 40, "38 numbers, and 2 other cells, as 'G'"),
        (["G", "G"], 1000, "998 numbers, and 2 other cells, as 'G'"),
        (["A/5 21171", "PC 17599", "PC 17"], 40, "37 numbers, and 3 other cells, as 'A/5 21171'"),
    ],
)
def test_names_among_numbers_are_categories(
    read: Read, odd: list[str], n: int, counts: str
) -> None:
    batch = read(sizes(*odd, n=n))
    wanted = "1 column holds categories, though most of their texts are numbers"
    assert said(batch, "doubtful") == [f"{wanted}: 'size' ({counts})"]
    assert column_types.of(batch.payload["size"], "size", []).type == "category"


@pytest.mark.parametrize(
    ("odd", "n", "first"),
    [
        (["XL"], 40, "XL"),
        (["36O", "37O"], 1000, "36O"),
        (["-"] * 5, 40, "-"),
        (["XL", "XL", "Unknown"], 40, "Unknown"),
        (["1.5", "3,5", "4,5"], 40, "3,5"),
        (["36 cm", "37 cm"], 40, "36 cm"),
    ],
)
def test_typing_errors_among_numbers(read: Read, odd: list[str], n: int, first: str) -> None:
    """A single one, few that differ, words for no value, and numbers that are written otherwise."""
    wanted = rf"row \d+: 'size' is '{first}', not a number as most are; mend it, or leave it empty"
    with pytest.raises(InputError, match=wanted):
        read(sizes(*odd, n=n))


# numbers and dates that lose something


def accounts_as_json(start: int) -> str:
    lines = [{"account": start + row, "label": LABELS[row % 2]} for row in range(5)]
    return "\n".join(map(json.dumps, lines))


@pytest.mark.parametrize(
    "files",
    [
        {"t.csv": "account,label\n" + "\n".join(f"{10**18 + row},{'ab'[row % 2]}" for row in range(5))},
        {"t.jsonl": accounts_as_json(10**25)},
        {"t.jsonl": accounts_as_json(10**18)},
        {"t.parquet": parquet(account=pa.array([10**18 + row for row in range(N)]), label=LABELS)},
    ],
)  # fmt: skip
def test_long_numbers_are_said_in_any_file(read: Read, files: Files) -> None:
    batch = read(files)
    assert len({example.key for example in batch.examples}) == len(batch.examples)
    (line,) = [line for line in said(batch, "converted") if "numbers beyond 2^53" in line]
    assert "16 digits alone: 'account'" in line


def test_the_century_of_short_years_is_said(read: Read) -> None:
    born = [f"{18 + row % 9}.03.{60 + row * 2 % 20}" for row in range(N)]
    batch = read({"t.tsv": table_of(born=born, label=LABELS)})
    (line,) = [line for line in said(batch, "guessed") if "years of two digits" in line]
    assert line == (
        "1 column holds years of two digits: 00 to 68 are read as 2000 to 2068, "
        "and 69 to 99 as 1969 to 1999: 'born' ('18.03.60')"
    )


# truth values


def truths(*words: str) -> dict[str, str]:
    cells = [words[row * row % 3 % len(words)] for row in range(N)]
    return {"t.tsv": table_of(paid=cells, x=[row * 37 % 11 for row in range(N)], label=LABELS)}


@pytest.mark.parametrize("words", [("True", "False"), ("true", "FALSE"), ("TRUE", "false", "NA")])
def test_truth_values_as_text_are_those_of_parquet(read: Read, words: tuple) -> None:
    texts = read(truths(*words))
    truth = {"true": True, "false": False}
    cells = [truth.get(text.lower()) for text in texts.payload["paid"].to_pylist()]
    as_such = texts.payload.set_column(
        texts.payload.column_names.index("paid"), "paid", pa.array(cells)
    )
    canonical = registry.named("table").canonical
    places = [example.place for example in texts.examples]
    said_of_bools = Remarks()
    canonical(as_such, places, None, said_of_bools)
    assert said(texts, "converted")[0] == (
        "1 column holds truth values: read as the numbers 1 and 0: "
        f"'paid' ('{words[0]}', '{words[1]}')"
    )
    assert said_of_bools == []

    stored = [payload_of(table) for table in (texts.payload, as_such)]
    assert np.array_equal(*stored, equal_nan=True)
    assert set(np.unique(stored[0])) >= {0, 1}


@pytest.mark.parametrize("words", [("True", "False"), (" TRUE", "NA"), ("true", "")])
def test_ids_of_truth_values_are_of_the_text_that_came(read: Read, words: tuple) -> None:
    """As when they were categories: a project keeps its test split and its answers by id."""
    table = read(truths(*words)).payload.select(["paid"])
    contents = registry.named("table").canonical(table, ["r"] * N, None, Remarks())
    texts = ["" if word == "NA" else word for word in words]
    assert set(contents) == {f'"paid":{len(text)}:{text}' if text else "" for text in texts}


def payload_of(table: pa.Table) -> np.ndarray:
    columns, payload_format = tables.to_columns(None, range(N), table, None)
    rows = pa.table(columns).to_batches()[0]
    return tables.from_columns(rows, payload_format)


@pytest.mark.parametrize("words", [("True", "no"), ("yes", "no"), ("T", "F"), ("True", "1")])
def test_other_words_are_categories(read: Read, words: tuple) -> None:
    batch = read(truths(*words))
    assert column_types.of(batch.payload["paid"], "paid", []).type == "category"


# limits


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl", "t.jsonl.gz"])
def test_a_limit_on_size_reserves_nothing(name: str, tmp_path: Path) -> None:
    text = b"a,label\n1,x\n" if "csv" in name else b'{"a": 1, "label": "x"}\n'
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    tracemalloc.start()
    table, _ = table_files.read(path, 100_000, Remarks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert table["label"].to_pylist() == ["x"]
    assert peak < 50 * files.MB


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_file_that_is_larger_than_the_limit(name: str, tmp_path: Path) -> None:
    """A file of just the limit is read."""
    path = tmp_path / name
    for size in (files.MB, files.MB + 1):
        text = b"a,label\n1,x".ljust(size, b"x")
        path.write_bytes(gzip.compress(text, 1) if name.endswith(".gz") else text)
        if size == files.MB:
            table_files.read(path, 1, Remarks())
    with pytest.raises(InputError, match=r"more than collect.largest_file, 1 MB|is larger than"):
        table_files.read(path, 1, Remarks())


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl", "t.parquet"])
def test_a_table_that_may_not_be_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monkeypatched, since root may read everything."""
    path = tmp_path / name
    path.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=rf"{name} may not be read: .*chmod"):
        table_files.read(path, 1, Remarks())


def test_labels_in_a_table_of_their_own_are_no_more_rows(read: Read) -> None:
    rows = {"train.csv": "id,x,y\n1,5,6\n2,7,8\n", "trainLabels.csv": "id,label\n1,a\n2,b\n"}
    holds = "trainLabels.csv holds the labels of train.csv, by the column 'id': join them"
    with pytest.raises(InputError, match=holds):
        read(rows | {"test.csv": "id,x,y\n3,7,8\n4,5,6\n"})


def test_texts_of_training_are_no_ids_of_the_test_file(read: Read) -> None:
    texts = [f"a text of {n} words" for n in range(6)]
    train = "".join(f"{text},{'ab'[row % 2]}\n" for row, text in enumerate(texts[:4]))
    test = "".join(f"{row},{text}\n" for row, text in enumerate(texts[3:]))
    batch = read({"train.csv": f"text,label\n{train}", "test.csv": f"id,text\n{test}"})
    assert len(batch.examples) == len(texts) + 1


def test_a_form_beside_a_table_is_not_read(read: Read) -> None:
    rows = "".join(f"{row},{row * 7},{'ab'[row % 2]}\n" for row in range(N))
    batch = read(
        {"train.csv": f"id,x,label\n{rows}", "sample_submission.csv": "id,label\n1,a\n2,a\n"}
    )
    assert len(batch.examples) == N
    ignored = [remark for remark in batch.remarks if remark.action == "ignored"]
    assert [(remark.count, remark.example) for remark in ignored] == [(1, "sample_submission.csv")]


def test_a_table_without_a_header_is_asked_for_one(read: Read) -> None:
    with pytest.raises(InputError, match=r"is the first row no header\? add one above it$"):
        read({"iris.csv": "5.1,3.5,setosa\n4.9,3.0,setosa\n"})


def test_columns_of_0_and_1_may_be_the_classes(read: Read) -> None:
    remedy = "if columns of 0 and 1 are the classes, make one column of class names$"
    with pytest.raises(InputError, match=remedy):
        read({"t.csv": "text,cat,dog\na b,1,0\nc d,0,1\n"})
    with pytest.raises(InputError, match=r"add it and leave it empty$"):
        read({"t.csv": "text,size,dog\na b,1,0\nc d,2,1\n"})
