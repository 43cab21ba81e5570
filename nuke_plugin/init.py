"""Runs in every Nuke, also on a farm: finds the package and sets the render gate. Never keeps Nuke from starting."""

import nuke

try:
    nuke.pluginAddPath("./icons")
    import mam2_nuke.callbacks

    mam2_nuke.callbacks.register()
except Exception as problem:  # noqa: BLE001 - whatever it is, Nuke must start
    nuke.tprint(f"MAM2 is not available: {problem}. Mattes that are done render without it.")
