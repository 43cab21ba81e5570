"""The built pages: links that lead somewhere, nothing from elsewhere, nothing left out."""

import ast
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

_CODE = re.compile(r"[a-z]+\.[a-z_]+")
_LUA_CODE = re.compile(r"\"([a-z]+\.[a-z_]+)\",\s*(?:--[^\n]*\s*)?[\"(]")
_LOADS = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.loads = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.update(value for name, value in attrs if name in {"id", "name"} and value)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in _LOADS and given.get(_LOADS[tag]) and given.get("rel") != "canonical":
            self.loads.append(given[_LOADS[tag]])


@pytest.fixture(scope="module")
def pages(site):
    """Path -> parsed page, for every page of the built site."""
    return {path: _Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_leads_somewhere(pages):
    """Every link between pages, every anchor and every picture is there in the built site."""
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.name}: {link}")
    assert broken == []
    assert len(pages) > 20


def test_the_pages_load_nothing_from_elsewhere(site, pages):
    """No page, style or script of the site fetches anything from another machine."""
    outside = [f"{path.name}: {one}" for path, page in pages.items() for one in page.loads if re.match(r"\w+:|//", one)]
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        outside += [
            f"{style.name}: {one}" for one in re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)\"']*", text)
        ]
    assert outside == []


def test_search_works_in_pages_opened_as_files(site):
    """Without any server, typing a word into the search finds pages, and nothing is asked of another machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    outside = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("request", lambda one: one.url.startswith(("file:", "data:", "about:")) or outside.append(one.url))
        page.goto((site / "index.html").as_uri())
        page.click("input.md-search__input")
        page.keyboard.type("glass")
        page.wait_for_selector(".md-search-result__item", timeout=30_000)
        found = page.locator(".md-search-result__list").inner_text()
        browser.close()
    assert "Transparent subjects" in found
    assert outside == []


def test_every_error_code_is_on_its_page(site, repository):
    """Whatever code an error in Python or Lua has, the page of error codes lists it."""
    page = (site / "errors.html").read_text(encoding="utf-8")
    codes = set()
    for folder in ("engine", "nuke_plugin", "resolve_plugin"):
        for path in (repository / folder).rglob("*.py"):
            codes |= _codes_in(ast.parse(path.read_text(encoding="utf-8")))
        for path in (repository / folder).rglob("*.lua"):
            codes |= set(_LUA_CODE.findall(path.read_text(encoding="utf-8")))
    assert len(codes) > 150
    assert sorted(code for code in codes if f"<code>{code}</code>" not in page) == []


def _codes_in(tree):
    """Give the codes that errors are raised with: a first argument `area.what` with a message and a hint behind it."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and len(node.args) == 3
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and _CODE.fullmatch(node.args[0].value)
        and ast.unparse(node.func).endswith("Error")
    }


def test_troubleshooting_names_only_codes_that_exist(site, repository):
    """A code on the page of symptoms is one that an error can have."""
    listed = set(re.findall(r"<code>([a-z]+\.[a-z_]+)</code>", (site / "errors.html").read_text(encoding="utf-8")))
    page = (repository / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    named = {code for code in re.findall(r"`([a-z]+\.[a-z_]+)`", page) if not code.endswith((".log", ".json"))}
    assert len(named) > 20
    assert named - listed == set()


def test_every_request_is_in_the_reference(site):
    """The API reference has a section for every request of the engine's own document."""
    import sys

    sys.path.append("docs/hooks")
    from api_reference import document

    page = (site / "api.html").read_text(encoding="utf-8")
    paths = document()["paths"]
    wanted = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert len(wanted) > 10
    assert [one for one in wanted if f"<code>{one}</code>" not in page] == []


def test_first_mattes_take_less_than_ten_steps(repository):
    """Each of the three first mattes has at most nine numbered steps, and a picture."""
    for name in ("nuke", "resolve", "command-line"):
        page = (repository / "docs" / f"first-{name}.md").read_text(encoding="utf-8")
        steps = re.findall(r"^(\d+)\. ", page, re.MULTILINE)
        assert [int(step) for step in steps] == list(range(1, len(steps) + 1))
        assert 3 <= len(steps) <= 9
        assert "](images/" in page
