"""The Promptable Dual-modal Decoder (PDD): SAM 2's mask decoder that also answers with a trimap.

Paper: Matting Anything 2, "(M, T) = f_PDD(F, P)". Three more tokens, one a class, go through the same two-way
transformer; the trimap has its own upscaler and hypernetworks; the mask reaches it as Mask Augment Features.
"""

import copy
from dataclasses import dataclass

import torch
from sam2.modeling.memory_encoder import CXBlock
from sam2.modeling.sam.mask_decoder import MaskDecoder
from sam2.modeling.sam2_utils import MLP, LayerNorm2d
from torch import Tensor, nn

TRIMAP_CLASSES = 3  # background, unknown, foreground


@dataclass(frozen=True)
class TokenEmbeddings:
    """What the two-way transformer gives back.

    Attributes:
        tokens_bnc: (B, N, C) output tokens in the order object score, mask quality, masks, trimap classes, prompts.
        image_bchw: (B, C, h, w) image embedding, stride 16, after the prompts have looked at it.
    """

    tokens_bnc: Tensor
    image_bchw: Tensor


class MaskAugment(nn.Module):
    """Mask Augment Features: tells the trimap's embedding where the mask is.

    The last layer starts at zero, so an untrained one changes nothing.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stack = nn.Sequential(
            nn.Conv2d(channels + 1, channels, 3, padding=1),
            LayerNorm2d(channels),
            nn.GELU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(channels, channels, 1),
        )
        for parameter in self.stack[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, embedding_bchw: Tensor, mask_logits_b1hw: Tensor) -> Tensor:
        """Give the embedding (B, C, h, w), stride 4, with the mask (B, 1, h, w) added to what it knows."""
        mask = torch.sigmoid(mask_logits_b1hw).to(embedding_bchw.dtype)
        return embedding_bchw + self.stack(torch.cat([embedding_bchw, mask], dim=1))


class DualModalDecoder(MaskDecoder):
    """SAM 2's mask decoder with a trimap branch; without that branch its numbers are SAM 2's to the bit."""

    def __init__(self, *, mixers: int = 0, refiners: int = 0, **sam2: object) -> None:
        super().__init__(**sam2)
        dim = self.transformer_dim
        self.mixers = _blocks(mixers, dim)
        self.mask_refiners = _refiners(refiners, dim)
        self.trimap_refiners = _refiners(refiners, dim)
        self.trimap_tokens = nn.Embedding(TRIMAP_CLASSES, dim)
        self.trimap_upscaling = copy.deepcopy(self.output_upscaling)
        self.trimap_hypernetworks = nn.ModuleList(MLP(dim, dim, dim // 8, 3) for _ in range(TRIMAP_CLASSES))
        self.mask_augment = MaskAugment(dim // 8)

    def predict_masks(  # SAM 2's own entry, called by its forward
        self,
        image_embeddings: Tensor,
        image_pe: Tensor,
        sparse_prompt_embeddings: Tensor,
        dense_prompt_embeddings: Tensor,
        repeat_image: bool,
        high_res_features: list[Tensor] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Give every mask candidate (B, 4, h, w), its quality (B, 4), the mask tokens (B, 4, C), presence (B, 1)."""
        if repeat_image:
            image_embeddings = image_embeddings.repeat_interleave(len(sparse_prompt_embeddings), dim=0)
        seen = self.attend(
            image_embeddings, image_pe, sparse_prompt_embeddings, dense_prompt_embeddings, with_trimap=False
        )
        return self.masks_of(seen, high_res_features)

    def attend(
        self, image_bchw: Tensor, image_pe: Tensor, sparse_bpc: Tensor, dense_bchw: Tensor, *, with_trimap: bool
    ) -> TokenEmbeddings:
        """Let output tokens and prompts look at the image and it at them.

        Args:
            image_bchw: (B, C, h, w) image embedding, stride 16.
            image_pe: (1, C, h, w) positions.
            sparse_bpc: (B, P, C) embedded points and box corners.
            dense_bchw: (B, C, h, w) embedded mask prompt, or the learned absence of one.
            with_trimap: whether the three trimap tokens take part.
        """
        learned = [self.obj_score_token.weight, self.iou_token.weight, self.mask_tokens.weight]
        if with_trimap:
            learned.append(self.trimap_tokens.weight)
        batch, dim, height, width = image_bchw.shape
        tokens = torch.cat(learned).expand(batch, -1, -1)
        source = self.mixers(image_bchw + dense_bchw)
        # Channels last, as the encoder's features lie: the transformer adds positions to tokens again and again.
        positions = image_pe.contiguous(memory_format=torch.channels_last).expand(batch, -1, -1, -1)
        tokens_bnc, flat_bnc = self.transformer(source, positions, torch.cat([tokens, sparse_bpc], dim=1))
        return TokenEmbeddings(tokens_bnc, flat_bnc.transpose(1, 2).reshape(batch, dim, height, width))

    def masks_of(self, seen: TokenEmbeddings, high_res: list[Tensor] | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Read masks (B, 4, 4h, 4w), qualities (B, 4), mask tokens (B, 4, C) and presence logits (B, 1)."""
        quality_token = seen.tokens_bnc[:, 1]
        mask_tokens = seen.tokens_bnc[:, 2 : 2 + self.num_mask_tokens]
        embedding = self._upscale(self.output_upscaling, self.mask_refiners, seen.image_bchw, high_res)
        masks = _dot(self.output_hypernetworks_mlps, mask_tokens, embedding)
        presence = self.pred_obj_score_head(seen.tokens_bnc[:, 0])
        return masks, self.iou_prediction_head(quality_token), mask_tokens, presence

    def trimap_of(
        self, seen: TokenEmbeddings, high_res: list[Tensor] | None, mask_logits_b1hw: Tensor | None
    ) -> Tensor:
        """Read trimap logits (B, 3, 4h, 4w): background, unknown, foreground.

        Args:
            seen: from `attend(..., with_trimap=True)`.
            high_res: stride-4 and stride-8 image features.
            mask_logits_b1hw: (B, 1, 4h, 4w) the mask that augments the branch; None for the paper's naive branch.
        """
        first = 2 + self.num_mask_tokens
        embedding = self._upscale(self.trimap_upscaling, self.trimap_refiners, seen.image_bchw, high_res)
        if mask_logits_b1hw is not None:
            embedding = self.mask_augment(embedding, mask_logits_b1hw)
        tokens = seen.tokens_bnc[:, first : first + TRIMAP_CLASSES]
        return _dot(self.trimap_hypernetworks, tokens, embedding)

    @staticmethod
    def _upscale(
        upscaling: nn.Sequential, refiners: nn.ModuleList, image_bchw: Tensor, high_res: list[Tensor] | None
    ) -> Tensor:
        if high_res is None:
            return upscaling(image_bchw)
        to_stride_8, norm, act_8, to_stride_4, act_4 = upscaling
        refine_8, refine_4 = refiners
        stride_4, stride_8 = high_res
        fine = refine_8(act_8(norm(to_stride_8(image_bchw) + stride_8)))
        return refine_4(act_4(to_stride_4(fine) + stride_4))


def _blocks(count: int, channels: int, kernel: int = 7) -> nn.Sequential:
    return nn.Sequential(*(CXBlock(channels, kernel, kernel // 2, layer_scale_init_value=0.1) for _ in range(count)))


def _refiners(count: int, dim: int) -> nn.ModuleList:
    """ConvNeXt blocks at strides 8 and 4, where image detail meets the prompted embedding; none is SAM 2's decoder."""
    return nn.ModuleList([_blocks(count, dim // 4), _blocks(count, dim // 8, kernel=5)])


def _dot(hypernetworks: nn.ModuleList, tokens_bnc: Tensor, embedding_bchw: Tensor) -> Tensor:
    weights_bnc = torch.stack([net(tokens_bnc[:, i]) for i, net in enumerate(hypernetworks)], dim=1)
    return torch.einsum("bnc,bchw->bnhw", weights_bnc, embedding_bchw)
