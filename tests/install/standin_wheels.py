"""Wheels that stand in for the packages of the engine: small, real to pip, with nothing behind their names."""

from __future__ import annotations

import zipfile
from importlib import metadata

PARTS = ("timm", "cv2", "OpenEXR", "OpenImageIO", "PyOpenColorIO", "av")
TORCH = "class version:\n    cuda = None\n    hip = None\n"
REAL = ("pip", "setuptools", "wheel", "packaging")
FAKE = {"torch": "2.15.0", "torchvision": "0.29.2", "numpy": "2.4.6", "hydra-core": "1.3.8", "iopath": "0.1.10"}
FAKE |= {"tqdm": "4.70", "pillow": "13.0", "sam2": "1.1.0", "peft": "0.21.2", "antlr4-python3-runtime": "4.9.3"}


def make_wheels(folder):
    """Write a wheel of every package that a set-up asks for; give their pins, as the text of the constraints.

    pip, setuptools, wheel and what they need are the running environment's own, packed again: they have to work.
    """
    folder.mkdir(parents=True)
    pins = dict(FAKE)
    for name in REAL:
        distribution = metadata.distribution(name)
        pins[name] = distribution.version
        entries = {
            str(entry): distribution.locate_file(entry).read_bytes()
            for entry in distribution.files
            if ".." not in entry.parts and entry.suffix != ".pyc" and entry.name not in {"RECORD", "INSTALLER"}
        }
        _write(folder, name, distribution.version, entries)
    for name, version in FAKE.items():
        modules = (name, *PARTS) if name == "peft" else (name.replace("-", "_"),)
        entries = {f"{module}.py": TORCH.encode() if module == "torch" else b"" for module in modules}
        _write(folder, name, version, {**entries, **_metadata(name, version)})
    return "\n".join(f"{name}=={version}" for name, version in pins.items())


def _metadata(name, version):
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    return {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }


def _write(folder, name, version, entries):
    stem = f"{name.replace('-', '_')}-{version}"
    record = f"{stem}.dist-info/RECORD"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for place, content in entries.items():
            archive.writestr(place, content)
        archive.writestr(record, "".join(f"{place},,\n" for place in (*entries, record)))
