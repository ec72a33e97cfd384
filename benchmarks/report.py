"""The report of a built pipeline: time of its stage, size, and time to open it in Chromium.

python -m benchmarks.report FOLDER...
"""

import os
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from assay.contract import paths
from benchmarks.workspace import environment, machine, row

REPEATS = 5


def stage(folder: Path) -> float:
    """CPU seconds of the stage, with its imports."""
    command = [sys.executable, "-m", "stages.report"]
    os.chdir(folder)
    process = os.posix_spawn(sys.executable, command, environment() | {"DVC_STAGE": "report"})
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"the report of {folder} failed")
    return usage.ru_utime + usage.ru_stime


def opening(page: Path) -> float:
    """Seconds until the page is drawn and its load event is over."""
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        opened = browser.new_page()
        start = time.perf_counter()
        opened.goto(page.as_uri())
        opened.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
        seconds = time.perf_counter() - start
        browser.close()
    return seconds


def main() -> None:
    print(machine())
    row("folder", "stage, s of CPU", "size, kB", "opening, s")
    for name in sys.argv[1:]:
        folder = Path(name).resolve()
        seconds = statistics.median(stage(folder) for _ in range(REPEATS))
        page = folder / paths.REPORT
        opened = statistics.median(opening(page) for _ in range(REPEATS))
        row(folder.name, seconds, page.stat().st_size / 1000, opened)


if __name__ == "__main__":
    main()
