"""Run one target under atheris, coverage-guided, for a bounded time: `make fuzz` does it for each.

usage: python -m tests.fuzz.run TARGET SECONDS [INPUT]

New inputs go to .local/fuzz/corpus/TARGET and stay for the next run. An input that breaks a promise is left in
.local/fuzz/crashes/TARGET, with the command that runs it again; mended, it belongs into tests/fuzz/corpus/TARGET.
"""

import hashlib
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["datavault"]):
    from .seeds import seeds
    from .targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = Path(__file__).parent / "corpus"
WORK = ROOT / ".local/fuzz"
# One input may take this long; what is slower is a finding, too.
INPUT_SECONDS = 10
# libFuzzer stops at this much memory: the processor's smallest function has 512 MB.
MEMORY_MB = 1_024
MAX_INPUT_BYTES = 4_096


def main(target: str, seconds: str, *given: str) -> None:
    corpus, crashes = WORK / "corpus" / target, WORK / "crashes" / target
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    for data in seeds(target):
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-artifact_prefix={crashes}/",
        "-print_final_stats=1",
    ]
    folders = [str(corpus), str(COMMITTED / target)]
    atheris.Setup(["fuzz", *options, *(given or folders)], _with_advice(target))
    atheris.Fuzz()


def _with_advice(target: str):  # type: ignore[no-untyped-def]
    def run(data: bytes) -> None:
        try:
            TARGETS[target](data)
        except BaseException:
            sys.stderr.write(
                f"\nThe target {target} broke a promise. The input is in the file named below; run it again with\n"
                f"  make fuzz FUZZ_TARGET={target} FUZZ_INPUT=<that file>\n"
            )
            raise

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
