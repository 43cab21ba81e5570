"""Matting Anything 2: the paper's figure as one module.

    plate --encode--> F --recall memory--> F_mem --PDD, prompts--> mask M --remember--> memory
                      F + no-memory --------------PDD, M as prompt--> trimap T            (MSS)
    plate, T --matter--> alpha

The module keeps nothing of a shot: memory comes in as an argument and goes out as a result.

The Memory-Separated Siamese (MSS) is how pass 1's mask becomes pass 2's trimap; the paper compares four ways:

| mode | mask from | trimap from |
|---|---|---|
| `parallel` | memory features, prompts | the same pass, the mask kept apart |
| `pdd` | memory features, prompts | the same pass, augmented by the mask |
| `pdd+mcs` | memory features, prompts | a second pass on memory features, the mask as prompt |
| `pdd+mss` | memory features, prompts | a second pass on features without memory, the mask as prompt |

Memory carries masks, and a mask calls a transparent interior foreground; features without memory do not, so the
trimap cannot collapse onto earlier masks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.model.config import MAM2Config
from engine.model.image_encoder import add_lora
from engine.model.likeness import draw_prompts
from engine.model.matter import Matter
from engine.model.picture_trimap import PictureTrimap
from engine.model.tensors import Features, FrameMemory, FramePrompt, Mask, Memory, Step
from engine.model.tracker import Tracker

LOGIT_LIMIT = 32.0  # a prior mask's logits are clamped to this, as SAM 2 does
_DOUBT = 3.0  # |logit| under which a mask doubts itself: sigmoid(3) = 0.95
_CERTAIN = 8.0


class MAM2(nn.Module):
    """Tracker (SAM 2 with the dual-modal decoder and LoRA) and matter (MEMatte).

    Attributes:
        trimap: makes trimaps of the picture and any mask; None where the model has no such part.
    """

    mean: Tensor  # of a plate's colours, as the encoder's trunk has them
    std: Tensor

    def __init__(self, config: MAM2Config) -> None:
        super().__init__()
        self.config = config
        self.tracker = Tracker(config.tracker)
        self.matter = Matter(config.matter)
        self.trimap = PictureTrimap(config.trimap) if config.trimap else None
        if config.lora:
            add_lora(self.tracker.image_encoder, config.lora)
        trunk = self.tracker.image_encoder.trunk
        self.register_buffer("mean", torch.tensor(trunk.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(trunk.std).view(3, 1, 1), persistent=False)

    @property
    def image_size(self) -> int:
        """Side S of the square that the encoder sees, in pixels."""
        return self.config.tracker.image_size

    def encode(self, plates_b3ss: Tensor) -> Features:
        """Encode plates.

        Args:
            plates_b3ss: (B, 3, S, S) display-referred sRGB in 0..1, stretched to the square.
        """
        stride_4, stride_8, image = self.tracker.forward_image((plates_b3ss - self.mean) / self.std)["backbone_fpn"]
        return Features(image, stride_4, stride_8)

    def forward(
        self,
        features: Features,
        prompt: FramePrompt | None,
        memory: Memory,
        mode: str = "pdd+mss",
        recalled: Tensor | None = None,
    ) -> Step:
        """Track one object through one frame.

        Args:
            features: the encoded plate.
            prompt: what the artist says on this frame; None when nothing.
            memory: what may be recalled.
            mode: `parallel`, `pdd`, `pdd+mcs` or `pdd+mss`, the rows of the paper's ablation.
            recalled: what `recall` gives of that memory, where it is known already.
        """
        alone = self.without_memory(features)
        remembered = alone if prompt and prompt.anew else recalled
        if remembered is None:
            remembered = self.recall(features, memory)
        mask, trimap = siamese(self, mode, features, alone, remembered, prompt)
        return Step(mask, trimap, self.remember(features, mask, prompted=prompt is not None))

    def without_memory(self, features: Features) -> Tensor:
        """Give the embedding (B, C, S/16, S/16) of a frame that remembers nothing: F + the no-memory token."""
        return features.image_bchw + self.tracker.no_mem_embed.view(1, -1, 1, 1)

    def recall(self, features: Features, memory: Memory) -> Tensor:
        """Give the embedding (B, C, S/16, S/16) conditioned on memory."""
        if not memory.prompted:
            return self.without_memory(features)
        image = features.image_bchw
        positions = self.tracker.image_encoder.neck.position_encoding(image).to(image.dtype)
        return self.tracker._prepare_memory_conditioned_features(  # noqa: SLF001 - SAM 2's own recall, kept to the bit
            frame_idx=memory.frame,
            is_init_cond_frame=False,
            current_vision_feats=[image.flatten(2).permute(2, 0, 1)],
            current_vision_pos_embeds=[positions.flatten(2).permute(2, 0, 1)],
            feat_sizes=[image.shape[-2:]],
            output_dict={
                "cond_frame_outputs": {t: self._as_sam2(kept, image) for t, kept in memory.prompted.items()},
                "non_cond_frame_outputs": {t: self._as_sam2(kept, image) for t, kept in memory.recent.items()},
            },
            num_frames=memory.length,
            track_in_reverse=memory.backward,
        )

    def decode_mask(self, features: Features, image_bchw: Tensor, prompt: FramePrompt | None) -> Mask:
        """Pass 1: the mask (B, 1, S/4, S/4) from an embedding, memory-conditioned or not, and the prompts."""
        tracker = self.tracker
        if prompt and prompt.mask_b1hw is not None:
            given = tracker._use_mask_as_output(features.image_bchw, features.high_res, prompt.mask_b1hw)  # noqa: SLF001
            _, _, _, logits, _, pointer, presence = given
            mask = Mask(logits, pointer, presence)
            if prompt.points_bp2 is None:
                return mask
            prompt = prompt.refining(logits, anew=prompt.anew)
        points, dense = self._prompt_inputs(features, prompt)
        _, _, _, logits, _, pointer, presence = tracker._forward_sam_heads(  # noqa: SLF001
            backbone_features=image_bchw,
            point_inputs=points,
            mask_inputs=dense,
            high_res_features=features.high_res,
            multimask_output=tracker._use_multimask(is_init_cond_frame=True, point_inputs=points),  # noqa: SLF001
        )
        return Mask(logits, pointer, presence)

    def decode_both(
        self, features: Features, image_bchw: Tensor, prompt: FramePrompt | None, *, augment: bool
    ) -> tuple[Mask, Tensor]:
        """One pass for mask and trimap logits (B, 3, S/4, S/4); `augment` feeds the mask to the trimap's branch."""
        mask = self.decode_mask(features, image_bchw, prompt)
        points, dense = self._prompt_inputs(features, prompt)
        if prompt and prompt.mask_b1hw is not None:
            dense = mask.logits_b1hw
        augmenting = mask.logits_b1hw.detach() if augment else None
        return mask, self._decode_trimap(features, image_bchw, points, dense, augmenting)

    def decode_trimap(self, features: Features, image_bchw: Tensor, mask: Mask) -> Tensor:
        """Pass 2: trimap logits (B, 3, S/4, S/4) from an embedding with the mask as the only prompt."""
        pseudo = mask.logits_b1hw.detach().clamp(-LOGIT_LIMIT, LOGIT_LIMIT)  # a trimap's loss must not bend the mask
        return self._decode_trimap(features, image_bchw, None, pseudo, pseudo)

    def remember(self, features: Features, mask: Mask, *, prompted: bool) -> FrameMemory:
        """Give what later frames may recall of this one; only the mask feeds it, never the trimap.

        Args:
            features: the encoded plate.
            mask: pass 1's mask.
            prompted: the artist has seen and steered this mask, so it is remembered as seen.
        """
        image = features.image_bchw
        shape = (self.image_size, self.image_size)
        full = F.interpolate(mask.logits_b1hw.float(), size=shape, mode="bilinear", align_corners=False)
        remembered, _ = self.tracker._encode_new_memory(  # noqa: SLF001
            current_vision_feats=[image.flatten(2).permute(2, 0, 1)],
            feat_sizes=[image.shape[-2:]],
            pred_masks_high_res=full,
            object_score_logits=mask.presence_b1,
            is_mask_from_pts=prompted,
        )
        # SAM 2's predictor keeps memories in bfloat16; training keeps gradients.
        return FrameMemory(remembered if self.training else remembered.to(torch.bfloat16), mask.pointer_bc)

    def trimap_of_mask(self, features: Features, logits_b1hw: Tensor) -> Tensor:
        """Pass 2 alone: trimap logits (B, 3, S/4, S/4) of a mask of any origin, logits (B, 1, S/4, S/4)."""
        return self._decode_trimap(features, self.without_memory(features), None, logits_b1hw, logits_b1hw)

    def _decode_trimap(
        self,
        features: Features,
        image_bchw: Tensor,
        points: dict[str, Tensor] | None,
        dense_b1hw: Tensor | None,
        augment_b1hw: Tensor | None,
    ) -> Tensor:
        tracker = self.tracker
        batch = len(image_bchw)
        if points is None:
            points = {
                "point_coords": image_bchw.new_zeros(batch, 1, 2),
                "point_labels": -torch.ones(batch, 1, dtype=torch.int32, device=image_bchw.device),
            }
        sparse, dense = tracker.sam_prompt_encoder(
            points=(points["point_coords"], points["point_labels"]), boxes=None, masks=dense_b1hw
        )
        decoder = tracker.sam_mask_decoder
        positions = tracker.sam_prompt_encoder.get_dense_pe()
        seen = decoder.attend(image_bchw, positions, sparse, dense, with_trimap=True)
        return decoder.trimap_of(seen, features.high_res, augment_b1hw).float()

    def _prompt_inputs(
        self, features: Features, prompt: FramePrompt | None
    ) -> tuple[dict[str, Tensor] | None, Tensor | None]:
        if prompt is None:
            return None, None
        dense = None if prompt.prior_b1hw is None else prompt.prior_b1hw.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
        if prompt.points_bp2 is None or prompt.labels_bp is None:
            return None, dense
        if self.config.tracker.draw_prompts:
            drawn = draw_prompts(prompt.points_bp2, prompt.labels_bp, self.image_size)
            if self.tracker.likeness is not None:
                drawn = drawn + self.tracker.likeness(features, prompt.points_bp2, prompt.labels_bp, drawn)
            dense = drawn if dense is None else (dense + drawn).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
        return {"point_coords": prompt.points_bp2, "point_labels": prompt.labels_bp}, dense

    def _as_sam2(self, kept: FrameMemory, like: Tensor) -> dict[str, Tensor | list[Tensor] | None]:
        """Give one memory the form that SAM 2's recall reads."""
        features = None if kept.features_bmhw is None else kept.features_bmhw.to(like)
        if features is None:
            return {"obj_ptr": kept.pointer_bc, "maskmem_features": None, "maskmem_pos_enc": None}
        positions = self.tracker.memory_encoder.position_encoding(features).to(like.dtype)
        return {
            "obj_ptr": kept.pointer_bc,
            "maskmem_features": features,
            "maskmem_pos_enc": [positions],
        }


def siamese(
    model: "MAM2",
    mode: str,
    features: Features,
    alone_bchw: Tensor,
    remembered_bchw: Tensor,
    prompt: FramePrompt | None,
) -> tuple[Mask, Tensor]:
    """Decode one frame.

    Args:
        model: the decoder's owner.
        mode: a row of the table above.
        features: the encoded plate.
        alone_bchw: (B, C, S/16, S/16) embedding without memory.
        remembered_bchw: (B, C, S/16, S/16) embedding conditioned on memory.
        prompt: what the artist says on this frame.

    Returns:
        The mask, and trimap logits (B, 3, S/4, S/4): background, unknown, foreground. A model that takes its trimap
        from the picture gives the mask's band of doubt here: the plate itself is not among what the decoder sees.
    """
    if model.config.trimap_from != "decoder":
        mask = model.decode_mask(features, remembered_bchw, prompt)
        return mask, uncertainty_band(mask.logits_b1hw)
    if mode in ("parallel", "pdd"):
        mask, trimap = model.decode_both(features, remembered_bchw, prompt, augment=mode == "pdd")
    else:
        mask = model.decode_mask(features, remembered_bchw, prompt)
        trimap = model.decode_trimap(features, remembered_bchw if mode == "pdd+mcs" else alone_bchw, mask)
    return mask, trimap if model.training else _absent_is_background(trimap, mask)


def uncertainty_band(mask_logits_b1hw: Tensor, reach: int = 3) -> Tensor:
    """Give a trimap without a trimap branch: unknown where the mask doubts itself, and `reach` cells around its edge.

    Args:
        mask_logits_b1hw: (B, 1, h, w).
        reach: half width of the band around the mask's edge in cells of stride 4.

    Returns:
        (B, 3, h, w) logits: background, unknown, foreground.
    """
    inside = (mask_logits_b1hw > 0).to(mask_logits_b1hw.dtype)
    grown = F.max_pool2d(inside, 2 * reach + 1, stride=1, padding=reach)
    shrunk = -F.max_pool2d(-inside, 2 * reach + 1, stride=1, padding=reach)
    unknown = (grown != shrunk) | (mask_logits_b1hw.abs() < _DOUBT)
    classes = torch.cat([~unknown & (inside == 0), unknown, ~unknown & (inside == 1)], dim=1)
    return classes.to(mask_logits_b1hw.dtype) * _CERTAIN


def _absent_is_background(trimap_b3hw: Tensor, mask: Mask) -> Tensor:
    """Where the object is not in the frame, everything is background."""
    background = trimap_b3hw.new_zeros(1, 3, 1, 1)
    background[:, 0] = _CERTAIN
    return torch.where(mask.presence_b1.view(-1, 1, 1, 1) > 0, trimap_b3hw, background)
