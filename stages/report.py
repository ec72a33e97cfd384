"""Write the report: how good this version of the data is, and what to do next, on one page."""

from assay.contract import files, parameters, paths
from assay.contract.errors import counted, run, tell
from assay.reporting import inputs, page, since


def main() -> None:
    params = parameters.load()
    read = inputs.read()
    changes = since.changes(params.report.since, read)
    ignored = [kind for kind, action in params.clean.beyond if action == "ignore"]
    how = params.report.language, params.evaluate.confidence
    written = page.page(read, *how, changes, ignored)
    files.write_bytes(paths.REPORT, written.encode(errors="backslashreplace"))
    asked = f"{counted(len(read.rows['queue']), 'question')} in the queue: python -m assay review"
    tell(f"report: open {paths.REPORT} to see what to do next; {asked}")


if __name__ == "__main__":
    run(main)
