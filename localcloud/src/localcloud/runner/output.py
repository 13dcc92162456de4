"""What a function prints: a file that its processes append to and the runner reads on."""

import os
import threading
from pathlib import Path

# Printed text that has been read is let go of above this size, so that a chatty function does not fill the disk.
KEEP_BYTES = 16 * 1024 * 1024


class Output:
    """A file between the function's processes (writers, by append) and the runner (reader)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._offset = 0
        self._closed = False
        self._lock = threading.Lock()

    def read(self) -> str:
        """Everything printed since the last call. A file, not a pipe: what was written before is there, surely."""
        parts = []
        with self._lock:
            if self._closed:
                return ""
            while part := os.pread(self._reader, 1 << 20, self._offset):
                parts.append(part)
                self._offset += len(part)
            if self._offset > KEEP_BYTES:
                os.ftruncate(self._reader, 0)
                self._offset = 0
        return b"".join(parts).decode("utf-8", "replace")

    def close(self) -> None:
        """Nothing more is read from now on; a sandbox may be stopped while an invocation in it still ends."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._reader)
