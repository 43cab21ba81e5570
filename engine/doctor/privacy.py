"""Taking out of a report what is nobody else's business: names of people and machines, and paths."""

import re
from collections.abc import Callable
from dataclasses import replace

from engine.doctor.facts import Finding, Machine

_QUOTED = re.compile(r"'((?:/|~|[A-Za-z]:[\\/]|\\\\)[^']*)'")
_BARE = re.compile(r"(?<![\w'~./:…\\-])(?:/|~/|[A-Za-z]:[\\/]|\\\\)[^\s'\",;:()]+")


def private(machine: Machine, *, paths: bool) -> Callable[[Finding], Finding]:
    """Give what makes a finding fit to be shown to others.

    Args:
        machine: whose user's and machine's names to take out.
        paths: keep names and paths; the home folder still becomes `~`.
    """
    home = str(machine.home)
    names = ((machine.host, "HOST"), (machine.host.partition(".")[0], "HOST"), (machine.user, "USER"))

    def clean(text: str) -> str:
        if len(home) > 1:
            text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
        if paths:
            return text
        text = _QUOTED.sub(lambda found: f"'{_last(found[1])}'", text)
        text = _BARE.sub(lambda found: _last(found[0]), text)
        for name, instead in names:
            if len(name) > 1:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", instead, text)
        return text

    return lambda finding: replace(finding, says=clean(finding.says), cure=clean(finding.cure))


def _last(path: str) -> str:
    """Give a path's last part behind a sign that there is more."""
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if len(parts) < 2:
        return path
    return f"~/…/{parts[-1]}" if parts[0] == "~" else f"…/{parts[-1]}"
