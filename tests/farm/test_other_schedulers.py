"""The command lines that `docs/farm.md` gives for schedulers without Open Job Description."""

import re
import shlex

from engine.cli import run
from engine.media.matte_files import read_signature


def test_the_layers_of_the_documentation_make_a_checked_shot(repository, shot_file, capfd):
    """The three documented layers, the second run chunk by chunk, make every matte and pass the check."""
    page = (repository / "docs" / "farm.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(mam2 matte .*--stage trimap.*?)```", page, re.DOTALL)
    folder = shot_file.parent
    paths = {"/plates/": f"{folder}/sh010/", "/mattes/sh010": f"{folder}/out", "/shots/": f"{folder}/"}

    def layer(line, frame=0):
        words = shlex.split(line.replace("#IFRAME#+20", f"{frame}+7"))
        for there, here in paths.items():
            words = [word.replace(there, here) for word in words]
        assert run([*words[1:], "--device", "cpu"]) == 0, capfd.readouterr().err

    track, matte, check = block[1].splitlines()
    layer(track)
    for first in range(1001, 1021, 7):
        layer(matte, first)
    layer(check)
    assert all(read_signature(folder / "out" / f"sh010_matte.{frame}.exr") for frame in range(1001, 1021))
