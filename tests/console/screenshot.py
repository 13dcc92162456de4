"""Photographs the page that `make demo` has written, for the README."""

import sys
from pathlib import Path

from .browser import chromium

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / ".local/demo/report.html"
IMAGE = ROOT / "docs/console.png"


def main() -> None:
    if not REPORT.exists():
        sys.exit(f"there is no {REPORT.relative_to(ROOT)}\n  hint: `make demo` writes it")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1240, "height": 860}, color_scheme="light")
        page.goto(REPORT.as_uri())
        page.get_by_text("audit:").first.wait_for()
        page.screenshot(path=IMAGE)


if __name__ == "__main__":
    main()
