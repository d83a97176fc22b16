"""The page in a real headless Chromium. Skipped where Playwright or a Chromium is missing.

apt-get install chromium; pip install playwright
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes
from voe.report.page.build import build_page, write_page
from voe.scoring import score

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


def test_the_page_in_chromium(tmp_path: Path) -> None:
    stimuli = first_scenes(load_stimuli("builtin"), 12)
    run = score("copy-last-frame", stimuli, {"stride": 8, "contexts": (8,)}, tmp_path / "run")
    page_path = tmp_path / "page.html"
    write_page(build_page([run], 12), page_path)
    said: list[str] = []
    asked: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in ((1280, "light"), (390, "dark")):
            page = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            ).new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.goto(page_path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate("document.documentElement.dataset.theme") == scheme
            page.locator(".clip").first.focus()
            page.keyboard.press("Enter")
            for _ in range(50):  # the page's own policy forbids a wait that is evaluated in it
                page.wait_for_timeout(100)
                if page.evaluate("document.querySelector('video')?.currentTime ?? 0") > 0.2:
                    break
            else:
                pytest.fail("the video does not play")
            assert page.inner_text("#count") == "12 shown"
            page.select_option("#filter-concept", index=1)
            assert 1 <= int(page.inner_text("#count").split()[0]) < 12
        browser.close()
    assert not said
    assert all(url == page_path.as_uri() or url.startswith("data:") for url in asked)
