import av
import numpy as np
import pytest

from engine.media.movie_pixels import prores_frame, prores_stream

COLOURS = {"red": (0.8, 0.1, 0.1), "green": (0.1, 0.7, 0.2), "blue": (0.2, 0.2, 0.9), "grey": (0.5, 0.5, 0.5)}


def movie_of(path, pixels, alpha, *, premultiplied):
    """Write a movie of one picture, and give it as (H, W, 4) of 0..1 read back, with its stream's tags."""
    with av.open(str(path), "w") as movie:
        stream = prores_stream(movie, 23.976, (64, 32), 2.0)
        for packet in [*stream.encode(prores_frame(pixels, alpha, premultiplied=premultiplied)), *stream.encode()]:
            movie.mux(packet)
    with av.open(str(path)) as movie:
        context = movie.streams.video[0].codec_context
        tags = [int(getattr(context, field)) for field in ("colorspace", "color_primaries", "color_trc")]
        aspect = movie.streams.video[0].sample_aspect_ratio
        (frame,) = movie.decode(video=0)
        planes = [
            np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[:, : plane.width].astype(float)
            for plane in frame.planes
        ]
        finer = 2 ** (frame.format.components[0].bits - 10)  # decoders give twelve bits
    planes = [plane / finer for plane in planes]
    luma, blue, red = (planes[0] - 64) / 876, (planes[1] - 512) / 896, (planes[2] - 512) / 896
    # Rec. ITU-R BT.709-6, table 3, turned round.
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.stack([r, g, b, planes[3] / 1023], axis=-1), tags, aspect


@pytest.mark.parametrize("premultiplied", [False, True])
@pytest.mark.parametrize("colour", COLOURS)
def test_colours_and_alpha_come_back(tmp_path, colour, premultiplied):
    """Read by Rec.709's numbers, and tagged so, colours are those that went in, straight or premultiplied."""
    pixels = np.tile(np.float32(COLOURS[colour]), (32, 64, 1))
    alpha = np.full((32, 64), 0.5, np.float32)
    alpha[:, 32:] = 1
    found, tags, aspect = movie_of(tmp_path / "a.mov", pixels, alpha, premultiplied=premultiplied)
    assert tags == [1, 1, 1]
    assert aspect == 2
    np.testing.assert_allclose(found[..., 3], alpha, atol=0.004)
    expected = pixels * alpha[..., None] if premultiplied else pixels
    np.testing.assert_allclose(found[4:-4, 4:28, :3], expected[4:-4, 4:28], atol=0.006)
    np.testing.assert_allclose(found[4:-4, 36:-4, :3], expected[4:-4, 36:-4], atol=0.006)
