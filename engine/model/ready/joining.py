"""Features and details in one convolution, the doubling of the features folded into it: plainly, or in fewer products.

Both take a place and one row and column more around it, and pad nothing. Bilinear doubling is linear, so of the weights
of a 3 x 3 convolution over doubled features it makes 3 x 3 over the features as they are, four times as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Join", "WinogradJoin", "convolved"]

_TAPS = torch.tensor([[[3, 1, 0], [1, 3, 0], [0, 3, 1]], [[1, 3, 0], [0, 3, 1], [0, 1, 3]]], dtype=torch.float64).div(4)
"""What bilinear doubling reads: by half of a place (first, second), tap of the convolution and place beside it."""
_WINOGRAD = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], dtype=torch.float64)
"""F(2, 3): the four products by which two results of a filter with three taps are found."""
_OF_DOUBLED = torch.tensor([2, 1, 1, 2], dtype=torch.float64).div(4)
"""What the products of features are still to be multiplied by: see `_rows_of_features`."""


class Join(nn.Module):
    """The convolution, plainly: each place's 2 x 2 pixels at once.

    Args:
        of_detail: (out, D, 3, 3) weights of the details.
        of_features: (out, C, 3, 3) weights of the doubled features.
        bias: (out,).
    """

    def __init__(self, of_detail: Tensor, of_features: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        wide = torch.einsum("ykm,xln,ockl->yxocmn", _TAPS, _TAPS, of_features.cpu().double()).flatten(0, 2)
        self.detail = _convolution(of_detail, bias)
        self.features = _convolution(wide.to(of_features), None)

    def forward(self, features: Tensor, detail: Tensor) -> Tensor:
        """Turn B x C x (h+2) x (w+2) features and B x D x (2h+2) x (2w+2) details into B x out x 2h x 2w."""
        found = convolved(detail, self.detail.weight, self.detail.bias)
        pixels = found.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
        of_features = convolved(features, self.features.weight)
        pixels += of_features.permute(0, 2, 3, 1).unflatten(3, (2, 2, -1)).transpose(2, 3)
        return found


class WinogradJoin(nn.Module):
    """The same in two thirds of the products, by Winograd's minimal filtering down the columns (arXiv 1509.09308).

    Two rows of pixels are made of four products a column instead of six: of sums and differences of rows, which cost
    memory traffic instead. So it pays where there are many channels, and in float32, which such sums leave exact
    enough. Arguments are those of `Join`.
    """

    def __init__(self, of_detail: Tensor, of_features: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        details = torch.einsum("rk,ockl->rocl", _WINOGRAD, of_detail.cpu().double())
        down = _WINOGRAD * _OF_DOUBLED[:, None]
        features = torch.einsum("rk,xln,ockl->rxocn", down, _TAPS, of_features.cpu().double()).flatten(1, 2)
        # The second product is in both rows with a plus, so the bias goes with it.
        biases = (None, bias, None, None)
        self.detail, self.features = nn.ModuleList(), nn.ModuleList()
        for of_one, of_other, once in zip(details.to(of_detail), features.to(of_features), biases, strict=True):
            self.detail.append(_convolution(of_one[:, :, None], once))
            self.features.append(_convolution(of_other[:, :, None], None))

    def forward(self, features: Tensor, detail: Tensor) -> Tensor:
        """Turn B x C x (h+2) x (w+2) features and B x D x (2h+2) x (2w+2) details into B x out x 2h x 2w."""
        products = []
        rows = zip(self.detail, self.features, _rows_of_detail(detail), _rows_of_features(features), strict=True)
        for of_detail, of_features, some_detail, some_features in rows:
            product = of_detail(some_detail).permute(0, 2, 3, 1)
            product += of_features(some_features).permute(0, 2, 3, 1).reshape(product.shape)
            products.append(product)
        first, second, third, fourth = products
        found = first.new_empty(len(first), 2 * first.shape[1], *first.shape[2:])
        pairs = found.unflatten(1, (-1, 2))
        torch.add(second, third, out=pairs[:, :, 0]).add_(first)
        torch.sub(second, third, out=pairs[:, :, 1]).sub_(fourth)
        return found.permute(0, 3, 1, 2)


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


def _rows_of_detail(detail: Tensor) -> Iterator[Tensor]:
    """Give what Winograd's four products multiply, for each two rows of pixels: of the four rows that they read."""
    one, two, three, four = detail[:, :, :-2:2], detail[:, :, 1:-1:2], detail[:, :, 2::2], detail[:, :, 3::2]
    yield one - three
    yield two + three
    yield three - two
    yield two - four


def _rows_of_features(features: Tensor) -> Iterator[Tensor]:
    """Give the same of rows that doubling makes: a quarter of (3a+b, a+3b, 3b+c, b+3c), of rows a, b and c.

    Short of a half, a quarter, a quarter and a half, which the weights hold.
    """
    above, here, below = features[:, :, :-2], features[:, :, 1:-1], features[:, :, 2:]
    slope = below - above
    yield torch.sub(above - here, slope, alpha=0.5)
    yield torch.add(above + below, here, alpha=6)
    yield slope
    yield torch.sub(here - below, slope, alpha=0.5)


def _convolution(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Give the convolution with these weights, which pads nothing."""
    out, channels, *size = weight.shape
    conv = skip_init(nn.Conv2d, channels, out, size, bias=bias is not None)
    conv.to(weight).requires_grad_(requires_grad=False)
    conv.weight.copy_(weight)
    if bias is not None:
        conv.bias.copy_(bias)
    return conv
