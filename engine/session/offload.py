"""The matter on the host's processor: slow, but where its memory is short a device keeps only the tracker."""

from torch import Tensor, nn

from engine.model.mam2 import MAM2


class OnHost(nn.Module):
    """A matter that computes on the CPU whatever device its inputs are on, and answers there.

    Attributes:
        matter: the network.
    """

    def __init__(self, matter: nn.Module) -> None:
        super().__init__()
        self.matter = matter.cpu()

    def forward(self, plate_13hw: Tensor, trimap_11hw: Tensor) -> Tensor:
        """Give alpha (1, 1, H, W) for a plate (1, 3, H, W) and its trimap (1, 1, H, W)."""
        alpha: Tensor = self.matter(plate_13hw.cpu(), trimap_11hw.cpu())
        return alpha.to(plate_13hw.device)


def place_matter(model: MAM2, *, on_host: bool) -> None:
    """Move a model's matter off its device, or back beside its tracker; nothing happens where it is there already."""
    matter = model.get_submodule("matter")
    if on_host and not isinstance(matter, OnHost):
        model.add_module("matter", OnHost(matter))
    elif isinstance(matter, OnHost) and not on_host:
        model.add_module("matter", matter.matter.to(next(model.tracker.parameters()).device))
