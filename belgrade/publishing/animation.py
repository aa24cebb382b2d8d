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
CHOICES: tuple[dict[str, int], ...] = ({}, {"base": 1}, {"base": 3}, {"counted": 2, "base": 3})
MILLISECONDS = 1250
WIDTH = 760


def frames() -> list[Any]:
    """Return the explorer's pictures (Pillow's) at the choices of `CHOICES`, its lists above."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    explorer = getattr(explorers, EXPLORER)()
    font, bold = (
        ImageFont.truetype(font_manager.findfont(f"DejaVu Sans:{weight}"), 15)
        for weight in ("regular", "bold")
    )
    sheets = []
    for indices in CHOICES:
        controls = explorer.controls.items()
        chosen = {n: c.values()[indices.get(n, c.values().index(c.default))] for n, c in controls}
        png = base64.b64decode(explorer.bundle(**chosen)["image/png"])
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image = image.resize((WIDTH, image.height * WIDTH // image.width), Image.Resampling.LANCZOS)
        header = 34 * (len(explorer.controls) + 1)
        sheet = Image.new("RGB", (WIDTH, header + image.height), "white")
        draw = ImageDraw.Draw(sheet)
        draw.text((10, 9), explorer.title, figures.INK, bold)
        for row, (name, control) in enumerate(controls, 1):
            label = next(k for k, value in control.options.items() if value == chosen[name])
            left, top = 10 + draw.textlength(f"{control.label}  ", font), 34 * row
            right = left + draw.textlength(label, font) + 40
            draw.text((10, top + 7), control.label, figures.INK, font)
            draw.rounded_rectangle((left, top + 2, right, top + 29), 4, None, figures.GREY)
            draw.text((left + 8, top + 7), label, figures.INK, font)
            arrow = [(right - 20, top + 13), (right - 10, top + 13), (right - 15, top + 19)]
            draw.polygon(arrow, figures.INK)
        sheets.append(sheet)
        sheet.paste(image, (0, header))
    return sheets


def write(folder: Path) -> list[Path]:
    """Write `explorer.webp`, which moves, and `explorer.png`, which does not; return both paths."""
    first, *others = pictures = frames()
    animated, static = folder / "explorer.webp", folder / "explorer.png"
    first.save(
        animated, save_all=True, append_images=others, duration=MILLISECONDS, loop=1, lossless=True
    )
    pictures[1].quantize(64).save(static, optimize=True)
    return [animated, static]


if __name__ == "__main__":
    for written in write(Path(__file__).resolve().parents[2] / "docs"):
        print(f"{written}: {written.stat().st_size / 1000:.0f} kB")
