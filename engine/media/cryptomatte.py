"""Cryptomatte: every object's coverage under an ID that is the hash of its name, in layers that any host decodes.

Written from Psyop's specification 1.2 (https://github.com/Psyop/Cryptomatte/tree/master/specification). A layer
`TYPE00` holds ranks 0 and 1 as ID, coverage, ID, coverage in R, G, B, A; the next ones hold the ranks after them.
"""

import json
import struct
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import OutputError

TYPE = "CryptoObject"
"""What the layers are called, with their numbers behind it."""
LEVELS = 3
"""Layers of two ranks each: six objects in a pixel; it is the same on every frame, whatever a frame shows."""

_MASK = 0xFFFFFFFF
_LOWEST_EXPONENT_BIT = 1 << 23


def name_hash(name: str) -> int:
    """Give the 32-bit MurmurHash3 (x86, seed 0) of a name in UTF-8."""
    data = name.encode()
    state, whole = 0, len(data) // 4 * 4
    for (block,) in struct.iter_unpack("<I", data[:whole]):
        state = (_rotated(state ^ _mixed(block), 13) * 5 + 0xE6546B64) & _MASK
    if len(data) > whole:
        state ^= _mixed(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    state = ((state ^ (state >> 16)) * 0x85EBCA6B) & _MASK
    state = ((state ^ (state >> 13)) * 0xC2B2AE35) & _MASK
    return state ^ (state >> 16)


def id_bits(name: str) -> int:
    """Give an object's ID as the bits of a float32.

    They are its name's hash, with the lowest bit of the exponent toggled where the float would be zero, denormal,
    infinite or not a number: programs change such values when they copy them.
    """
    bits = name_hash(name)
    return bits ^ _LOWEST_EXPONENT_BIT if bits >> 23 & 0xFF in {0, 0xFF} else bits


def cryptomatte_channels(
    alphas_hw: Mapping[str, NDArray[np.float32]], size_hw: tuple[int, int], kind: str = TYPE
) -> dict[str, NDArray[np.float32]]:
    """Give the layers of one frame, (H, W) float32 by channel name; they are data, to be written without loss.

    Args:
        alphas_hw: coverage (H, W) of 0..1 by object name, none or many; together at most 1 in each pixel.
        size_hw: of the plate, of the display window.
        kind: see `TYPE`.

    Returns:
        Ranks in order of coverage, in each pixel: the largest first, those after the sixth left out, 0 where there is
        no more. What a pixel's ranks lack of 1 is background.
    """
    ranks = 2 * LEVELS
    ids = np.zeros((ranks, *size_hw), np.float32)
    shares = np.zeros((ranks, *size_hw), np.float32)
    for name, alpha in alphas_hw.items():
        # The newcomer goes down the ranks: at each the larger stays, the smaller goes on.
        share = np.fmin(np.fmax(alpha, np.float32(0)), np.float32(1))
        own = np.full(size_hw, id_bits(name), np.uint32).view(np.float32)
        own[share == 0] = 0
        for rank in range(ranks):
            larger = share > shares[rank]
            if not larger.any():
                continue
            shares[rank][larger], share[larger] = share[larger], shares[rank][larger]
            ids[rank][larger], own[larger] = own[larger], ids[rank][larger]
    layers = {}
    for rank in range(ranks):
        layer, (of_id, of_share) = f"{kind}{rank // 2:02d}", ("RG", "BA")[rank % 2]
        layers[f"{layer}.{of_id}"], layers[f"{layer}.{of_share}"] = ids[rank], shares[rank]
    return layers


def cryptomatte_header(names: Iterable[str], kind: str = TYPE) -> dict[str, str]:
    """Give the texts of a file's header that say what its layers are and which name has which ID.

    Args:
        names: of all objects of the shot, also those that a frame does not show.
        kind: see `TYPE`.

    Raises:
        OutputError: `output.object_name` if two names have the same ID.
    """
    manifest = {name: f"{id_bits(name):08x}" for name in names}
    owners: dict[str, str] = {}
    for name, one in manifest.items():
        if owners.setdefault(one, name) != name:
            raise OutputError(
                "output.object_name",
                f"Cryptomatte cannot tell '{name}' from '{owners[one]}': both names have the ID {one}.",
                "Rename one of them.",
            )
    key = f"cryptomatte/{name_hash(kind):08x}"[:-1]
    return {
        f"{key}/name": kind,
        f"{key}/hash": "MurmurHash3_32",
        f"{key}/conversion": "uint32_to_float32",
        f"{key}/manifest": json.dumps(manifest),
    }


def _mixed(block: int) -> int:
    return _rotated(block * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> (32 - by)) & _MASK
