"""The contents of examples on the page: thumbnails, sounds, texts. They are kept small."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow.parquet as pq

from assay.contract import parquet_files, paths
from assay.modalities import registry
from assay.reporting.inputs import Row

SILENT = 82  # characters of the data URI of a silent sound: all its samples are cut off
_LARGEST = 200_000  # characters of one example; a larger one is only named
_TOGETHER = 1_200_000  # of all examples on the page
_CUT = 300  # characters of a text
_LINES = 12  # of a text


def read(rows: Iterable[Row], say_left: Callable[[int], str]) -> dict[str, str]:
    """Read what people are shown of some examples.

    Parameters
    ----------
    rows : with `id` and `batch`, the most important ones first
    say_left : gives the words for how many columns of a table's row are not shown

    Returns
    -------
    By id a data URI or a text. Examples that would make the page too large are left out
    """
    batch_of_id = {row["id"]: row["batch"] for row in rows if row["id"]}
    ids_of_batch = defaultdict(set)
    for id_, batch in batch_of_id.items():
        ids_of_batch[batch].add(id_)
    contents: dict[str, str] = {}
    for batch, ids in ids_of_batch.items():
        contents |= _of_batch(batch, ids, say_left)
    shown = {}
    size = 0  # of what is shown so far
    for id_ in batch_of_id:
        content = contents[id_]
        if len(content) <= min(_LARGEST, _TOGETHER - size):
            shown[id_] = content
            size += len(content)
    return shown


def _of_batch(
    batch: str, ids: set[str], say_left: Callable[[int], str]
) -> Iterator[tuple[str, str]]:
    """Id and content of some examples of a batch; only the row groups that hold them are read."""
    path = paths.examples(batch)
    format_ = parquet_files.read_payload_format(path)
    module = registry.named(format_["modality"])
    columns = list(format_.get("features", ()))  # of a table
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for number in range(file.num_row_groups):
            names = file.read_row_group(number, ["id"], use_threads=False)["id"].to_pylist()
            wanted = [row for row, id_ in enumerate(names) if id_ in ids]
            if wanted:
                group = file.read_row_group(number, use_threads=False).take(wanted)
                contents = module.show(group.combine_chunks().to_batches()[0], format_)
                for row, content in zip(wanted, contents, strict=True):
                    is_text = module.MEDIUM == "text"
                    yield names[row], _short(content, columns, say_left) if is_text else content


def _short(text: str, columns: Sequence[str], say_left: Callable[[int], str]) -> str:
    """The beginning of a text. Of a table's row: its first columns, and how many more it has.

    It is "" if the text has only blanks.

    Parameters
    ----------
    columns : names of a table's columns, for texts with lines `name = value`; empty for other texts
    """
    if not text.strip():
        return ""
    short = "\n".join(text.split("\n")[:_LINES])[:_CUT]
    if short == text:
        return text
    starts = [0]
    for name in columns[1:]:  # a value may have lines of its own
        starts.append(text.index(f"\n{name} = ", starts[-1]) + 1)
    ends = [start - 1 for start in starts[1:]]
    whole = [end for end in ends if end <= len(short)]
    n_left = len(columns) - max(len(whole), 1)
    shown = short[: whole[-1]] if whole else f"{short}…"
    return f"{shown}\n{say_left(n_left)}" if n_left > 0 else shown
