"""The dockable panel: the engine, this script's MAM2 nodes, how far they are."""


def register() -> None:
    """Put the panel into Nuke's Pane menu; without a Qt binding there is none, and nothing else is missing."""
    from nukescripts import panels  # noqa: PLC0415 - only where there is a window

    from .qt import QtWidgets  # noqa: PLC0415

    if QtWidgets is not None:
        # Nuke evaluates this text when the panel is opened, in a namespace that knows nothing of us.
        widget = "__import__('importlib').import_module('mam2_nuke.panel.widget').Panel"
        panels.registerWidgetAsPanel(widget, "MAM2", "mam2.Panel")
