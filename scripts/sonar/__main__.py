"""`make sonar`: analyse, wait for the quality gate, print the figures; exit code 1 when the gate fails.

With SONAR_HOST_URL (and SONAR_TOKEN) it is that server and the gate that it has for the project. Without, a SonarQube
of our own is started and stopped, with a gate of the limits given here.

usage: python -m scripts.sonar --coverage PERCENT
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from . import gate, server
from .api import Api, SonarError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local/sonar"
PYSONAR = FOLDER / "venv/bin/pysonar"


def analyse(url: str, token: str) -> int:
    """Send the code and the reports, and wait for the gate; pysonar's exit code. The token is on no command line."""
    environment = os.environ | {"SONAR_HOST_URL": url, "SONAR_TOKEN": token, "SONAR_USER_HOME": str(FOLDER / "cache")}
    wait = ["-Dsonar.qualitygate.wait=true", "-Dsonar.qualitygate.timeout=900"]
    log = ROOT / "build/reports/quality/sonar.log"
    with log.open("wb") as output:
        done = subprocess.run([PYSONAR, *wait], cwd=ROOT, env=environment, stdout=output, stderr=output, check=False)  # noqa: S603  our own words
    return done.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coverage", required=True)
    arguments = parser.parse_args()
    url, token = os.environ.get("SONAR_HOST_URL", ""), os.environ.get("SONAR_TOKEN", "")
    try:
        with ExitStack() as stack:
            if url:
                api = Api(url, token)
            else:
                say(f"starting SonarQube {server.VERSION} (minutes; set SONAR_HOST_URL for one that runs) …")
                url = stack.enter_context(server.running(FOLDER))
                api = Api(url, "admin", "admin")
                duplication = str(json.loads((ROOT / ".jscpd.json").read_text())["threshold"])
                token = gate.set_up(api, gate.conditions(arguments.coverage, duplication))
            say("analysing (minutes) …")
            code = analyse(url, token)
            return report(api, code)
    except SonarError as error:
        say(str(error))
        return 1


def report(api: Api, code: int) -> int:
    """Print what was found; 0 when the analysis ended and the gate passed."""
    failures = gate.failures(api)
    for words, value in gate.figures(api).items():
        print(f"{words:<36} {value}")  # noqa: T201
    for line in gate.serious(api):
        print(line)  # noqa: T201
    for failure in failures:
        say(f"the quality gate failed: {failure}")
    if code and not failures:
        say(f"pysonar ended with {code}\n  hint: build/reports/quality/sonar.log")
    return int(bool(code or failures))


def say(words: str) -> None:
    sys.stderr.write(f"sonar: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
