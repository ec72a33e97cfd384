"""Write the report: how good this version of the data is, and what to do next, on one page."""

from assay.contract import files, parameters, paths
from assay.contract.errors import counted, run, tell
from assay.reporting import inputs, page, since


def main() -> None:
    params = parameters.load()
    report_inputs = inputs.read()
    changes = since.changes(params.report.since, report_inputs)
    action_of_kind = dict(params.clean.beyond)
    ignored = [kind for kind, action in action_of_kind.items() if action == "ignore"]
    confidence = params.evaluate.confidence
    html = page.page(report_inputs, params.report.language, confidence, changes, ignored)
    files.write_bytes(paths.REPORT, html.encode(errors="backslashreplace"))
    tell(f"report: open {paths.REPORT} to see what to do next; {waiting(report_inputs)}")


def waiting(report_inputs: inputs.Inputs) -> str:
    """How many questions wait for people, and the command that asks them."""
    n_queued, n_doubted = len(report_inputs.rows["queue"]), report_inputs.to_review
    if n_queued:
        return f"{counted(n_queued, 'question')} in the queue: python -m assay review"
    if n_doubted:
        doubted = f"{counted(n_doubted, 'doubted label')} to judge"
        return f"no question in the queue, but {doubted}: python -m assay review"
    return "no question waits for a person"


if __name__ == "__main__":
    run(main)
