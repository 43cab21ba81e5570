"""The models on a device: loaded once for all shots, the one used longest ago makes room."""

from collections import OrderedDict

from engine.model.checkpoints import load_model
from engine.model.mam2 import MAM2


class Models:
    """Loaded models.

    Args:
        device: as `pick_device` takes it.
        most_bytes: for all of them; the one asked for last stays whatever its size.
    """

    def __init__(self, device: str, most_bytes: int) -> None:
        self._device, self._most = device, most_bytes
        self._loaded: OrderedDict[str, MAM2] = OrderedDict()

    def get(self, name: str) -> MAM2:
        """Give a model, loading it if it is not there.

        Raises:
            ModelError: as `load_model`.
        """
        if name not in self._loaded:
            self._loaded[name] = load_model(name, device=self._device)
        self._loaded.move_to_end(name)
        while self.bytes > self._most and len(self._loaded) > 1:
            self._loaded.popitem(last=False)
        return self._loaded[name]

    @property
    def bytes(self) -> int:
        """What the loaded models take."""
        return sum(tensor.nbytes for model in self._loaded.values() for tensor in model.state_dict().values())
