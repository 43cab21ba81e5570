"""What a movie file does to plates."""

import io

import av
import numpy as np

from engine.training.procedural.colour import Bytes


def through_codec(plates_thwc: Bytes, *, quality: int) -> Bytes:
    """Encode a clip as H.264 and decode it.

    Args:
        plates_thwc: (T, H, W, 3) uint8 sRGB; H and W are even.
        quality: x264's constant rate factor: 18 looks untouched, 35 is blocky.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as movie:
        # One thread: the same bits wherever it runs.
        stream = movie.add_stream(
            "libx264", rate=24, options={"crf": str(quality), "preset": "veryfast", "threads": "1"}
        )
        stream.height, stream.width = plates_thwc.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for plate in plates_thwc:
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(plate, format="rgb24")))
        movie.mux(stream.encode())
    file.seek(0)
    with av.open(file) as movie:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)])
