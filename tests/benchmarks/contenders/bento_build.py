"""Build Bento, where Go is there and its modules can be had; its version is in tests/benchmarks/bento/go.mod."""

import os
import shutil
import subprocess
from collections.abc import Callable

from ..datasets import ROOT

BINARY = ROOT / ".local/bench/bento"
_SOURCE = ROOT / "tests/benchmarks/bento"
_TIMEOUT_SECONDS = 1800.0


def build(say: Callable[[str], None]) -> bool:
    """Whether the binary is there now."""
    if BINARY.exists():
        return True
    if shutil.which("go") is None:
        say("Bento is left out: Go is not installed")
        return False
    say("building Bento (several minutes, once) …")
    done = subprocess.run(
        ["go", "build", "-o", BINARY, "."],
        cwd=_SOURCE,
        env=os.environ | {"GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_SECONDS,
    )
    if done.returncode:
        say(f"Bento is left out, it does not build: {done.stderr[-500:]}")
    return done.returncode == 0
