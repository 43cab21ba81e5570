"""What a movie file does to plates."""

import io

import av
import numpy as np

from engine.clips.drawn.colour import Bytes


def through_codec(plates_thwc: Bytes, *, coarseness: int) -> Bytes:
    """Encode a clip as MPEG-4 and decode it.

    Args:
        plates_thwc: (T, H, W, 3) uint8 sRGB; H and W are even.
        coarseness: the quantiser: 2 looks untouched, 20 is blocky.
    """
    file = io.BytesIO()
    # x264 would be more like today's files, but of pictures of 32 pixels it makes other bits from run to run.
    options = {"qmin": str(coarseness), "qmax": str(coarseness), "threads": "1", "flags": "bitexact"}
    with av.open(file, "w", format="mp4") as movie:
        stream = movie.add_stream("mpeg4", rate=24, options=options)
        stream.height, stream.width = plates_thwc.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for plate in plates_thwc:
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(plate, format="rgb24")))
        movie.mux(stream.encode())
    file.seek(0)
    with av.open(file) as movie:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)])
