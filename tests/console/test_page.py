"""What a person sees and does on the console's page, in a real browser."""

import re

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from datavault.cli.console.page import Content, render
from tests.unit.cli.console.known import HOSTILE, snapshot

from .conftest import Open

WHERE = ["live", "file"]


@pytest.fixture(params=WHERE)
def page(request: pytest.FixtureRequest, open_page: Open, file_page: str) -> Page:
    return open_page(file_page if request.param == "file" else None)


def test_the_picture_shows_the_snapshots_counts(page: Page) -> None:
    picture = page.locator("#pipeline svg")

    for words in ("4,242", "2,000", "1,998", "7 wait, 1 in work", "2 in the DLQ", "8 records"):
        expect(picture).to_contain_text(words)
    expect(picture).to_have_attribute("aria-label", re.compile("S3 raw: 4,242 objects; processor: 2"))
    assert page.locator("#facts dd").all_inner_texts() == ["2,008", "2,000", "8", "2", "1,998", "2"]
    expect(page.locator("#taken")).to_contain_text("12 AWS calls in 0.5 s")


def test_the_axis_of_a_count_has_whole_numbers(open_page: Open) -> None:
    points = [replace(point, records=point.records + 1) for point in snapshot().points]
    assert max(point.records for point in points) % 2 == 1
    odd = replace(snapshot(), points=points)
    page = open_page(render(Content(live=False, snapshot=odd, records={}, answer=None, headline="")))

    labels = page.locator("#throughput svg text[text-anchor=end]").all_text_contents()

    assert len(labels) == 4  # three lines and the last time
    assert [label for label in labels[:3] if not re.fullmatch(r"[0-9,]+", label)] == []


def test_a_reason_opens_to_its_objects_and_their_masked_records(page: Page) -> None:
    page.get_by_text("wrong_type", exact=True).click()
    page.locator("details[open] > div > details > summary").click()

    row = page.locator("#quarantine tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text('{"total":"aaaa"}')
    assert row.locator("td").all_inner_texts()[:2] == ["3", "total"]


def test_hostile_names_are_text(page: Page) -> None:
    for summary in page.locator("#quarantine > details > summary").all():
        summary.click()
    for summary in page.locator("#quarantine details details > summary").all():
        summary.click()
    page.get_by_text("Every raw object").click()
    expect(page.locator("#quarantine tbody tr")).to_have_count(2)

    assert page.locator("main img, main script").count() == 0
    assert HOSTILE in page.locator("#quarantine").inner_text()
    assert HOSTILE in page.locator("#audit").inner_text()
    assert page.title() == "DataVault"


def test_every_control_has_a_name_and_every_table_its_headings(page: Page) -> None:
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, textarea, svg[role], [role=region], section")].filter(
        (one) => !(one.innerText?.trim() || one.labels?.length || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby"))
      ).map((one) => one.outerHTML)""")  # fmt: skip  # noqa: E501  JavaScript
    assert unnamed == []
    assert page.locator("th:not([scope])").count() == 0
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1


def test_the_query_box_shows_rows_and_says_that_there_are_more(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("textbox").fill("select 1")
    page.get_by_role("button", name="Run").click()

    expect(page.locator("#answer caption")).to_have_text("2 rows, and there are more")
    assert page.locator("#answer td").all_inner_texts() == [HOSTILE, "16", "null", "2"]


def test_the_query_boxs_error_is_an_alert(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("textbox").fill("drop table flights")
    page.get_by_role("textbox").press("Control+Enter")

    expect(page.locator("#answer").get_by_role("alert")).to_have_text("only SELECT (or WITH … SELECT)")


def test_a_file_shows_its_rows_and_says_why_it_cannot_ask(open_page: Open, file_page: str) -> None:
    page = open_page(file_page)

    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    expect(page.locator("#why")).to_contain_text("`make console` serves a page that asks")
    assert page.locator("#answer td").all_inner_texts()[0] == HOSTILE
    expect(page.locator("#headline")).to_have_text("20.8 s")


@pytest.mark.parametrize(("scheme", "theme"), [("light", "light"), ("dark", "dark")])
def test_the_theme_is_the_systems_until_somebody_changes_it(open_page: Open, scheme: str, theme: str) -> None:
    page = open_page(color_scheme=scheme)
    root, button = page.locator("html"), page.get_by_role("button", name="Dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)

    expect(root).to_have_attribute("data-theme", theme)
    expect(button).to_have_attribute("aria-pressed", str(theme == "dark").lower())
    button.click()

    expect(root).to_have_attribute("data-theme", "light" if theme == "dark" else "dark")
    assert page.evaluate(ground) != before


def test_the_keyboard_alone_reaches_everything_with_a_visible_focus(open_page: Open) -> None:
    page = open_page()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "BODY":  # behind the last one
            break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", reached[-1]
    assert {"refresh", "theme", "pipeline", "SUMMARY", "sql"} <= set(reached)
    assert reached[-1] == "BODY"  # and no trap held it

    page.locator("#quarantine summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#quarantine > details").first).to_have_attribute("open", "")


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_moves_for_those_who_asked_for_it(open_page: Open) -> None:
    page = open_page(reduced_motion="reduce")

    assert page.locator(".flow").count() > 0
    assert page.evaluate("getComputedStyle(document.querySelector('.flow')).animationName") == "none"
