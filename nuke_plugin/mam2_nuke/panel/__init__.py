"""The dockable panel: the engine, this script's MAM2 nodes, how far they are."""


def register() -> None:
    """Put the panel into Nuke's Pane menu; without a Qt binding there is none, and nothing else is missing."""
    from nukescripts import panels  # noqa: PLC0415 - only where there is a window

    from .qt import QtWidgets  # noqa: PLC0415

    if QtWidgets is not None:
        panels.registerWidgetAsPanel("mam2_nuke.panel.widget.Panel", "MAM2", "mam2.Panel")
