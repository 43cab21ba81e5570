"""A real Tcl interpreter, with what could reach out of it removed. A script of Nuke is Tcl."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

try:
    import tkinter  # noqa: ICN001 - only its Tcl is used
except ImportError:  # Debian keeps it in a package of its own
    tkinter = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MISSING = (
    "This Python has no tkinter, whose Tcl interpreter reads Nuke scripts in the tests. "
    "On Debian and Ubuntu: apt install python3-tk."
)

# A foreign script must not start programs, open files or sockets, read other scripts or end the tests.
REMOVED = ("exec", "open", "socket", "source", "load", "file", "glob", "cd", "pwd", "exit", "pid", "fconfigure")


def there_is_tcl() -> bool:
    """Say whether this Python has a Tcl interpreter."""
    return tkinter is not None


def interpreter() -> Any:
    """Make an interpreter that can compute and nothing else.

    Raises:
        RuntimeError: this Python has no tkinter.
    """
    if tkinter is None:
        raise RuntimeError(MISSING)
    tcl = tkinter.Tcl()
    for command in REMOVED:
        tcl.eval(f"catch {{rename {command} {{}}}}")
    return tcl


class Tcl:
    """One interpreter and the commands that were added to it."""

    def __init__(self, commands: dict[str, Callable[..., Any]]) -> None:
        self._tcl = interpreter()
        self._error: BaseException | None = None
        for name, function in commands.items():
            self._tcl.createcommand(name, self._remembering(function))

    def _remembering(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # Tcl turns an exception of Python into text; the test wants the exception itself.
        def command(*arguments: Any) -> Any:
            try:
                return function(*(str(argument) for argument in arguments))
            except BaseException as error:
                self._error = self._error or error
                raise

        return command

    def eval(self, text: str) -> str:
        """Evaluate Tcl text and give its result; an error raised by one of our commands comes back as itself."""
        self._error = None
        try:
            return str(self._tcl.eval(text))
        except tkinter.TclError as error:
            if self._error is not None:
                raise self._error from None
            raise RuntimeError(str(error)) from None

    def subst(self, text: str) -> str:
        """Replace `[commands]` in a text, and backslashes; `$` stands for itself."""
        if "[" not in text and "\\" not in text:
            return text
        return self.eval("subst -novariables " + quote(text))


def split(text: str) -> list[str]:
    """Take a Tcl list apart.

    Raises:
        ValueError: the text is no list.
    """
    try:
        return [str(part) for part in _splitter().tk.splitlist(text)]
    except tkinter.TclError as error:
        raise ValueError(f"{error}: {text[:80]!r}") from None


@functools.cache
def _splitter() -> Any:
    return interpreter()


_PLAIN = re.compile(r"[^\s\"\\{}\[\]$;#]+")


def quote(text: str) -> str:
    """Write a text as one word that Tcl reads back as it is."""
    if _PLAIN.fullmatch(text):
        return text
    escaped = re.sub(r'([\\"\[\]$])', r"\\\1", text)
    escaped = re.sub(r"([{}])", r"\\\1", escaped) if not _balanced(text) else escaped
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def braced(words: Iterable[str]) -> str:
    """Write words, each of them Tcl already, as one list in braces."""
    return "{" + " ".join(words) + "}"
