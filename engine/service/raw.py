"""Raw pixels: how a client says that they lie, and how that is kept in a file's name."""

import re
from dataclasses import dataclass

from engine.contract.errors import PlateError, ServiceError

DTYPES = {"float16": 2, "float32": 4}
ORIGINS = ("top-left", "bottom-left")
MOST_SIDE = 32768
_SUFFIX = re.compile(r"(\d+)x(\d+)x(\d+)\.(float16|float32)\.(top-left|bottom-left)\.raw")


@dataclass(frozen=True)
class RawLayout:
    """Rows of interleaved channels without gaps, little-endian, scene-linear.

    Attributes:
        height, width: in pixels.
        channels: 3 (RGB) or 4 (a fourth is passed over).
        dtype: `float16` or `float32`.
        origin: where the first row is: `top-left` or `bottom-left`.

    Raises:
        PlateError: `plates.raw_layout`.
    """

    height: int
    width: int
    channels: int
    dtype: str = "float16"
    origin: str = "top-left"

    def __post_init__(self) -> None:
        sides = 1 <= self.height <= MOST_SIDE and 1 <= self.width <= MOST_SIDE
        if not (sides and self.channels in (3, 4) and self.dtype in DTYPES and self.origin in ORIGINS):
            raise PlateError(
                "plates.raw_layout",
                f"Raw pixels of {self.width}x{self.height}, {self.channels} channels, {self.dtype}, {self.origin} "
                "cannot be read.",
                f"Send 3 or 4 channels of {' or '.join(DTYPES)}, sides up to {MOST_SIDE}, "
                f"origin {' or '.join(ORIGINS)}.",
            )

    @property
    def size(self) -> int:
        """Bytes of one plate."""
        return self.height * self.width * self.channels * DTYPES[self.dtype]

    def check(self, size: int) -> None:
        """Refuse a plate of another size in bytes.

        Raises:
            PlateError: `plates.truncated`.
        """
        if size != self.size:
            raise PlateError(
                "plates.truncated",
                f"{size} bytes came, but raw pixels of {self.width}x{self.height} with {self.channels} channels of "
                f"{self.dtype} are {self.size}.",
                "Send whole rows without gaps, and the shape as height,width,channels.",
            )

    def suffix(self) -> str:
        """Give the layout as the end of a file's name; `layout_of` is the inverse."""
        return f"{self.height}x{self.width}x{self.channels}.{self.dtype}.{self.origin}.raw"


def layout_of(file_name: str) -> RawLayout | None:
    """Read the layout from a plate's file name, `FRAME.TOKEN.SUFFIX`; None for an image file."""
    match = _SUFFIX.fullmatch(file_name.split(".", 2)[-1])
    if match is None:
        return None
    return RawLayout(int(match[1]), int(match[2]), int(match[3]), match[4], match[5])


def too_large(most_bytes: int) -> ServiceError:
    """Give the error of a plate, raw or not, that has more bytes than one may have."""
    return ServiceError(
        "engine.too_large",
        f"The plate is larger than the {most_bytes} bytes that one may have.",
        "Send smaller plates, or raise MAM2_PLATE_BYTES.",
    )
