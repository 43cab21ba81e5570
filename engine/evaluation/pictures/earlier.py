"""Earlier reports on the same pictures: what they measured stands beside, and is not measured again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.contract.errors import EngineError
from engine.evaluation.pictures.methods import Spent
from engine.evaluation.pictures.sections import Case, Section


@dataclass(frozen=True)
class Earlier:
    """A report that `mam2 evaluate pictures` wrote.

    Attributes:
        path: of its JSON file.
        models: its models' names, and what they were loaded from.
        sections: by their keys, as in the file.
    """

    path: Path
    models: dict[str, str]
    sections: dict[str, dict[str, Any]]

    def beside(self, section: Section) -> Section:
        """Put this report's methods before those of a section; what both measured stays as the section has it.

        Raises:
            EngineError: `evaluate.join`: it saw other pictures.
        """
        found = self.sections.get(section.key)
        if found is None:
            return section
        if found["digest"] != section.digest:
            raise EngineError(
                "evaluate.join",
                f"'{self.path}' was measured on other pictures than this run ({section.key}).",
                "Give the same pack, tiers and limit, or measure again.",
            )
        absent = {name: data for name, data in found["methods"].items() if name not in section.methods}
        cases = [case for name, data in absent.items() for case in _cases(name, data)]
        spent = {name: Spent(**data["spent"]) for name, data in absent.items() if data["spent"]}
        return replace(
            section,
            cases=(*cases, *section.cases),
            models=(*(name for name in self.models if name in absent), *section.models),
            spent={**spent, **section.spent},
        )


def read_earlier(path: Path) -> Earlier:
    """Read a report's JSON file.

    Raises:
        EngineError: `evaluate.report`: it is not there, or is no such report.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Earlier(path, dict(data["models"]), dict(data["sections"]))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EngineError(
            "evaluate.report",
            f"'{path}' is no report on photographs.",
            "Give the report.json that `mam2 evaluate pictures -o FOLDER` wrote.",
        ) from problem


def _cases(method: str, data: dict[str, Any]) -> Iterator[Case]:
    for name, figures in data["cases"].items():
        yield Case(name, figures["kind"], method, {key: value for key, value in figures.items() if key != "kind"})
