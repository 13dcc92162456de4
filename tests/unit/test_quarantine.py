"""Quarantine objects: bad records come back byte for byte, and the same rejects make the same object."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavault import frames, quarantine
from datavault.quarantine import QuarantineWriter
from datavault.reasons import Reason, Reject

from .support import raw_object

REJECTS = st.builds(
    Reject,
    st.integers(1, 10**12),
    st.sampled_from(Reason),
    st.text(max_size=20),
    st.binary(max_size=200) | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.booleans(),
)


def written(*batches: list[Reject]) -> QuarantineWriter:
    writer = QuarantineWriter(raw_object(), "1.2.3")
    for batch in batches:
        writer.add(batch)
    writer.close()
    return writer


@settings(deadline=None)
@given(batches=st.lists(st.lists(REJECTS, max_size=5), max_size=4))
def test_every_reject_comes_back_with_its_bytes(batches: list[list[Reject]]) -> None:
    writer = written(*batches)
    header, entries = quarantine.read(writer.body.read())
    rejects = [reject for batch in batches for reject in batch]
    back = [Reject(entry.line, entry.reason, entry.field, entry.original_bytes, entry.rest) for entry in entries]
    assert back == rejects
    assert not any(entry.original and entry.original_base64 for entry in entries)
    assert writer.count == len(rejects)
    assert (header.dataset, header.source, header.contract_version) == ("books", "s3://raw/books/day.ndjson", "1.2.3")


def test_the_same_rejects_make_the_same_bytes() -> None:
    batches = [[Reject(n, Reason.INVALID_JSON, "", b"\xff%d" % n)] for n in range(100)]
    assert written(*batches).body.read() == written(*batches).body.read()


def test_more_rejects_than_fit_into_memory_go_to_disk_and_come_back() -> None:

    noise = random.Random(1)
    batches = [[Reject(n, Reason.INVALID_UTF8, "", noise.randbytes(100_000))] for n in range(60)]
    body = written(*batches).body
    data = body.read()
    assert len(data) > 5_000_000
    assert [entry.original_bytes for entry in quarantine.read(data)[1]] == [batch[0].original for batch in batches]


def test_reasons_are_counted() -> None:
    writer = written(
        [
            Reject(1, Reason.TOO_DEEP, "", b""),
            Reject(2, Reason.TOO_DEEP, "", b""),
            Reject(3, Reason.INVALID_CSV, "", b""),
        ]
    )
    assert dict(writer.reasons) == {"too_deep": 2, "invalid_csv": 1}


def test_bytes_that_are_no_quarantine_object_are_refused() -> None:
    body = written([Reject(1, Reason.TOO_DEEP, "", b"x" * 100)]).body.read()
    for data in (b"", b"nothing", body[:10], body[:-3]):
        with pytest.raises(frames.FrameError):
            quarantine.read(data)


def test_an_entry_whose_bytes_are_no_base_64_is_refused() -> None:
    entry = b'{"line":1,"reason":"invalid_utf8","field":"","original":"","original_base64":"%s","rest":false}\n'
    header = frames.split(written().body.read(), 1 << 20)[0]
    for encoded, is_refused in ((b"/w==", False), (b"/w=", True)):
        data = frames.compress(header + b"\n") + frames.compress(entry % encoded)
        if is_refused:
            with pytest.raises(frames.FrameError, match=r"^the lines are not a quarantine object's$"):
                quarantine.read(data)
        else:
            assert quarantine.read(data)[1][0].original_bytes == b"\xff"
