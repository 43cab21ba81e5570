"""A device that is only said to be there: its tensors' values lie on the processor, and they refuse to mix with others.

What a real device would be asked for is counted by the line of the engine that asks: launches, casts, and the points
where the processor waits. It can see neither what a device's kernels compute, nor its memory, nor its streams.
"""

import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves, tree_map

_FREE = re.compile(
    r"(new_)?empty(_like|_strided)?|(un)?squeeze|split(_with_sizes)?|t|transpose|permute|expand|select|slice|unbind|unfold"
    r"|(_unsafe_)?view|view_as_(complex|real)|_reshape_alias|alias|as_strided|detach|diagonal|lift_fresh|set_|is_same_size"
)
"""Operators that launch nothing: views, and memory without values."""
_WAITING = {"_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "equal", "_unique2", "unique_dim"}
"""Operators whose result the processor has to know before it goes on."""


@dataclass
class Asked:
    """What a device was asked for, by `file:line function` of the engine.

    Attributes:
        launches: kernels, one an operator that is no view.
        casts: of those, changes of precision.
        waits: where the processor waits: uploads, downloads, and sizes that a device decides.
        doubles: tensors of double precision.
        operators: by name, with the name of the overload.
        most_scores: of one attention, queries times keys times heads.
    """

    launches: Counter[str] = field(default_factory=Counter)
    casts: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    doubles: Counter[str] = field(default_factory=Counter)
    operators: Counter[str] = field(default_factory=Counter)
    most_scores: int = 0


class OnDevice(Tensor):
    """A tensor that says it is on a device; `values` are on the processor, or on none where only shapes count."""

    values: Tensor
    label: torch.device

    @staticmethod
    def __new__(cls, values: Tensor, label: torch.device) -> "OnDevice":  # noqa: D102, PYI034 - Self came later
        with _disable_current_modes():
            last = sum((side - 1) * step for side, step in zip(values.shape, values.stride(), strict=True))
            room = torch.empty(values.storage_offset() + last + 1, dtype=values.dtype, device="meta")
            lies = room.as_strided(values.shape, values.stride(), values.storage_offset())
            made = Tensor._make_subclass(cls, lies, dispatch_device=True, device_for_backend_keys=label)
        made.values, made.label = values, label
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if func is torch.ops.prim.device.default:
            return args[0].label
        raise RuntimeError(f"{func} of a pretended device's tensor after the device has gone")

    def __repr__(self) -> str:
        return f"OnDevice({tuple(self.shape)}, {self.dtype}, {self.label})"

    def numpy(self, **_):
        """Refuse, as a device's tensor does."""
        raise TypeError(f"a tensor on {self.label} has no numpy array: move it first")


class PretendedDevice(TorchDispatchMode):
    """Does what tensors on CUDA devices are asked, on their values.

    Args:
        shapes_only: compute no values; what asks for one fails.
    """

    kind = "cuda"

    def __init__(self, *, shapes_only: bool = False) -> None:
        super().__init__()
        self.shapes_only, self.asked = shapes_only, Asked()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # to keep PyTorch's compiler out it would be imported, which takes seconds

    @contextmanager
    def counting(self) -> Iterator[Asked]:
        """Count from nothing within a block."""
        before, self.asked = self.asked, Asked()
        try:
            yield self.asked
        finally:
            self.asked = before

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, func._schema.name.partition("::")[2]
        if func is torch.ops.prim.device.default:
            return args[0].label
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        labels = {one.label for one in tensors if isinstance(one, OnDevice)}
        target = kwargs.get("device")
        target = next(iter(labels), None) if target is None else self._numbered(target)
        if name in ("_to_copy", "copy_"):
            return self._move(func, name, args, kwargs, target)
        if not labels and (target is None or target.type != self.kind):
            return func(*args, **kwargs)
        self.asked.operators[func.name().partition("::")[2]] += 1
        strangers = [one for one in tensors if not isinstance(one, OnDevice) and one.ndim]
        if len(labels) > 1 or strangers:
            raise RuntimeError(f"{name} mixes devices at {_place()}: {[(one.shape, one.device) for one in tensors]}")
        if name == "native_layer_norm" and len({one.dtype for one in tensors}) > 1:
            raise RuntimeError(
                f"a norm's weights are of another type at {_place()}: a processor takes them, CUDA does not"
            )
        if name in _WAITING or (name.startswith("index") and any(_picks(one) for one in tree_leaves(args[1:2]))):
            self.asked.waits[f"{_place()} {name}"] += 1
        if "device" in kwargs:
            kwargs = {**kwargs, "device": self._values_device if target.type == self.kind else target}
        out = func(*tree_map(_values, args), **tree_map(_values, kwargs))
        self._launched(name, out)
        if func._schema.is_mutable:
            return _written(func, args, kwargs, out)
        return tree_map(lambda one: self._labelled(one, target), out)

    @property
    def _values_device(self) -> torch.device:
        return torch.device("meta" if self.shapes_only else "cpu")

    def _numbered(self, device: torch.device | str) -> torch.device:
        device = torch.device(device)
        return torch.device(self.kind, 0) if device.type == self.kind and device.index is None else device

    def _move(self, func, name, args, kwargs, target):
        """Copy, cast, upload or download."""
        there, source = (args[0], args[1]) if name == "copy_" else (None, args[0])
        to = _label(there) if there is not None else target if target is not None else torch.device("cpu")
        given = {key: value for key, value in kwargs.items() if key != "device"}
        if self.kind not in (to.type, _label(source).type):
            return func(*args, **kwargs)
        if to != _label(source) and not kwargs.get("non_blocking", args[2:3] == (True,)):
            self.asked.waits[f"{_place()} {'upload' if to.type == self.kind else 'download'}"] += 1
        self.asked.operators[func.name().partition("::")[2]] += 1
        values = _values(source)
        if self.shapes_only and to.type == self.kind:
            values = values.to("meta")
        if there is not None:
            _values(there).copy_(values)
            out = there
        else:
            out = func(values, **given)
            # What was moved shares nothing with what it was moved from.
            out = out.clone() if out.untyped_storage()._cdata == values.untyped_storage()._cdata else out
        if to == _label(source):
            self._launched(name, out)
            if out.dtype != source.dtype:
                self.asked.casts[_place()] += 1
        return self._labelled(out, to) if to.type == self.kind else out

    def _launched(self, name: str, out: object) -> None:
        if not _FREE.fullmatch(name):
            self.asked.launches[_place()] += 1
        if any(isinstance(one, Tensor) and one.dtype in (torch.float64, torch.complex128) for one in tree_leaves(out)):
            self.asked.doubles[_place()] += 1

    def _labelled(self, one: object, label: torch.device) -> object:
        if not isinstance(one, Tensor) or isinstance(one, OnDevice) or label.type != self.kind:
            return one
        if self.shapes_only and one.device.type != "meta":
            with _disable_current_modes():
                one = one.to("meta")
        return OnDevice(one, label)


class _PlainAttention(TorchFunctionMode):
    """Attention asks a device's library which kernel it has; here its values are attended to plainly."""

    def __init__(self, device: PretendedDevice) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is not scaled_dot_product_attention or not isinstance(args[0], OnDevice):
            return func(*args, **kwargs)
        given, mask = list(args[:3]), kwargs.pop("attn_mask", None)
        if torch.is_autocast_enabled(self.device.kind):
            given = [one.to(torch.get_autocast_dtype(self.device.kind)) for one in given]
        if len({(one.dtype, one.label) for one in given}) > 1:
            raise RuntimeError(f"attention between {given} at {_place()}")
        out = func(*map(_values, given), attn_mask=_values(mask), **kwargs)
        self.device._launched("scaled_dot_product_attention", out)
        asked = self.device.asked
        asked.most_scores = max(asked.most_scores, given[0].shape[:-1].numel() * given[1].shape[-2])
        return self.device._labelled(out, args[0].label)


@contextmanager
def pretended(
    *, count: int = 1, capability: tuple[int, int] = (9, 0), shapes_only: bool = False
) -> Iterator[PretendedDevice]:
    """Have this process believe in so many CUDA devices of a compute capability, within the block."""
    device = PretendedDevice(shapes_only=shapes_only)
    with ExitStack() as stack:
        stack.enter_context(patch.object(torch.inference_mode, "__enter__", _without_gradients))
        for owner, name, value in _believed(device, count, capability):
            stack.enter_context(patch.object(owner, name, value))
        torch._C._ensureCUDADeviceGuardSet()
        torch._C._set_only_lift_cpu_tensors(True)
        stack.callback(torch._C._set_only_lift_cpu_tensors, False)
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, False)
        for backend in (torch.backends.cuda.matmul, torch.backends.cudnn):
            stack.callback(setattr, backend, "allow_tf32", backend.allow_tf32)
        stack.enter_context(_PlainAttention(device))
        yield stack.enter_context(device)


class _Event:
    """Something that a device comes to; waiting for it counts in the thread that gives the device its work."""

    def __init__(self, device: PretendedDevice) -> None:
        self._device, self._thread = device, threading.get_ident()

    def record(self, _stream: None) -> None:
        pass

    def synchronize(self) -> None:
        if threading.get_ident() == self._thread:
            self._device.asked.waits[f"{_place()} event"] += 1


def _believed(device: PretendedDevice, count: int, capability: tuple[int, int]):
    return [
        (torch.cuda, "is_available", lambda: True),
        (torch.cuda, "device_count", lambda: count),
        (torch.cuda, "get_device_capability", lambda *_: capability),
        (torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or capability >= (8, 0)),
        (torch.cuda, "get_device_name", lambda *_: "pretended"),
        (torch.cuda, "empty_cache", lambda: None),
        (torch.cuda, "current_stream", lambda *_: None),
        (torch.cuda, "Event", partial(_Event, device)),
        (torch.Tensor, "pin_memory", lambda tensor: tensor),
        (torch.cuda, "_lazy_init", lambda: None),
        (torch.cuda.amp.common, "amp_definitely_not_available", lambda: False),
    ]


def _without_gradients(mode: torch.inference_mode) -> None:
    """Enter less than inference mode, in which operators made of others come whole and autocast misses their parts."""
    mode._inference_mode_context = torch.no_grad()
    mode._inference_mode_context.__enter__()


def _values(one):
    return one.values if isinstance(one, OnDevice) else one


def _label(one: Tensor) -> torch.device:
    return one.label if isinstance(one, OnDevice) else one.device


def _picks(one) -> bool:
    return isinstance(one, Tensor) and one.dtype in (torch.bool, torch.uint8)


def _written(func, args, kwargs, out):
    """Give what an operator wrote into as it came in."""
    arguments = zip(func._schema.arguments, args, strict=False)
    written = [one for said, one in arguments if said.alias_info and said.alias_info.is_write]
    written += [kwargs[said.name] for said in func._schema.arguments if said.is_out and said.name in kwargs]
    return written[0] if isinstance(out, Tensor) else tuple(written)


def _place() -> str:
    """Give the line of the engine that asks."""
    frame = sys._getframe(1)
    while frame is not None:
        _, below, file = frame.f_code.co_filename.replace("\\", "/").rpartition("/engine/")
        if below:
            return f"{file}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return "a test"
