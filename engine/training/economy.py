"""Memory for time: activations of the deep stacks are made again in the backward pass instead of kept."""

from torch import nn
from torch.utils.checkpoint import checkpoint

from engine.model.mam2 import MAM2


def recompute_activations(model: MAM2) -> int:
    """Checkpoint every block of the encoder's trunk and of the matter's backbone, in place; give how many.

    Gradients stay the same; a step keeps one block's activations at a time and takes about a third longer.
    """
    blocks = [*model.tracker.image_encoder.trunk.blocks, *model.matter.backbone.blocks]
    for block in blocks:
        _wrap(block)
    return len(blocks)


def _wrap(block: nn.Module) -> None:
    forward = block.forward

    def kept_small(*inputs: object) -> object:
        return checkpoint(forward, *inputs, use_reentrant=False)

    block.forward = kept_small
