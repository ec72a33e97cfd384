"""Tables and texts as people have them: read right and said, or refused in one line."""

import csv
import gzip
import io
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.catalogue import catalogue, payloads
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.modalities import column_types, registry
from stages import collect, embed, pretrain, sample
from tests.support.raw_files import image, parquet
from tests.support.workspace import Workspace

Files = dict[str, str | bytes]
N = 12  # rows of a made-up table


class Batches:
    """Batches that go through the real stages, in this process."""

    def __init__(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workspace, self.monkeypatch = workspace, monkeypatch
        workspace.set("pretrain.batches", ["b"])

    def run(self, stage: Callable[[], None], batch: str = "b") -> None:
        self.monkeypatch.setenv("DVC_STAGE", f"stage@{batch}")
        stage()

    def collect(self, content: Files, batch: str = "b") -> list[dict]:
        """The examples of a raw batch, by key."""
        self.workspace.raw(content, batch)
        self.run(collect.main, batch)
        rows = parquet_files.read_parquet(paths.examples(batch)).to_pylist()
        return sorted(rows, key=lambda row: int(row["key"]) if row["key"].isdigit() else 0)

    def embedded(self, first: Files, second: Files) -> tuple[np.ndarray, np.ndarray]:
        """The payloads (n, features) of two batches, of which the encoder learns from the first."""
        for batch, content in (("b", first), ("c", second)):
            self.workspace.raw(content, batch)
            self.run(collect.main, batch)
        self.run(sample.main)
        pretrain.main()
        self.run(embed.main)
        self.run(embed.main, "c")
        files.write_json(paths.LISTED, {"batches": ["b", "c"]})
        examples = catalogue.read()
        read = np.concatenate(list(payloads.read(examples, 100)))
        rows = [examples.index[examples["batch"] == batch] for batch in "bc"]
        keys = [examples.loc[chosen, "key"].astype(int) for chosen in rows]
        return tuple(read[chosen[np.argsort(key)]] for chosen, key in zip(rows, keys, strict=True))

    def said(self, batch: str = "b") -> list[str]:
        return [
            f"{remark['action']}: {remark['count']} {remark['what']}: {remark['example']}"
            for remark in files.read_json(paths.summary(batch))["remarks"]
        ]

    def format(self, batch: str = "b") -> dict:
        return parquet_files.read_payload_format(paths.examples(batch))

    def labels(self, batch: str = "b") -> list[str]:
        return sorted(csv_files.read_csv(paths.labels(batch))["label"].to_pylist())


@pytest.fixture
def batches(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Batches:
    return Batches(workspace, monkeypatch)


def table(delimiter: str = ",", **columns: list) -> Files:
    """A CSV file of columns; the labels are a and b in turn."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    columns.setdefault("label", ["ab"[row % 2] for row in range(len(next(iter(columns.values()))))])
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return {"examples.csv": file.getvalue()}


def numbers(n: int = N, seed: int = 0) -> list[float]:
    return np.random.default_rng(seed).normal(size=n).round(3).tolist()


SENTENCES = [f"the {word} number {row} says hello again" for row, word in enumerate("ab" * 6)]
TEXTS = "text,label\nhello there,a\ngood bye,b\n"


# Layouts


@pytest.mark.parametrize(
    "content",
    [
        {"examples.csv": TEXTS.replace(",", ";")},
        {"examples.csv": TEXTS.replace(",", "\t")},
        {"examples.tsv": TEXTS.replace(",", "\t")},
        {"examples.csv": TEXTS.replace(",", "|")},
        {"my data.csv": TEXTS},
        {"reviews.TSV": TEXTS.replace(",", "\t")},
        {"deep/er/x.parquet": parquet(text=["hello there", "good bye"], label=["a", "b"])},
        {"examples.csv.gz": gzip.compress(TEXTS.encode())},
        {"x.jsonl": '{"text": "hello there", "label": "a"}\n\n{"label": "b", "text": "good bye"}'},
        {"x.jsonl.gz": gzip.compress(b'\xef\xbb\xbf{"text": "hello there", "label": "a"}\n{"label": "b", "text": "good bye"}\n')},
        {"x.csv": TEXTS, "notes.txt": "no table"},
    ],
)  # fmt: skip
def test_a_table_in_any_file(batches: Batches, content: Files) -> None:
    rows = batches.collect(content)
    assert [row["text"] for row in rows] == ["hello there", "good bye"]
    assert batches.labels() == ["a", "b"]
    assert batches.format() == {"modality": "text", "shape": []}


def test_delimiters_in_quoted_names_do_not_count(batches: Batches) -> None:
    batches.collect({"examples.csv": '"a;b;c",label\n1.5,a\n2.5,b\n'})
    assert batches.format()["features"] == {"a;b;c": "number"}


def test_examples_go_before_other_tables(batches: Batches) -> None:
    batches.collect({"examples.csv": TEXTS, "other.csv": "x\n1\n"})
    assert any("other.csv" in line for line in batches.said())


@pytest.mark.parametrize(
    "content",
    [{"a.csv": TEXTS, "b.csv": TEXTS}, {"a.parquet": parquet(text=["x"]), "b.csv": TEXTS}],
)
def test_two_tables_are_not_guessed_between(batches: Batches, content: Files) -> None:
    with pytest.raises(InputError, match="no known layout"):
        batches.collect(content)


def hugging_face(names: list[str], labels: list, media: str = "image", **how: str) -> bytes:
    values = [
        {"bytes": image(row * 9 + how.get("start", 0)), "path": None} for row in range(len(labels))
    ]
    described = {media: {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
    schema = pa.table({media: values, "label": pa.array(labels, pa.int64())})
    schema = schema.replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": described}})}
    )
    file = io.BytesIO()
    pq.write_table(schema, file)
    return file.getvalue()


def test_hugging_face_classes_and_pictures(batches: Batches) -> None:
    content = hugging_face(["cat", "dog"], [0, 1, -1, 0], media="img")
    rows = batches.collect({"data/train-00000-of-00001.parquet": content})
    assert len(rows) == 4
    assert batches.labels() == ["cat", "cat", "dog"]
    assert any("'img'" in line for line in batches.said())


def test_hugging_face_shards_tell_the_split(batches: Batches) -> None:
    shards = {
        "data/train-00000-of-00002.parquet": hugging_face(["cat", "dog"], [0, 1], start=100),
        "data/train-00001-of-00002.parquet": hugging_face(["cat", "dog"], [1], start=150),
        "data/validation-00000-of-00001.parquet": hugging_face(["cat", "dog"], [0], start=200),
        "data/test-00000-of-00001.parquet": hugging_face(["cat", "dog"], [0, 1]),
    }
    rows = batches.collect(shards)
    assert sorted(row["split"] for row in rows) == ["test"] * 2 + ["train"] * 3 + ["validation"]
    assert any("split" in line for line in batches.said())


def test_a_class_without_a_name_is_refused(batches: Batches) -> None:
    with pytest.raises(InputError, match=r"x.parquet: 'label' is 5, but the schema names 2"):
        batches.collect({"x.parquet": hugging_face(["cat", "dog"], [0, 5])})
    with pytest.raises(InputError, match=r"x.parquet: 'label' is -2, but the schema names 2"):
        batches.collect({"x.parquet": hugging_face(["cat", "dog"], [-2, 1])}, "c")


def test_a_picture_that_is_only_named_is_refused(batches: Batches) -> None:
    content = parquet(image=[{"bytes": None, "path": "a/1.png"}], label=["a"])
    with pytest.raises(InputError, match=r"x.parquet: 'image' names the file 'a/1.png'"):
        batches.collect({"x.parquet": content})


# Reserved names


@pytest.mark.parametrize(
    ("name", "action"),
    [("labels", "guessed"), ("Class", "guessed"), ("category", "guessed"), ("TARGET", "guessed"),
     ("Label", "converted"), (" label ", "converted"), ("LABEL", "converted")],
)  # fmt: skip
def test_other_names_of_label(batches: Batches, name: str, action: str) -> None:
    batches.collect({"examples.csv": f"x,{name}\n1.5,a\n2.5,b\n"})
    assert batches.labels() == ["a", "b"]
    assert any(line.startswith(action) and name.strip() in line for line in batches.said())


def test_label_goes_before_its_other_names(batches: Batches) -> None:
    batches.collect({"examples.csv": "x,class,label\n1.5,c,a\n2.5,d,b\n"})
    assert batches.labels() == ["a", "b"]
    assert batches.format()["features"] == {"x": "number", "class": "category"}
    assert "doubtful: 1 column may hold labels too: 'class'" in batches.said()


@pytest.mark.parametrize("header", [" split, x,label", "Split,x,label", "\ufeffsplit,x,label"])
def test_blanks_and_case_around_reserved_names(batches: Batches, header: str) -> None:
    rows = batches.collect({"examples.csv": f"{header}\ntrain,1.5,a\ntest,2.5,b\n"})
    assert [row["split"] for row in rows] == ["train", "test"]
    assert batches.format()["features"] == {"x": "number"}


def test_people_answer_with_semicolons_and_capitals(batches: Batches) -> None:
    answers = {"annotations.csv": "Key;Annotator; Label\n0;anna;a\n1;anna;b\n"}
    batches.collect({"examples.csv": "x,y\n1.5,3\n2.5,7\n"} | answers)
    assert batches.labels() == ["a", "b"]


@pytest.mark.parametrize(
    "content", [parquet(x=[1.0], label=[["a", "b"]]), parquet(x=[1.0], label=["['a', 'b']"])]
)
def test_several_labels_are_one_clear_line(batches: Batches, content: bytes) -> None:
    with pytest.raises(InputError, match=r"row 0: label is .* one label"):
        batches.collect({"examples.parquet": content})


# CSV taken strictly


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('text,label\n"good",a\n"cut he', r"row #3 starts a quoted cell that does not end"),
        ('text,label\n"he said \\"hi\\"",a\n', r"row #2 has a quote within a quoted cell"),
        ('text,label\n"a"b,a\n', r"row #2 has a quote within"),
        ("text,label\na,b,c\n", r"row #2: expected 2 columns, got 3"),
    ],
)
def test_bad_quotes_are_one_clear_line(batches: Batches, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        batches.collect({"examples.csv": text})


@pytest.mark.parametrize("size", [1_000, 2**20, 2_000_000])
def test_line_ends_within_cells_stay_at_every_place(batches: Batches, size: int) -> None:
    batches.workspace.set("collect.characters", 10**7)
    cell = "x" * (size - 20) + "\r\n" * 30 + "end"
    rows = batches.collect({"examples.csv": f'text,label\n"{cell}",a\r\n"b",b\r\n'})
    assert rows[0]["text"] == cell


@pytest.mark.parametrize(
    ("content", "most"),
    [
        ("label," + ",".join(f"c{n}" for n in range(20_000)) + "\na" + ",1" * 20_000 + "\n", 20),
        ("label,x\na,1.5\nb," + "9" * 20_000 + "\n", 5),
        ("label,x\na,1.5\nb," + "9" * 60_000 + "x\n", 5),
    ],
    ids=["columns", "digits", "nearly a number"],
)
def test_time_is_linear(batches: Batches, content: str, most: float) -> None:
    start = time.process_time()
    with suppress(InputError):
        batches.collect({"examples.csv": content})
    assert time.process_time() - start < most


# Columns that are no features


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "nr", "row"])
@pytest.mark.parametrize("start", [0, 1])
def test_row_numbers_are_left_out(batches: Batches, name: str, start: int) -> None:
    batches.collect(table(**{name: range(start, start + N), "x": numbers()}))
    assert batches.format()["features"] == {"x": "number"}
    assert any(line.startswith("left out: 1") and repr(name) in line for line in batches.said())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", [f"u{row * 7}" for row in range(N)]),
        ("userId", [row * 7919 % 1009 for row in range(N)]),
        ("patient_id", [row * 7919 % 1009 for row in range(N)]),
        ("UUID", [f"{row:032x}" for row in range(N)]),
    ],
)
def test_ids_are_left_out(batches: Batches, name: str, values: list) -> None:
    batches.collect(table(**{"x": numbers(), name: values}))
    assert batches.format()["features"] == {"x": "number"}
    assert any("ids" in line and repr(name) in line for line in batches.said())


def test_ids_that_repeat_and_words_that_end_like_ids_are_features(batches: Batches) -> None:
    batches.collect(
        table(site_id=[row % 3 for row in range(N)], paid=numbers(), acid=numbers(N, 1))
    )
    assert set(batches.format()["features"]) == {"site_id", "paid", "acid"}


def test_row_numbers_stay_if_nothing_else_is_there_and_this_is_said(batches: Batches) -> None:
    batches.collect(table(x=range(N)))
    assert batches.format()["features"] == {"x": "number"}
    assert any(line.startswith("doubtful") and "'x'" in line for line in batches.said())


# Free text


def test_free_text_under_another_name(batches: Batches) -> None:
    rows = batches.collect(table(Review=SENTENCES, stars=[row % 5 for row in range(N)]))
    assert [row["text"] for row in rows] == SENTENCES
    assert rows[3]["slice:stars"] == "3"
    assert batches.format() == {"modality": "text", "shape": [], "columns": ["Review"]}


def test_two_free_texts_are_joined_with_their_names(batches: Batches) -> None:
    rows = batches.collect(table(title=SENTENCES, body=SENTENCES[::-1]))
    assert rows[0]["text"] == f"body: {SENTENCES[-1]}\ntitle: {SENTENCES[0]}"


def test_chinese_has_words_without_blanks(batches: Batches) -> None:
    batches.collect(table(评论=[f"今天的天气非常好我们去公园{row}" for row in range(N)]))
    assert batches.format()["modality"] == "text"


def test_free_text_beside_many_numbers_is_left_out(batches: Batches) -> None:
    names = [f"Braund, Mr. Owen Harris {row}" for row in range(N)]
    columns = {name: numbers(N, seed) for seed, name in enumerate(("age", "fare", "class_"))}
    batches.collect(table(Name=names, **columns))
    assert set(batches.format()["features"]) == {"age", "fare", "class_"}
    assert any("free text" in line and "'Name'" in line for line in batches.said())


def test_categories_of_many_words_are_no_free_text(batches: Batches) -> None:
    batches.collect(table(plan=["the large plan with all of it", "none of them at all"] * (N // 2)))
    assert batches.format()["features"] == {"plan": "category"}


# Numbers and dates as people write them


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "12", "1,234,567.5"], [1234, 12, 1234567.5]),
        (["12 %", "7%", "0.5 %"], [12, 7, 0.5]),
        (["€ 3", "€ 1.234,50", "-€2"], [3, 1234.5, -2]),
        (["$5", "$1,000.25", "-$7"], [5, 1000.25, -7]),
        (["1.234,5", "0,25", "3"], [1234.5, 0.25, 3]),
        (["1 234", "12 345 678", "5"], [1234, 12345678, 5]),
        (["1\u202f234,5", "1\xa0000", "2"], [1234.5, 1000, 2]),
        (["1'234", "2’000.5", "7"], [1234, 2000.5, 7]),
        (["5 kg", "1.25kg", "3 kg"], [5, 1.25, 3]),
        (["\u22125", " 3", "4 "], [-5, 3, 4]),
        (["01.02.2021", "13.02.2021", "1.3.2021"], ["2021-02-01", "2021-02-13", "2021-03-01"]),
        (["2/1/2021", "2/13/2021", "12/31/1999"], ["2021-02-01", "2021-02-13", "1999-12-31"]),
        (["2/1/2021", "13/2/2021", "31/12/99"], ["2021-01-02", "2021-02-13", "1999-12-31"]),
        (["2021/2/1", "2021-02-03", "4.2.2021"], ["2021-02-01", "2021-02-03", "2021-02-04"]),
        (["1 Feb 2021", "Feb 3, 2021", "12 March 2021"], ["2021-02-01", "2021-02-03", "2021-03-12"]),
    ],
)  # fmt: skip
def test_numbers_and_dates_as_people_write_them(
    batches: Batches, cells: list[str], values: list
) -> None:
    first, second = batches.embedded(table(x=cells * 4, y=numbers()), table(x=cells, y=[1, 2, 3]))
    days = pd.to_datetime(values).to_numpy().astype("datetime64[D]").astype(float)
    expected = days if isinstance(values[0], str) else np.array(values, float)
    assert second[:, 0].tolist() == expected.tolist()
    assert first[:3, 0].tolist() == expected.tolist()
    assert any(line.startswith(("converted", "guessed")) for line in batches.said())


@pytest.mark.parametrize(
    ("cells", "action"),
    [
        (["12 %", "0.12", "7 %"], "doubtful"),
        (["01234", "98765", "00017"], "guessed"),
        (["2021-02-30", "2021-02-01", "2021-02-02"], "doubtful"),
        (["13/13/2021", "1/2/2021", "2/2/2021"], "doubtful"),
        (["$5", "€5", "$7"], "doubtful"),
        (["8:30", "9:15", "17:00"], "doubtful"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_said(
    batches: Batches, cells: list[str], action: str
) -> None:
    batches.collect(table(x=cells * 4, y=numbers()))
    assert batches.format()["features"]["x"] == "category"
    assert any(line.startswith(action) and cells[0] in line for line in batches.said())


@pytest.mark.parametrize("cells", [["1,234", "2,345"], ["1/2/2021", "3/4/2021"]])
def test_a_reading_that_is_a_guess_is_said(batches: Batches, cells: list[str]) -> None:
    batches.collect(table(x=cells * 6, y=numbers()))
    assert any(line.startswith("guessed") and "two ways" in line for line in batches.said())


def test_the_encoder_decides_a_reading_that_is_a_guess(batches: Batches) -> None:
    first = table(x=["1,5", "2,25", "3,125"] * 4, y=numbers())
    _, second = batches.embedded(first, table(x=["1,234", "2,345"], y=[1, 2]))
    assert second[:, 0].tolist() == [1.234, 2.345]


DOTTED = ["2.271", "4.266", "5"]
NO_DAY_ABOVE_12 = ["08/01/2026", "09/02/2026", "10/03/2026"]


@pytest.mark.parametrize(
    ("learned", "given", "values", "is_guess"),
    [
        (["1.647,67", "12,5", "3"], DOTTED, [2271, 4266, 5], False),
        (["1.647,67", "12,5", "3"], ["2.271", "4", "5"], [2271, 4, 5], False),
        (["1.647,67", "12,5", "3"], ["2.271", "4.2", "5"], [2.271, 4.2, 5], False),
        (["1,647.67", "12.5", "3"], DOTTED, [2.271, 4.266, 5], False),
        (["1.647", "12.5", "3"], DOTTED, [2.271, 4.266, 5], False),
        (["1 647,67", "12,5", "3"], DOTTED, [2.271, 4.266, 5], True),
        (["1.5", "12", "3"], ["1.647,67", "2,5", "3"], [1647.67, 2.5, 3], False),
        (["2026-03-08", "2026-03-09", ""], NO_DAY_ABOVE_12, ["2026-01-08", "2026-02-09", "2026-03-10"], True),
        (["3/13/2026", "3/14/2026", ""], NO_DAY_ABOVE_12, ["2026-08-01", "2026-09-02", "2026-10-03"], False),
        (["13/3/2026", "14/3/2026", ""], NO_DAY_ABOVE_12, ["2026-01-08", "2026-02-09", "2026-03-10"], False),
        (["2026-03-08", "2026-03-09", ""], ["8/1/2026", "8/25/2026", ""], ["2026-08-01", "2026-08-25", "NaT"], False),
    ],
)  # fmt: skip
def test_a_batch_and_predict_read_alike(
    batches: Batches, learned: list[str], given: list[str], values: list, is_guess: bool
) -> None:
    content = table(";", x=given, y=[1, 2, 3])
    _, second = batches.embedded(table(";", x=learned * 4, y=numbers()), content)
    asked, said = predicted(batches.workspace, content["examples.csv"], batches.format())
    if isinstance(values[0], str):
        days = pd.to_datetime(values).to_numpy()
        values = (days - np.datetime64(0, "D")) / np.timedelta64(1, "D")
    np.testing.assert_array_equal(second[:, 0], values)
    np.testing.assert_array_equal(asked[:, 0], values)
    assert any(line.startswith("guessed: 1 column") and "'x'" in line for line in said) == is_guess


@pytest.mark.parametrize("given", [DOTTED, ["2.271", "4", "5"]])
def test_dots_that_may_group_are_said(batches: Batches, given: list[str]) -> None:
    batches.collect(table(x=given, y=[1, 2, 3]))
    (line,) = [line for line in batches.said() if "'x'" in line]
    assert line.startswith("guessed: 1 column holds dots before three digits")


# Gaps


def test_words_for_no_value_are_said_once_by_column(batches: Batches) -> None:
    town = ["Ulm"] * 15 + ["Bonn"] * 14 + ["?"]
    content = table(town=town, size=["NA", "nan", "", *numbers(27)], y=numbers(30))
    batches.collect(content)
    (line,) = [line for line in batches.said() if "empty" in line]
    what = "cells hold a word for no value and are read as empty"
    examples = "'?' in 'town' (1), 'NA' in 'size' (1), 'nan' in 'size' (1)"
    assert line == f"converted: 3 {what}: {examples}"
    _, said = predicted(batches.workspace, content["examples.csv"], batches.format())
    assert [remark for remark in said if "empty" in remark] == [
        f"converted: 3 {what}, for example {examples}"
    ]


def test_a_word_for_no_value_that_many_cells_hold_may_be_a_category(batches: Batches) -> None:
    masonry = ["None", "Brick", "Stone"] * 10
    batches.collect(table(mas=masonry, size=["?", *numbers(29)], y=["", *numbers(29, 1)]))
    (remark,) = [
        remark
        for remark in files.read_json(paths.summary("b"))["remarks"]
        if "empty" in remark["what"]
    ]
    assert (remark["action"], remark["count"]) == ("doubtful", 11)
    assert remark["example"] == "'None' in 'mas' (10), '?' in 'size' (1)"
    assert remark["remedy"] == "write it otherwise where it is a value"


def test_empty_cells_are_not_said(batches: Batches) -> None:
    batches.collect(table(town=["Ulm", "Bonn", ""] * 10, y=["", *numbers(29)]))
    assert not any("empty" in line for line in batches.said())


# By name


def test_columns_in_another_order(batches: Batches) -> None:
    first = table(age=numbers(), size=numbers(N, 1), town=["Ulm", "Bonn"] * 6)
    second = table(town=["Ulm", "Köln"], size=[5.5, 6.5], age=[1.5, 2.5])
    _, payload = batches.embedded(first, second)
    town = [column_types.category("Ulm"), column_types.category("Köln")]
    assert payload.tolist() == [[1.5, 5.5, town[0]], [2.5, 6.5, town[1]]]


def test_the_order_of_columns_does_not_change_an_id(batches: Batches) -> None:
    rows = batches.collect(table(x=numbers(), y=numbers(N, 1)))
    swapped = batches.collect(table(y=numbers(N, 1), x=numbers()), "c")
    assert [row["id"] for row in rows] == [row["id"] for row in swapped]


def test_a_column_that_is_empty_fits_any_type(batches: Batches) -> None:
    first = table(x=numbers(), town=["Ulm", "Bonn"] * 6, since=["2021-01-05", "2020-05-05"] * 6)
    empty = ["", "", ""]
    _, payload = batches.embedded(first, table(x=empty, town=empty, since=empty, label=list("aba")))
    assert payload.shape == (1, 3)  # three equal rows
    assert np.isnan(payload).all()


def test_a_column_without_any_value_is_said(batches: Batches) -> None:
    batches.collect(table(x=numbers(8), y=[""] * 8))
    assert any("holds no value at all: 'y'" in line for line in batches.said())


def test_a_category_that_looks_like_a_number_is_a_category(batches: Batches) -> None:
    first = table(x=numbers(), plan=["A", "7", "1,5"] * 4)
    _, payload = batches.embedded(first, table(x=[1, 2, 3], plan=["7", "1,5", "7"]))
    assert payload[:, 1].tolist() == [column_types.category(name) for name in ("7", "1,5", "7")]


def test_numbers_are_names_where_the_first_batch_has_names_among_them(batches: Batches) -> None:
    first = table(x=numbers(), size=["36", "37", "38", "XL"] * 3)
    _, payload = batches.embedded(first, table(x=[1, 2, 3], size=["38", "36", "38"]))
    assert payload[:, 1].tolist() == [column_types.category(name) for name in ("38", "36", "38")]
    asked, _ = predicted(batches.workspace, "x,size\n1,38\n2,L\n", batches.format())
    assert asked[:, 1].tolist() == [column_types.category(name) for name in ("38", "L")]


@pytest.mark.parametrize(
    ("learned", "given", "message"),
    [
        (["1.5", "2", "3"], ["old", "4"], r"'x' is 'old', where the encoder knows a number"),
        (["1.5", "2", "3"], ["2021-01-05"] * 3, r"'x' is '2021-01-05', where .* a number"),
        (["2021-01-05", "2020-02-03", "2021-05-05"], ["4", "5", "6"], r"'x' is '\d', where .* date"),
        (["12 %", "7 %", "3 %"], ["0.12", "0.07", "0.03"], r"'x' is '0.\d\d', where .* in %"),
    ],
)  # fmt: skip
def test_another_type_is_refused_with_its_value(
    batches: Batches, learned: list[str], given: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=r"collected/c/examples.parquet: key '.': " + message):
        batches.embedded(
            table(x=learned * 4, y=numbers()), table(x=given, y=[1.5, 2, 3][: len(given)])
        )


def test_missing_columns_are_named(batches: Batches) -> None:
    with pytest.raises(InputError, match=r"data/raw/c: it has no column 'y', 'z', which"):
        batches.embedded(table(x=numbers(), y=numbers(), z=numbers()), table(x=[1.5, 2]))


def test_more_columns_are_named_and_not_read(
    batches: Batches, capsys: pytest.CaptureFixture
) -> None:
    _, payload = batches.embedded(table(x=numbers()), table(a=[5, 7.5], x=[1.5, 2], b=["u", "v"]))
    assert payload.tolist() == [[1.5], [2]]
    assert "assay: data/raw/c: 2 columns are not read" in capsys.readouterr().err


def test_a_column_that_one_batch_leaves_out_is_read_if_the_encoder_knows_it(
    batches: Batches,
) -> None:
    first = table(nr=[7, 3, 9, 1, 0, 5, 2, 4, 8, 6, 11, 10], x=numbers())
    second = table(nr=range(6), x=numbers(6, 1))
    _, payload = batches.embedded(first, second)
    assert payload[:, 0].tolist() == list(range(6))


def test_two_batches_of_texts_under_other_names_fit(batches: Batches) -> None:
    _, payload = batches.embedded(table(sentence=SENTENCES), table(review=SENTENCES[:4]))
    assert payload.tolist() == [] or set(payload) <= set(SENTENCES)


# Different rows stay different


@pytest.mark.parametrize(
    "cells",
    [
        [1_790_000_000 + second for second in range(200)],
        [f"12345678901234567{number:03}" for number in range(200)],
        [f"2021-01-01T00:00:00.{number:06}" for number in range(200)],
        [f"{500_000 + number / 100:.2f}" for number in range(200)],
        [f"0.123456789012345{number:05}" for number in range(200)],
    ],
)
def test_rows_that_float32_would_merge(batches: Batches, cells: list) -> None:
    cells = [cells[0], *cells[:0:-1]]  # not in order
    assert len(batches.collect(table(x=cells, state=["on", "off"] * 100))) == 200


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**53 + number for number in range(50)]),
        pa.array([2**64 - 1 - number for number in range(50)], pa.uint64()),
        pa.array([1_700_000_000_000_000_000 + number for number in range(50)], pa.timestamp("ns")),
        pa.array([f"{number}.10" for number in range(50)]).cast(pa.float64()).cast(pa.decimal128(20, 2)),
        pa.array(np.arange(50, dtype=np.float16)),
        pa.array(range(50), pa.duration("s")),
        pa.array(range(50), pa.time64("us")),
        pa.array([f"c{number}" for number in range(50)]).dictionary_encode(),
        pa.array(np.arange(50) * 0.1, pa.float32()),
        pa.array([f"c{number}" for number in range(50)], pa.large_string()),
        pa.array(range(50), pa.date32()),
    ],
)  # fmt: skip
def test_columns_of_parquet_are_read_exactly(batches: Batches, column: pa.Array) -> None:
    content = parquet(x=column, label=["a", "b"] * 25)
    assert len(batches.collect({"examples.parquet": content})) == 50


def test_a_row_has_one_id_in_csv_and_parquet(batches: Batches) -> None:
    columns = {
        "whole": pa.array([3, None, 2**53 + 1]),
        "float": pa.array([1.0, 0.1, 1e10]),
        "single": pa.array([0.1, 2.5, 3.0], pa.float32()),
        "since": pa.array([0, 86_400_500, None], pa.timestamp("ms")),
        "town": ["Ulm", "", "Bonn"],
        "empty": pa.nulls(3),
        "label": ["a", "b", "a"],
    }
    text = (
        "town,whole,float,single,since,empty,label\n"
        "Ulm,3.0,1,0.1,1970-01-01,,a\n,,0.1,2.50,1970-01-02 00:00:00.5,,b\n"
        "Bonn,9007199254740993,10000000000,3,,,a\n"
    )
    rows = batches.collect({"examples.parquet": parquet(**columns)})
    assert [row["id"] for row in batches.collect({"examples.csv": text}, "c")] == [
        row["id"] for row in rows
    ]


def test_ids_of_texts_are_as_ever(batches: Batches) -> None:
    rows = batches.collect({"examples.csv": TEXTS})
    assert [row["id"] for row in rows] == IDS_OF_TEXTS


IDS_OF_TEXTS = ["9d9487d087e7170fb158fc75086a957b", "41f5cdcb9ca0fa46785fb33ea364f44c"]


# Parquet at the edge


def test_a_small_parquet_that_unpacks_to_a_huge_one(batches: Batches) -> None:
    batches.workspace.set("collect.largest_file", 1)
    file = io.BytesIO()
    pq.write_table(pa.table({"x": np.zeros(10_000_000), "label": ["a"] * 10_000_000}), file)
    assert len(file.getvalue()) < 200_000
    with pytest.raises(InputError, match=r"unpacks to more than collect.largest_file, 1 MB"):
        batches.collect({"examples.parquet": file.getvalue()})


def test_a_small_gzip_that_unpacks_to_a_huge_one(batches: Batches) -> None:
    batches.workspace.set("collect.largest_file", 1)
    content = gzip.compress(b"text,label\n" + b"a,b\n" * 1_000_000)
    with pytest.raises(InputError, match=r"unpacks to more than collect.largest_file, 1 MB"):
        batches.collect({"examples.csv.gz": content})


def repeated_column() -> bytes:
    file = io.BytesIO()
    columns = [pa.array([1.0, 2.0]), pa.array([3.0, 4.0]), pa.array(["a", "b"])]
    pq.write_table(pa.table(columns, names=["x", "x", "label"]), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        {"examples.csv.gz": gzip.compress(TEXTS.encode())[:-9]},
        {"examples.csv.gz": b"plain"},
        {"x.jsonl": '{"text": "a", "label": "b"}\n{"text": '},
        {"x.jsonl": "[1, 2]\n"},
        {"x.jsonl": "[" * 100_000},
        {"x.jsonl": '{"text": "a \\ud800", "label": "b"}\n'},
        {"x.jsonl": '{"x": 1, "label": "\\uDFFF"}\n'},
        {"x.parquet": repeated_column()},
        {"x.parquet": parquet(text=[1, 2, 3, 4, 5], label=list("ababa"))},
        {"x.parquet": parquet(text=pa.array([b"\xff\xfe", b"ok"]).view(pa.string()), label=["a", "b"])},
    ],
)  # fmt: skip
def test_damaged_files_are_one_clear_line(batches: Batches, content: Files) -> None:
    with pytest.raises(InputError, match=next(iter(content))) as raised:
        batches.collect(content)
    assert "\n" not in str(raised.value)


# What a user wants predicted


FORMAT = {
    "modality": "table",
    "features": {"price": "number", "since": "date", "plan": "category"},
    "written": {"price": {"group": ".", "decimal": ",", "unit": "€"}},
}


def predicted(workspace: Workspace, text: str, info: dict = FORMAT) -> tuple[np.ndarray, list[str]]:
    workspace.write("asked.csv", text)
    said = Remarks()
    path = workspace.root / "asked.csv"
    _, payload = registry.named(info["modality"]).read_file(path, info, said)
    return payload, [str(remark) for remark in said]


def test_predict_finds_columns_by_name(workspace: Workspace) -> None:
    text = "plan; Since;note;price\n7;1970-01-03;x;1.234,5 €\n,,,\n"
    payload, said = predicted(workspace, text.replace("\n,,,", "\n;;;"))
    assert payload[0].tolist() == [1234.5, 2, column_types.category("7")]
    assert np.isnan(payload[1]).all()
    assert any("'note'" in line for line in said)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("5,1970-01-01,a", r"row 2: 'price' is '5', where .* a number in €"),
        ("5 €,12,a", r"row 2: 'since' is '12', where .* a date"),
        ("1970-01-01,1970-01-01,a", r"row 2: 'price' is '1970-01-01', where .* a number"),
    ],
)
def test_predict_refuses_another_type(workspace: Workspace, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        predicted(workspace, f"price,since,plan\n{row}\n")


def test_predict_finds_the_columns_of_text(workspace: Workspace) -> None:
    info = {"modality": "text", "columns": ["body", "title"]}
    payload, _ = predicted(workspace, "title,x,body\nhello,1,world\n", info)
    assert payload.tolist() == ["body: world\ntitle: hello"]
    with pytest.raises(InputError, match=re.escape("has no column 'body'")):
        predicted(workspace, "title\nhello\n", info)


def test_people_answer_about_a_table_in_a_folder_below(batches: Batches) -> None:
    answers = {"annotations.csv": "key,annotator,label\n0,anna,a\n1,anna,b\n"}
    batches.collect({"data/x.parquet": parquet(x=[1.5, 2.5])} | answers)
    assert batches.labels() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "columns", "row"),
    [
        ({"examples.csv": TEXTS}, ["batch"], ["b"]),
        ({"examples.csv": "text,label,land\nhello there,a,NA\n"}, ["batch", "land"], ["b", "NA"]),
        (table(x=numbers(), town=["NA", "Ulm"] * 6), ["batch", "town"], ["b", ""]),
    ],
)
def test_slices_of_texts_and_tables(
    batches: Batches, content: Files, columns: list[str], row: list[str]
) -> None:
    batches.collect(content)
    files.write_json(paths.LISTED, {"batches": ["b"]})
    if batches.format()["modality"] == "table":
        files.write_json(paths.ENCODER_INFO, batches.format())
    examples = catalogue.read()
    slices = catalogue.slices(examples).loc[examples["key"] == "0"]
    assert list(slices) == columns
    assert slices.iloc[0].tolist() == row
