"""Tables that a user wants predicted are read as batches are, whatever form they have."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.contract import hugging_face_columns
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.modalities import column_types, known_categories, registry
from tests.support.raw_files import parquet

TEXT = {"modality": "text", "shape": []}
TABLE = {
    "modality": "table",
    "features": {"price": "number", "sold": "number", "since": "date", "plan": "category"},
}
NUMBERS = {"modality": "table", "features": {"a": "number", "b": "number"}}
TEXTS = ["one, two", "three"]
CSV = b'text,label\n"one, two",a\nthree,b\n'
TABS = b'text\tlabel\n"one, two"\ta\nthree\tb\n'
JSON_LINES = b'{"text": "one, two", "label": "a"}\n\n{"label": "b", "text": "three"}\n'
SALES = {
    "price": [1.5, None],
    "sold": [True, False],
    "since": pa.array([2 * 86_400, None], pa.timestamp("s")),
    "plan": [7, 8],
}


def asked(path: Path, content: bytes, info: dict) -> tuple[list[str], list, Remarks]:
    path.write_bytes(content)
    said = Remarks()
    places, payload = registry.named(info["modality"]).read_file(path, info, said)
    return [place.removeprefix(str(path)) for place in places], payload.tolist(), said


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("x.csv", CSV, ["row 2", "row 3"]),
        ("x.csv.gz", gzip.compress(CSV, mtime=0), ["row 2", "row 3"]),
        ("x.TSV", TABS, ["row 2", "row 3"]),
        ("x.jsonl", JSON_LINES, ["line 1", "line 3"]),
        ("x.ndjson.gz", gzip.compress(JSON_LINES, mtime=0), ["line 1", "line 3"]),
        ("x.parquet", parquet(text=TEXTS, label=["a", "b"]), ["row 0", "row 1"]),
    ],
)
def test_texts(tmp_path: Path, name: str, content: bytes, places: list[str]) -> None:
    read_places, payload, said = asked(tmp_path / name, content, TEXT)
    assert payload == TEXTS
    assert [place.strip() for place in read_places] == places
    assert said == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", b'{"price": 1.5, "since": "1970-01-03", "plan": 7, "sold": true}\n'),
        ("x.parquet", parquet(**SALES)),
        ("x.csv.gz", gzip.compress(b"price,sold,since,plan\n1.5,1,1970-01-03,7\n", mtime=0)),
    ],
)
def test_rows(tmp_path: Path, name: str, content: bytes) -> None:
    _, payload, _ = asked(tmp_path / name, content, TABLE)
    assert payload[0] == [1.5, 1, 2, column_types.category("7")]
    assert np.isnan(payload[-1][:1]).all() == (len(payload) > 1)


@pytest.mark.parametrize(
    ("content", "info", "expected"),
    [
        (CSV + b"text,label\n" + CSV, TEXT, [*TEXTS, *TEXTS]),
        (b"a,b\n1,2\n3,4\na,b\na,b\n5,6\n7,8\n", NUMBERS, [[1, 2], [3, 4], [5, 6], [7, 8]]),
    ],
)
def test_headers_that_repeat_are_left_out(
    tmp_path: Path, content: bytes, info: dict, expected: list
) -> None:
    places, payload, said = asked(tmp_path / "x.csv", content, info)
    assert payload == expected
    assert places == [" row 2", " row 3", " row 6", " row 7"]
    (remark,) = map(str, said)
    assert remark.startswith("left out: 2 rows are the header once more, for example ")
    assert remark.endswith("x.csv row 4")


@pytest.mark.parametrize(
    ("content", "expected", "says"),
    [
        (b"text,review\na,b\n", ["b"], []),
        (b"review,text\na,b\n", ["a"], []),
        (b"text,note\na,b\n", ["a"], ["guessed: 1 column is read, since 'review' is missing: 'text'"]),
    ],
)  # fmt: skip
def test_the_column_that_a_model_learned_from_comes_first(
    tmp_path: Path, content: bytes, expected: list, says: list[str]
) -> None:
    _, payload, said = asked(tmp_path / "x.csv", content, TEXT | {"columns": ["review"]})
    assert payload == expected
    assert list(map(str, said)) == says


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("x.csv", b'text,n\na,1\n"",2\n', "row 3"),
        ("x.jsonl", b'{"text": "a"}\n{"text": null}\n', "line 2"),
        ("x.parquet", parquet(text=pa.array(["a", None])), "row 1"),
    ],
)
def test_a_missing_text_is_an_empty_one(
    tmp_path: Path, name: str, content: bytes, row: str
) -> None:
    _, payload, said = asked(tmp_path / name, content, TEXT)
    assert payload == ["a", ""]
    assert list(map(str, said)) == [f"doubtful: 1 text is empty: {tmp_path / name} {row}"]


def test_texts_that_are_doubtful_are_said(tmp_path: Path) -> None:
    info = TEXT | {"columns": ["body", "title"]}
    _, _, said = asked(tmp_path / "x.csv", b"body,title\na,b\n, \n,\n", info)
    assert list(map(str, said)) == [f"doubtful: 1 text is empty: {tmp_path}/x.csv row 4"]
    _, _, said = asked(tmp_path / "x.txt", b"a text", info)
    what = "1 text has no columns, and the model learned from 'body', 'title'"
    assert list(map(str, said)) == [f"doubtful: {what}: {tmp_path}/x.txt"]
    assert asked(tmp_path / "x.txt", b"a text", TEXT | {"columns": ["body"]})[2] == []


@pytest.mark.parametrize("way", [{}, {"written": {"sold": {"truth": True}}}])
@pytest.mark.parametrize("cells", [b"True False", b"true false", b"TRUE false", b"1 0"])
def test_truth_values_in_any_spelling(tmp_path: Path, way: dict, cells: bytes) -> None:
    info = {"modality": "table", "features": {"sold": "number"}} | way
    _, payload, said = asked(tmp_path / "x.csv", b"sold\n" + cells.replace(b" ", b"\n"), info)
    assert payload == [[1], [0]]
    assert said == []
    _, payload, _ = asked(tmp_path / "y.jsonl", b'{"sold": true}\n{"sold": false}\n', info)
    assert payload == [[1], [0]]


def test_truth_values_among_other_words_stay_texts(tmp_path: Path) -> None:
    info = {"modality": "table", "features": {"sold": "category"}}
    _, payload, _ = asked(tmp_path / "x.csv", b"sold\nTrue\n", info)
    assert payload == [[column_types.category("True")]]


def test_a_column_of_no_numbers_is_a_column_of_gaps(tmp_path: Path) -> None:
    content = parquet(**{**SALES, "price": [np.nan, np.nan]})
    _, payload, _ = asked(tmp_path / "x.parquet", content, TABLE)
    assert np.isnan(payload[0][0])
    assert payload[0][1:3] == [1, 2]


def test_columns_without_a_value_are_said(tmp_path: Path) -> None:
    info = {"modality": "table", "features": {"a": "number", "b": "empty", "c": "category"}}
    _, _, said = asked(tmp_path / "x.csv", b"a,b,c\n,1,\n,2,\n", info)
    assert list(map(str, said)) == [
        "doubtful: 2 columns hold no value at all, for example 'a', 'c'",
        "ignored: 1 column is not read; all cells were empty where the encoder was learned: 'b'",
    ]
    for content in (b"a,b,c\n,,\n", b"a,b,c\n1,,x\n,,\n"):  # one row may have gaps
        assert asked(tmp_path / "x.csv", content, info)[2] == []


@pytest.mark.parametrize(
    ("type_", "written", "cells", "known"),
    [
        ("number", {"decimal": ",", "group": "."}, ["1,5", "2.5"], "number with a decimal comma"),
        ("number", {"unit": "€"}, ["5"], "number in €"),
        ("number", {"truth": True}, ["true", "0"], "truth value"),
        ("date", {"first": "day"}, ["13/1/2020", "1/13/2020"], "date with the day first"),
    ],
)
def test_a_cell_that_does_not_fit_is_told_what_would(
    tmp_path: Path, type_: str, written: dict, cells: list[str], known: str
) -> None:
    info = {"modality": "table", "features": {"x": type_}, "written": {"x": written}}
    with pytest.raises(InputError) as raised:
        asked(
            tmp_path / "x.jsonl", b"\n".join(b'{"x": "%s"}' % cell.encode() for cell in cells), info
        )
    assert str(raised.value).endswith(f"'x' is '{cells[-1]}', where the encoder knows a {known}")


def test_classes_by_number_are_named_as_in_a_batch(tmp_path: Path) -> None:
    feature = {"_type": "ClassLabel", "names": ["basic", "pro"]}
    features = json.dumps({"info": {"features": {"plan": feature}}})
    table = pa.table({"plan": [1]}).replace_schema_metadata({"huggingface": features})
    pq.write_table(table, tmp_path / "x.parquet")
    info = {"modality": "table", "features": {"plan": "category"}}
    _, payload, _ = asked(tmp_path / "y.parquet", (tmp_path / "x.parquet").read_bytes(), info)
    assert payload == [[column_types.category("pro")]]


def test_names_of_classes_may_be_numbers() -> None:
    feature = {"_type": "ClassLabel", "names": [5, 6]}
    features = json.dumps({"info": {"features": {"plan": feature}}})
    table = pa.table({"plan": [1]}).replace_schema_metadata({"huggingface": features})
    unpacked, classes = hugging_face_columns.unpacked(table, "x.parquet", Remarks())
    assert unpacked.to_pylist() == [{"plan": "6"}]
    assert classes == ["plan"]


@pytest.mark.parametrize("said", [["Image"], {"Image": 1}, None, 5])
def test_a_type_of_files_that_is_no_text(said: object) -> None:
    features = json.dumps({"info": {"features": {"x": {"_type": said}}}})
    table = pa.table({"x": [{"bytes": b"a", "path": "a.png"}]})
    table = table.replace_schema_metadata({"huggingface": features})
    unpacked, _ = hugging_face_columns.unpacked(table, "x.parquet", Remarks())
    assert unpacked.to_pylist() == [{"x": b"a"}]


def test_categories_that_the_model_did_not_learn_from_are_counted(tmp_path: Path) -> None:
    features = {"plan": "category", "x": "number", "site": "category"}
    info = {"modality": "table", "features": features}
    assert known_categories.category_columns(info) == ["plan", "site"]
    rows = [["basic", "berlin"], ["pro", "rome"], ["basic", "berlin"]]
    codes = np.array([[column_types.category(text) for text in row] for row in rows])
    blocks = [codes[:2], codes[2:], np.array([[np.nan, np.nan]])]
    info["categories"] = known_categories.learned(blocks, ["plan", "site"])

    _, _, said = asked(tmp_path / "x.csv", b"plan,x,site\nbasic,1,rome\n,2,berlin\n", info)
    assert said == []
    content = b"plan,x,site\nBasic,1,rome\ngold,2,\ngold,3,Oslo\npro,4,rome\n"
    _, _, said = asked(tmp_path / "x.csv", content, info)
    (remark,) = map(str, said)
    assert remark == (
        "doubtful: 4 cells hold a category that no example has from which the model learned, "
        "for example 'gold' in 'plan' (2), 'Basic' in 'plan' (1), 'Oslo' in 'site' (1)"
    )


def test_categories_of_a_column_of_names_are_not_kept() -> None:
    many = np.arange(1001.0)[:, None]  # (n, 1)
    assert known_categories.learned([many], ["name"]) == {}
    assert [*known_categories.learned([many[:1000]], ["name"])] == ["name"]


@pytest.mark.parametrize(
    ("name", "content", "info", "says"),
    [
        ("x.jsonl", b'{"label": "a"}\n', TEXT, "has no column 'text'"),
        ("x.csv", b"text\n", TEXT, "x.csv is a table without rows: add them, in CSV below the h"),
        ("x.csv", b"a,b\na,b\n", NUMBERS, "x.csv is a table without rows"),
        ("x.jsonl", b"\n", TEXT, "x.jsonl is a table without rows"),
        ("x.parquet", parquet(text=pa.array([], pa.string())), TEXT, "is a table without rows"),
        ("x.csv", b"a,b\n1,2\n3,inf\n", NUMBERS, "row 3: 'b' is inf; give it a finite value"),
        ("x.csv", b"a,b\n1,2\n3,-1e39\n", NUMBERS, "row 3: 'b' is -1e39, beyond ±3.4e38"),
        ("x.jsonl", b'{"text": 3}\n', TEXT, "line 1: 'text' is 3; it must be text"),
        ("x.jsonl", b'{"a": 3}\n', TEXT | {"columns": ["a"]}, "line 1: 'a' is 3; it must be text"),
        ("x.json", b'{"text": "a"}', TEXT, "x.json is not read: write one object a line"),
        ("x.pdf", b"%PDF\xff", TEXT, "x.pdf is not UTF-8: save it as text in UTF-8"),
        ("x.parquet", b"PAR1", TEXT, "is no readable Parquet file"),
        ("x.csv.gz", CSV, TEXT, "is cut short or damaged"),
        ("x.xlsx", b"PK\xff", TEXT, "x.xlsx is not read: save the sheet as CSV"),
        ("x.ods", b"PK\xff", TABLE, "x.ods is not read: save the sheet as CSV"),
        ("x.json", b"[]", TABLE, "x.json is not read: write one object a line"),
        (
            "x.parquet",
            parquet(**{**SALES, "plan": [[1], [2]]}),
            TABLE,
            "'plan' holds values of type list",
        ),
        (
            "x.parquet",
            parquet(**{**SALES, "price": SALES["since"]}),
            TABLE,
            "row 0: 'price' is 1970-01-03 00:00:00, where the encoder knows a number",
        ),
        (
            "x.parquet",
            parquet(**{**SALES, "price": SALES["since"].take([1, 0])}),
            TABLE,
            "row 1: 'price' is 1970-01-03 00:00:00, where the encoder knows a number",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, content: bytes, info: dict, says: str) -> None:
    with pytest.raises(InputError) as raised:
        asked(tmp_path / name, content, info)
    assert says in str(raised.value)
