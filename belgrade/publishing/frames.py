"""Explorers drawn ahead, for pages without a kernel: every picture and sentence they can show.

`draw` writes, for each explorer, a script `NAME.js` with its controls, its sentences and the list
of its pictures, and the pictures themselves. They come from the explorer's `bundle`, which is what
the notebook shows too; the page only looks them up.

Pictures of one size that differ in one control are stored as a base, the first of them, and a layer
for each with what differs; a page lays one over the other, pixel for pixel. All are lossless WebP,
named by their digest, so that what is equal is stored once.

What an explorer was drawn from (modules, tables, versions) is kept in `drawn.json`. As long as none
of it has changed, the explorer is not drawn again.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import inspect
import io
import itertools
import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from belgrade import INSTRUCTORS, UserError, data, explorers, figures
from belgrade.explorers.explorer import Explorer, Number, Switch
from belgrade.files import write_whole

MANIFEST, PICTURES = "drawn.json", "pictures"
# Packages whose version may change a picture.
RENDER_PACKAGES = ("matplotlib", "numpy", "pandas", "pillow")
# Parts of the package that no explorer may import; a command has loaded them for other reasons.
NEVER_IMPORTED = tuple(f"belgrade.{part}" for part in ("checks", "cli", *INSTRUCTORS))
# A base is worth its file from this many pictures on.
MIN_GROUP = 3
# A digest of so many hexadecimal digits.
DIGEST_LENGTH = 16

Indices = tuple[int, ...]
Progress = Callable[[str, int, int], None]


class FramesError(UserError):
    """An explorer could not be drawn; the text names it and says why."""


def draw(
    out: Path,
    names: Sequence[str] | None = None,
    progress: Progress = lambda label, done, total: None,
    workers: int | None = None,
) -> list[str]:
    """Draw explorers (all, or `names`) into the folder `out`; return the names of those drawn.

    Each explorer is drawn in a process of its own, `workers` (the number of processors) at a time.
    One that was drawn there before, from what is still the same, is left. `progress` is told the
    explorer that was begun first, then each that is done, and combinations done and to do. Raises
    FramesError where one cannot be drawn, and keeps those that were.
    """
    out = Path(out)
    names = list(explorers.EXPLORERS if names is None else names)
    known = _read_manifest(out)
    manifest = {name: entry for name, entry in known.items() if name in explorers.EXPLORERS}
    stale = [name for name in names if not _is_current(out, name, manifest)]
    sizes = {name: len(choices(getattr(explorers, name)())) for name in stale}
    longest_first = sorted(stale, key=sizes.__getitem__, reverse=True)
    done, total = 0, sum(sizes.values())
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        running = {pool.submit(_draw_in_process, out, name): name for name in longest_first}
        if stale:
            progress(longest_first[0], done, total)
        try:
            for future in as_completed(running):
                name = running[future]
                manifest[name] = future.result()
                write_whole(out / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
                done += sizes[name]
                progress(name, done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    _delete_unused(out, manifest)
    return stale


def choices(explorer: Explorer) -> list[Indices]:
    """Return the combinations of controls that a page offers, as indices into their `values()`.

    These are all combinations or, where the explorer has `slices`, those in one of them.
    """
    start = explorer.indices()
    slices = explorer.slices.values() or [list(explorer.controls)]
    ranges = (
        [
            range(len(control.values())) if name in moves else [start[name]]
            for name, control in explorer.controls.items()
        ]
        for moves in slices
    )
    return list(dict.fromkeys(itertools.chain.from_iterable(itertools.product(*r) for r in ranges)))


# --- What is there already -----------------------------------------------------------------------


def _read_manifest(out: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        if isinstance(manifest, dict):
            return manifest
    return {}


def _is_current(out: Path, name: str, manifest: Mapping[str, Any]) -> bool:
    """Tell whether an explorer was drawn from what is there now, and its files are still there."""
    try:
        entry = manifest[name]
        return all((out / file).is_file() for file in entry["files"]) and all(
            _digest_of(source) == digest for source, digest in entry["made_from"].items()
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _digest_of(source: str) -> str:
    """Return the digest of a module, a table or a package, "" for one that is no more."""
    kind, _, name = source.partition(" ")
    try:
        if kind == "module":
            module = importlib.util.find_spec(name)
            if module is None or module.origin is None:
                return ""
            content = Path(module.origin).read_bytes().replace(b"\r\n", b"\n")
        elif kind == "table":
            resource = data.resource(name)
            table = (data.folder() / resource["path"]).read_bytes().replace(b"\r\n", b"\n")
            content = table + json.dumps(resource, sort_keys=True).encode()
        elif kind == "package":
            content = importlib.metadata.version(name).encode()
        else:
            content = platform.python_version().encode()
    except (OSError, ImportError, AttributeError, data.NoSuchTable):
        return ""
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]


def _delete_unused(out: Path, manifest: Mapping[str, Any]) -> None:
    """Delete scripts of explorers that are no more, and pictures that none shows any more."""
    used = {file for each in manifest.values() for file in each["files"]}
    for path in (*out.glob("*.js"), *(out / PICTURES).glob("*.webp")):
        if path.relative_to(out).as_posix() not in used:
            path.unlink()


# --- One explorer --------------------------------------------------------------------------------


def _draw_in_process(out: Path, name: str) -> dict[str, Any]:
    """Let a fresh interpreter draw an explorer, so that what it loads is what it is made from."""
    command = [sys.executable, "-m", "belgrade.publishing.frames", name, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        errors = done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"]
        raise FramesError(f"The explorer {name} could not be drawn: {errors[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def _draw_explorer(name: str, out: Path) -> dict[str, Any]:
    """Draw all of an explorer; return what `drawn.json` keeps of it."""
    tables: set[Path] = set()
    sys.addaudithook(lambda event, arguments: _note_table(tables, event, arguments))
    explorer = getattr(explorers, name)()
    sentences: dict[str, int] = {}
    pictures: dict[bytes, tuple[int, Indices]] = {}
    frames: dict[str, list[int]] = {}
    for indices in choices(explorer):
        chosen = {
            each: control.values()[index]
            for (each, control), index in zip(explorer.controls.items(), indices, strict=True)
        }
        bundle = explorer.bundle(**chosen)
        sentence_at = sentences.setdefault(bundle["text/plain"], len(sentences))
        picture_at = -1
        if "image/png" in bundle:
            png = base64.b64decode(bundle["image/png"])
            picture_at, _ = pictures.setdefault(png, (len(pictures), indices))
        frames["-".join(map(str, indices))] = [picture_at, sentence_at]
    bases, layers = _store(out, list(pictures), [indices for _, indices in pictures.values()])
    explorer_data = {
        "title": explorer.title,
        "controls": [
            {"name": each, **_control(control)} for each, control in explorer.controls.items()
        ],
        "start": explorer.indices(),
        "slices": [{"label": label, "moves": moves} for label, moves in explorer.slices.items()],
        "takes_answers": bool(inspect.signature(getattr(explorers, name)).parameters),
        "bases": bases,
        "pictures": layers,
        "sentences": list(sentences),
        "frames": frames,
    }
    text = json.dumps(explorer_data, ensure_ascii=False, separators=(",", ":"))
    script = f"(window.belgradeExplorers??={{}})[{json.dumps(name)}]={text};\n"
    write_whole(out / f"{name}.js", script)
    images = {f"{PICTURES}/{each[-1]}" for each in layers} | {f"{PICTURES}/{b[0]}" for b in bases}
    return {
        "made_from": {source: _digest_of(source) for source in _inputs(tables)},
        "files": [f"{name}.js", *sorted(images)],
    }


def _note_table(tables: set[Path], event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str) and arguments[0].endswith(".csv"):
        tables.add(Path(arguments[0]).resolve())


def _inputs(opened: set[Path]) -> list[str]:
    own = (name for name in sys.modules if name.split(".")[0] == "belgrade")
    modules = [name for name in own if not name.startswith(NEVER_IMPORTED)]
    tables = [
        each["name"]
        for each in data.package()["resources"]
        if (data.folder() / each["path"]).resolve() in opened
    ]
    return [
        "python",
        *(f"package {name}" for name in RENDER_PACKAGES),
        "module belgrade.publishing.frames",
        *(f"module {name}" for name in sorted(modules)),
        *(f"table {name}" for name in sorted(tables)),
    ]


def _control(control: Any) -> dict[str, Any]:
    """Return what a page needs to make a control of its own."""
    if isinstance(control, Number):
        ends = {"min": control.minimum, "max": control.maximum, "step": control.step}
        return {"kind": "number", "label": control.label, **ends}
    if isinstance(control, Switch):
        return {"kind": "switch", "label": control.label}
    return {"kind": "select", "label": control.label, "options": list(control.options)}


# --- Pictures ------------------------------------------------------------------------------------


def _store(
    out: Path, pngs: Sequence[bytes], indices: Sequence[Indices]
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Write pictures (PNG) as bases and layers; return the two lists.

    A base is [file, width, height] in CSS pixels; a picture is [index of its base, file], or
    [-1, width, height, file] without one.
    """
    bases: list[list[Any]] = []
    layers: list[list[Any]] = [[] for _ in pngs]
    for group in _groups(pngs, indices):
        base = _pixels(pngs[group[0]]) if len(group) >= MIN_GROUP else None
        if base is not None:
            bases.append([_save(out, base), *_css_size(base)])
        for at in group:
            pixels = _pixels(pngs[at])
            if base is None:
                layers[at] = [-1, *_css_size(pixels), _save(out, pixels)]
            else:
                layers[at] = [len(bases) - 1, _save(out, np.where(pixels == base, 0, pixels))]
    return bases, layers


def _groups(pngs: Sequence[bytes], indices: Sequence[Indices]) -> list[list[int]]:
    """Return which pictures share a base: those of one size that differ in one control alone.

    The longest control is tried first; few have a base of their own, and the rest none.
    """
    sizes = [Image.open(io.BytesIO(png)).size for png in pngs]
    shared, ungrouped = [], list(range(len(pngs)))
    controls = range(len(next(iter(indices), ())))
    for control in sorted(controls, key=lambda n: -len({each[n] for each in indices})):
        candidates: dict[Any, list[int]] = defaultdict(list)
        for at in ungrouped:
            others = indices[at][:control] + indices[at][control + 1 :]
            candidates[sizes[at], others].append(at)
        shared += (groups := [group for group in candidates.values() if len(group) >= MIN_GROUP])
        ungrouped = [at for at in ungrouped if not any(at in group for group in groups)]
    return [*shared, *([at] for at in ungrouped)]


def _pixels(png: bytes) -> np.ndarray:
    """Return an opaque picture as height × width numbers, one a pixel."""
    rgba = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    return np.ascontiguousarray(rgba).view(np.uint32)[..., 0]


def _css_size(pixels: np.ndarray) -> list[int]:
    scale = figures.CSS_PIXELS_PER_INCH / figures.PIXELS_PER_INCH
    return [round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)]


def _save(out: Path, pixels: np.ndarray) -> str:
    """Write pixels as lossless WebP, 0 being transparent; return the file's name."""
    rgba = np.ascontiguousarray(pixels)[..., None].view(np.uint8)
    image = Image.fromarray(rgba, "RGBA")
    if pixels.all():
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, "webp", lossless=True)
    content = file.getvalue()
    name = f"{hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]}.webp"
    if not (out / PICTURES / name).is_file():
        write_whole(out / PICTURES / name, content)
    return name


if __name__ == "__main__":
    print(json.dumps(_draw_explorer(sys.argv[1], Path(sys.argv[2]))))
