"""Names of objects: each becomes a layer in files, and a part of file names on disks that may not tell case apart."""

from typing import Sequence

from .errors import ShotError

_CHANNELS = ("rgb", "rgba", "alpha", "other")  # layers of these names are taken for the picture's own channels


def check_names(names: Sequence[str]) -> None:
    """Check the names of a shot's objects.

    Raises:
        ShotError: `shot.object_name`: two are the same, case aside, or one cannot name a layer.
    """
    for name in names:
        same = [other for other in names if other.casefold() == name.casefold()]
        if len(same) > 1:
            differ = "" if len(set(same)) == 1 else f" ({' and '.join(same)} differ in case alone)"
            raise ShotError(
                "shot.object_name",
                f"Two objects are called '{name}'{differ}.",
                "Give every object its own name: on many systems case does not tell files apart.",
            )
        plain = name.replace("_", "").replace("-", "")
        if not (plain.isascii() and plain.isalnum() and name[0].isalpha() and len(name) <= 64):
            raise ShotError(
                "shot.object_name",
                f"'{name}' cannot name an object.",
                "Use a letter, then letters, digits, '_' or '-', 64 at most: it becomes a layer's name.",
            )
        if name.casefold() in _CHANNELS:
            raise ShotError(
                "shot.object_name",
                f"'{name}' cannot name an object: its layer could not be told from the picture's own channels.",
                f"Choose another name, '{name}_1' for example.",
            )
