"""The models on a device: loaded once for all shots, the one used longest ago makes room."""

from collections import OrderedDict
from collections.abc import Callable

from engine.model.mam2 import MAM2
from engine.weights.catalogue import ModelFiles, find_files, weights_folder
from engine.weights.models import load_model


class Models:
    """Loaded models.

    Args:
        device: as `pick_device` takes it.
        most_bytes: for all of them; the one asked for last stays whatever its size.
        load: `load_model`, or what stands in for it.
    """

    def __init__(self, device: str, most_bytes: int, load: Callable[..., MAM2] = load_model) -> None:
        self._device, self._most, self._load = device, most_bytes, load
        self._loaded: OrderedDict[str, tuple[object, MAM2]] = OrderedDict()

    def get(self, name: str) -> MAM2:
        """Give a model, loading it if it is not there or if its files have changed.

        Raises:
            ModelError: as `find_files` and `load_model`.
        """
        files = _identity(find_files(name, weights_folder()))
        if name not in self._loaded or self._loaded[name][0] != files:
            self._loaded.pop(name, None)
            self._loaded[name] = (files, self._load(name, device=self._device))
        self._loaded.move_to_end(name)
        while self.bytes > self._most and len(self._loaded) > 1:
            self._loaded.popitem(last=False)
        return self._loaded[name][1]

    def __contains__(self, model: MAM2) -> bool:
        return any(model is loaded for _, loaded in self._loaded.values())

    def keep_only(self, model: MAM2 | None) -> None:
        """Let go of all models but one; None: of all."""
        for name, (_, loaded) in list(self._loaded.items()):
            if loaded is not model:
                del self._loaded[name]

    @property
    def bytes(self) -> int:
        """What the loaded models take."""
        return sum(tensor.nbytes for _, model in self._loaded.values() for tensor in model.state_dict().values())


def _identity(files: ModelFiles) -> tuple[object, ...]:
    found = [path.stat() for path in files.paths]
    return (files, *((one.st_size, one.st_mtime_ns, one.st_ino) for one in found))
