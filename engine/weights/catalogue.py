"""Which weights there are, where they lie on this machine, and what a model still lacks. Needs no torch."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine.contract.errors import ModelError
from engine.model.config import CONFIGS
from engine.weights.header import MATTERS, TRIMAPS, Contents, read_header

STARTER_FILE = Path(__file__).parents[1] / "starter" / "starter.safetensors"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Official:
    """A published weights file: its name there, who publishes it, and the licence as far as it is known.

    Attributes:
        by_hand: it lies behind a page for people, so that `mam2 weights pull` cannot fetch it.
    """

    file: str
    publisher: str
    licence: str
    by_hand: bool = False


_SAM2 = ("facebookresearch/sam2", "Apache-2.0")
NON_COMMERCIAL = "non-commercial: learnt from Composition-1k, whose agreement binds models, whatever its page says"
_MEMATTE = ("linyiheng123/MEMatte", NON_COMMERCIAL, True)
_VITMATTE = ("hustvl/ViTMatte", NON_COMMERCIAL)

OFFICIAL: dict[str, Official] = {
    "sam2.1-t": Official("sam2.1_hiera_tiny.pt", *_SAM2),
    "sam2.1-s": Official("sam2.1_hiera_small.pt", *_SAM2),
    "sam2.1-b+": Official("sam2.1_hiera_base_plus.pt", *_SAM2),
    "sam2.1-l": Official("sam2.1_hiera_large.pt", *_SAM2),
    "mematte-s": Official("MEMatte_ViTS_DIM.pth", *_MEMATTE),
    "mematte-b": Official("MEMatte_ViTB_DIM.pth", *_MEMATTE),
    "vitmatte-s": Official("ViTMatte_S_Com.pth", *_VITMATTE),
    "vitmatte-b": Official("ViTMatte_B_Com.pth", *_VITMATTE, by_hand=True),
}
"""Published weights by the name that they get here."""


@dataclass(frozen=True)
class ModelFiles:
    """The files that make a model: the same one again and again when it holds the whole.

    Attributes:
        tracker, matter: of these parts.
        trimap: of the network of trimaps from pictures; None where there is none.
        trimap_from: where its trimaps come from, as in `MAM2Config`.
    """

    tracker: Path
    matter: Path
    trimap: Path | None = None
    trimap_from: str = "decoder"

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file once."""
        files = (self.tracker, self.matter, self.trimap)
        return tuple(dict.fromkeys(file for file in files if file is not None))


def weights_folder() -> Path:
    """Give the folder of imported weights: `$MAM2_WEIGHTS`, else the user's data folder. It may not exist yet."""
    named = os.environ.get("MAM2_WEIGHTS")
    return Path(named).expanduser() if named else platformdirs.user_data_path("mam2", appauthor=False) / "weights"


def stored(name: str, folder: Path) -> Path:
    """Give the file that holds, or would hold, the weights `name`."""
    return STARTER_FILE if name == "starter" else folder / f"{name}{SUFFIX}"


def lacking(model: str, folder: Path) -> tuple[str, ...]:
    """Give the names of the weights without which `model`, a key of `CONFIGS`, cannot run; empty when it can."""
    return () if stored(model, folder).is_file() else (model,)


def find_files(name_or_path: str, folder: Path) -> ModelFiles:
    """Give the files of a model.

    Args:
        name_or_path: a key of `CONFIGS`, with `:MATTER` behind it to choose one of several matters, imported ones
            or our own (`sam2.1-l:vitmatte-s`, `sam2.1-l:starter`; without it the first of `MATTERS` that is here),
            and `:picture` or `:uncertainty` behind that to say where trimaps come from
            (`sam2.1-l::uncertainty`), or the path of a weights file.
        folder: imported weights.

    Raises:
        ModelError: an unknown name (`model.unknown`), weights that are not here (`model.missing`), a file that holds
            something else than its name says (`model.config`), or one that `read_header` refuses.
    """
    model, _, choices = name_or_path.partition(":")
    matter, _, trimap = choices.partition(":")
    named = model in CONFIGS
    if named:
        path = stored(model, folder)
        if not path.is_file():
            raise _missing(model, lacking(model, folder))
    else:
        path, matter, trimap = Path(name_or_path), "", ""
        if not path.is_file() and path.name == name_or_path and not path.suffix:
            raise ModelError(
                "model.unknown",
                f"There is no model '{name_or_path}'.",
                f"Choose one of {', '.join(CONFIGS)}, or give a {SUFFIX} file.",
            )
    contents = _contents(path, model if named else "")
    if contents.tracker is None:
        raise ModelError(
            "model.config",
            f"{path.name} holds only a matting model ({contents.name}); a tracker is needed too.",
            f"Choose it beside a tracker: --model sam2.1-l:{contents.name}.",
        )
    matters = path if contents.matter is not None and not matter else _matter_file(matter, folder)
    return ModelFiles(path, matters, *_trimaps(trimap, contents, path, folder))


def _matter_file(matter: str, folder: Path) -> Path:
    if matter and matter not in MATTERS:
        raise ModelError(
            "model.unknown", f"There is no matting model '{matter}'.", f"Choose one of: {', '.join(MATTERS)}."
        )
    here = matters_here(folder)
    if matter and matter not in here:
        raise _missing(matter, (matter,))
    if not here:
        raise _missing("starter", ("starter",))
    path = stored(matter or here[0], folder)
    if _contents(path, matter or here[0]).matter is None:
        raise ModelError("model.config", f"{path} holds no matter.", "Import the right file again.")
    return path


def _trimaps(asked: str, contents: Contents, path: Path, folder: Path) -> tuple[Path | None, str]:
    """Give the file of the network of trimaps from pictures, if there is one, and where trimaps come from."""
    if asked not in ("", "picture", "uncertainty"):
        raise ModelError(
            "model.unknown", f"Trimaps cannot come from '{asked}'.", "Choose picture or uncertainty, or leave it out."
        )
    published = contents.trimap_from != "decoder"
    if contents.trimap is not None:
        file: Path | None = path
    elif asked == "picture":
        file = picture_trimap_file(folder)
    else:
        file = _picture_trimap(folder) if published and not asked else None
    if not published:
        return file, asked or "decoder"
    return file, asked or ("uncertainty" if file is None else "picture")


def picture_trimap_file(folder: Path) -> Path:
    """Give the file with the network of trimaps from pictures: an imported one, else the starter's if it has it.

    Raises:
        ModelError: `model.missing`: neither has it.
    """
    file = _picture_trimap(folder)
    if file is None:
        raise ModelError(
            "model.missing",
            "The network that makes trimaps of pictures is not on this machine.",
            "A file of it is taken in with: mam2 weights import FILE.",
        )
    return file


def _picture_trimap(folder: Path) -> Path | None:
    for name in (*TRIMAPS, "starter"):
        path = stored(name, folder)
        if path.is_file() and _contents(path, name).trimap is not None:
            return path
    return None


def _contents(path: Path, name: str) -> Contents:
    contents = Contents.from_header(read_header(path), path.name)
    if name and contents.name != name:
        raise ModelError(
            "model.config",
            f"{path} holds '{contents.name}', not '{name}'.",
            "Somebody renamed it: import the right file again.",
        )
    return contents


def matters_here(folder: Path) -> list[str]:
    """Give the matters on this machine, the one first that is taken where none is named; our own is always here."""
    return [name for name in MATTERS if stored(name, folder).is_file()]


def _missing(model: str, names: tuple[str, ...]) -> ModelError:
    if model == "starter":
        return ModelError(
            "model.missing",
            f"The starter weights are not in this installation ({STARTER_FILE}).",
            "Install mam2 again from a complete copy.",
        )
    if model not in OFFICIAL and names == (model,):
        return ModelError(
            "model.missing",
            f"There are no weights of '{model}' on this machine, and nobody publishes any.",
            "Use `starter` or a `sam2.1-*`; a trained file of your own is taken in with: mam2 weights import FILE.",
        )
    wanted = " and ".join(
        f"{OFFICIAL[name].file} ({OFFICIAL[name].publisher}, {OFFICIAL[name].licence})" for name in names
    )
    return ModelError(
        "model.missing",
        f"Weights that '{model}' needs are not on this machine yet: {', '.join(names)}.",
        f"Needed: {wanted}. Get it: {way_to(names[0])}. What you have already: mam2 weights import FILE.",
    )


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


def way_to(name: str) -> str:
    """Give the command that gets the weights `name`, a key of `OFFICIAL`, or says where a person finds them."""
    official = OFFICIAL[name]
    if official.by_hand:
        return f"github.com/{official.publisher}, then: mam2 weights import {official.file}"
    return f"mam2 weights pull {name}"
