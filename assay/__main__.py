"""The commands that Assay adds to those of DVC: `python -m assay --help`."""

import argparse
import gc
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from assay.contract import paths, terminal
from assay.contract.errors import InputError, run
from assay.contract.escaping import printable

# the keys of evaluation.scores.METRICS; its import would take a second, so a test compares them
METRICS = ["accuracy", "macro_f1", "log_loss", "calibration_error"]
_GATE_FAILS = 2  # an exit code; errors have exit code 1
_COLUMNS = "prints, separated by tabs and without a header: file or row, class, probability, unlike"
_SERVER = "http://localhost:8080"  # of Label Studio, as it starts by default
_KEY = "for a server, put your personal access token into the variable LABEL_STUDIO_API_KEY"
_ACTION = "push: send the queue, or write it to --file; pull: fetch the answers, or read --file"


class Parser(argparse.ArgumentParser):
    """A parser that ends with exit code 1: 2 is for `compare --fail-if`."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; type `{self.prog} --help`")


def parser() -> argparse.ArgumentParser:
    whole = Parser(
        "python -m assay",
        description="Commands beside DVC: inspect, predict, label-studio, review, compare, export.",
    )
    commands = whole.add_subparsers(required=True)

    purpose = "show how Assay reads a raw folder, and what to set, before anything runs"
    command = commands.add_parser("inspect", help=purpose)
    command.add_argument("folder", type=Path, metavar="FOLDER", help="such as data/raw/mine")
    command.add_argument("--write", action="store_true", help="also edit params.yaml")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.set_defaults(function=inspect)

    purpose = "classify files with the released model"
    command = commands.add_parser("predict", help=purpose, description=f"{purpose}; {_COLUMNS}")
    files_help = "images, sounds or texts, one in each file; or tables (CSV, JSON lines, Parquet)"
    files_help += " with one example in each row: its features, or its text"
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help=files_help)
    command.set_defaults(function=predict)

    purpose = "send the queue to Label Studio, or fetch people's answers"
    command = commands.add_parser("label-studio", help=purpose, description=f"{purpose}; {_KEY}")
    command.add_argument("action", choices=["push", "pull"], help=_ACTION)
    command.add_argument("--url", default=_SERVER, help="URL of the server; default: %(default)s")
    project_help = "name or number of a project; default: %(default)s; push creates a missing one"
    command.add_argument("--project", default="assay", help=project_help)
    file_help = "without a server: tasks to write, or an export (JSON) to read"
    command.add_argument("--file", type=Path, help=file_help)
    command.set_defaults(function=label_studio)

    purpose = "judge doubted labels, and answer the queue, in the browser"
    command = commands.add_parser("review", help=purpose)
    name_help = "your name, also of your file in data/annotations; default: your name in git"
    command.add_argument("--name", help=name_help)
    command.add_argument("--port", type=int, default=0, help="of the server; default: a free one")
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.set_defaults(function=review)

    purpose = "show what changed between two versions of the data, and which one is better"
    command = commands.add_parser("compare", help=purpose)
    command.add_argument("a", metavar="A", help="a git revision")
    command.add_argument("b", metavar="B", nargs="?", help="another one; default: the workspace")
    why_help = "show the effect of each kind of change alone"
    command.add_argument("--why", action="store_true", help=why_help)
    metric_help = "only this metric; may be repeated"
    command.add_argument("--metric", action="append", choices=METRICS, help=metric_help)
    fail_help = (
        "exit with code 2 on a CONDITION, or if it cannot be judged. worse: B is worse in a metric;"
        " not-better: worse in one, or better in none; worse-class: the recall of a class is worse;"
        " METRIC:TOLERANCE or 'recall of CLASS:TOLERANCE', as in accuracy:0.01: it is worse by"
        " more, significant or not. May be repeated"
    )
    command.add_argument("--fail-if", action="append", metavar="CONDITION", help=fail_help)
    for form, use in {"json": "print JSON for programs", "markdown": "for a pull request"}.items():
        command.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=use)
    command.set_defaults(function=compare, form="terminal")

    purpose = "write the data set with all judgements for Hugging Face, Spotlight and FiftyOne"
    command = commands.add_parser("export", help=purpose, description=purpose)
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    files_help = (
        "PNG or WAV files, a table and embeddings.npy for each split; default: Parquet files"
    )
    command.add_argument("--files", action="store_true", help=files_help)
    command.set_defaults(function=export)
    return whole


def inspect(arguments: argparse.Namespace) -> None:
    """Print what Assay understands of a raw folder; with `--write`, edit params.yaml for it."""
    from assay.contract import parameters
    from assay.inspection import edits, page
    from assay.inspection.inspect import inspect as inspect_folder

    facts = inspect_folder(arguments.folder, parameters.load())
    if arguments.write and not facts["error"]:
        edits.write(facts["edits"])
    if arguments.json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        print(page.page(facts, written=arguments.write))
    if facts["error"]:
        raise InputError(f"{arguments.folder} cannot be collected as it is: see `error`")


def predict(arguments: argparse.Namespace) -> None:
    """Print each example's name, class, probability and `unlike`; code 1 if a file has an error."""
    from assay.predict import predict as predict_files

    if not predict_files(arguments.files):
        sys.exit(1)


def label_studio(arguments: argparse.Namespace) -> None:
    """Send the queue to Label Studio, or fetch people's answers; say on stderr what was done."""
    from assay.labelling.label_studio import pull, push

    action = push if arguments.action == "push" else pull
    for line in action(arguments.url, arguments.project, arguments.file):
        print(printable(line), file=sys.stderr)


def export(arguments: argparse.Namespace) -> None:
    """Write the examples, labels and judgements into a folder."""
    from assay.exporting.export import export as export_to

    counts = export_to(arguments.folder, as_files=arguments.files)
    listed = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    print(printable(f"{arguments.folder}: {listed}"))


def review(arguments: argparse.Namespace) -> None:
    """Serve the review page on loopback until Ctrl-C."""
    from assay.review import server

    server.serve(arguments.name, arguments.port, browser=not arguments.no_browser)


def compare(arguments: argparse.Namespace) -> None:
    """Print what changed between two versions of the data, and which one is better."""
    gc.set_threshold(1_000_000)  # collecting the garbage among DVC's many objects takes 0.2 s
    from assay.comparison import comparison_page, gate
    from assay.comparison.compare import compare as compare_versions

    metrics = list(dict.fromkeys(arguments.metric or METRICS))
    conditions = arguments.fail_if
    for condition in conditions or []:
        metric = gate.metric_of(condition)
        if metric in METRICS and metric not in metrics:
            raise InputError(f"--fail-if {condition} needs --metric {metric} too")
    comparison = compare_versions(arguments.a, arguments.b, why=arguments.why, metrics=metrics)
    if conditions:
        comparison["gate"] = gate.judge(comparison, conditions)
    print(comparison_page.FORMS[arguments.form](comparison))
    if conditions and comparison["gate"]["fails"]:
        sys.exit(_GATE_FAILS)


def main() -> None:
    """Run the command that the arguments name. End quietly if `head`, say, reads no more output."""
    try:
        try:
            terminal.prepare()
            terminal.check_stdout()
            arguments = parser().parse_args()
            if arguments.function is not predict or not paths.RELEASE.exists():
                paths.check_project()
            arguments.function(arguments)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # at its end, Python writes the rest of the output there
        sys.exit(1)


def command() -> None:
    """Run as `python -m assay`, and as `assay` where the package is installed."""
    run(main, resumes=False)


if __name__ == "__main__":
    command()
