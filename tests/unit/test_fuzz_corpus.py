"""The fuzzer's inputs, without the fuzzer: its seeds, and what it found (tests/fuzz/corpus), keep every promise."""

from pathlib import Path

import pytest

from ..fuzz.seeds import seeds
from ..fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[1] / "fuzz/corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_of_the_fuzzer_breaks_a_promise(target: str) -> None:
    committed = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    assert committed
    for data in [*committed, *seeds(target)]:
        TARGETS[target](data)


def test_a_broken_promise_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datavault.quarantine.QuarantineWriter.count", 0)
    data = next(data for data in seeds("parser") if b'"\xff"' in data)
    with pytest.raises(AssertionError):
        TARGETS["parser"](data)
