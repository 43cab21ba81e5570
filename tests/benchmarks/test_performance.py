"""The page of performance is made from what benchmarks wrote."""

import importlib
import re
import shutil

import pytest

MACHINE = {
    "processor": "a processor",
    "vectors": "AVX2",
    "native_bfloat16": False,
    "threads": 1,
    "cores": 2,
    "torch": "2.0",
}
STAGES = [
    {"model": "starter", "plates": "64x36", "stage": stage, "share_percent": share}
    for stage, share in (("read", 25.0), ("matte", 75.0))
]
GROWTH = [{"grows": "objects", "value": str(count), "processor_s": 0.1 * count} for count in (1, 2)]


@pytest.fixture
def performance(monkeypatch, repository):
    """Give the program, which finds the others beside it."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return importlib.import_module("performance")


@pytest.fixture
def page(tmp_path, repository):
    """Give a copy of the page, in a folder with one for pictures."""
    (tmp_path / "images").mkdir()
    return shutil.copy(repository / "docs" / "performance.md", tmp_path / "performance.md")


def _written(rows):
    return {"benchmark": "any", "machine": MACHINE, "rows": rows}


def _end_to_end(pace):
    usual = {"model": "starter", "memory_mib": 900, "plates": "1920x1080", "subject": "ordinary"}
    return _written([{**usual, "frames_per_second": pace}, {**usual, "plates": "512x288", "frames_per_second": 99.0}])


def test_this_machine_replaces_its_own_rows(performance, page):
    """The page's table gets the rows of this kind of processor and keeps the others'; made again, it stays the same."""
    picture = page.parent / "images" / "performance.png"
    others = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| AVX512")]
    performance.write_page(page, picture, {"end_to_end": _end_to_end(1.5)})
    text = page.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("| AVX2 |")] == [
        "| AVX2 | ordinary | 1.5 | 900 | - | - | - |"
    ]
    assert len(others) > 1
    assert set(others) <= set(text.splitlines())
    performance.write_page(page, picture, {"end_to_end": _end_to_end(1.5)})
    assert page.read_text(encoding="utf-8") == text


def test_the_report_has_a_table_of_every_part(performance):
    """A part's rows stand as a table behind the machine that they are of; a part without figures says so."""
    text = performance.report({"growth": _written(GROWTH)})
    assert (
        "## growth\n\na processor, AVX2 without bfloat16, 1 of 2 cores, torch 2.0.\n\n"
        "| grows | value | processor s |\n|---|---|---|\n| objects | 1 | 0.1 |" in text
    )
    assert "## stages\n\nNot measured yet.\n" in text


def test_the_picture_is_drawn_from_stages_and_growth(performance, page):
    """When stages and growth were measured, the page shows a picture of them; half of the figures make none."""
    picture = page.parent / "images" / "performance.png"
    performance.write_page(page, picture, {"growth": _written(GROWTH)})
    assert not picture.exists()
    performance.write_page(page, picture, {"growth": _written(GROWTH), "stages": _written(STAGES)})
    shown = re.search(r"!\[[^]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert (page.parent / shown[1]).read_bytes().startswith(b"\x89PNG")


def test_a_page_without_a_place_for_the_table_is_left_alone(performance, page):
    """When the page has no place for what was measured, it stays as it is and the place is named."""
    page.write_text("No marks.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="table"):
        performance.write_page(page, page.parent / "images" / "performance.png", {"end_to_end": _end_to_end(1.5)})
    assert page.read_text(encoding="utf-8") == "No marks.\n"


def test_a_gpu_has_its_own_place(performance, page):
    """What was measured on a GPU stands in its place with the GPU's name, and the processors' table stays."""
    table = performance.between(page.read_text(encoding="utf-8"), "table")
    measured = _end_to_end(31.0)
    measured["machine"]["gpu"] = "NVIDIA L4"
    performance.write_gpu(page, {"end_to_end": measured})
    text = page.read_text(encoding="utf-8")
    assert "NVIDIA L4" in performance.between(text, "gpu")
    assert performance.between(text, "table") == table


def test_every_part_is_a_program(performance, repository):
    """Every part of the suite is a program that takes the options it is run with."""
    for part in performance.PARTS:
        text = (repository / "benchmarks" / f"{part.name}.py").read_text(encoding="utf-8")
        words = (*part.options, *(part.quick or ()), *(part.gpu or ()), "--threads", "--json")
        asked = {word for word in words if word.startswith("--")}
        for adding, name in (("add_options(", "end_to_end.py"), ("add_outcome_options(", "outcome.py")):
            if adding in text:
                text += (repository / "benchmarks" / name).read_text(encoding="utf-8")
        assert [option for option in asked if f'"{option}"' not in text] == []
