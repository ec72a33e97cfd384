"""Examples as people are shown them on the page: thumbnails, sounds, texts. They stay small."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyarrow.parquet as pq

from assay.contract import parquet_files, paths
from assay.modalities import registry
from assay.reporting.inputs import Row

_LARGEST = 200_000  # characters of one example; a larger one is only named
_TOGETHER = 1_200_000  # of all examples on the page
_CUT = 300  # characters of a text


def read(rows: Iterable[Row]) -> dict[str, str]:
    """Read what people are shown of some examples.

    Parameters
    ----------
    rows : with `id` and `batch`, the most important ones first

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
        contents |= _of_batch(batch, ids)
    shown = {}
    size = 0  # of what is shown so far
    for id_ in batch_of_id:
        content = contents[id_]
        if len(content) <= min(_LARGEST, _TOGETHER - size):
            shown[id_] = content
            size += len(content)
    return shown


def _of_batch(batch: str, ids: set[str]) -> Iterator[tuple[str, str]]:
    """Id and content of some examples of a batch; only the row groups that hold them are read."""
    path = paths.examples(batch)
    format_ = parquet_files.read_payload_format(path)
    module = registry.named(format_["modality"])
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for number in range(file.num_row_groups):
            names = file.read_row_group(number, ["id"], use_threads=False)["id"].to_pylist()
            wanted = [row for row, id_ in enumerate(names) if id_ in ids]
            if wanted:
                group = file.read_row_group(number, use_threads=False).take(wanted)
                contents = module.show(group.combine_chunks().to_batches()[0], format_)
                for row, content in zip(wanted, contents, strict=True):
                    is_long = module.MEDIUM == "text" and len(content) > _CUT
                    yield names[row], f"{content[:_CUT]}…" if is_long else content
