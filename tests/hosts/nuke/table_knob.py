"""The `tracks` knob of a Tracker4: a table with a row for each track and 31 columns."""

from __future__ import annotations

import copy
from typing import Any

from . import tcl
from .array_knobs import Component, component
from .current import police, session
from .knob_base import Knob
from .scope import Context
from .scope import number as expression_number

TRACK_COLUMNS = [
    "enable", "name", "track_x", "track_y", "offset_x", "offset_y", "T", "R", "S", "error", "error_min", "error_max",
    "pattern_x", "pattern_y", "pattern_r", "pattern_t", "search_x", "search_y", "search_r", "search_t", "key_track",
    "key_search_x", "key_search_y", "key_search_r", "key_search_t", "key_track_x", "key_track_y", "key_track_r",
    "key_track_t", "key_centre_offset_x", "key_centre_offset_y",
]  # fmt: skip
NAME_COLUMN = TRACK_COLUMNS.index("name")


@police
class Table_Knob(Knob):
    """Rows of numbers. A cell's index is `columns * row + column`, rows from 0 [S].

    In an expression rows count from 1: `Tracker1.tracks.1.track_x` [D].
    """

    _type_code = 63

    def __init__(self, name: str = "", label: str | None = None) -> None:
        super().__init__(name, label)
        self._columns = list(TRACK_COLUMNS)
        self._definitions = ""
        self._rows: list[list[Any]] = []

    def _cell(self, index: int) -> Any:
        row, column = divmod(index, len(self._columns))
        if not 0 <= row < len(self._rows):
            raise IndexError(f"{self._name} has {len(self._rows)} rows, there is no cell {index}")
        return self._rows[row][column]

    def _number_at(self, row: int, column: str) -> float:
        if column not in self._columns:
            raise ValueError(f"{self._name} has no column {column!r}")
        return self._evaluate(row * len(self._columns) + self._columns.index(column), session().context)

    def _evaluate(self, index: int, context: Context) -> Any:
        cell = self._cell(index)
        if isinstance(cell, str):
            return cell
        if cell.expression is not None:
            return expression_number(self, cell, context)
        return cell.curve.evaluate(context.frame, cell.constant) if cell.curve is not None else cell.constant

    def value(self, index=0):
        return self._evaluate(index, session().context)

    def getValue(self, index=0):
        return self._evaluate(index, session().context)

    def getValueAt(self, time, index=0):
        return self._evaluate(index, session().context.at(time))

    def setValue(self, val, chan=0):
        with self._edit():
            self._set(val, chan, session().context.frame)

    def setValueAt(self, val, time, chan=0):
        with self._edit():
            self._set(val, chan, time)

    def _set(self, value: Any, index: int, time: float) -> None:
        from .curves import Key

        cell = self._cell(index)
        if cell.curve is not None:
            cell.curve.put(Key(float(time), float(value)))
        else:
            cell.constant = float(value)

    def isAnimated(self, index=0):
        cell = self._cell(index)
        return not isinstance(cell, str) and (cell.curve is not None or cell.expression is not None)

    def isKeyAt(self, time, index=0):
        cell = self._cell(index)
        return not isinstance(cell, str) and cell.curve is not None and cell.curve.at(time) is not None

    def getKeyList(self):
        cells = [cell for row in self._rows for cell in row if not isinstance(cell, str) and cell.curve is not None]
        return sorted({key.x for cell in cells for key in cell.curve.keys})

    def _text(self) -> str:
        rows = "\n".join(" { " + " ".join(_cell_text(cell) for cell in row) + " } " for row in self._rows)
        return f" {{ 1 {len(self._columns)} {len(self._rows)} }} \n{{{self._definitions}}} \n{{ \n{rows}\n}} "

    def _word(self) -> str:
        return "{" + self._text() + "}"

    def _read(self, text: str) -> None:
        parts = tcl.split(text)
        if len(parts) < 3:
            raise ValueError(f"{self._name}: a table has a header, columns and rows")
        self._definitions = parts[1]
        self._columns = [tcl.split(column)[3] for column in tcl.split(parts[1])]
        rows = [tcl.split(row) for row in tcl.split(parts[2])]
        if any(len(row) != len(self._columns) for row in rows):
            raise ValueError(f"{self._name}: a row has not {len(self._columns)} cells")
        name = self._columns.index("name") if "name" in self._columns else -1
        self._rows = [[text if i == name else component(text) for i, text in enumerate(row)] for row in rows]

    def _is_default(self) -> bool:
        return not self._rows

    def _state(self) -> Any:
        return (self._rows, self._definitions)

    def _restore(self, state: Any) -> None:
        self._rows, self._definitions = copy.deepcopy(state)


def _cell_text(cell: str | Component) -> str:
    return tcl.quote(cell) if isinstance(cell, str) else cell.text()
