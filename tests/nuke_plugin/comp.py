"""A small comp around a MAM2 node, on real plates: a bright disc that drifts over noise, rendered with overscan."""

import numpy as np
import OpenImageIO

SIZE = (64, 48)
OVERSCAN = 6  # pixels beyond the format on every side
FIRST, LAST = 1001, 1012
CENTRE = (20.0, 30.0)  # of the disc on the first frame: Nuke's pixels, y up


def centre(frame):
    """Give the disc's centre, x and y in Nuke's pixels."""
    return CENTRE[0] + (frame - FIRST) * 0.75, CENTRE[1] - (frame - FIRST) * 0.25


def write_plates(folder, first=FIRST, last=LAST, size=SIZE, aspect=1.0):
    """Write plates as half EXR, scene-linear, with overscan; gives their pattern."""
    folder.mkdir(exist_ok=True)
    width, height = size
    y, x = np.mgrid[-OVERSCAN : height + OVERSCAN, -OVERSCAN : width + OVERSCAN] + 0.5
    for frame in range(first, last + 1):
        cx, cy = centre(frame)
        disc = ((x - cx) ** 2 + (y - (height - cy)) ** 2 < 100).astype(np.float32)[..., None]
        noise = np.random.default_rng(frame).random((*x.shape, 3), np.float32) * np.float32(0.2)
        pixels = (noise + disc * np.array([1.4, 0.5, 0.2], np.float32)).astype(np.float16)
        spec = OpenImageIO.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "half")
        spec.x, spec.y = -OVERSCAN, -OVERSCAN
        spec.full_x, spec.full_y, spec.full_width, spec.full_height = 0, 0, width, height
        spec.attribute("PixelAspectRatio", aspect)
        out = OpenImageIO.ImageOutput.create("x.exr")
        assert out.open(str(folder / f"plate.{frame}.exr"), spec)
        assert out.write_image(pixels)
        out.close()
    return folder / "plate.####.exr"


def read_exr(path):
    """Give an EXR's channels by name, and its data window's origin."""
    image = OpenImageIO.ImageInput.open(str(path))
    spec = image.spec()
    pixels = image.read_image("float")
    image.close()
    return {name: pixels[..., i] for i, name in enumerate(spec.channelnames)}, (spec.x, spec.y)


def write_mattes(path, frame, names, size, layers=()):
    """Write a frame's mattes as the engine does: alpha, and alpha, trimap and mask of each object; colours on top."""
    width, height = size
    y, x = np.mgrid[:height, :width] + 0.5
    cx, cy = centre(frame)
    planes, channels = [], []
    for number, name in enumerate(names):
        disc = np.clip(10.5 - np.hypot(x - cx - 3 * number, y - (height - cy)), 0, 1)
        planes += [disc, np.round(disc * 2) / 2, disc > 0.5]
        channels += [f"{name}.{layer}" for layer in ("alpha", "trimap", "mask")]
    planes.insert(0, np.maximum.reduce(planes[::3]))
    coloured = [*(names if "fg" in layers else ()), *([""] if "premult" in layers else ())]
    more = [f"{name}.{colour}".strip(".") for name in coloured for colour in "RGB"]
    planes += list(np.random.default_rng(frame).random((len(more), height, width)) * 9 - 1)  # below 0 and above 1
    spec = OpenImageIO.ImageSpec(width, height, len(planes), "half")
    spec.channelnames = ["A", *channels, *more]
    out = OpenImageIO.ImageOutput.create("x.exr")
    assert out.open(str(path), spec)
    assert out.write_image(np.stack(planes, axis=-1).astype(np.float16))
    out.close()


class Comp:
    """Read > MAM2 > Write, with a Tracker4 beside that follows the disc.

    Args:
        session: a stand-in's session with the plug-in on its path.
        folder: for plates, cache and output.
        span: first and last frame.
        aspect: of a plate's pixels.
    """

    def __init__(self, session, folder, span=(FIRST, LAST), aspect=1.0):
        import mam2_nuke.create

        self.session, self.nuke, self.folder = session, session.nuke, folder
        self.first, self.last = span
        nuke = self.nuke
        nuke.addFormat(f"{SIZE[0]} {SIZE[1]} small")
        root = nuke.root()
        root["format"].setValue("small")
        root["first_frame"].setValue(self.first)
        root["last_frame"].setValue(self.last)
        pattern = write_plates(folder / "plates", *span, aspect=aspect)
        self.read = nuke.nodes.Read(
            file=str(pattern).replace("####", "%04d"),
            first=self.first,
            last=self.last,
            origfirst=self.first,
            origlast=self.last,
            origset=True,
            raw=True,
        )
        self.tracker = nuke.nodes.Tracker4()
        self.tracker["tracks"].fromScript(_tracks(span))
        self.tracker.setSelected(False)
        self.read.setSelected(True)
        nuke.frame(self.first)
        self.node = mam2_nuke.create.create()
        self.node["cache_folder"].setValue(str(folder / "cache"))
        self.write = nuke.nodes.Write(inputs=[self.node], file_type="exr", channels="rgba", raw=True)
        self.write["file"].setValue(str(folder / "out.%04d.exr"))

    def forge_mattes(self, names=("subject",)):
        """Give the node right mattes of its range, as a track would but with no engine: the disc, for each object."""
        from mam2_nuke import node, request, results, standing

        requests = request.read_requests(self.node)
        result = results.begin(node.cache_folder(self.node), requests, None)
        for one in requests:
            sign = results.signer(one, one.shot.settings.direction)
            for frame in one.shot.frames:
                write_mattes(result.path(one.view, frame), frame, names, one.frame.size, one.layers)
                result.frames[one.view][frame] = sign(frame)
        result.save()
        with self.nuke.Undo("track"):
            node.show_mattes(self.node, result, requests[0].shot.frames)
        standing.refresh(self.node)

    def stand_between(self):
        """Put a node between the plate and the MAM2 node: then plates are rendered."""
        self.node.setInput(0, self.nuke.nodes.NoOp(inputs=[self.read]))

    def add_objects(self, names):
        """Add objects, each by a point beside the one before."""
        for number, name in enumerate(names):
            self.node["object"].setValue(name)
            self.add_point(FIRST, centre(FIRST)[0] + 3 * number, centre(FIRST)[1])

    def save_with_every_channel(self):
        """Have the Write give every channel, and save the script in a folder of its own."""
        self.write["channels"].setValue("all")
        (self.folder / "job").mkdir()
        self.nuke.scriptSaveAs(str(self.folder / "job" / "shot.nk"))

    def add_point(self, frame, x, y, kind="positive"):
        """Add a prompt as an artist does, and drag it to its place; gives its number."""
        before = {knob for knob in self.node.knobs() if knob.endswith("_used") and self.node[knob].value()}
        self.nuke.frame(frame)
        self.node[f"add_{kind}"].execute()
        (used,) = {knob for knob in self.node.knobs() if knob.endswith("_used") and self.node[knob].value()} - before
        number = used[1:3]
        for index, value in enumerate((x, y)):
            self.node[f"p{number}_xy"].setValue(value, index)
        return int(number)

    def link_to_tracker(self, number):
        """Link a point to the Tracker, as dragging the track's position onto it does."""
        for index, column in enumerate(("track_x", "track_y")):
            self.node[f"p{number:02d}_xy"].setExpression(f"parent.{self.tracker.name()}.tracks.1.{column}", index)

    def render(self, first=None, last=None):
        """Render the Write; gives its files."""
        first, last = first or self.first, last or self.last
        self.nuke.execute(self.write, first, last, 1)
        return [self.folder / f"out.{frame}.exr" for frame in range(first, last + 1)]

    def track(self, seconds=60.0):
        """Press Track forward and let Nuke run until the node is not being tracked any more."""
        import mam2_nuke.running

        self.node["track_forward"].execute()
        self.session.pump_until(lambda: not mam2_nuke.running.is_running(self.node["uid"].value()), seconds)

    def wait_for_mattes(self, count):
        """Let Nuke run until a track that is under way has that many mattes or more."""
        import mam2_nuke.running

        def there():
            progress = mam2_nuke.running.progress_of(self.node["uid"].value())
            assert progress is not None, self.status
            done, of, _ = progress.message.partition(" of ")
            return bool(of) and done.isdigit() and int(done) >= count

        self.session.pump_until(there, 60.0)

    def settle(self, seconds=10.0):
        """Let Nuke run until the node says how it stands after what was done to it last."""
        import mam2_nuke.standing

        if self.session.gui:
            self.session.pump(0.05)
            self.session.pump_until(lambda: not mam2_nuke.standing.WATCH.busy, seconds)
            assert not [line for line in self.session.prints if "Please report it" in line], self.session.prints
        else:
            mam2_nuke.standing.refresh(self.node)
        return self.status

    @property
    def status(self):
        """What the node says."""
        return self.node["status"].value()


def _tracks(span):
    first, last = span
    xs, ys = (" ".join(str(centre(frame)[i]) for frame in range(first, last + 1)) for i in (0, 1))
    return (
        "{ 1 31 1 }\n{ { 5 1 20 enable e 1 }\n{ 3 1 75 name name 1 }\n"
        + "".join(
            f"{{ 2 1 58 {name} {name} 1 }}\n"
            for name in [
                "track_x",
                "track_y",
                "offset_x",
                "offset_y",
                "T",
                "R",
                "S",
                "error",
                "error_min",
                "error_max",
                "pattern_x",
                "pattern_y",
                "pattern_r",
                "pattern_t",
                "search_x",
                "search_y",
                "search_r",
                "search_t",
                "key_track",
                "key_search_x",
                "key_search_y",
                "key_search_r",
                "key_search_t",
                "key_track_x",
                "key_track_y",
                "key_track_r",
                "key_track_t",
                "key_centre_offset_x",
                "key_centre_offset_y",
            ]
        )
        + "}\n{\n"
        + f'{{ {{curve K x{first} 1}} "track 1" {{curve x{first} {xs}}} {{curve x{first} {ys}}} '
        + " ".join(["0"] * 27)
        + " }\n}\n"
    )
