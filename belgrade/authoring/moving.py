"""The moving picture of the README, an explorer choice by choice; `python -m` this makes it.

It moves for five seconds, once, and then stands still, as WCAG 2.2.2 asks of what moves by itself;
who has asked for less motion gets one of its pictures.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

from belgrade import explorers, figures

EXPLORER = "aid_per_what"
# What is shown, in order: the places of the choices in the lists of the explorer's controls.
SHOWN: tuple[dict[str, int], ...] = ({}, {"base": 1}, {"base": 3}, {"counted": 2, "base": 3})
MILLISECONDS = 1250
WIDTH = 760


def pictures() -> list[Any]:
    """Return the pictures (Pillow's) of the explorer at the choices of `SHOWN`, its lists above."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    explorer = getattr(explorers, EXPLORER)()
    font, bold = (
        ImageFont.truetype(font_manager.findfont(f"DejaVu Sans:{weight}"), 15)
        for weight in ("regular", "bold")
    )
    made = []
    for places in SHOWN:
        controls = explorer.controls.items()
        chosen = {n: c.along()[places.get(n, c.along().index(c.default))] for n, c in controls}
        png = base64.b64decode(explorer.bundle(**chosen)["image/png"])
        drawn = Image.open(io.BytesIO(png)).convert("RGB")
        drawn = drawn.resize((WIDTH, drawn.height * WIDTH // drawn.width), Image.Resampling.LANCZOS)
        head = 34 * (len(explorer.controls) + 1)
        sheet = Image.new("RGB", (WIDTH, head + drawn.height), "white")
        pen = ImageDraw.Draw(sheet)
        pen.text((10, 9), explorer.title, figures.INK, bold)
        for row, (name, control) in enumerate(controls, 1):
            label = next(k for k, value in control.options.items() if value == chosen[name])
            left, top = 10 + pen.textlength(f"{control.label}  ", font), 34 * row
            right = left + pen.textlength(label, font) + 40
            pen.text((10, top + 7), control.label, figures.INK, font)
            pen.rounded_rectangle((left, top + 2, right, top + 29), 4, None, figures.GREY)
            pen.text((left + 8, top + 7), label, figures.INK, font)
            arrow = [(right - 20, top + 13), (right - 10, top + 13), (right - 15, top + 19)]
            pen.polygon(arrow, figures.INK)
        made.append(sheet)
        sheet.paste(drawn, (0, head))
    return made


def write(folder: Path) -> list[Path]:
    """Write `explorer.webp`, which moves, and `explorer.png`, which does not; return both paths."""
    first, *others = made = pictures()
    moving, still = folder / "explorer.webp", folder / "explorer.png"
    first.save(
        moving, save_all=True, append_images=others, duration=MILLISECONDS, loop=1, lossless=True
    )
    made[1].quantize(64).save(still, optimize=True)
    return [moving, still]


if __name__ == "__main__":
    for written in write(Path(__file__).resolve().parents[2] / "docs"):
        print(f"{written}: {written.stat().st_size / 1000:.0f} kB")
