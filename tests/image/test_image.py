"""The image, built with buildah: its command answers as nobody with a read-only root, and ends when told to.

Needs root, Linux, buildah and debootstrap: without a registry the base is Debian's, from a build argument. What is not
tried so is the base image that the Dockerfile names.
"""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.processes import free_port

ROOT = Path(__file__).parents[2]
BASE, IMAGE = "localhost/python:3.13", "localhost/datavault-processor:test"
# Debian 13 has Python 3.13.
SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
PACKAGES = "python3,python3-venv,ca-certificates"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
CACHE = ROOT / ".local/image/rootfs"
NOBODY = 65532
DEADLINE_SECONDS = 60.0
# Everything that may be pulled: nothing but what lies on this machine.
POLICY = {
    "default": [{"type": "reject"}],
    "transports": {"containers-storage": {"": [{"type": "insecureAcceptAnything"}]}},
}


def run(*command: str | Path, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout).strip()


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A store of images of the test's own; buildah's options for it."""
    for tool in ("buildah", "debootstrap"):
        assert shutil.which(tool), f"{tool} is not installed: apt-get install buildah debootstrap"
    assert os.geteuid() == 0, "buildah with --isolation chroot, and debootstrap, need root"
    folder = tmp_path_factory.mktemp("storage")
    (folder / "policy.json").write_text(json.dumps(POLICY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILDAH_ISOLATION", "chroot")
        patch.setenv("STORAGE_DRIVER", "vfs")
        patch.setenv("CONTAINERS_STORAGE_CONF", str(folder / "storage.conf"))
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/graph"\n'
        )
        yield ["--signature-policy", str(folder / "policy.json")]
        run("buildah", "rm", "--all")
        run("buildah", "rmi", "--all", "--force")


@pytest.fixture(scope="module")
def base(storage: list[str]) -> str:
    """A base image with Debian's Python."""
    if not CACHE.is_dir():
        partial = CACHE.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, partial, MIRROR)
        # This machine's way to the registries may go by a certificate of its own.
        shutil.copy(f"/{CERTIFICATES}", partial / CERTIFICATES)
        partial.rename(CACHE)
    container = run("buildah", "from", "scratch")
    run("buildah", "add", "--quiet", container, CACHE, "/")
    run("buildah", "commit", "--quiet", *storage, container, BASE)
    run("buildah", "rm", container)
    return BASE


@pytest.fixture(scope="module")
def image(base: str, storage: list[str]) -> str:
    environment = os.environ | {"IMAGE_TOOL": "buildah", "PYTHON_IMAGE": base}
    run(ROOT / "scripts/image", IMAGE, "--pull-never", *storage, env=environment)
    return IMAGE


def test_the_image_says_what_it_is_and_runs_as_nobody(image: str) -> None:
    config = json.loads(run("buildah", "inspect", "--type", "image", image))["OCIv1"]["config"]
    assert config["User"] == f"{NOBODY}:{NOBODY}"
    assert config["Entrypoint"] == ["python3", "-m", "datavault.worker"]
    assert "8080" in " ".join(config["ExposedPorts"])
    assert config["Labels"]["org.opencontainers.image.title"] == "datavault-processor"
    assert len(config["Labels"]["org.opencontainers.image.revision"]) == 40
    assert "PYTHONDONTWRITEBYTECODE=1" in config["Env"]


def test_the_sbom_names_what_the_lock_puts_into_the_image(image: str, root: Path) -> None:
    bill = json.loads((ROOT / "build/datavault-processor.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {(part["name"], part["version"]) for part in bill["components"]}
    there = {
        tuple(folder.name.removesuffix(".dist-info").replace("_", "-").lower().split("-", 1))
        for folder in (root / "app/lib").glob("*.dist-info")
    }
    assert {name for name, _ in listed} >= {"botocore", "msgspec", "prometheus-client"}
    assert len(there) == len(listed)
    assert not list((root / "app/lib").glob("datavault/cli"))


@pytest.fixture(scope="module")
def root(image: str, storage: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image's root file system, mounted read-only."""
    container = run("buildah", "from", "--pull-never", *storage, image)
    place = tmp_path_factory.mktemp("root")
    run("mount", "--bind", run("buildah", "mount", container), place)
    try:
        run("mount", "-o", "remount,bind,ro", place)
        yield place
    finally:
        run("umount", place)
        run("buildah", "umount", container)


class EmptyQueue(BaseHTTPRequestHandler):
    """SQS with nothing in it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.2)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        pass


@pytest.fixture
def queue() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyQueue)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_the_command_answers_as_nobody_on_a_read_only_root_and_ends_with_0(image: str, root: Path, queue: str) -> None:
    config = json.loads(run("buildah", "inspect", "--type", "image", image))["OCIv1"]["config"]
    port = free_port()
    told = dict(entry.split("=", 1) for entry in config["Env"]) | {
        f"DATAVAULT_{name}": name.lower()
        for name in ("PROCESSED_BUCKET", "QUARANTINE_BUCKET", "STREAM_NAME", "HELD_QUEUE_URL")
    }
    told |= {"DATAVAULT_WORKER_QUEUE_URL": f"{queue}/1/large", "DATAVAULT_WORKER_PORT": str(port)}
    told |= {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": queue}
    told |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    # buildah knows no read-only root; chroot into one that is mounted so is the same to the process.
    command = ["chroot", f"--userspec={config['User']}", str(root), *config["Entrypoint"]]
    process = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        end = time.monotonic() + DEADLINE_SECONDS
        while get(port, "/readyz") != (200, "ok\n"):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, "not ready in time"
            time.sleep(0.2)
        assert get(port, "/healthz") == (200, "ok\n")
        assert "datavault_queue_poll_timestamp_seconds" in get(port, "/metrics")[1]
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, output
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["message"] for line in lines] == ["begun", "stopped"]


def test_the_root_is_really_read_only(root: Path) -> None:
    with pytest.raises(OSError, match="Read-only"):
        (root / "app/new").touch()
