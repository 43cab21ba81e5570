"""What goes between MAM2's parts: frozen, tensors only. B is objects, S the model's square side, strides 4, 8, 16."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import EllipsisType

from torch import Tensor, device


@dataclass(frozen=True)
class Crop:
    """A rectangle of a plate in pixels: left and top included, right and bottom not."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.right - self.left) * (self.bottom - self.top)

    @property
    def window(self) -> tuple[EllipsisType, slice, slice]:
        """The rectangle as an index of a tensor's last two axes."""
        return ..., slice(self.top, self.bottom), slice(self.left, self.right)

    def around(self, other: "Crop") -> "Crop":
        """Give the smallest rectangle around both."""
        return Crop(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def overlaps(self, other: "Crop") -> bool:
        """Tell whether the two share a pixel."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def grown(self, by: int) -> "Crop":
        """Give the rectangle with surroundings of so many pixels."""
        return Crop(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def cut_to(self, other: "Crop") -> "Crop":
        """Give what of the rectangle lies within another."""
        return Crop(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def shifted_into(self, other: "Crop") -> "Crop":
        """Give the rectangle moved no farther than it takes to lie within another; what is too large is cut."""
        left = max(min(self.left, other.right - (self.right - self.left)), other.left)
        top = max(min(self.top, other.bottom - (self.bottom - self.top)), other.top)
        return self.moved(left - self.left, top - self.top).cut_to(other)

    def moved(self, right: int, down: int) -> "Crop":
        """Give the rectangle so many pixels further right and down."""
        return Crop(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def enlarged(self, by: int) -> "Crop":
        """Give the same rectangle of a picture that is so many times as large."""
        return Crop(self.left * by, self.top * by, self.right * by, self.bottom * by)

    def shrunk(self, by: int) -> "Crop":
        """Give the same rectangle of a picture that is so many times as small; its sides are multiples of that."""
        return Crop(self.left // by, self.top // by, self.right // by, self.bottom // by)


@dataclass(frozen=True)
class Features:
    """One encoded plate, before anything is remembered.

    Attributes:
        image_bchw: (B, C, S/16, S/16) image embedding.
        stride_4: (B, C/8, S/4, S/4) and
        stride_8: (B, C/4, S/8, S/8): fine detail, already projected for the decoder.
    """

    image_bchw: Tensor
    stride_4: Tensor
    stride_8: Tensor

    @property
    def high_res(self) -> list[Tensor]:
        """The fine features in the order SAM 2's decoder takes them."""
        return [self.stride_4, self.stride_8]

    def map(self, change: Callable[[Tensor], Tensor]) -> "Features":
        """Give the same features with `change` applied to each tensor."""
        return Features(change(self.image_bchw), change(self.stride_4), change(self.stride_8))


@dataclass(frozen=True)
class FramePrompt:
    """What the artist says of one object on one frame, in the model's frame (S by S, corners at integers).

    Attributes:
        points_bp2: (B, P, 2) x, y; box corners first.
        labels_bp: (B, P) int32: 0 negative, 1 positive, 2 and 3 a box's top-left and bottom-right, -1 padding.
        mask_b1hw: (B, 1, S, S) 0 or 1, a mask given by the artist.
        prior_b1hw: (B, 1, S/4, S/4) logits of the mask that points correct.
        anew: the prompt describes the object by itself; what was remembered plays no part.
    """

    points_bp2: Tensor | None = None
    labels_bp: Tensor | None = None
    mask_b1hw: Tensor | None = None
    prior_b1hw: Tensor | None = None
    anew: bool = True

    def to(self, where: device) -> "FramePrompt":
        """Give the same prompt on another device."""
        tensors = (self.points_bp2, self.labels_bp, self.mask_b1hw, self.prior_b1hw)
        points, labels, mask, prior = (None if tensor is None else tensor.to(where) for tensor in tensors)
        return FramePrompt(points, labels, mask, prior, self.anew)

    def refining(self, prior_b1hw: Tensor, *, anew: bool) -> "FramePrompt":
        """Give only the points, as corrections of the mask with these logits."""
        return replace(self, mask_b1hw=None, prior_b1hw=prior_b1hw, anew=anew)


@dataclass(frozen=True)
class FrameMemory:
    """What the tracker remembers of one frame: features (B, M, S/16, S/16), None when faded, and pointer (B, C)."""

    features_bmhw: Tensor | None
    pointer_bc: Tensor

    def faded(self) -> "FrameMemory":
        """Give the memory that is left after a while: the pointer alone."""
        return FrameMemory(None, self.pointer_bc)


@dataclass(frozen=True)
class Memory:
    """What may be recalled on a frame. Frames count from 0 at the shot's start.

    Attributes:
        frame: the frame that recalls.
        length: frames of the shot.
        prompted: memories of prompted frames.
        recent: memories of frames tracked lately, in the direction of tracking.
        backward: tracking runs against time.
    """

    frame: int
    length: int
    prompted: Mapping[int, FrameMemory] = field(default_factory=dict)
    recent: Mapping[int, FrameMemory] = field(default_factory=dict)
    backward: bool = False


@dataclass(frozen=True)
class Mask:
    """The decoder's segmentation.

    Attributes:
        logits_b1hw: (B, 1, S/4, S/4); about -1024 everywhere where the object is absent.
        pointer_bc: (B, C) the object's pointer.
        presence_b1: (B, 1) logit that the object is in the frame.
    """

    logits_b1hw: Tensor
    pointer_bc: Tensor
    presence_b1: Tensor


@dataclass(frozen=True)
class Step:
    """One frame of one object: its mask, trimap logits (B, 3, S/4, S/4) and what to remember of it.

    Attributes:
        covers: the part of the plate that the trimap is stretched over, with background around it; None for all.
    """

    mask: Mask
    trimap_b3hw: Tensor
    memory: FrameMemory
    covers: Crop | None = None
