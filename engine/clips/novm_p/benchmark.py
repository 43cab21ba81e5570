"""The benchmark: its clips one at a time, and the recorded hashes of their pixels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from engine.clips.novm_p.exact import to_srgb
from engine.clips.novm_p.registry import CLIPS, FRAMES, KINDS, Entry
from engine.clips.novm_p.scene import Scene
from engine.clips.truth import Pixels, TrueClip

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS: dict[str, str] = {
    "512x288": "2ed32ee1e56e400dc5c9b184c5d26a0b580a8b3afb171e500216b64d0ba68b7a",
    "1920x1080": "38e992222ebc06a3e4236bde95382727ef84b06b2383e2e0ec28dc2b62c0401d",
}
"""By size: the SHA-256 of the whole benchmark."""

OPENINGS: dict[str, str] = {
    "smoke-alone": "5713e3efe7bb6f3b6a0f9c5bd8848077d4af4a94a89118c466b4c0e7181eeca7",
    "smoke-beside": "1c0e0e053b333a856f9a394bc38bf7a85f43694d7cd1c6e1bfcfce295171cee6",
    "smoke-passed": "cfa771e2ed50b90c5c1deb2fdfa48feee8c46723591ddd41bcebd6956ddfd732",
    "smoke-returning": "9ac96417e9dd8f5b1d503660686b2adf4f60215253b2dfbca879a5ef49cb301f",
    "smoke-crossed": "3e67afc6353007e6d4ea097d182a6661f24ce637544d2bbf2135a684f87bcdec",
    "fog-alone": "465719e5b7d2706717926bb1459e64fd85c9956c1ad3c17b7bad82c7db592551",
    "fog-beside": "924e4087f43802be08c70ebe405902014cb6eca77d6952916c17b4ad73ddda71",
    "fog-passed": "69edf07212453d0e94b1584b28b4e707861da86178dda3f02d1c5f526edc5456",
    "fog-returning": "385fed00c1df4fdc1eb972d1c85b5242c98a65b631c65064f86d149f15391881",
    "fog-crossed": "812b4fa4e79afde1fb41a37804e81fe3de744369fca26840617032d08d873b32",
    "fire-alone": "6d56089b3ab1394cb72a3543dc87257913a1128ae71bb20a994f5b658b111ee2",
    "fire-beside": "992c34b0029dbf597de7b09e5acd50ebbf901d9c2f25a3874227db057a2e860d",
    "fire-passed": "e3def0ccddf1ca944f14e770d1cf29f2dec4a9873330d69845eb963b21ea38c3",
    "fire-returning": "917c7f94e91ddb1513f9434135df39c3fda1dd921ec331bbc2a52f2d8f5aa64c",
    "fire-crossed": "774d7f7829f925f7fa946b6a969cdb65957214e40a52d28062dc6f42d0c46a59",
    "splash-alone": "c4cb59366eacaa6327db6a9bd4393a7feecd1f5dd1b370fe911108dede4de70b",
    "splash-beside": "22c4a84552e70327d4dc1ec0bf25f9c7123f5def1135165a767ec3bbc7b50d14",
    "splash-passed": "196f062f50f0e07e33879ac474bb8ae37ddc2b54bb1f0853f03e6491479f2310",
    "splash-returning": "4e28a4026f3a5746ba5283fc96dac8bd65b9d95c39f625bf8e858467e2363f13",
    "splash-crossed": "b3faa08f1b268ff34bfba4b62747a302f80e07a02bda93fc8492a815a86b58cc",
    "bubbles-alone": "f5ecbb39add15c9622cd6c6a85a80ec751f8f618f5e1f3cd1e3e84704d8d39e0",
    "bubbles-beside": "c2300c52c792c5ff5391a30ee9bc99f8101b8d04d9fc80ae58a24428fe179659",
    "bubbles-passed": "619e16332d40f4039a7fb66a8dfd80f87deb1f15fcd0a6b7465942c42dfd77b4",
    "bubbles-returning": "3e31e56d37eac8ffb51e4077f22159ccbf324afc1454785e9310ccc148c4161f",
    "bubbles-crossed": "643c0393a2f158808f55aca6a206290983ed6a7ee83aa1cf1e67c7b9ba19080b",
    "glass-alone": "5f76554e125160de2c24b61d2681612b2b28f2a99e1da5a1e4343934d4156456",
    "glass-beside": "4c2e4112c9cdc7071a70273726913553e70d6bd9bd3d13651e1582efeb0f7fa3",
    "glass-passed": "7b61b1782c530f93b467d52c1f36589ee382288a3824cc9add88ec5defedffa1",
    "glass-returning": "4727ed21bfeff4d3dae9d873b715448621783285910731e62b68e5c43deb892a",
    "glass-crossed": "18a187af7ad353981eaa2d34ffd1a2653aac636f807c3035ebc2d196ca1c3839",
    "frost-alone": "83dedf230c56f03ab7cf4678cbb1c477fe9e258680a31d0b028299b91ca6d079",
    "frost-beside": "d3c7810c5aab7c459c54bacfb0a159d39464c87cf24b8c226213f12fb6284f99",
    "frost-passed": "faa4abcf30e0194ebb5969706185192d34c3b9225b068d68d12b2372afb04870",
    "frost-returning": "fbd069817d9f8b010f74e8be72c131164fcc78a2fb6435664ab10d14abf12c11",
    "frost-crossed": "ec84a82ea5df835ccf2732a7039f47c2e57e846fb567c0acc03a9bc02155344e",
    "hair-alone": "200d19c5a8815d1b13dde4c2f69a93903e21a7d06db491894a0b055e6d5d805c",
    "hair-beside": "a41fb305f410c453fd9daf09266ddc467d13ee02f4d01b91e081c0da640c0498",
    "hair-passed": "d0622884e600cda720c3cd1f6b6ab4f413741832f505af0b1fa6029fea2f32b2",
    "hair-returning": "64480c5bbc9e6e9a3bc4338bb5251e4d053b25ef1b9cadc96463cd10eb24cb4f",
    "hair-crossed": "1a6828f531c73237c7d50366375e105daa1af6565225873464d4b07b21ca8fc4",
    "foliage-alone": "1a1d4230db68f4abe48f4a253e67e202aac61e64d0307200089fbe8f886b6b3a",
    "foliage-beside": "57017eea50030592924907dc5d4c8eb3240cf6dd304116f8781f9729f1f40e1d",
    "foliage-passed": "243a6018424fc093f59b0e4465124acb7a973ffc513043bbb9d72dd79051ecfb",
    "foliage-returning": "36454d2a253b1fd5ff6e8625d65b99dd5d8cb5f72200eb9158a50285c2d97bf8",
    "foliage-crossed": "f9558250bcc04d451d36a2ca08ba5fe1f2b384c7b2f083b550c90fed0fd926d7",
    "net-alone": "d6fad052aac4b0bf38ee96d3c2232ceecd30ffc82e00ddb701706deea23af931",
    "net-beside": "fc27836e9dc76900d379e260422308f86256865d99a7b2a904c87b27cd606dc7",
    "net-passed": "bae1da00509277be5a5f1ce4af7d372eb5fb39b272adb7e72e8f560b47227bc8",
    "net-returning": "26a47e342b6405a500668a8f86df9ace8b53d7b79600126b38f19dd86558709f",
    "net-crossed": "7b537019e5a6569a45ae444fbb341eec87cf2b8388186669fc068aef09e0fe53",
    "cloth-alone": "1c3110808cf3e4eb8c9369ec2f0efbd63be954e59d908e81fff30bdb5d1e1632",
    "cloth-beside": "4a1ab28f2e2476e879b2c3400c71c7cb3e3486a57acd8d773906bbbcc094423a",
    "cloth-passed": "80225639a4312b4855b4ba95d71b41c6737be4cfa4151e7fc781e6f19954c881",
    "cloth-returning": "a2eed38313f536423634f03fc1daacd1f8eddd7bda9f4b3f45bea3c6544bf236",
    "cloth-crossed": "f73029b14ac63170672571f0bc627ee8da821431a5335e69697d038e858d545f",
    "motion-alone": "b889ac5b09083f42fc3a3226efeffe871ceb2f3ee6be45983f85e71591799289",
    "motion-beside": "ecb0d2acf9c7aad1e2dad7bd9c9ed5973a4dadb5d1dbaf9b3ee7e8b058e53fd7",
    "motion-passed": "969da7b62fa90d891c2ec2b93be6101a1efa95cb93b2de8a37a1330bea3ad616",
    "motion-returning": "bfbb43d112b152b9f93a7a688fef3a4a6ad37dae8720eaac18216e6cdfa2ffc0",
    "motion-crossed": "76e76ac99401102bb7c950ec7694b5f14b1d9bbac075a3a2eaa434a3bc825fe3",
    "overlapping-alone": "68a76602cd948ad8545b50b3dd224d187d3f0a5eaf74187098ec286954c3cd69",
    "overlapping-beside": "7df640e01aa30bfc3d241b7249b7a2dba88fe0418ad41c68f3c7d43f51c1d269",
    "overlapping-passed": "0386593be70f972cc5e62bdc825ed7981dd89bc824f37baca02d62ee2b6e3208",
    "overlapping-returning": "e2415f51208f98d82e2d1e7d28636a28c60b7c40b0f1b2887ef77c58c5ea6cf7",
    "overlapping-crossed": "e701212ebf1dc0ba70253f78b7ec6543a12f91a2f19b40cdd52e428112465bbe",
}
"""By clip: the SHA-256 of its first two frames at 128x72, to know quickly whether a machine makes the same pixels."""


class NovmP:
    """Procedural natural-object video matting: 13 kinds of subject in 5 takes each, made afresh wherever it is run.

    Plates are composited in linear light from straight colours within 0..1, then grained and encoded as sRGB; alpha and
    foreground are those that went into the composite, before grain. Nothing of it is shared with the training clips.
    """

    name = "novm-p-1"

    def __init__(self, size: tuple[int, int] = (512, 288)) -> None:
        """Choose a size.

        Args:
            size: width and height in pixels. The same scenes at every size; hashes are recorded for 512x288 and
                1920x1080.

        Raises:
            ValueError: a side is under 32 pixels.
        """
        if min(size) < 32:
            raise ValueError(f"novm-p needs at least 32 pixels a side, not {size[0]}x{size[1]}")
        self.size = size

    def __len__(self) -> int:
        """Give the number of clips."""
        return len(CLIPS)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of every clip, in the order of `clips`."""
        return tuple(entry.kind for entry in CLIPS)

    def clip(self, number: int) -> TrueClip:
        """Make one clip, counted from 0."""
        return make(CLIPS[number], self.size)

    def clips(self) -> Iterator[TrueClip]:
        """Make every clip, always in the same order: kind by kind, take by take."""
        for number in range(len(CLIPS)):
            yield self.clip(number)


def make(entry: Entry, size: tuple[int, int], frames: int = FRAMES) -> TrueClip:
    """Make one clip, or its first frames.

    Args:
        entry: one of the registry.
        size: width and height in pixels.
        frames: how many from the first; fewer are the same as far as they go.
    """
    width, height = size
    scene = Scene(entry.kind, entry.take, entry.seed, size)
    plates = np.empty((frames, height, width, 3), np.uint8)
    foreground = np.empty_like(plates)
    alpha = np.empty((frames, height, width), np.uint8)
    distractor = np.empty_like(alpha)
    for time in range(frames):
        frame = scene.frame(float(time))
        alpha[time], distractor[time] = _bytes(frame.alpha_hw), _bytes(frame.distractor_hw)
        plates[time] = to_srgb(scene.grained(frame.plate_chw, time)).transpose(1, 2, 0)
        foreground[time] = (to_srgb(frame.foreground_chw) * (alpha[time] > 0)).transpose(1, 2, 0)
    held_out = KINDS[entry.kind].held_out
    return TrueClip(
        entry.name, entry.kind, held_out, plates, alpha, foreground, distractor if distractor.any() else None
    )


def content(clip: TrueClip) -> str:
    """Give the SHA-256 of a clip's pixels as 64 hex digits: plates, alpha, foreground, distractor and their shapes."""
    digest = hashlib.sha256(clip.name.encode())
    for pixels in (clip.plates_thwc, clip.alpha_thw, clip.foreground_thwc, clip.distractor_thw):
        if pixels is not None:
            digest.update(repr(pixels.shape).encode())
            digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def version(contents: list[str]) -> str:
    """Give the SHA-256 of all clips' hashes in their order: one benchmark at one size."""
    return hashlib.sha256("".join(contents).encode()).hexdigest()


def _bytes(values: np.typing.NDArray[np.float32]) -> Pixels:
    return (np.clip(values, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
