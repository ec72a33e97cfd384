"""Arrays, such as embeddings, in raw folders: what is said about them."""

import io
from pathlib import Path

import numpy as np
import pytest

from assay.contract.errors import InputError
from assay.layouts import raw_folder

N = 6  # rows


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((N, 2), np.float32))
    return file.getvalue()


def csv(header: str, *columns: list) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "embeddings.npy").write_bytes(array())
    return tmp_path


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("labels.csv", csv("index,label", [*range(N)], [*"ababab"])),
        ("labels.csv", csv("row,label", [3, 1, 0, 5, 2, 7], [*"ababab"])),
        ("labels.csv", csv("id,label", [f"x{row}" for row in range(N)], [*"ababab"])),
        ("labels.csv", csv("label", [*"ababab"])),
        ("examples.csv", csv("word,label", [*"uvwxyz"], [*"ababab"])),
    ],
)
def test_a_table_that_only_names_the_rows_of_an_array(folder: Path, name: str, table: str) -> None:
    (folder / name).write_text(table)
    wrong = r"as embeddings.npy, and the table holds nothing to learn from: .* examples.parquet"
    with pytest.raises(InputError, match=wrong):
        raw_folder.read(folder)


@pytest.mark.parametrize("values", [[1.5, 2, 3, 4, 5, 6], [7, 90, 41, 55, 62, 8], [0, 1] * 3])
def test_an_array_beside_features(folder: Path, values: list[float]) -> None:
    (folder / "t.csv").write_text(csv("x,label", values, [*"ababab"]))
    (remark,) = raw_folder.read(folder).remarks
    start = "1 file is not used: embeddings.npy; arrays are not read beside a table, as embeddings"
    assert remark.text().startswith(start)


def test_a_table_of_row_numbers_alone_is_read_as_before(folder: Path) -> None:
    (folder / "embeddings.npy").unlink()
    (folder / "labels.csv").write_text(csv("index,label", [*range(N)], [*"ababab"]))
    assert len(raw_folder.read(folder).examples) == N


@pytest.mark.parametrize("name", ["labels.csv", "examples.csv", "metadata.csv"])
def test_an_array_for_each_row(tmp_path: Path, name: str) -> None:
    for row in range(N):
        (tmp_path / f"{row}.npy").write_bytes(array())
    files = [f"{row}.npy" for row in range(N)]
    (tmp_path / name).write_text(csv("file_name,label", files, [*"ababab"]))
    with pytest.raises(InputError, match=r"examples.parquet, with a column for each number"):
        raw_folder.read(tmp_path)
