"""A link in the browser, past everybody who can list processes: what is on a command line all users can read."""

import html
import webbrowser
from pathlib import Path

from .connection import make_runtime_folder
from .files import write_whole

_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>MAM2</title>
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}">
<a href="{link}">Go on</a>
"""


def open_privately(link: str) -> None:
    """Open a link by a file that its user alone can read (0600), which leads on to it.

    Raises:
        OSError: the file cannot be written.
    """
    # Browsers in snaps read no hidden folder and none of the system's, but plain files of the home.
    folder = Path.home() if (Path.home() / "snap").is_dir() else make_runtime_folder()
    page = folder / "mam2-open.html"
    write_whole(page, _PAGE.format(link=html.escape(link)).encode())
    webbrowser.open(page.as_uri())
