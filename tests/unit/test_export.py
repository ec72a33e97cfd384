"""The export: no column is lost, all batches have one schema, and nothing stays half-written."""

import resource
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.column_names import OF_EXPORT
from assay.contract.errors import InputError
from assay.exporting import export
from assay.modalities import tables

N = 6  # examples of a batch
OUT = Path("out")
TRAIN = OUT / "data/train-00000-of-00001.parquet"


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(**batches: Mapping[str, Sequence]) -> None:
    """Write all that an export reads, of batches of tables; every second example is for training."""
    ids = []
    for number, (batch, columns) in enumerate(batches.items()):
        stored, payload_format = tables.to_columns(None, range(N), pa.table(columns), None)
        ids_here = [f"{number * N + row:032x}" for row in range(N)]
        names = {"id": ids_here, "key": list("abcdef"), "split": ["train", "test"] * (N // 2)}
        stored |= {name: pa.array(cells, pa.string()) for name, cells in names.items()}
        parquet_files.write_examples(batch, payload_format, stored)
        files.write_rows(paths.embeddings(batch), N, [np.zeros((N, 2), np.float32)])
        if not number:
            files.write_json(paths.ENCODER_INFO, payload_format)
        ids += ids_here
    files.write_json(paths.LISTED, {"batches": list(batches)})
    words = dict.fromkeys(["given", "suggested", "decision", "reason"], ["x"] * len(ids))
    numbers = dict.fromkeys(["quality", "confidence"], [0.5] * len(ids))
    parquet_files.write_parquet(paths.QUALITY, pa.table({"id": ids} | words | numbers))
    rows = [(id_, "ab"[row % 2], "consensus") for row, id_ in enumerate(ids)]
    csv_files.write_csv(paths.ANNOTATED_LABELS, ["id", "label", "source"], rows)
    csv_files.write_csv(paths.TEST_LABELS, ["id", "label", "source"], [])


def numbers(start: float = 0.5) -> list[float]:
    return [start + row * row for row in range(N)]


def exported() -> dict[str, list]:
    export.export(OUT, as_files=False)
    return parquet_files.read_parquet(TRAIN).to_pydict()


def test_columns_that_are_named_as_ours_are_kept_and_told(capsys: pytest.CaptureFixture) -> None:
    of_people = {"batch": numbers(), "id": list("xyxyxy"), "id (column)": numbers(7.5)}
    make(b=of_people | {"assay_quality": numbers(1.5), "z": numbers(2.5)})
    columns = exported()
    assert columns["batch"] == ["b"] * 3
    assert columns["batch (column)"] == numbers()[::2]
    assert columns["id"] == [f"{row:032x}" for row in (0, 2, 4)]
    assert columns["id (column) (column)"] == ["x"] * 3
    assert columns["id (column)"] == numbers(7.5)[::2]
    assert columns["assay_quality"] == [0.5] * 3
    assert columns["assay_quality (column)"] == numbers(1.5)[::2]
    what = "3 columns have the name of another column of the export and get a new one"
    said = capsys.readouterr().err
    assert said.startswith(
        f"assay: out: converted: {what}, for example 'batch' as 'batch (column)'"
    )
    assert said.count("\n") == 1


def test_a_table_with_names_of_its_own_is_as_it_was(capsys: pytest.CaptureFixture) -> None:
    make(b={"x": numbers(), "town": list("xyxyxy")})
    assert list(exported())[:5] == ["x", "town", "batch", "id", "key"]
    assert capsys.readouterr().err == ""


def test_batches_whose_columns_differ_get_one_schema(capsys: pytest.CaptureFixture) -> None:
    first = {"x": numbers(), "n": list(range(1, 12, 2)), "mixed": numbers(), "gone": list("xyxyxy")}
    second = {"new": list("uvuvuv"), "mixed": ["many", "few", "some", "few", "few", "many"]}
    make(b=first, c=second | {"n": numbers(), "x": [None] * N})
    columns = exported()
    assert list(columns)[:5] == ["x", "n", "mixed", "gone", "new"]
    assert columns["x"] == [*numbers()[::2], None, None, None]
    assert columns["n"] == [1.0, 5.0, 9.0, *numbers()[::2]]
    assert columns["mixed"] == ["0.5", "4.5", "16.5", "many", "some", "few"]
    assert columns["gone"] == ["x", "x", "x", None, None, None]
    assert columns["new"] == [None, None, None, "u", "u", "u"]
    what = "1 column has another type in another batch and is written as text: 'mixed'"
    assert capsys.readouterr().err == f"assay: out: converted: {what}\n"


def test_no_digit_of_a_whole_number_is_lost(capsys: pytest.CaptureFixture) -> None:
    """Beside fractions in another batch, such numbers become text, and this is said."""
    long = [2**53 + 1, *range(1, N)]
    make(b={"long": long, "n": list(range(N))}, c={"long": numbers(), "n": numbers()})
    columns = exported()
    assert columns["long"] == ["9007199254740993", "2", "4", "0.5", "4.5", "16.5"]
    assert columns["n"] == [0.0, 2.0, 4.0, *numbers()[::2]]
    what = "1 column has another type in another batch and is written as text: 'long'"
    assert capsys.readouterr().err == f"assay: out: converted: {what}\n"


def test_whole_numbers_of_two_sizes_stay_numbers(capsys: pytest.CaptureFixture) -> None:
    long = [2**53 + 1, *range(1, N)]
    make(b={"n": long}, c={"n": np.arange(N, dtype=np.int32)})
    assert exported()["n"][0] == 2**53 + 1
    assert capsys.readouterr().err == ""


def test_the_columns_that_collect_leaves_out_are_those_of_the_export() -> None:
    make(b={"x": numbers(), "y": numbers()})
    assert {name for name in exported() if name.startswith("assay_")} == {*OF_EXPORT}


def test_texts_are_written_as_they_are_read(capsys: pytest.CaptureFixture) -> None:
    """Numbers, dates and truth values of CSV files keep their types; what is not plain is told."""
    first = {
        "n": ["3", "", "5", "6", "7", "8"],
        "x": ["1.50", "2", "3", "4", "5", "6"],
        "kg": ["1,200.5 kg", "2 kg", "3 kg", "4 kg", "5 kg", "6 kg"],
        "since": ["2024-02-10", "2024-02-11", "", "2024-02-13", "2024-02-14 08:30", "2024-02-15"],
        "zone": [f"2024-02-1{row} 08:30:00+02:00" for row in range(N)],
        "paid": ["True", "False", "NA", "False", "False", "True"],
        "plan": list("xyxyxy"),
    }
    second = first | {"n": ["2.5"] * N, "paid": ["true"] * N, "x": [""] * N, "zone": [""] * N}
    make(b=first)
    columns = exported()
    assert columns["n"] == [3, 5, 7]
    assert columns["x"] == [1.5, 3, 5]
    assert columns["kg"] == [1200.5, 3, 5]
    days = map(datetime.fromisoformat, ["2024-02-10", "2024-02-14 08:30"])
    assert [day for day in columns["since"] if day] == list(days)
    assert columns["zone"][1] == datetime(2024, 2, 12, 6, 30, tzinfo=UTC)
    assert columns["paid"] == [True, None, False]
    assert columns["plan"] == ["x", "x", "x"]
    what = "1 column of text is written as numbers or dates, as a model reads them"
    assert capsys.readouterr().err == f"assay: out: converted: {what}: 'kg' (without kg)\n"

    shutil.rmtree(OUT)
    make(b=first, c=second)
    columns = exported()
    assert columns["n"] == [3, 5, 7, 2.5, 2.5, 2.5]
    assert columns["x"] == [1.5, 3, 5, None, None, None]
    assert columns["zone"][3:] == [None] * 3
    assert columns["paid"] == [True, None, False, True, True, True]


DAY = datetime(2024, 2, 10)  # noqa: DTZ001  # of tables without a zone


@pytest.mark.parametrize(
    ("texts", "typed", "wanted"),
    [
        (["1.5", "", "NA"], [2.5, None, 3.5], [1.5, None, None, 2.5, None, 3.5]),
        (["1", "2", ""], [3, 4, 5], [1, 2, None, 3, 4, 5]),
        (["1", "2", "3"], [0.5, 1.5, None], [1.0, 2.0, 3.0, 0.5, 1.5, None]),
        (["True", "", "False"], [True, False, None], [True, None, False, True, False, None]),
        (["2024-02-10", "", "NA"], [DAY, None, DAY], [DAY, None, None, DAY, None, DAY]),
        (["2024-02-10", "", "NA"], [DAY.date(), None, None], [DAY, None, None, DAY, None, None]),
        (["", "NA", ""], [0.5, 1.5, None], [None, None, None, 0.5, 1.5, None]),
    ],
)
@pytest.mark.parametrize("texts_first", [False, True])
def test_texts_beside_typed_columns_get_their_type(
    capsys: pytest.CaptureFixture, texts: list, typed: list, wanted: list, texts_first: bool
) -> None:
    twice = [[cell for cell in cells for _ in "01"] for cells in (texts, typed)]
    first, second = twice if texts_first else reversed(twice)
    make(b={"it": first}, c={"it": second})
    assert exported()["it"] == (wanted if texts_first else wanted[3:] + wanted[:3])
    assert capsys.readouterr().err == ""


def test_numbers_with_a_unit_beside_a_typed_column_lose_it_and_this_is_told(
    capsys: pytest.CaptureFixture,
) -> None:
    make(
        b={"kg": ["1,5"] * N, "long": [str(2**53 + 1)] * N}, c={"kg": numbers(), "long": numbers()}
    )
    columns = exported()
    assert columns["kg"] == [1.5] * 3 + numbers()[::2]
    assert columns["long"] == ["9007199254740993"] * 3 + ["0.5", "4.5", "16.5"]
    converted = "1 column of text is written as numbers or dates, as a model reads them: 'kg'"
    mixed = "1 column has another type in another batch and is written as text: 'long'"
    said = capsys.readouterr().err.splitlines()
    assert sorted(said) == [f"assay: out: converted: {what}" for what in (mixed, converted)]


def test_gaps_are_empty_however_they_are_written() -> None:
    """Also in a column that another batch makes text."""
    cells = ["a", "", "NA", "None", "b", "?"]
    make(
        b={"plan": cells, "x": ["", "", "high", "", "NA", ""]},
        c={"plan": ["NA"] * N, "x": numbers()},
    )
    columns = exported()
    assert columns["plan"] == ["a", None, "b", None, None, None]
    assert columns["x"] == [None, "high", None, "0.5", "4.5", "16.5"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["1.5", str(2**53 + 1)], ["1", "2"]),
        (["1.5", "2"], [str(2**53 + 1), "2"]),
        (["10000000000000000000000000", "2"], ["1", "2"]),
        (["0.1234567890123456789", "2"], ["1", "2"]),
        (["True", "False"], ["1", "0"]),
        (["2300-01-01 08:00:00", "2024-01-01"], ["2024-01-01 08:00:00.123456789", "2024-01-01"]),
        (["2024-01-01", "2024-01-01"], ["2024-01-01 08:00Z", "2024-01-01 08:00Z"]),
    ],
)
def test_texts_that_no_type_holds_stay_texts(
    capsys: pytest.CaptureFixture, first: list[str], second: list[str]
) -> None:
    make(b={"it": first * 3}, c={"it": second * 3})
    assert exported()["it"] == [first[0]] * 3 + [second[0]] * 3
    what = "1 column is read as numbers or dates, and written as text: no type holds all values"
    assert capsys.readouterr().err == f"assay: out: converted: {what}: 'it'\n"


def test_whole_numbers_in_texts_keep_all_digits(capsys: pytest.CaptureFixture) -> None:
    make(b={"long": [str(2**53 + 1)] * N})
    assert exported()["long"] == [2**53 + 1] * 3
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("is_there", [False, True])
def test_nothing_is_left_where_there_is_no_room(is_there: bool) -> None:
    make(b={"x": numbers(), "text": [f"{row}" * 9000 for row in range(N)]})
    if is_there:
        OUT.mkdir()
    with no_file_above(1000), pytest.raises(InputError, match=r"^out cannot be .*File too large"):
        export.export(OUT, as_files=False)
    assert OUT.exists() == is_there
    assert sorted(exported()["x"]) == numbers()[::2]
    assert [path.name for path in OUT.iterdir()] == ["data"]


def test_what_a_killed_export_left_is_cleared() -> None:
    make(b={"x": numbers(), "y": numbers()})
    left = OUT / ".unfinished/data/train-00000-of-00001.parquet"
    left.parent.mkdir(parents=True)
    left.write_text("half of it")
    exported()
    assert [path.name for path in OUT.iterdir()] == ["data"]
    with pytest.raises(InputError, match="out is there already"):
        export.export(OUT, as_files=False)


def test_a_place_that_cannot_be_is_no_input_that_is_missing() -> None:
    make(b={"x": numbers(), "y": numbers()})
    with pytest.raises(
        InputError, match=r"^/proc/x cannot be written .*: make room, or name another"
    ):
        export.export(Path("/proc/x"), as_files=False)
    paths.embeddings("b").unlink()
    with pytest.raises(FileNotFoundError, match=r"b\.npy"):
        export.export(OUT, as_files=False)
    assert not OUT.exists()


def test_files_that_datasets_does_not_decode_are_written_as_bytes() -> None:
    def described(name: str) -> dict:
        return export._feature(pa.field(name, export._FILE), ["a"])

    assert described("image") == {"_type": "Image"}
    assert described("series") == {
        "bytes": {"dtype": "binary", "_type": "Value"},
        "path": {"dtype": "string", "_type": "Value"},
    }
