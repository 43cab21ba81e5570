"""A real browser for the engine's page; tests that want one are skipped where there is none."""

import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
PATIENCE = 180_000  # ms; no more than patience, for machines that are busy


@contextmanager
def chromium(engine_url):
    """Open a browser: gives a function that opens pages, all of whose mistakes and strange requests fail the test."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    troubles = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *FLAGS])
        context = browser.new_context(viewport={"width": 1280, "height": 800})

        def open_page(path):
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("request", lambda one: one.url.startswith((engine_url, "blob:")) or troubles.append(one.url))
            page.goto(engine_url + path)
            return page

        yield open_page
        browser.close()
    assert troubles == [], "the page made a mistake, or asked for something from elsewhere"
