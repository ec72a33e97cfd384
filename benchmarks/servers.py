"""S3, SSH and WebDAV servers on loopback, for the tests and benchmarks of remotes.

Each is a separate process on free ports and keeps its objects in a folder. So it can be killed
and started again.
"""

import base64
import getpass
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
USER, PASSWORD = "anna", secrets.token_hex(16)  # of WebDAV, and the two keys of S3
PATIENCE = 60  # seconds until a server must answer
WHERE = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
SSHD, APACHE = (shutil.which(name, path=WHERE) for name in ("sshd", "apache2"))
NOBODY = 65534  # Apache refuses to serve as root

# where there is no sshd: the server of the library that DVC's client is made of
_ASYNCSSH = """
import asyncio, asyncssh, sys
async def serve(port, host_key, keys):
    server = await asyncssh.listen("127.0.0.1", int(port), server_host_keys=[host_key], authorized_client_keys=keys,
                                   sftp_factory=True)
    await server.wait_closed()
asyncio.run(serve(*sys.argv[1:]))
"""


@dataclass
class Server:
    """A server that runs between `start` and `stop`, or in a `with`; `url` is what `dvc remote add`
    takes.
    """

    command: list[str]
    port: int
    url: str
    log: Path
    prepare: Callable[[], object] | None = None  # the first time it answers
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        end = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(
                    f"{self.command[0]} does not answer: {self.log.read_text()[-2000:]}"
                )
            time.sleep(0.05)
        if self.prepare:
            self.prepare()
            self.prepare = None

    def answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex((HOST, self.port)) == 0

    def stop(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_ports(n: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def s3(folder: Path) -> Server:
    """SeaweedFS: its master, volume, filer and S3 servers in one process, with the bucket `assay`."""
    names = [
        f"{part}{kind}"
        for part in ("s3", "master", "volume", "filer")
        for kind in (".port", ".port.grpc")
    ]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    keys = [{"accessKey": USER, "secretKey": PASSWORD}]
    identities = [{"name": USER, "credentials": keys, "actions": ["Admin"]}]
    (folder / "data").mkdir(exist_ok=True)
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    weed = [
        str(Path(sys.executable).with_name("weed")),
        "server",
        f"-dir={folder / 'data'}",
        f"-ip={HOST}",
    ]
    options = [
        "-s3",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
    ]
    sizes = ["-master.volumeSizeLimitMB=64", "-volume.max=100", "-volume.minFreeSpace=0.1"]
    command = [
        *weed,
        f"-ip.bind={HOST}",
        *options,
        *sizes,
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    bucket = urllib.request.Request(
        f"http://{HOST}:{ports['filer.port']}/buckets/assay/", method="POST"
    )
    return Server(
        command,
        ports["s3.port"],
        f"http://{HOST}:{ports['s3.port']}",
        folder / "log",
        prepare=lambda: urllib.request.urlopen(bucket, timeout=PATIENCE),
    )


def ssh(folder: Path) -> Server:
    """OpenSSH's sshd where it is installed, else asyncssh's; the key that opens it is `folder/key`."""
    (port,) = free_ports(1)
    for name in ("key", "host"):
        path = folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True
        )
    if SSHD:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(
                mode=0o755, exist_ok=True
            )  # sshd asks for it, and has no option to move it
        settings = {
            "Port": port, "ListenAddress": HOST, "HostKey": folder / "host", "AuthorizedKeysFile": folder / "key.pub",
            "StrictModes": "no", "PasswordAuthentication": "no", "PidFile": "none", "Subsystem": "sftp internal-sftp",
        }  # fmt: skip
        (folder / "sshd.conf").write_text(
            "".join(f"{key} {value}\n" for key, value in settings.items())
        )
        command = [SSHD, "-D", "-e", "-f", str(folder / "sshd.conf")]
    else:
        command = [
            sys.executable,
            "-c",
            _ASYNCSSH,
            str(port),
            str(folder / "host"),
            str(folder / "key.pub"),
        ]
    return Server(command, port, f"ssh://{getpass.getuser()}@{HOST}:{port}", folder / "log")


def webdav(folder: Path) -> Server:
    """WsgiDAV; what is stored under `/assay` lies as files in `folder/data/assay`."""
    (port,) = free_ports(1)
    (folder / "data/assay").mkdir(parents=True, exist_ok=True)
    config = {
        "host": HOST, "port": port, "provider_mapping": {"/": str(folder / "data")}, "verbose": 1,
        "http_authenticator": {"domain_controller": None},
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
    }  # fmt: skip
    (folder / "dav.json").write_text(json.dumps(config))
    command = [
        sys.executable,
        "-m",
        "wsgidav.server.server_cli",
        "--config",
        str(folder / "dav.json"),
    ]
    return Server(command, port, f"webdav://{HOST}:{port}", folder / "log")


def web(folder: Path) -> Server:
    """Python's own web server: the files of `folder`, to be read."""
    (port,) = free_ports(1)
    command = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        f"--bind={HOST}",
        f"--directory={folder}",
    ]
    return Server(command, port, f"http://{HOST}:{port}", folder.with_suffix(".log"))


def apache(folder: Path) -> Server:
    """Apache as Debian packs it, `APACHE`, laid out like `webdav`."""
    (port,) = free_ports(1)
    store = folder / "data/assay"
    store.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for path in (folder, store):
            os.chown(path, NOBODY, NOBODY)
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
    (folder / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
    modules = Path(APACHE).parents[1] / "lib/apache2/modules"
    names = (
        "mpm_event",
        "authn_core",
        "authn_file",
        "authz_core",
        "authz_user",
        "auth_basic",
        "dav",
        "dav_fs",
    )
    lines = [
        *(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names),
        f"Listen {HOST}:{port}", f"ServerName {HOST}", f"PidFile {folder}/pid", f"ErrorLog {folder}/log",
        f"User #{NOBODY}", f"Group #{NOBODY}", f"DocumentRoot {folder}/data", f"DavLockDB {folder}/lock",
        "<Location />", "Dav On", "AuthType Basic", "AuthName assay", f"AuthUserFile {folder}/users",
        "Require valid-user", "</Location>",
    ]  # fmt: skip
    (folder / "apache.conf").write_text("\n".join(lines) + "\n")
    command = [
        APACHE,
        "-X",
        "-f",
        str(folder / "apache.conf"),
    ]  # -X: one process, all of which `stop` ends
    return Server(command, port, f"webdav://{HOST}:{port}", folder / "log")
