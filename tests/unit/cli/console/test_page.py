"""The page lets its own script and style in and nothing else, and data cannot become markup."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from importlib.resources import files

import msgspec
import pytest

from datavault.cli.console.page import Content, embedded, policy, render
from datavault.cli.console.snapshot import Answer

from .known import HOSTILE, snapshot

ASSETS = files("datavault.cli.console") / "assets"
# WCAG 2.2, 1.4.3 (text) and 1.4.11 (what is not text).
TEXT, OTHER = 4.5, 3.0


def page() -> str:
    answer = Answer("select 1", ["a"], [[HOSTILE + "%script%"]])
    return render(Content(live=False, snapshot=snapshot(), answer=answer, headline=HOSTILE))


def test_hostile_data_stays_inside_its_element() -> None:
    made = page()

    assert HOSTILE not in made
    assert made.count("<script") == 2
    assert made.count("</script>") == 2
    assert "<img" not in made
    (content,) = re.findall(r'id="content">(.*?)</script>', made, re.DOTALL)
    assert msgspec.json.decode(content)["headline"] == HOSTILE


def test_embedded_json_holds_no_letter_that_html_obeys() -> None:
    assert set("<>&") & set(embedded({"a": "<!-- & -->"})) == set()


def test_policy_names_the_hashes_of_the_very_script_and_style() -> None:
    made = page()
    script = re.findall(r'<script type="module">(.*?)</script>', made, re.DOTALL)[0]
    style = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)[0]

    for part in (script, style):
        assert f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" in unescape(made)
    assert "connect-src 'none'" in policy(live=False)
    assert "connect-src 'self'" in policy(live=True)
    assert "unsafe" not in made.partition("<style>")[0]


def test_script_makes_no_markup_and_the_page_names_no_other_place() -> None:
    script = (ASSETS / "page.js").read_text()
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\.style\b", script) == []
    everything = "".join((ASSETS / name).read_text() for name in ("page.js", "page.css", "page.html"))
    assert set(re.findall(r"https?://[^\s\"']+", everything)) == {"http://www.w3.org/2000/svg"}  # a name, not a place


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PALETTES = [dict(re.findall(r"--(\w+): (#\w{6});", body)) for body in (ASSETS / "page.css").read_text().split("}")[:2]]


@pytest.mark.parametrize("palette", PALETTES, ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(palette: dict[str, str]) -> None:
    assert len(palette) == 10
    for name in ("ink", "soft", "accent", "good", "bad", "warn"):
        for ground in ("ground", "card"):
            assert contrast(palette[name], palette[ground]) >= TEXT, (name, ground)
    for name in ("ink", "soft"):
        assert contrast(palette[name], palette["tint"]) >= TEXT, name
    assert contrast(palette["accent"], palette["tint"]) >= OTHER
