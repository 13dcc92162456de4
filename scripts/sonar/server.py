"""A SonarQube of our own: fetched once from Maven Central, started empty on a free port of this machine, stopped."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .api import Api, SonarError

VERSION = "26.9.0.129388"
SHA256 = "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb"
_ARTIFACT = f"org.sonarsource.sonarqube:sonar-application:{VERSION}:zip"
_FETCH = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
JAVA = (21, 25)  # the long-term releases that this version runs on; 25 is the one that was tried
# Four minutes were seen on two cores that were busy with other things.
_START_SECONDS = 900.0
_STOP_SECONDS = 120.0
_NOBODY = 65534
_SETTINGS = """sonar.web.host=127.0.0.1
sonar.web.port={port}
sonar.search.port=0
sonar.telemetry.enable=false
sonar.updatecenter.activate=false
sonar.search.javaAdditionalOpts=-Dnode.store.allow_mmap=false
"""


def find_java() -> str:
    """A JDK that SonarQube runs on: SONAR_JAVA_PATH, JAVA_HOME's, the one on PATH, or one that is installed."""
    homes = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)
    named = [os.environ.get("SONAR_JAVA_PATH", ""), shutil.which("java") or "", *(f"{home}/bin/java" for home in homes)]
    for java in named:
        if java and Path(java).is_file() and _fits(java):
            return java
    raise SonarError(
        f"SonarQube {VERSION} needs a JDK {' or '.join(map(str, JAVA))}, and there is none",
        "install one (on Debian: apt-get install openjdk-21-jdk-headless; or adoptium.net), or set SONAR_JAVA_PATH",
    )


def _fits(java: str) -> bool:
    """Of these releases, and not only a JRE: Elasticsearch asks for the module jdk.jdi."""
    done = subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=False)  # noqa: S603  a Java
    release = re.search(r"^jdk\.jdi@(\d+)", done.stdout, re.MULTILINE)
    return release is not None and int(release[1]) in JAVA


def fetch(folder: Path) -> Path:
    """The unpacked server. 947 MB to fetch, 1.1 GB unpacked, once."""
    home = folder / f"sonarqube-{VERSION}"
    if (home / "unpacked").exists():
        return home
    if shutil.which("mvn") is None:
        raise SonarError("Maven, which fetches SonarQube, is missing", "apt-get install maven; or set SONAR_HOST_URL")
    folder.mkdir(parents=True, exist_ok=True)
    quiet = ["--batch-mode", "--quiet", "--no-transfer-progress"]
    subprocess.run(["mvn", *quiet, _FETCH, f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={folder}"], check=True)  # noqa: S603, S607  our own words
    archive = folder / f"sonar-application-{VERSION}.zip"
    check(archive, SHA256)
    shutil.rmtree(home, ignore_errors=True)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    for program in (home / "elasticsearch/bin").iterdir():
        program.chmod(0o755)
    archive.unlink()
    (home / "unpacked").touch()
    return home


def check(archive: Path, sha256: str) -> None:
    """Refuse what is not the archive that this was written for."""
    with archive.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise SonarError(f"{archive.name} has another SHA-256 than it should: {found}", "delete it; who changed it?")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a server without any project, which is stopped at the end."""
    java, home = find_java(), fetch(folder)
    for state in ("data", "temp", "logs"):
        shutil.rmtree(home / state, ignore_errors=True)
    (home / "temp").mkdir()
    port = _free_port()
    (home / "conf/sonar.properties").write_text(_SETTINGS.format(port=port))
    jar = next((home / "lib").glob("sonar-application-*.jar"))
    log = home / "start.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own words
            [*_as_nobody(home), java, "-jar", str(jar)],
            cwd=home,
            env=os.environ | {"SONAR_JAVA_PATH": java, "HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(Api(url, "admin", "admin"), process, log)
        yield url
    finally:
        process.terminate()  # it stops its three children itself
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _as_nobody(home: Path) -> list[str]:
    """Elasticsearch refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for path in (home, *home.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    drop = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    if subprocess.run([*drop, "test", "-w", str(home)], check=False).returncode:  # noqa: S603  our own words
        raise SonarError(f"SonarQube does not run as root, and nobody else may enter {home}", "run it as another user")
    return drop


def _wait_until_up(api: Api, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SonarError(f"SonarQube ended while it started:\n{log.read_text()[-2000:]}", f"{log.parent}/logs")
        try:
            if api.get("system/status")["status"] == "UP":
                return
        except SonarError:  # not listening yet
            pass
        time.sleep(2)
    raise SonarError(f"SonarQube was not up after {_START_SECONDS:g} s", f"{log.parent}/logs")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
