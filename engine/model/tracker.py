"""SAM 2 as one module, with the dual-modal decoder in the mask decoder's place."""

from sam2.modeling.sam.transformer import TwoWayTransformer
from sam2.modeling.sam2_base import SAM2Base

from engine.model.config import TrackerConfig
from engine.model.decoder import DualModalDecoder
from engine.model.image_encoder import build_image_encoder, build_memory_attention, build_memory_encoder
from engine.model.likeness import Likeness


class Tracker(SAM2Base):
    """SAM 2.1 from a config; every switch has the value of the public SAM 2.1 configurations."""

    def __init__(self, config: TrackerConfig) -> None:
        self.config = config
        stability = {
            "dynamic_multimask_via_stability": True,
            "dynamic_multimask_stability_delta": 0.05,
            "dynamic_multimask_stability_thresh": 0.98,
        }
        super().__init__(
            image_encoder=build_image_encoder(config),
            memory_attention=build_memory_attention(config),
            memory_encoder=build_memory_encoder(config),
            num_maskmem=7,
            image_size=config.image_size,
            sigmoid_scale_for_mem_enc=20.0,
            sigmoid_bias_for_mem_enc=-10.0,
            binarize_mask_from_pts_for_mem_enc=config.binarise_prompted_memory,
            use_mask_input_as_output_without_sam=True,
            directly_add_no_mem_embed=True,
            no_obj_embed_spatial=True,
            use_high_res_features_in_sam=True,
            multimask_output_in_sam=config.multimask,
            iou_prediction_use_sigmoid=True,
            use_obj_ptrs_in_encoder=True,
            add_tpos_enc_to_obj_ptrs=True,
            proj_tpos_enc_in_obj_ptrs=True,
            use_signed_tpos_enc_to_obj_ptrs=True,
            only_obj_ptrs_in_the_past_for_eval=True,
            pred_obj_scores=True,
            pred_obj_scores_mlp=True,
            fixed_no_obj_ptr=True,
            multimask_output_for_tracking=True,
            use_multimask_token_for_obj_ptr=True,
            multimask_min_pt_num=0,
            multimask_max_pt_num=1,
            use_mlp_for_obj_ptr_proj=True,
            sam_mask_decoder_extra_args=stability if config.multimask else None,
        )

    def _build_sam_heads(self) -> None:
        super()._build_sam_heads()
        self.likeness = Likeness(self.hidden_dim) if self.config.likeness else None
        self.sam_mask_decoder = DualModalDecoder(
            mixers=self.config.decoder_mixers,
            refiners=self.config.decoder_refiners,
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=self.hidden_dim, mlp_dim=self.config.decoder_feedforward, num_heads=8
            ),
            transformer_dim=self.hidden_dim,
            iou_head_depth=3,
            iou_head_hidden_dim=256,
            use_high_res_features=True,
            iou_prediction_use_sigmoid=True,
            pred_obj_scores=True,
            pred_obj_scores_mlp=True,
            use_multimask_token_for_obj_ptr=True,
            **(self.sam_mask_decoder_extra_args or {}),
        )
