"""The same client on three operating systems."""

import pytest
from fusion_host import FusionHost
from wire import SHOT, answer, serving

SYSTEMS = ("Linux", "OSX", "Windows")


@pytest.fixture(autouse=True)
def _own_runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("MAM2_RUNTIME", str(tmp_path / "run"))


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_reaches_an_engine(system):
    """With each system's own calls and numbers a request goes out and its answer comes in."""
    host = FusionHost(foreign=system)
    asked = []

    def reply(line):
        asked.append(line)
        return answer({**SHOT, "shot": "a"})

    platform, engine = host.module("mam2.platform"), host.module("mam2.engine")
    with serving(reply):
        client = engine.open(2, platform.now() + 5)
        shot = client.shot(client, "a")
        assert list(shot.mattes.values()) == [1001, 1002, 1003, 1004]
        client.close(client)
    assert asked == ["GET /v1/shots/a HTTP/1.1\r\n"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_gives_up_in_time(system):
    """A refused connection and an engine that says nothing end in words on each system."""
    host = FusionHost(foreign=system)
    platform, engine = host.module("mam2.platform"), host.module("mam2.engine")
    with serving(lambda _: b""):
        client = engine.open(2, platform.now() + 5)
        client.answer = 0.2
        nothing, problem = client.shot(client, "a")
        assert nothing is None
        assert problem.code == "engine.slow"
    nothing, problem, *_ = engine.open(2, platform.now() + 5)
    assert nothing is None
    assert problem.code == "engine.absent"


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_has_a_clock_and_a_pause(system):
    """A pause takes as long as it says, by the system's own clock."""
    platform = FusionHost(foreign=system).module("mam2.platform")
    began = platform.now()
    platform.sleep(0.05)
    assert 0.04 <= platform.now() - began < 1.0
    assert platform.thread()


def test_windows_starts_the_engine_without_a_window(monkeypatch):
    """On Windows the engine is started hidden, without the host's Python settings."""
    monkeypatch.setenv("MAM2_COMMAND", '"C:\\Program Files\\mam2\\mam2.exe" serve')
    host = FusionHost(foreign="Windows")
    host.module("mam2.launch").start()
    (command,) = host.module("standin.foreign").commands.values()
    assert command.startswith('cmd /s /c "set "PYTHONHOME="& set "PYTHONPATH="& ')
    assert command.endswith('"C:\\Program Files\\mam2\\mam2.exe" serve"')


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_has_files_by_any_name(system, tmp_path):
    """Files in folders with blanks and letters beyond any code page are written, added to, read and replaced."""
    platform = FusionHost(foreign=system).module("mam2.platform")
    folder = tmp_path / "Zoë 映像"
    name = str(folder / "plate.txt").encode().decode("latin-1")  # UTF-8, as the engine names its inboxes
    assert platform.make_folder(name[: name.rindex("/")])
    for text in ("one", "two"):
        assert platform.write(name, text, "\n")
    platform.append(name, "three")
    assert platform.slurp(name) == "two\nthree\n"
    assert [one.name for one in folder.iterdir()] == ["plate.txt"]
    platform.remove(name)
    assert list(folder.iterdir()) == []
    assert platform.slurp(name) is None
    assert not platform.write(name.replace("plate", "none/plate"), "x")


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_reads_variables_as_they_are(system, monkeypatch):
    """A user's folder with any letters in its name is found."""
    monkeypatch.setenv("MAM2_RUNTIME", "/srv/Zoë 映像/run")
    host = FusionHost(foreign=system)
    assert host.module("mam2.connection").folder().encode("latin-1").decode() == "/srv/Zoë 映像/run"
