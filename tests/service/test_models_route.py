"""Which models an engine has, and what `auto` stands for in a shot."""

from stand_in_weights import stand_in


def test_a_shot_keeps_what_auto_stood_for(make_engine, tmp_path):
    """The API lists models with the way to those that are not ready; a shot declared without one keeps the best."""
    stand_in("sam2.1-t", tmp_path / "weights")
    engine = make_engine(MAM2_WEIGHTS=str(tmp_path / "weights"), MAM2_PREPARE="0")
    with engine.start() as client:
        found = client.models()
        assert (found["auto"], found["advice"]) == ("sam2.1-t:starter", "")
        rows = {row["name"]: row for row in found["models"]}
        assert rows["sam2.1-t"]["ready"]
        assert rows["sam2.1-l"]["way"] == "mam2 weights pull sam2.1-l"
        assert client.declare("sh", 1001, 1002, 64, 48)["model"] == "sam2.1-t:starter"
        (tmp_path / "weights" / "sam2.1-t.safetensors").unlink()
        assert client.shot("sh")["model"] == "sam2.1-t:starter"
        assert "mam2 weights pull recommended" in client.models()["advice"]
