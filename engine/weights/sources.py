"""Where published weights can be had: by address, or by hand where a publisher has only a page for people."""

from dataclasses import dataclass

from engine.contract.errors import ModelError
from engine.weights.catalogue import NON_COMMERCIAL, OFFICIAL

OFFICIAL_SERVER = "https://huggingface.co"


@dataclass(frozen=True)
class Source:
    """A published file that can be fetched by its address.

    Attributes:
        name: what the weights are called here, a key of `OFFICIAL`.
        repository: of the publisher, on `OFFICIAL_SERVER` and its mirrors.
        file: its name there.
        megabytes: about how large it is.
        licence: as the publisher's page gives it.
        sha256: as the publisher states it, in hexadecimal; empty where none is stated.
    """

    name: str
    repository: str
    file: str
    megabytes: int
    licence: str
    sha256: str = ""

    def address(self, server: str = OFFICIAL_SERVER) -> str:
        """Give the file's address on a server that has the official paths."""
        return f"{server.rstrip('/')}/{self.repository}/resolve/main/{self.file}"


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("sam2.1-t", "facebook/sam2.1-hiera-tiny", "sam2.1_hiera_tiny.pt", 156, "Apache-2.0"),
        Source("sam2.1-s", "facebook/sam2.1-hiera-small", "sam2.1_hiera_small.pt", 184, "Apache-2.0"),
        Source("sam2.1-b+", "facebook/sam2.1-hiera-base-plus", "sam2.1_hiera_base_plus.pt", 324, "Apache-2.0"),
        Source("sam2.1-l", "facebook/sam2.1-hiera-large", "sam2.1_hiera_large.pt", 898, "Apache-2.0"),
        Source("vitmatte-s", "hustvl/vitmatte-small-composition-1k", "model.safetensors", 103, NON_COMMERCIAL),
    )
}
"""What `mam2 weights pull` can fetch."""


def source_of(name: str) -> Source:
    """Give the source of weights by their name.

    Raises:
        ModelError: `model.unknown`; `weights.by_hand` where there is only a page for people, with the way there;
            `weights.not_published`.
    """
    if name in SOURCES:
        return SOURCES[name]
    if name in OFFICIAL:
        official = OFFICIAL[name]
        raise ModelError(
            "weights.by_hand",
            f"'{name}' cannot be fetched by address: the page of github.com/{official.publisher} links to it.",
            f"Download it in a browser, then run: mam2 weights import {official.file}.",
        )
    if name == "starter":
        raise ModelError(
            "weights.not_published", "The starter ships with mam2: there is nothing to fetch.", "Use: --model starter."
        )
    if name.startswith("mam2-"):
        raise ModelError(
            "weights.not_published",
            f"Nobody publishes weights of '{name}' yet.",
            f"Use `starter` or one of: {', '.join(SOURCES)}; `mam2 train` makes your own.",
        )
    raise ModelError(
        "model.unknown", f"There are no weights '{name}'.", f"Choose from: recommended, {', '.join(SOURCES)}."
    )
