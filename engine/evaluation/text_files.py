"""Text files that appear whole or not at all."""

from pathlib import Path

from engine.media.atomic import atomic_file, make_folder


def write_text(path: Path, text: str) -> None:
    """Write a text file that ends in one line break; folders are made.

    Raises:
        OutputError: as `atomic_file` and `make_folder`.
    """
    content = (text.rstrip("\n") + "\n").encode()
    make_folder(path.parent)
    with atomic_file(path, len(content)) as temporary:
        temporary.write_bytes(content)
