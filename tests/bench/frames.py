"""Explorers on a plain page: what drawing them ahead takes, and how quickly a page answers a key.

    python tests/bench/frames.py OUT [--presses 20] [NAME ...]

Explorers are drawn into the folder OUT, or are left there as they are if nothing changed; then a
page from the file system with each is opened in headless Chromium and, where there is one, Firefox.
A control is moved by keyboard, at leisure and in haste. Times run from the key going down to the
second frame after the new picture was painted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from engines import FIREFOX, Firefox
from lab import CHROMIUM, FLAGS

from belgrade import explorers
from belgrade.publishing import frames

STATIC = Path(frames.__file__).parent / "book" / "static"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<link rel="stylesheet" href="_static/live.css">
<script src="_static/live.js" data-explorers="drawn" defer></script></head>
<body style="max-width: 46rem"><div data-explorer="{name}"><p></p>{figure}</div></body></html>"""
# Pauses between presses, in milliseconds.
SLOW, FAST = 400, 80
READY = """new Promise(resolve => {
  const look = () => (document.querySelector('.belgrade-live') ? resolve(1) : setTimeout(look, 50));
  look();
})"""
# Numbers first, then the longest lists: [which of the controls, how many steps].
CONTROLS = """JSON.stringify([...document.querySelectorAll(
  '.belgrade-live input[type=range]:enabled, .belgrade-live select:enabled')]
  .map((each, at) => [at, each.options ? each.options.length - 1 : 99])
  .filter(([at, steps]) => steps && (at || document.querySelector('label').textContent !== 'Task'))
  .sort((one, other) => other[1] - one[1]))"""
FOCUS = """(() => { const found = [...document.querySelectorAll(
  '.belgrade-live input[type=range]:enabled, .belgrade-live select:enabled')][%d];
  found.focus();
  if (%d) { found.selectedIndex = 0; found.dispatchEvent(new Event('change')); }
})()"""
WATCH = """(() => { window.elapsed = new Promise(resolve => {
  let start;
  addEventListener('keydown', () => { start = performance.now() }, {once: true, capture: true});
  const caption = document.querySelector('figcaption');
  const watcher = new MutationObserver(() => {
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  });
  watcher.observe(caption, {childList: true, characterData: true, subtree: true});
  setTimeout(() => resolve(null), 3000);
}) })()"""


class Chromium:
    """Headless Chromium through Playwright."""

    name = "Chromium"

    def __init__(self) -> None:
        from playwright.sync_api import sync_playwright

        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        self.page = self.browser.new_page()

    def goto(self, url: str) -> None:
        self.page.goto(url)

    def run(self, script: str) -> Any:
        return self.page.evaluate(script)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def close(self) -> None:
        self.browser.close()
        self.playwright.stop()


def times(browser: Any, page: Path, presses: int, pause: int) -> list[float]:
    """Return the milliseconds of so many presses, down a control and up again, on a fresh page."""
    browser.goto(page.as_uri())
    browser.run(READY)
    times_ms: list[float] = []
    for at, limit in json.loads(browser.run(CONTROLS)):
        steps = min(limit, (presses + 1) // 2)
        is_list = limit < 99
        browser.run(FOCUS % (at, is_list))
        time.sleep(0.5)
        for key in ["ArrowDown"] * steps + ["ArrowUp"] * steps:
            browser.run(WATCH)
            browser.press(key)
            if (elapsed := browser.run("window.elapsed")) is not None:
                times_ms.append(elapsed)
            time.sleep(pause / 1000)
        if len(times_ms) >= presses:
            break
    return times_ms


def summary(values: list[float]) -> str:
    """Return median and 95th percentile as text, or a dash where nothing was measured."""
    if len(values) < 3:
        return "–"
    p95 = statistics.quantiles(values, n=20)[-1]
    return f"{statistics.median(values):.0f} / {min(p95, max(values)):.0f}"


def sizes_of(out: Path, name: str) -> tuple[int, int, int, int]:
    """Return an explorer's choices and pictures, the bytes of its files and those of its script."""
    script = out / f"{name}.js"
    *_, known = script.read_text(encoding="utf-8").split("=", 2)
    known = json.loads(known.removesuffix(";\n"))
    files = json.loads((out / frames.MANIFEST).read_text(encoding="utf-8"))[name]["files"]
    size = sum((out / file).stat().st_size for file in files)
    return len(known["frames"]), len(known["pictures"]), size, script.stat().st_size


@contextmanager
def pages(out: Path, names: list[str]) -> Iterator[Path]:
    """Give a folder with a page for each explorer."""
    with tempfile.TemporaryDirectory() as folder:
        static = Path(folder, "_static")
        shutil.copytree(STATIC, static)
        (static / "explorers").symlink_to(out.resolve(), target_is_directory=True)
        for name in names:
            figure = getattr(explorers, name)().bundle()["text/html"]
            text = PAGE.format(name=name, figure=figure.partition("<script>")[0])
            Path(folder, f"{name}.html").write_text(text, encoding="utf-8")
        yield Path(folder)


def main() -> None:
    """Draw, measure, and print two Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(explorers.EXPLORERS))
    parser.add_argument("--presses", type=int, default=20)
    options = parser.parse_args()
    for _ in range(2):
        start = time.monotonic()
        drawn = frames.draw(options.out, options.names)
        print(f"{len(drawn)} explorers drawn in {time.monotonic() - start:.1f} s\n")
        if not drawn:
            break
    sizes = {name: sizes_of(options.out, name) for name in options.names}
    browsers = [Chromium(), *([Firefox()] if FIREFOX else [])]
    paces = {"at leisure": SLOW, "in haste": FAST}
    columns = [f"{browser.name}, {pace}" for browser in browsers for pace in paces]
    print(f"| explorer | choices | pictures | MB | kB at first | {' | '.join(columns)} |")
    print("|" + "---|" * (5 + len(columns)))
    all_times: dict[str, list[float]] = {column: [] for column in columns}
    with pages(options.out, options.names) as folder:
        for name in options.names:
            choices, pictures, size, script = sizes[name]
            cells = [name, f"{choices:,}", str(pictures), f"{size / 1e6:.2f}"]
            cells.append(f"{script / 1e3:.0f}")
            for browser in browsers:
                for pace, pause in paces.items():
                    times_ms = times(browser, folder / f"{name}.html", options.presses, pause)
                    all_times[f"{browser.name}, {pace}"] += times_ms
                    cells.append(summary(times_ms))
            print(f"| {' | '.join(cells)} |", flush=True)
    choices, pictures, size, _ = map(sum, zip(*sizes.values(), strict=True))
    summaries = " | ".join(summary(times_ms) for times_ms in all_times.values())
    print(f"| all | {choices:,} | {pictures:,} | {size / 1e6:.1f} | | {summaries} |")
    for browser in browsers:
        browser.close()


if __name__ == "__main__":
    main()
