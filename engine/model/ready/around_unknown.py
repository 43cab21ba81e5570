"""The matter's detail decoder where it matters: in windows around the unknown pixels of a trimap.

A window's wide steps go in parts, each over what the next one reads, and no step doubles its features.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn import functional as F
from torch.nn.utils import skip_init
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.model.ready.precision import InFloat32
from engine.model.tensors import Crop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from timm.layers import ConvNormAct

    from engine.model.matter_decoder import FusionBlock, MatterDecoder

__all__ = ["AroundUnknown", "FoldedFusion", "windows_around"]


def cells_with(wanted_hw: Tensor, side: int) -> Tensor:
    """Cut a plate (H, W) bool into cells of `side` pixels; give True for those that hold a wanted pixel, on the CPU."""
    return marked_cells(wanted_hw, side).bool().cpu()


def marked_cells(wanted_hw: Tensor, side: int) -> Tensor:
    """Give the same where the plate is, uint8: 1 for cells that hold a wanted pixel."""
    whole = F.pad(wanted_hw, (0, -wanted_hw.shape[1] % side, 0, -wanted_hw.shape[0] % side))
    # Bytes' largest value row by row takes a fortieth of the time that pooling of floats does on a processor.
    rows = whole.view(torch.uint8).unflatten(0, (-1, side)).amax(dim=1)
    return rows.unflatten(1, (-1, side)).amax(dim=2)


def filled_beyond(picture: Tensor, known: Crop, *, mode: str = "constant") -> Tensor:
    """Put zeros, or with `replicate` the outermost values, where a picture lies beyond what is known of it."""
    height, width = picture.shape[-2:]
    held = known.cut_to(Crop(0, 0, width, height))
    beyond = (held.left, width - held.right, held.top, height - held.bottom)
    return F.pad(picture[held.window], beyond, mode=mode) if any(beyond) else picture


def runs_of(cells: Tensor, side: int, longest: int) -> list[Crop]:
    """Give the runs of True in each row of cells, in pixels, none longer than `longest` pixels."""
    edges = F.pad(cells, (1, 1)).diff(dim=1).nonzero().tolist()
    return [
        Crop(start * side, row * side, min(start * side + longest, end * side), (row + 1) * side)
        for (row, first), (_, end) in zip(edges[::2], edges[1::2], strict=True)
        for start in range(first, end, longest // side)
    ]


def tiles_over(wanted_hw: Tensor, height: int, width: int) -> list[Crop]:
    """Give rectangles of one size, none over another, that hold every wanted place of a map (H, W) bool.

    They begin where something is wanted, and may reach beyond the map.
    """
    return [
        Crop(left, top, left + width, top + height)
        for top in _starts(wanted_hw.any(dim=1), height)
        for left in _starts(wanted_hw[top : top + height].any(dim=0), width)
    ]


def _starts(wanted: Tensor, length: int) -> Iterator[int]:
    """Give where stretches of one length begin that hold every place that is wanted along one axis, bool."""
    end = 0
    for place in wanted.nonzero().flatten().tolist():
        if place >= end:
            yield place
            end = place + length


def joined(crops: list[Crop], belong_together: Callable[[Crop, Crop], bool]) -> list[Crop]:
    """Put rectangles that belong together into one around them, until none do; from the top, then from the left."""
    done: list[Crop] = []
    waiting = list(crops)
    while waiting:
        crop = waiting.pop()
        partner = next((other for other in done if belong_together(crop, other)), None)
        if partner is None:
            done.append(crop)
        else:
            done.remove(partner)
            waiting.append(crop.around(partner))
    return sorted(done, key=lambda crop: (crop.top, crop.left))


_CELL, _FINE = 64, 4
"""Pixels of a cell that windows and that their parts are made of; the finer ones leave a device, once a batch."""
_LONGEST = 2048
_LITTLE = 0.7
"""Of the cost of the window that would hold all: several that cost more are not worth compiling for."""
CONTEXT = 32
"""How far the decoder sees, in pixels: what lies farther off changes no pixel."""
_PART_HW, _GPU_PART_HW = (128, 256), (512, 1024)
"""Pixels of what the two widest steps take at once; always as many, for oneDNN compiles for every size."""
_STRIDES = (8, 4, 2, 1)
_HALO = 2
"""What the steps give around a place, each in pixels of its own: from as much before it a step makes as much."""
_TAPS = torch.tensor([[[3, 1, 0], [1, 3, 0], [0, 3, 1]], [[1, 3, 0], [0, 3, 1], [0, 1, 3]]], dtype=torch.float64).div(4)
"""What bilinear doubling reads: by half of a place (first, second), tap of the convolution and place beside it."""


class AroundUnknown(nn.Module):
    """The matter's decoder for the unknown pixels of a batch; the others keep the trimap.

    Args:
        decoder: what it stands in for; its norms are folded, and weights that stay as they are are shared.
    """

    def __init__(self, decoder: MatterDecoder) -> None:
        super().__init__()
        for part in cast("Iterable[ConvNormAct]", decoder.convstream.convs):
            part.conv, part.bn = _folded(part.conv, part.bn), part.bn.act
        convs = decoder.matting_head.matting_convs
        convs[0], convs[1], convs[2] = _folded(convs[0], convs[1]), nn.Identity(), nn.ReLU(inplace=True)
        self.convstream = decoder.convstream
        self.head: nn.Module = decoder.matting_head
        self.steps = nn.ModuleList(FoldedFusion(step) for step in cast("Iterable[FusionBlock]", decoder.fusion_blks))
        self.to(memory_format=torch.channels_last)

    @classmethod
    def with_exact_head(cls, decoder: MatterDecoder) -> AroundUnknown:
        """Give one whose step to alpha never uses TF32."""
        made = cls(decoder)
        made.head = InFloat32(made.head)
        return made

    @classmethod
    def in_half(cls, decoder: MatterDecoder) -> AroundUnknown:
        """Give one whose details and fusion are in bfloat16; the step to alpha, which that would band, is not."""
        made = cls(decoder)
        made.convstream.bfloat16()
        made.steps.bfloat16()
        return made

    def cells_of(self, image_b4hw: Tensor) -> Tensor:
        """Give (H/4, W/4) uint8 on the device: 1 where a cell of 4 x 4 pixels holds an unknown one of any image."""
        return marked_cells((image_b4hw[:, 3] == 0.5).any(dim=0), _FINE)

    def forward(self, features: Tensor, image_b4hw: Tensor, cells: Tensor | None = None) -> Tensor:
        """Decode a batch; equals decoding the frame at once where the trimap is unknown, up to rounding.

        Args:
            features: B x dim x H/16 x W/16.
            image_b4hw: B x 4 x H x W, normalised plate and trimap.
            cells: what `cells_of` gives of it, bool, on the CPU; None: it is asked.

        Returns:
            B x 1 x H x W float32: alpha around unknown pixels, the trimap elsewhere.
        """
        alpha = image_b4hw[:, 3:].float().clone()
        frame = Crop(0, 0, image_b4hw.shape[-1], image_b4hw.shape[-2])
        cells = self.cells_of(image_b4hw).bool().cpu() if cells is None else cells
        for window in windows_around(cells):
            inside, seen = window.cut_to(frame), window.grown(CONTEXT).cut_to(frame)
            alpha[inside.window] = self.decode_window(
                features[seen.shrunk(16).window],
                image_b4hw[seen.window],
                inside.moved(-seen.left, -seen.top),
                cells[inside.shrunk(_FINE).window],
            )
        return alpha

    def decode_window(self, features: Tensor, image_b4hw: Tensor, window: Crop, cells: Tensor) -> Tensor:
        """Decode some pixels of a window.

        Args:
            features: B x dim x H/16 x W/16.
            image_b4hw: B x 4 x H x W, normalised plate and trimap.
            window: within the frame, on multiples of 16 pixels.
            cells: which of its cells of 4 x 4 pixels hold wanted ones, bool, on the CPU.

        Returns:
            B x 1 x h x w float32 alpha of the window, 0..1; the trimap where nothing is wanted.
        """
        half, whole = (next(part.parameters()).dtype for part in (self.convstream, self.head))
        details = self.convstream(image_b4hw.to(half))[::-1]
        alpha = image_b4hw[:, 3:][window.window].float().clone()
        frame = Crop(0, 0, image_b4hw.shape[-1], image_b4hw.shape[-2])
        near = _cut(features.to(half), window.shrunk(2 * _STRIDES[0]).grown(_HALO))
        for index in (0, 1):
            near = self._step(index, near, details[index], window, frame)
        for part in _parts_with(cells, _PART_HW if image_b4hw.device.type == "cpu" else _GPU_PART_HW):
            found = near[part.shrunk(4).grown(_HALO).moved(_HALO, _HALO).window]
            place = part.moved(window.left, window.top)
            for index in (2, 3):
                found = self._step(index, found, details[index], place, frame)
            around = place.grown(_HALO)
            found = self.head(filled_beyond(found.to(whole), frame.moved(-around.left, -around.top)))
            alpha[part.window] = found[..., _HALO:-_HALO, _HALO:-_HALO].float().sigmoid()
        return alpha

    def _step(self, index: int, features: Tensor, detail: Tensor, place: Crop, frame: Crop) -> Tensor:
        """Give what a step makes of a place and its halo, from as much before it."""
        around = place.shrunk(_STRIDES[index]).grown(_HALO)
        there = frame.shrunk(_STRIDES[index]).moved(-around.left, -around.top)
        return cast("Tensor", self.steps[index](features, _cut(detail, around.grown(1)), there))


class FoldedFusion(nn.Module):
    """A fusion step with the doubling folded into its convolution, which then gives each place's 2 x 2 pixels at once.

    Convolving what was doubled reads and writes four times as many places as there are features; the products are as
    many. Bilinear doubling is linear: of the weights of a 3 x 3 convolution over doubled features it makes 3 x 3 over
    the features as they are, four times as many. Nothing is padded: it is given a place and what lies around.

    Args:
        step: what it stands in for; its norm is folded too.
    """

    def __init__(self, step: FusionBlock) -> None:
        super().__init__()
        conv, self.act = _folded(step.conv.conv, step.conv.bn), step.conv.bn.act
        of_detail, of_features = conv.weight.detach().tensor_split([step.detail_channels], dim=1)
        wide = torch.einsum("ykm,xln,ockl->yxocmn", _TAPS, _TAPS, of_features.cpu().double()).flatten(0, 2)
        self.detail = _convolution(of_detail, conv.bias)
        self.features = _convolution(wide.to(of_features), None)
        self.of_doubled = nn.Parameter(of_features.clone(), requires_grad=False)

    def forward(self, features: Tensor, detail: Tensor, frame: Crop) -> Tensor:
        """Join what a place holds, and one more around it.

        Args:
            features: B x C x (h+2) x (w+2); what lies beyond the frame does not matter.
            detail: B x D x (2h+2) x (2w+2), zero beyond the frame.
            frame: where the frame lies, counted in pixels from the first that is given out; even.

        Returns:
            B x out x 2h x 2w.
        """
        # Doubling reads beyond the frame as if its outermost features went on.
        features = filled_beyond(features, frame.shrunk(2).moved(1, 1), mode="replicate")
        found = convolved(detail, self.detail.weight, self.detail.bias)
        pixels = found.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
        of_features = convolved(features, self.features.weight)
        pixels += of_features.permute(0, 2, 3, 1).unflatten(3, (2, 2, -1)).transpose(2, 3)
        self._forget_beyond(found, features, frame)
        return cast("Tensor", self.act(found))

    def _forget_beyond(self, found: Tensor, features: Tensor, frame: Crop) -> None:
        """Take from the frame's outermost pixels what was doubled beyond them: the plain step has zeros there."""
        height, width = found.shape[-2:]
        for row, tap in ((frame.top, 0), (frame.bottom - 1, 2)):
            if 0 <= row < height:
                beyond = _doubled(features[:, :, row // 2 + 1, None], (1, 2))[..., 1:-1]
                found[:, :, row, None] -= convolved(beyond, self.of_doubled[:, :, tap, None])
        for column, tap in ((frame.left, 0), (frame.right - 1, 2)):
            if 0 <= column < width:
                beyond = _doubled(features[..., column // 2 + 1, None], (2, 1))[:, :, 1:-1]
                beyond[:, :, : max(frame.top + 1, 0)] = 0  # corners are gone with the rows
                beyond[:, :, frame.bottom + 1 :] = 0
                found[..., column, None] -= convolved(beyond, self.of_doubled[..., tap, None])


def windows_around(cells: Tensor) -> list[Crop]:
    """Give windows that hold every wanted pixel, joined where one costs less than two.

    Where several save little, one holds all.

    Args:
        cells: (H/4, W/4) bool, which cells of 4 x 4 pixels hold wanted ones.
    """
    windows = joined(runs_of(cells_with(cells, _CELL // _FINE), _CELL, _LONGEST), _cheaper_together)
    box = reduce(Crop.around, windows) if windows else None
    return [box] if box and sum(map(_cost, windows)) > _LITTLE * _cost(box) and _fits(box) else windows


def _cheaper_together(one: Crop, other: Crop) -> bool:
    both = one.around(other)
    return _fits(both) and _cost(both) <= _cost(one) + _cost(other)


def _fits(window: Crop) -> bool:
    return max(window.right - window.left, window.bottom - window.top) <= _LONGEST


def _cost(window: Crop) -> int:
    return (window.right - window.left + 2 * CONTEXT) * (window.bottom - window.top + 2 * CONTEXT)


def _parts_with(cells: Tensor, size_hw: tuple[int, int]) -> list[Crop]:
    """Give parts of a window that hold every cell that is wanted and little else, in pixels; on the cells' grid."""
    frame = Crop(0, 0, _FINE * cells.shape[1], _FINE * cells.shape[0])
    tiles = tiles_over(cells, size_hw[0] // _FINE, size_hw[1] // _FINE)
    return [tile.enlarged(_FINE).shifted_into(frame) for tile in tiles]


def _cut(picture: Tensor, seen: Crop) -> Tensor:
    """Give a rectangle of a picture, with zeros beyond its edges."""
    held = seen.cut_to(Crop(0, 0, picture.shape[-1], picture.shape[-2]))
    around = (held.left - seen.left, seen.right - held.right, held.top - seen.top, seen.bottom - held.bottom)
    return functional.pad(picture[held.window], around) if any(around) else picture[held.window]


def _doubled(line: Tensor, times: tuple[int, int]) -> Tensor:
    return functional.interpolate(line, scale_factor=times, mode="bilinear", align_corners=False)


def convolved(picture: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolve, padding nothing.

    In bfloat16 it is padded and cut: oneDNN 3.13 computes an unpadded convolution wrongly on processors with AMX, and
    which others it does has not been measured; padded ones have been compared with float32 there.
    """
    if picture.dtype != torch.bfloat16:
        return functional.conv2d(picture, weight, bias)
    down, across = weight.shape[2] // 2, weight.shape[3] // 2
    found = functional.conv2d(picture, weight, bias, padding=(down, across))
    return found[:, :, down : found.shape[2] - down, across : found.shape[3] - across]


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Give the convolution with these weights, which pads nothing."""
    out, channels, *size = weight.shape
    conv = skip_init(nn.Conv2d, channels, out, size, bias=bias is not None)
    conv.to(weight).requires_grad_(requires_grad=False)
    conv.weight.copy_(weight)
    if bias is not None:
        conv.bias.copy_(bias)
    return conv


def _folded(conv: nn.Module, norm: nn.Module) -> nn.Conv2d:
    return fuse_conv_bn_eval(cast("nn.Conv2d", conv), cast("nn.BatchNorm2d", norm))
