"""Write the report: how good this version of the data is, and what to do next, on one page."""

from assay.contract import files, parameters, paths
from assay.contract.errors import run
from assay.reporting import inputs, page


def main() -> None:
    params = parameters.load()
    read = inputs.read()
    written = page.page(read, params.report.language, params.evaluate.confidence, forecast={})
    files.write_bytes(paths.REPORT, written.encode(errors="backslashreplace"))


if __name__ == "__main__":
    run(main)
