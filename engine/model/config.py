"""Every number of every model, in frozen dataclasses. Names are what `--model` takes.

Sources: `sam2.1-*` are the public SAM 2.1 configurations (facebookresearch/sam2); `mam2-*` add the paper's parts
(Matting Anything 2, ICLR 2026); `starter` is the same structure in small, trained by this project. A matter, the
network that turns plate and trimap into alpha, has a config of its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HieraConfig:
    """The image encoder's trunk; one entry a stage, strides 4, 8, 16, 32."""

    embed_dim: int
    num_heads: int
    stages: tuple[int, int, int, int]
    global_blocks: tuple[int, ...]
    windows: tuple[int, int, int, int] = (8, 4, 14, 7)
    position_grid: tuple[int, int] = (7, 7)

    @property
    def channels(self) -> tuple[int, int, int, int]:
        """Channels of the four stages, finest first."""
        dim = self.embed_dim
        return (dim, 2 * dim, 4 * dim, 8 * dim)


@dataclass(frozen=True)
class TrackerConfig:
    """SAM 2: encoder, memory, prompts, decoder. Defaults are SAM 2.1's.

    Attributes:
        hiera: numbers of that trunk; None for another.
        trunk: `hiera`, or `efficientnet_lite0` as timm builds it, which has no numbers to choose.
    """

    hiera: HieraConfig | None
    trunk: str = "hiera"
    image_size: int = 1024
    dim: int = 256
    memory_dim: int = 64
    memory_layers: int = 4
    memory_feedforward: int = 2048
    decoder_feedforward: int = 2048
    dropout: float = 0.1
    multimask: bool = (
        True  # three candidates for an ambiguous prompt, and one more look when the single mask is unstable
    )
    binarise_prompted_memory: bool = True  # memories of prompted frames see the mask that the artist saw
    decoder_mixers: int = 0  # ConvNeXt blocks before the two-way transformer: a small encoder leaves mixing undone
    decoder_refiners: int = 0  # ConvNeXt blocks at strides 8 and 4 of each upscaler: a small encoder's detail is raw
    likeness: bool = False  # also say in the dense prompt where the plate looks like what was clicked
    draw_prompts: bool = False  # also draw points and boxes into the dense prompt: learned sooner from little data


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adapters on the encoder's attention (`qkv` and `proj`)."""

    rank: int = 16
    alpha: int = 16
    dropout: float = 0.1


@dataclass(frozen=True)
class MatterConfig:
    """Every size of a matter; two equal configs hold interchangeable weights.

    Attributes:
        dim: channels of a token; a multiple of `heads` and of 8.
        depth: number of transformer blocks.
        heads: attention heads per block.
        window: side of an attention window, in tokens.
        global_blocks: indices of the blocks whose tokens see the whole frame.
        patch: side of a token, in pixels; the decoder doubles its way back, so it is 16.
        pretrain_grid: side of the grid that the position embedding is stored for, in tokens.
        convstream: channels of the detail branch at 1/2, 1/4 and 1/8 of the frame.
        fusion: channels of the fusion steps at 1/8, 1/4, 1/2 and full size.
        head: hidden channels of the last step to alpha.
        max_tokens: most tokens that a global block attends with, per frame, when not training.
        detail_tile: side of the decoder's tiles, in pixels; a multiple of `patch`.
        detail_overlap: context added on each side of a tile, in pixels; a multiple of `patch`.
        global_rel_pos: whether global blocks have relative positions too (ViTMatte does).
        routed: whether a router picks the tokens of each global block (ViTMatte has none).
    """

    dim: int = 384
    depth: int = 12
    heads: int = 6
    window: int = 14
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    patch: int = 16
    pretrain_grid: int = 14
    convstream: tuple[int, int, int] = (48, 96, 192)
    fusion: tuple[int, int, int, int] = (256, 128, 64, 32)
    head: int = 16
    max_tokens: int = 18500
    detail_tile: int = 512
    detail_overlap: int = 64
    global_rel_pos: bool = False
    routed: bool = True

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built.

        Raises:
            ValueError: a size contradicts another one.
        """
        if self.dim % self.heads or self.dim % 8:
            raise ValueError(f"dim {self.dim} must be a multiple of 8 and of heads {self.heads}")
        if any(not 0 <= index < self.depth for index in self.global_blocks):
            raise ValueError(f"global_blocks {self.global_blocks} must lie within depth {self.depth}")
        if self.patch != 16:
            raise ValueError(f"patch {self.patch}: the decoder's four doublings need 16")
        if self.detail_tile % self.patch or self.detail_overlap % self.patch:
            raise ValueError("detail_tile and detail_overlap must be multiples of patch")
        if self.global_rel_pos and self.routed:
            raise ValueError("relative positions need every token in a global block: not with a router")


@dataclass(frozen=True)
class PictureTrimapConfig:
    """The network that makes a trimap of a picture and a mask; see `engine.model.picture_trimap`.

    Attributes:
        widths: channels at strides 2, 4, 8, 16 and 32.
        blocks: blocks at these strides on the way down; at stride 2 there are none.
        side: of the square that it looks at, in pixels.
    """

    widths: tuple[int, ...] = (16, 32, 64, 128, 192)
    blocks: tuple[int, ...] = (0, 1, 1, 2, 1)
    side: int = 384


PICTURE_TRIMAP = PictureTrimapConfig()


@dataclass(frozen=True)
class MAM2Config:
    """A whole model.

    Attributes:
        trimap_from: `decoder` when a trained trimap branch is there; `picture` asks the network that sees the plate and
            the mask, for SAM 2.1 weights as published; `uncertainty` takes a band around the mask's own doubt, where
            weights of that network are not there or nobody wants them.
        lora: None for an encoder without adapters.
        trimap: that network; None where there is none.
    """

    name: str
    tracker: TrackerConfig
    matter: MatterConfig
    trimap_from: str = "decoder"
    lora: LoraSettings | None = None
    trimap: PictureTrimapConfig | None = None


MEMATTE_S = MatterConfig()
"""MEMatte-S (29.2 M parameters): https://github.com/linyiheng123/MEMatte, arXiv 2412.14018."""

VITMATTE_S = MatterConfig(global_rel_pos=True, routed=False)
"""ViTMatte-S (25.8 M parameters): https://github.com/hustvl/ViTMatte, arXiv 2305.15272."""

STARTER_MATTER = MatterConfig(
    dim=128,
    depth=6,
    heads=4,
    window=8,
    global_blocks=(2, 5),
    convstream=(24, 48, 96),
    fusion=(96, 64, 32, 16),
)
"""The small matter whose weights ship with the product."""

_TINY = HieraConfig(96, 1, (1, 2, 7, 2), (5, 7, 9))
_SMALL = HieraConfig(96, 1, (1, 2, 11, 2), (7, 10, 13))
_BASE_PLUS = HieraConfig(112, 2, (2, 3, 16, 3), (12, 16, 20), position_grid=(14, 14))
_LARGE = HieraConfig(144, 2, (2, 6, 36, 4), (23, 33, 43), windows=(8, 4, 16, 8))

STARTER = MAM2Config(
    name="starter",
    tracker=TrackerConfig(
        None,
        trunk="efficientnet_lite0",
        image_size=384,
        dim=128,
        memory_layers=2,
        memory_feedforward=256,
        decoder_feedforward=256,
        dropout=0.0,
        multimask=False,
        binarise_prompted_memory=False,
        decoder_mixers=2,
        decoder_refiners=2,
        draw_prompts=True,
        likeness=True,
    ),
    matter=STARTER_MATTER,
    lora=LoraSettings(rank=16, alpha=16, dropout=0.0),
)


def _family() -> dict[str, MAM2Config]:
    configs = {"starter": STARTER}
    for letter, hiera in (("t", _TINY), ("s", _SMALL), ("b+", _BASE_PLUS), ("l", _LARGE)):
        tracker = TrackerConfig(hiera)
        plain = MAM2Config(f"sam2.1-{letter}", tracker, MEMATTE_S, trimap_from="picture", trimap=PICTURE_TRIMAP)
        trained = MAM2Config(f"mam2-{letter}", tracker, MEMATTE_S, lora=LoraSettings())
        configs |= {plain.name: plain, trained.name: trained}
    return configs


CONFIGS: dict[str, MAM2Config] = _family()
