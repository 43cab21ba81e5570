"""Promises of reports: what they hold, that they can be read back and joined, and what their tables say."""

import json

import pytest

from engine.contract.errors import EngineError
from engine.evaluation.profiles import PROFILES, find_profile
from engine.evaluation.report import join, markdown, read_json, tables, to_json, verdict, write_json
from engine.evaluation.scores import ClipScores, Report, Result

RVM = PROFILES["rvm-lr"]
SETTINGS = {"model": "starter", "mode": "pdd+mss", "prompt": "point"}


def _clip(name, kind, scores, *, held_out=False):
    return ClipScores(name, kind, held_out, dict.fromkeys(RVM.measures, tuple(map(float, scores))))


SMOKE, ICE = _clip("smoke-1", "smoke", (1, 2, 3, 4, 5)), _clip("ice-1", "ice", (10, 20, 30), held_out=True)


def _report(*clips, held=4.0):
    others = tuple(
        _clip(one.name, one.kind, [held * score for score in one.frames["mad"]], held_out=one.held_out) for one in clips
    )
    return Report("novm-p 1.0", RVM, Result("mam2", clips), (Result("first alpha held", others),), SETTINGS)


def test_the_report_holds_overall_kinds_and_clips():
    """A report's JSON has overall, kinds and clips with lower-case metric names, and each number is the right mean."""
    data = to_json(_report(SMOKE, ICE))
    assert set(data["overall"]) == {"mad", "mse", "sad", "grad", "conn", "dtssd"}
    assert data["averages"]["clip"]["mad"] == (3 + 20) / 2
    assert data["overall"]["mad"] == data["averages"]["frame"]["mad"] == (5.5 + 11 + 16.5 + 4 + 5) / 5
    assert (data["kinds"]["smoke"]["mad"], data["kinds"]["ice"]["held_out"]) == (3, True)
    assert data["clips"]["ice-1"]["mad"] == 20
    assert data["clips"]["ice-1"]["frames"]["mad"] == [10, 20, 30]
    assert data["parts"]["held-out kinds"]["mad"] == 20
    assert (data["benchmark"], data["settings"]) == ("novm-p 1.0", SETTINGS)
    assert data["baselines"]["first alpha held"]["clips"]["ice-1"]["mad"] == 80


def test_places_are_frames_on_the_way():
    """First, quarters and last are single frames of each clip, however long it is."""
    places = to_json(_report(SMOKE, ICE))["places"]
    assert [places[place]["mad"] for place in ("first", "half", "last")] == [5.5, 11.5, 17.5]
    assert places["first quarter"]["mad"] == pytest.approx((2 + 10) / 2)


def test_stills_have_one_place():
    """A set of single images has no frame positions but the first."""
    assert list(to_json(_report(_clip("a", "stills", (7,))))["places"]) == ["first"]


def test_a_report_survives_its_file(tmp_path):
    """What is written is read back the same, the way of averaging included."""
    report = Report("novm-p 1.0", find_profile("rvm-lr", "clip"), Result("mam2", (SMOKE, ICE)), (), SETTINGS)
    write_json(report, tmp_path / "new" / "a.json")
    assert to_json(read_json(tmp_path / "new" / "a.json")) == to_json(report)


def test_parts_join_to_the_whole():
    """Reports of two parts join to what one run would have reported."""
    assert to_json(join([_report(SMOKE), _report(ICE)])) == to_json(_report(SMOKE, ICE))


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (_report(SMOKE), "more than one holds smoke-1"),
        (Report("novm-p 1.0", RVM, Result("mam2", (ICE,)), (), SETTINGS), "different methods"),
        (Report("novm-p 1.0", RVM, Result("mam2", (ICE,)), (), {"mode": "pdd"}), "differ in settings"),
        (Report("vm108", RVM, Result("mam2", (ICE,)), (), SETTINGS), "differ in benchmark"),
        (Report("novm-p 1.0", PROFILES["dim"], Result("mam2", (ICE,)), (), SETTINGS), "differ in profile"),
    ],
)
def test_what_was_made_otherwise_does_not_join(other, says):
    """Reports that share a clip, or were made with other settings, are refused with the reason."""
    with pytest.raises(EngineError, match=says):
        join([_report(SMOKE), other])


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"version": 0}), '{"version": 1}'])
def test_a_file_that_is_no_report_is_refused(tmp_path, content):
    """Other JSON, and no JSON, are errors that name the file."""
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(EngineError, match=r"x\.json' is no report"):
        read_json(path)


def test_tables_show_held_out_kinds_apart():
    """The main table has a row a kind, and trained kinds, held-out kinds and all together below."""
    main, places, methods, kinds = tables(_report(SMOKE, ICE))
    assert [row[0] for section in main.sections for row in section] == [
        *("smoke", "ice (held out)", "trained kinds", "held-out kinds", "all"),
    ]
    assert main.sections[0][0][:3] == ("smoke", "1", "3.00")
    assert places.sections[0][0][0] == "first"
    assert [row[0] for row in methods.sections[0]] == ["mam2", "first alpha held"]
    assert kinds.columns == ("kind", "mam2", "first alpha held")


def test_the_verdict_compares_with_what_learns_nothing():
    """The sentence gives ours as a share of the best baseline that uses nothing of our model."""
    assert verdict(_report(SMOKE)).endswith("first alpha held, has 12.00: 25 % of that.")
    assert verdict(Report("novm-p 1.0", RVM, Result("mam2", (SMOKE,)))) == ""


def test_markdown_holds_every_table():
    """The Markdown has each table with as many cells in every row as in its head."""
    text = markdown(_report(SMOKE, ICE))
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 4
    for block in blocks:
        assert {line.count("|") for line in block} == {block[0].count("|")}
