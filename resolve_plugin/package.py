"""Packs the plug-in for hosts: a tree to copy, a Reactor atom and a template bundle.

    python resolve_plugin/package.py FOLDER

writes FOLDER/com.mam2.MAM2 (the atom with its payload; the payload alone is what goes beside a host's own `Fuses`,
`Modules`, `Scripts` and `Templates`) and FOLDER/MAM2.drfx (the Edit page's effect). Standard library only.
"""

import argparse
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ID = "com.mam2.MAM2"
VERSION = 0.1
PARTS = ("Fuses", "Modules", "Scripts", "Templates")
_HERE = Path(__file__).resolve().parent
_DESCRIPTION = (
    "<p>MAM2 mattes what you click - a person, smoke, glass, a flame - for the whole shot, on your own machine.</p>"
    "<p>It needs the MAM2 engine, which is installed by itself: see docs/resolve.md.</p>"
)


def payload() -> Iterator[tuple[Path, str]]:
    """Give every file of the plug-in and its place beside a host's folders."""
    for part in PARTS:
        for path in sorted((_HERE / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, path.relative_to(_HERE).as_posix()


def copy_payload(folder: Path) -> list[str]:
    """Copy the plug-in into a folder; gives the places of its files there."""
    for path, place in payload():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return [place for _, place in payload()]


def atom(places: list[str], day: date) -> str:
    """Give the text of the Reactor atom that deploys these files."""
    deploy = "".join(f'\t\t"{place}",\n' for place in places)
    return (
        'Atom {\n\tName = "MAM2",\n\tCategory = "Tools/Matte",\n\tAuthor = "The MAM2 contributors",\n'
        f"\tVersion = {VERSION},\n\tDate = {{ {day.year}, {day.month}, {day.day} }},\n"
        f"\tDescription = [[{_DESCRIPTION}]],\n\tDeploy = {{\n{deploy}\t}},\n\tDependencies = {{}},\n}}\n"
    )


def bundle(path: Path) -> None:
    """Write the Edit page's templates as a `.drfx`; it holds no Fuse, which a bundle cannot install."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source, place in payload():
            if place.startswith("Templates/Edit/"):
                archive.write(source, place.removeprefix("Templates/"))


def pack(folder: Path, day: date) -> None:
    """Write everything into a folder."""
    own = folder / ID
    places = copy_payload(own)
    (own / f"{ID}.atom").write_text(atom(places, day))
    bundle(folder / "MAM2.drfx")


def main() -> None:
    """Pack into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    pack(parser.parse_args().folder, date.today())  # noqa: DTZ011 - the packer's own day


if __name__ == "__main__":
    main()
