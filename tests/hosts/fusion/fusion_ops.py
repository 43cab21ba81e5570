"""What the stand-in's images compute by themselves: the Fuse guide's image methods, in numpy.

Names and arguments are the guide's (July 2022, p. 69-83). What it does not say is marked [R] and measured by the
self-test: how wide a blur or a dilation of a size is, whether a height counts in widths, which way a gamma goes.
"""

import cv2
import numpy as np

CHANNELS = "RGBA"


class ImageOps:
    """The methods of one host's images.

    Args:
        host: gives `pixels(image)`: (H, W, channels) with the top row first, and `order(image)`.
        make: makes an image from attributes (a Lua table), and `fill(image, pixels)` writes it.
    """

    def __init__(self, host):
        self._host = host

    def __call__(self, name, image, *arguments):
        """Run a method; gives what the host's would give."""
        return getattr(self, "_" + name.lower())(image, *arguments)

    def _values(self, image):
        """Give a picture as (H, W, 4) float32; what is not there is 0 [R]."""
        pixels, order = self._host.pixels(image), self._host.order(image)
        if np.issubdtype(pixels.dtype, np.integer):
            pixels = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
        found = np.zeros((*pixels.shape[:2], 4), np.float32)
        for index, name in enumerate(order):
            found[..., CHANNELS.index(name)] = pixels[..., index]
        return found

    def _store(self, image, values):
        dtype, order = self._host.dtype(image), self._host.order(image)
        picked = values[..., [CHANNELS.index(name) for name in order]]
        if np.issubdtype(dtype, np.integer):
            most = np.iinfo(dtype).max
            picked = np.floor(picked.clip(0, 1) * np.float32(most) + np.float32(0.5)).clip(0, most)
        self._host.fill(image, picked.astype(dtype))

    def _new(self, image):
        return self._host.like(image)

    def _copyof(self, image):
        out = self._new(image)
        self._host.fill(out, self._host.pixels(image))
        return out

    def _crop(self, image, target, options):
        """Copy a part into another image, converted to its depth and channels (p. 83); outside it is black [R]."""
        assert set(options) == {"CROP_XOffset", "CROP_YOffset"}
        left, bottom = options.CROP_XOffset, options.CROP_YOffset
        source, window, wanted = self._values(image), image.DataWindow, target.DataWindow
        out = np.zeros((wanted.top - wanted.bottom, wanted.right - wanted.left, 4), np.float32)
        x0, x1 = max(window.left - left, wanted.left), min(window.right - left, wanted.right)
        y0, y1 = max(window.bottom - bottom, wanted.bottom), min(window.top - bottom, wanted.top)
        if x1 > x0 and y1 > y0:
            rows = source[::-1][y0 + bottom - window.bottom : y1 + bottom - window.bottom]
            part = rows[:, x0 + left - window.left : x1 + left - window.left]
            out[::-1][y0 - wanted.bottom : y1 - wanted.bottom, x0 - wanted.left : x1 - wanted.left] = part
        self._store(target, out)
        return target

    def _blur(self, image, target, options):
        """Blur; a size of 1 is the picture's width, also upwards (p. 69: both divide by OriginalWidth)."""
        assert options.BLUR_Type == "Gaussian"
        sigmas = [options[name] * image.OriginalWidth / 2 for name in ("BLUR_XSize", "BLUR_YSize")]  # [R]: half
        values = self._values(image)
        self._store(target, cv2.GaussianBlur(values, (0, 0), *sigmas, borderType=cv2.BORDER_REPLICATE))
        return target

    def _erodedilate(self, image, target, options):
        """Dilate by positive, erode by negative amounts; 1 is the picture's width (p. 74-75)."""
        assert options.ErDl_Filter == "Box"
        across, up = (round(options[name] * image.OriginalWidth) for name in ("ErDl_AmountX", "ErDl_AmountY"))
        kernel = np.ones((2 * abs(up) + 1, 2 * abs(across) + 1), np.uint8)
        run = cv2.erode if across < 0 else cv2.dilate
        self._store(target, run(self._values(image), kernel, borderType=cv2.BORDER_REPLICATE))
        return target

    def _gamma(self, image, *gammas):
        """Raise each channel to 1 / gamma [R], in place (p. 76)."""
        values = self._values(image).clip(0, None)
        self._store(image, values ** (1 / np.float32(gammas)))

    def _gain(self, image, *gains):
        """Multiply each channel in place (p. 76)."""
        self._store(image, self._values(image) * np.float32(gains))

    def _channelopof(self, image, operation, foreground, options, *rest):
        """Combine channels into a new image; channels that are not named stay (p. 71-73)."""
        assert not rest
        background, foreground = self._values(image), self._values(foreground or image)
        out, values = self._new(image), background.copy()
        for name, source in options.items():
            which, _, channel = source.lower().partition(".")
            other = (foreground if which == "fg" else background)[..., CHANNELS.index(channel.upper())]
            at = CHANNELS.index(name)
            before = values[..., at]
            values[..., at] = {"Copy": other, "Multiply": before * other, "Add": before + other}[operation]
        self._store(out, values)
        return out
