import os

import pytest

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and pages would be as wide
# Processes of tests share the cores, so a thread that has nothing to do should not wait busily.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: at the end all processes then have short ones to do."""
    long_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long_files)
