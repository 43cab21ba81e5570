"""Runs where there is a window: the menu's entry and the panel. Never keeps Nuke from starting."""

import nuke


def _unavailable(problem: Exception) -> None:
    text = f"MAM2 is not available: {problem}. Run 'python3 install hosts' again, then restart Nuke."
    nuke.tprint(text)
    nuke.menu("Nodes").addCommand("MAM2 (not available)", f"nuke.message({text!r})")


try:
    import mam2_nuke.panel

    nuke.menu("Nodes").addCommand("MAM2", "import mam2_nuke.create; mam2_nuke.create.create()", icon="mam2.png")
    mam2_nuke.panel.register()
except Exception as problem:  # noqa: BLE001 - whatever it is, Nuke must start
    _unavailable(problem)
