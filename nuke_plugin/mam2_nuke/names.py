"""Names of objects: each becomes a layer, in the mattes' files and in the script."""

from .contract import PromptError

# Nuke's own layers, and words that its menus and ours use for something else.
_TAKEN = frozenset(
    """
    all alpha backward deep depth disparity disparityl disparityr forward mask matte motion none normals other rgb
    rgba stereo trimap
    """.split()  # noqa: SIM905
)
_LONGEST = 64


def object_name(typed: str) -> str:
    """Give an object's name as the artist typed it, blanks around it removed.

    Raises:
        PromptError: it cannot name a layer, in words.
    """
    name = typed.strip()
    if not name:
        raise PromptError("prompt.object_name", "An object has no name.", f"Type one: {_RULE}.")
    plain = name.replace("_", "")
    if not (plain.isascii() and plain.isalnum() and name[0].isalpha() and len(name) <= _LONGEST):
        raise PromptError(
            "prompt.object_name", f"'{name}' cannot name an object: it becomes a layer's name.", f"Use {_RULE}."
        )
    if name.lower() in _TAKEN:
        raise PromptError(
            "prompt.object_name",
            f"'{name}' cannot name an object: Nuke uses this word for layers of its own.",
            f"Choose another, '{name}_1' for example.",
        )
    return name


_RULE = f"a letter, then letters, digits or '_', {_LONGEST} at most"
