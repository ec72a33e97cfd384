"""Questions about the types of Arrow columns."""

import pyarrow as pa


def is_text(type_: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def is_file(type_: pa.DataType) -> bool:
    """Whether a column of this type holds encoded files with their names, as `datasets` does."""
    return pa.types.is_struct(type_) and {field.name for field in type_} == {"bytes", "path"}
