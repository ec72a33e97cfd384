"""Content of raw files, made up by tests."""

import io
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def image(
    value: int = 0, size: tuple[int, int] = (8, 8), mode: str = "L", form: str = "PNG", **how: str
) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, value).save(file, form, **how)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims this size, but which holds almost no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return png_chunks((b"IHDR", header), (b"IDAT", zlib.compress(b"")))


def png_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks (name and content)."""
    framed = [
        struct.pack(">I", len(data)) + name + data + _crc(name + data)
        for name, data in (*chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def idx(*shape: int, content: bytes | None = None) -> bytes:
    """An IDX file of unsigned bytes, counted up unless `content` is given."""
    header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    return header + (
        np.arange(np.prod(shape)).astype(np.uint8).tobytes() if content is None else content
    )


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()
