"""A real Label Studio: send 50 tasks, and pull the answers of two people, with every problem that
`pull` reports. Needs uv.

python -m benchmarks.label_studio [tests/data/label_studio.json]

The server is installed once into a folder for temporary files. It listens only on loopback, and is
stopped at the end. If a file is named, some of the server's responses are recorded there for the
tests.
"""

import csv
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.workspace import clone, environment, machine, row, set_parameters

VERSION = "1.23.2"
INSTALLED = Path(tempfile.gettempdir()) / f"label-studio-{VERSION}"
TASKS = 50


def main() -> None:
    print(f"# {machine()}; Label Studio {VERSION}\n")
    row("step", "result")
    row("---", "---")
    with server() as url, clone() as folder:
        anna, bela = Person(url, "anna@example.com"), Person(url, "bela@example.com")
        key = anna.call("POST", "token/")["token"]

        def assay(*arguments: str) -> str:
            command = [sys.executable, "-m", "assay", "label-studio", *arguments]
            return run(command, folder, LABEL_STUDIO_API_KEY=key, NO_PROXY="127.0.0.1").stderr

        set_parameters(folder, annotate__queue_length=TASKS)
        repro(folder)
        for attempt in ("push", "push again"):
            row(attempt, said(assay("push", "--url", url), url))
        row("stages that `dvc repro` runs after it", repro(folder))
        project = anna.call("GET", "projects/")["results"][0]["id"]
        answer(anna, bela, project, folder)
        votes = folder / "data/annotations/label-studio.csv"
        for attempt in ("pull", "pull again"):
            before = (votes.stat().st_mtime_ns, votes.read_bytes()) if votes.exists() else None
            row(attempt, said(assay("pull", "--url", url), url))
            same = before == (votes.stat().st_mtime_ns, votes.read_bytes())
            row(
                "label-studio.csv", f"{len(read(votes))} rows, {'untouched' if same else 'written'}"
            )
        row("stages that `dvc repro` runs", repro(folder))
        row("stages that a second one runs", repro(folder))

        anna.call(
            "POST",
            "jwt/settings",
            json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": True},
        )
        key = anna.call("GET", "current-user/token")["token"]
        row(
            "pull with a legacy token, allowed",
            said(assay("pull", "--url", url), url).partition("<br>")[0],
        )

        row("push to a file", said(assay("push", "--file", "tasks.json"), url))
        by_file = {"title": "by file", "label_config": (folder / "tasks.xml").read_text()}
        other = anna.call("POST", "projects/", json=by_file)["id"]
        imported = anna.call(
            "POST", f"projects/{other}/import", json=json.loads((folder / "tasks.json").read_text())
        )
        row("tasks of the file that the server takes", imported["task_count"])
        answer(anna, bela, other, folder)
        (folder / "export.json").write_text(json.dumps(export(anna, other)))
        row("pull from an export", said(assay("pull", "--file", "export.json"), url))
        row("label-studio.csv", f"{len(read(votes))} rows")
        row("stages that `dvc repro` runs", repro(folder))
        if len(sys.argv) > 1:
            record(Path(sys.argv[1]), anna, project, imported)


class Person:
    """Someone signed up, in a session like that of a browser."""

    def __init__(self, url: str, email: str) -> None:
        self.url, self.session = url, requests.Session()
        self.session.trust_env = False
        self.session.get(f"{url}/user/signup/").raise_for_status()
        form = {
            "email": email,
            "password": "not-a-secret-1",
            "csrfmiddlewaretoken": self.session.cookies["csrftoken"],
        }
        self.session.post(
            f"{url}/user/signup/", data=form, headers={"Referer": url}
        ).raise_for_status()
        self.session.headers.update(
            {"X-CSRFToken": self.session.cookies["csrftoken"], "Referer": url}
        )

    def call(self, method: str, path: str, **options: object):
        done = self.session.request(method, f"{self.url}/api/{path}", **options)
        done.raise_for_status()
        return done.json() if done.content else None

    def answer(self, task: int, label: str, **more: object) -> int:
        chosen = {
            "from_name": "label",
            "to_name": "example",
            "type": "choices",
            "value": {"choices": [label]},
        }
        return self.call("POST", f"tasks/{task}/annotations/", json={"result": [chosen]} | more)[
            "id"
        ]


def answer(anna: Person, bela: Person, project: int, folder: Path) -> None:
    """Anna tells the truth, Bela what is suggested, but for some mishaps."""
    known = {
        each["id"]: each["label"]
        for path in folder.glob("data/collected/*/truth.csv")
        for each in read(path)
    }
    suggested = {
        each["id"]: each["suggested"] for each in read(folder / "data/annotated/queue.csv")
    }
    tasks = {task["id"]: task["data"]["id"] for task in export(anna, project)}
    skipped, deleted, unknown, twice, edited, *_ = tasks
    for task, example in tasks.items():
        anna.answer(task, known[example])
        if task == skipped:
            bela.answer(task, suggested[example], was_cancelled=True)
        elif task == unknown:
            bela.answer(task, "zebra")
        else:
            bela.answer(task, suggested[example])
    bela.answer(twice, "3")
    bela.answer(twice, known[tasks[twice]])
    number = bela.answer(edited, "3")
    corrected = {
        "from_name": "label",
        "to_name": "example",
        "type": "choices",
        "value": {"choices": ["4"]},
    }
    bela.call("PATCH", f"annotations/{number}/", json={"result": [corrected]})
    anna.call("DELETE", f"tasks/{deleted}/")


def export(person: Person, project: int) -> list[dict]:
    return person.call("GET", f"projects/{project}/export?exportType=JSON&download_all_tasks=true")


def record(path: Path, person: Person, project: int, imported: dict) -> None:
    """Keep what the server answered, of the first tasks, without what no client reads."""
    projects = person.call("GET", "projects/?page_size=10000")
    projects["results"] = [each for each in projects["results"] if each["id"] == project]
    tasks = export(person, project)[:6]
    for annotation in (annotation for task in tasks for annotation in task["annotations"]):
        annotation.pop("prediction", None)
    answers = {
        "projects": projects,
        "users": person.call("GET", "users/"),
        "import": imported,
        "export": tasks,
    }
    path.write_text(json.dumps(answers, indent=1) + "\n")


@contextmanager
def server():
    """The address of a fresh server on loopback."""
    program = INSTALLED / "bin/label-studio"
    if not program.exists():
        subprocess.run(["uv", "venv", "-q", "--python", sys.executable, INSTALLED], check=True)
        python = INSTALLED / "bin/python"
        subprocess.run(
            ["uv", "pip", "install", "-q", "--python", python, f"label-studio=={VERSION}"],
            check=True,
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        quiet = {"COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "False", "SENTRY_DSN": ""}
        command = [
            program,
            "start",
            "--no-browser",
            "--internal-host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        start = time.perf_counter()
        with (Path(data) / "log").open("w") as log:
            process = subprocess.Popen(
                command,
                env=environment() | quiet | {"LABEL_STUDIO_BASE_DATA_DIR": data},
                stdout=log,
                stderr=log,
            )
        try:
            while not answers(url):
                if process.poll() is not None or time.perf_counter() - start > 300:
                    sys.exit((Path(data) / "log").read_text()[-2000:])
                time.sleep(1)
            row("start of the server", f"{time.perf_counter() - start:.0f} s")
            yield url
        finally:
            process.terminate()
            process.wait()


def answers(url: str) -> bool:
    session = requests.Session()
    session.trust_env = False
    try:
        return session.get(f"{url}/user/signup/", timeout=60).ok
    except requests.ConnectionError:
        return False


def run(command: list[str], folder: Path, **environ: str) -> subprocess.CompletedProcess:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment() | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done


def repro(folder: Path) -> str:
    done = run([sys.executable, "-m", "dvc", "repro"], folder)
    return ", ".join(re.findall(r"^Running stage '([^']+)'", done.stdout, re.MULTILINE)) or "none"


def said(lines: str, url: str) -> str:
    """What was said, on one line, with names short enough for a table."""
    short = re.sub(r"\b([0-9a-f]{6})[0-9a-f]{26}\b", r"\1…", lines.replace(url, "<server>"))
    return "<br>".join(short.splitlines())


def read(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
