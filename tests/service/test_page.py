"""The page as a place to work, in a real browser: open, click, preview, track, correct, export."""

import json
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import chromium
from running_engine import engines, pixels

from engine.media.colour import DisplayTransform, LinearLight
from engine.media.images import read_rgb
from engine.media.matte_files import read_matte, read_signature

FRAMES = 6
SETTLED = "#canvas[data-frame='{}'][data-settled=true]"


@pytest.fixture(scope="module")
def engine():
    """One engine for the tests of this file."""
    with engines() as make:
        made = make()
        yield made, made.start()


@pytest.fixture(scope="module")
def open_page(engine):
    """One browser for the tests of this file."""
    with chromium(engine[1].connection.url) as opened:
        yield opened


@pytest.fixture
def clip(tmp_path):
    """A JPEG clip of a disc that drifts."""
    folder = tmp_path / "plates"
    folder.mkdir()
    for frame in range(1001, 1001 + FRAMES):
        codes = np.clip(pixels(frame)[..., ::-1] * 255, 0, 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"disc.{frame}.jpg"), codes)
    return folder


@pytest.fixture
def page(engine, open_page, clip):
    """The page of the clip, opened as `mam2 open` opens it; the shot is deleted at the end."""
    client = engine[1]
    shot = client.open_clip(str(clip))
    opened = open_page(f"{client.monitor_link()}&shot={shot}")
    opened.wait_for_selector(SETTLED.format(1001))
    opened.shot = shot
    yield opened
    opened.close()
    client.delete(shot)


def click(page, x, y):
    """Click a pixel of the 64x48 plates, which the viewer shows whole."""
    box = page.locator("#canvas").bounding_box()
    scale = min((box["width"] - 12) / 64, (box["height"] - 12) / 48)
    left, top = box["x"] + (box["width"] - 64 * scale) / 2, box["y"] + (box["height"] - 48 * scale) / 2
    page.mouse.click(left + x * scale, top + y * scale)


def previewed(page):
    """Wait for a preview that was not there before, and give how long it took."""
    page.wait_for_function("() => document.getElementById('timing').dataset.seconds")
    return float(
        page.evaluate(
            "() => { const d = document.getElementById('timing').dataset;"
            " const s = d.seconds; delete d.seconds; return s; }"
        )
    )


def tracked(page, count=FRAMES):
    """Wait until so many frames have right mattes and nothing runs."""
    page.wait_for_function(f"() => Number(document.getElementById('strip').dataset.right) === {count}")
    page.wait_for_selector("#running", state="hidden")


def test_a_newcomer_gets_to_mattes_in_eight_actions(page, engine, tmp_path):
    """Click, track, export: mattes of every frame lie in the folder, as the engine made them."""
    actions = 1  # mam2 open
    click(page, 21, 24)
    previewed(page)
    page.get_by_role("button", name="Forward", exact=True).click()
    tracked(page)
    page.locator("#folder").fill(str(tmp_path / "out"))
    page.get_by_role("button", name="Export mattes").click()
    actions += 4
    page.locator("#exported", has_text=f"{FRAMES} frames").wait_for()
    assert actions <= 8
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"{page.shot}_matte.{1001 + n}.exr" for n in range(FRAMES)]
    assert all(read_signature(file) for file in files)
    assert read_matte(files[0])["object.alpha"][24, 21] > 0.5
    info = engine[1].shot(page.shot)
    assert info["model"] == "starter"
    assert len(info["confidence"]) == FRAMES


def test_a_correction_makes_its_own_frames_stale(page):
    """A point that says no on a later frame leaves the frames before it; undo and redo bring them back and away."""
    click(page, 21, 24)
    previewed(page)
    page.get_by_role("button", name="Forward", exact=True).click()
    tracked(page)
    for _ in range(3):
        page.locator("#canvas").focus()
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(SETTLED.format(1004))
    page.keyboard.down("Alt")
    click(page, 50, 8)
    page.keyboard.up("Alt")
    page.wait_for_selector("#strip[data-stale='3']")
    assert page.locator("#prompts li").count() == 2
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector("#strip[data-stale='0']")
    page.get_by_role("button", name="Redo").click()
    page.wait_for_selector("#strip[data-stale='3']")
    page.get_by_role("button", name="Forward", exact=True).click()
    tracked(page)


def test_a_reload_and_a_second_tab_join_the_track(page, open_page, engine):
    """A track goes on under a reload, and whoever opens the shot meanwhile sees it to its end."""
    click(page, 21, 24)
    previewed(page)
    page.get_by_role("button", name="Both ways").click()
    page.reload()
    other = open_page(f"/monitor/shot.html#{page.shot}")
    tracked(page)
    tracked(other)
    assert other.locator("#prompts li").count() == 1
    other.close()
    assert engine[1].shot(page.shot)["stale"] == []


def test_prompts_are_boxes_too_and_are_moved_and_removed(page, engine):
    """A drag is a box; a prompt is dragged elsewhere and deleted with a key; a second object has its own."""
    box = page.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 60, middle[1] - 60)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 60, steps=4)
    page.mouse.up()
    previewed(page)
    page.get_by_role("button", name="Add object").click()
    click(page, 50, 10)
    previewed(page)
    first, second = engine[1].shot(page.shot)["objects"]
    assert [prompt["kind"] for prompt in first["prompts"]] == ["box"]
    assert second["prompts"][0]["x"] == pytest.approx(50, abs=0.3)
    click(page, 50, 10)  # takes hold of the point; nothing is added
    page.keyboard.press("Delete")
    page.wait_for_function("() => document.querySelectorAll('#prompts li').length === 0")
    page.wait_for_timeout(1500)
    assert [one["name"] for one in engine[1].shot(page.shot)["objects"]] == ["object"]


def test_every_view_is_drawn_and_pixels_are_told(page):
    """Keys choose the view, each of which shows something else; the pixel under the cursor is told with its values."""
    click(page, 21, 24)
    previewed(page)
    page.wait_for_selector(SETTLED.format(1001))
    pictures = {}
    for key in "12345":
        page.locator("#canvas").focus()
        page.keyboard.press(key)
        page.wait_for_selector(SETTLED.format(1001))
        page.wait_for_timeout(200)
        pictures[key] = page.locator("#canvas").screenshot()
    assert len(set(pictures.values())) == 5
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 + 3)  # not on an edge
    page.locator("#values", has_text="R ").wait_for()
    assert page.locator("#where").inner_text().split() == ["x", "32", "y", "24"]


def test_the_same_work_in_other_words(page, clip):
    """The command names plates, points and model; the Read node has the frame range and is raw."""
    click(page, 21, 24)
    previewed(page)
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Copy command").click()
    words = page.locator("#copied[data-text]").get_attribute("data-text")
    assert words.startswith(f"mam2 matte {clip} -o ")
    assert "--model starter" in words
    assert "--object object --point 2" in words
    page.get_by_role("button", name="Copy for Nuke").click()
    page.locator("#copied", has_text="Nuke").wait_for()
    node = page.locator("#copied").get_attribute("data-text")
    assert node.startswith("Read {")
    assert " raw true" in node
    with page.expect_download() as saved:
        page.get_by_role("button", name="Shot file").click()
    shot = json.loads(saved.value.path().read_text())
    assert shot["range"] == [1001, 1000 + FRAMES]
    assert shot["plates"] == str(clip)


def export(page, folder):
    """Export into a folder and wait for its end."""
    page.locator("#folder").fill(str(folder))
    page.get_by_role("button", name="Export mattes").click()
    page.locator("#exported", has_text=f"{FRAMES} frames: {folder}").wait_for()


def test_an_export_has_colours_and_ids(page, clip, tmp_path):
    """Foreground, despill, premultiplied colours and Cryptomatte lie in the exported EXR; the mattes are as before."""
    click(page, 21, 24)
    previewed(page)
    page.get_by_role("button", name="Forward", exact=True).click()
    tracked(page)
    export(page, tmp_path / "plain")
    for layer in ("foreground", "despill", "Cryptomatte", "premultiplied RGBA"):
        page.get_by_label(layer).check()
    export(page, tmp_path / "all")
    name = f"{page.shot}_matte.1003.exr"
    plain, found = (read_matte(tmp_path / folder / name) for folder in ("plain", "all"))
    unchanged = plain.keys() - set("RGB")
    assert all(np.array_equal(plain[channel], found[channel]) for channel in unchanged)
    red, alpha = found["object.R"], found["object.alpha"]
    assert np.allclose(found["R"], red * alpha, atol=2e-3)
    light = LinearLight(DisplayTransform(None, "srgb").colourspace)
    linear = light.apply(read_rgb(clip / "disc.1003.jpg")[0])[..., 0]
    inside = alpha == 1
    assert np.allclose(red[inside], linear[inside], atol=2e-3)
    assert np.allclose(found["object_despill.R"][inside], 0, atol=2e-3)
    assert np.allclose(found["CryptoObject00.G"], alpha, atol=1e-3)
    page.get_by_role("button", name="Copy command").click()
    words = page.locator("#copied[data-text]").get_attribute("data-text")
    assert " --layers alpha,trimap,mask,fg,despill,cryptomatte --premult " in words


def test_core_and_garbage_are_mask_files(page, engine, tmp_path):
    """A mask file for the frame is the object, its core or its garbage; it is listed, holds the preview, and goes."""
    click(page, 21, 24)
    previewed(page)
    mask = np.zeros((48, 64), np.uint8)
    mask[:, 48:] = 255
    cv2.imwrite(str(tmp_path / "right.png"), mask)
    page.locator("#mask-is").select_option("core")
    page.locator("#mask").set_input_files(tmp_path / "right.png")
    previewed(page)
    page.locator("#prompts li", has_text="core").wait_for()
    client = engine[1]
    (thing,) = client.shot(page.shot)["objects"]
    assert [(held["kind"], held["range"]) for held in thing["held"]] == [("core", [1001, 1001])]
    alpha, size = client.get_layer(page.shot, 1001, preview=True)
    assert (np.frombuffer(alpha, "<f2").reshape(size)[:, 48:] == 1).all()
    page.locator("#prompts li", has_text="core").get_by_role("button", name="Remove").click()
    previewed(page)
    assert "held" not in client.shot(page.shot)["objects"][0]


def test_pictures_are_made_before_they_are_wanted(page, engine):
    """After a track the engine has the pictures of all frames, though nobody has gone to one."""
    click(page, 21, 24)
    previewed(page)
    page.get_by_role("button", name="Forward", exact=True).click()
    tracked(page)
    kept = Path(engine[0].variables["MAM2_STORE"]) / "shots" / page.shot / "pictures"
    awaited = [(kept / str(1001 + n), layer) for n in range(FRAMES) for layer in ("plate", "alpha")]
    ends = time.monotonic() + 60
    while not all(list(folder.glob(f"{layer}.*")) for folder, layer in awaited):
        assert time.monotonic() < ends, sorted(kept.rglob("*"))
        time.sleep(0.1)
    assert page.locator("#canvas").get_attribute("data-frame") == "1001"


def test_a_lost_engine_is_told_and_found_again(page):
    """While the engine does not answer the page says so; when it does again, the page goes on."""
    page.context.set_offline(True)
    page.locator("#trouble", has_text="does not answer").wait_for()
    page.context.set_offline(False)
    page.locator("#trouble").wait_for(state="hidden")
    page.wait_for_selector(SETTLED.format(1001))


def test_memory_stays_flat_while_scrubbing(page):
    """Two thousand scrubbed frames leave the browser with the memory of the first hundred."""
    page.locator("#canvas").focus()
    driver = page.context.new_cdp_session(page)
    driver.send("Performance.enable")

    def heap(count):
        page.evaluate(
            "async (count) => { const keys = ['ArrowRight', 'ArrowLeft'];"
            " for (let i = 0; i < count; i += 1) {"
            "  document.getElementById('canvas').dispatchEvent("
            "   new KeyboardEvent('keydown', {key: keys[Math.floor(i / 5) % 2], bubbles: true}));"
            "  await new Promise(requestAnimationFrame); } }",
            count,
        )
        driver.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in driver.send("Performance.getMetrics")["metrics"]}
        return found["JSHeapUsedSize"]

    before = heap(100)
    assert heap(2000) < before + 2e6


def test_the_page_works_at_800_pixels(page):
    """Nothing is cut off in a narrow window, and every control has a name for a screen reader."""
    page.set_viewport_size({"width": 800, "height": 640})
    assert page.evaluate("() => document.documentElement.scrollWidth <= 800")
    for name in ("Export mattes", "Both ways", "Undo", "Play"):
        assert page.get_by_role("button", name=name).is_visible()
    nameless = page.evaluate(
        "() => [...document.querySelectorAll('button, input, select, canvas')].filter((one) =>"
        " !one.getAttribute('aria-label') && !one.textContent.trim() && !one.labels?.length).map((one) => one.id)"
    )
    assert nameless == []
