"""A link in the browser that nobody else can read."""

import stat
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from engine.contract import launch

LINK = "http://127.0.0.1:40321/monitor/open?ticket=secret&shot=sh010"


@pytest.mark.parametrize("snaps", [False, True])
def test_the_link_is_on_no_command_line(tmp_path, monkeypatch, snaps):
    """What the browser is started with names a file of the user's own (0600), and the file leads on to the link."""
    opened = []
    monkeypatch.setattr(launch.webbrowser, "open", opened.append)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))
    if snaps:
        (tmp_path / "snap").mkdir()
    launch.open_privately(LINK)
    (address,) = opened
    assert "secret" not in address
    file = Path(unquote(urlparse(address).path))
    assert file.parent == (tmp_path if snaps else tmp_path / "run")
    assert LINK.replace("&", "&amp;") in file.read_text()
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
