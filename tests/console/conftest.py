"""The console over a known snapshot, and a page of it that fails the test when anything goes wrong in it."""

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from datavault.cli.console.page import Content, render
from datavault.cli.console.server import Console, Sources
from datavault.cli.console.snapshot import Answer, BadRecord
from tests.unit.cli.console.known import BAD_ID, HOSTILE, snapshot

from .browser import chromium

Open = Callable[..., Page]


def records(object_id: str) -> list[BadRecord]:
    return [
        BadRecord(3, rest=False, reason="wrong_type", field="total", form='{"total":"aaaa"}'),
        BadRecord(9, rest=True, reason=HOSTILE, field=HOSTILE, form=HOSTILE),
    ]


def answer(sql: str) -> Answer:
    if sql.startswith("drop"):
        return Answer(sql, error="only SELECT (or WITH … SELECT)")
    return Answer(sql, ["name", "count"], [[HOSTILE, 16], [None, 2]], is_cut=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with Console(0, Sources(snapshot, records, answer), 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def file_page() -> str:
    content = Content(
        live=False, snapshot=snapshot(), records={BAD_ID: records(BAD_ID)}, answer=answer("select 1"), headline="20.8 s"
    )
    return render(content)


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Open the live page, or the given HTML. Requests to elsewhere are stopped; they and errors fail the test."""
    wrong: list[str] = []

    def route(one: Route) -> None:
        if one.request.url.startswith((address, "data:", "about:")):
            one.continue_()
        else:
            wrong.append(f"request to {one.request.url}")
            one.abort()

    contexts = []

    def open_one(html: str | None = None, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        context.route("**/*", route)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if html is None:
            page.goto(address)
        else:
            page.set_content(html)
        page.get_by_text("audit: balanced").wait_for()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert wrong == []
