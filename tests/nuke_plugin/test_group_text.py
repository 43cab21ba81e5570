"""The node as text of a script."""

import pytest


def test_every_knob_of_the_table_is_made_with_its_default(terminal):
    """A new node has every knob of the table, of its kind and at its default."""
    import mam2_nuke.create
    from mam2_nuke.knobs import TABLE

    node = mam2_nuke.create.create()
    for row in TABLE:
        knob = node.knob(row.name)
        assert knob is not None, row.name
        if row.kind == "choice":
            assert (list(knob.values()), knob.value()) == (list(row.menu), row.default)
        if row.kind == "switch":
            assert knob.value() is (row.default == "true")
    assert not terminal.errors


def test_the_inside_is_wired_as_the_views_say(terminal):
    """The view's words stand in the order of the switch's inputs, and the result is a Copy into the plate."""
    import mam2_nuke.create
    from mam2_nuke.knobs import VIEWS

    node = mam2_nuke.create.create()
    view = node.node("View")
    made = [view.input(number).name() for number in range(view.inputs())]
    assert dict(zip(VIEWS, made, strict=True)) == {
        "alpha": "Ready", "matte on grey": "OnGrey", "overlay": "Overlay", "trimap": "TrimapView", "mask": "MaskView"
    }  # fmt: skip
    assert node.node("Result").input(0).name() == "Plate"
    assert all(node.node(name)["disable"].value() for name in ("PlateWrite", "MaskWrite"))
    assert not terminal.errors


@pytest.mark.parametrize("text", ["plain", 'say "it"', "[exec rm]", "$HOME", "two\nlines", "back\\slash", "}{"])
def test_no_text_is_taken_for_tcl(terminal, text):
    """Whatever a value holds, it reads back as it was and runs nothing."""
    from mam2_nuke.group import quoted

    path = terminal.nuke.scriptReadText
    path(f"NoOp {{\n inputs 0\n name N\n label {quoted(text)}\n}}\n")
    assert terminal.nuke.toNode("N")["label"].value() == text


def test_the_self_test_passes_in_the_stand_in(terminal, tmp_path, engine, repository):
    """What is shipped for a real Nuke keeps all of its promises here."""
    del engine
    import importlib.util

    spec = importlib.util.spec_from_file_location("selftest", repository / "nuke_plugin" / "selftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    failures = module.main(tmp_path)
    assert failures == 0, "\n".join(terminal.prints)
