"""How long from a key press to the new picture in the page: our explorers beside `interact`.

    python tests/bench/explorers.py [--presses 20] [NAME ...]

For each explorer, in a real JupyterLab in headless Chromium, one control is moved by keyboard:
first to choices never shown before, then back. It is done twice, in fresh kernels: at leisure, as
someone does who looks at each picture, and in haste, as someone who is after a choice far away; at
leisure the explorer has drawn the next choices ahead (`tests/bench/ahead.py`: what that takes). In
the same run `ipywidgets.interact` with `plt.show()` draws the same figure with the same code. Times
run from the key going down to the first frame after the new image was decoded. Compare the ratios,
not the milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from frames import summary
from lab import CHROMIUM, FLAGS, Lab

from belgrade.explorers import EXPLORERS

EXPLORER_CELL = "from belgrade import explorers\nexplorers.{name}()"
INTERACT_CELL = """import ipywidgets
import matplotlib.pyplot as plt
from belgrade import explorers, figures
figures.use_style()
figures.new = lambda height=3.6, rows=1, columns=1, **options: plt.subplots(
    rows, columns, figsize=(7.2, height), **options)
plt.rcParams["figure.dpi"] = figures.PIXELS_PER_INCH
explorer = explorers.{name}()
def show(**choices):
    explorer.view(explorer.data, **choices)
    plt.show()
ipywidgets.interact(show, **{{name: control.widget() for name, control in explorer.controls.items()
                             if not hasattr(control.widget(), "value_widget")}},
                    **{{name: ipywidgets.FloatSlider(min=control.minimum, max=control.maximum,
                                                    step=control.step, value=control.default)
                       for name, control in explorer.controls.items()
                       if hasattr(control.widget(), "value_widget")}});"""
# Pauses between presses, in milliseconds.
SLOW, FAST = 700, 80
# The same mending of the keyboard as in our outputs, so that both can be moved by arrow keys.
KEYS = """cell => cell.querySelectorAll('select, [role=slider]').forEach(
  each => each.setAttribute('data-lm-suppress-shortcuts', 'true'))"""
WATCH = """cell => {
  const before = cell.querySelector('.jp-OutputArea img')?.src;
  window.elapsed = new Promise(resolve => {
    let start;
    const begin = () => { start = performance.now() };
    cell.addEventListener('keydown', begin, {once: true, capture: true});
    const look = () => {
      const image = cell.querySelector('.jp-OutputArea img');
      if (!start || !image || image.src === before) return;
      watcher.disconnect();
      image.decode().catch(() => {}).then(() =>
        requestAnimationFrame(() => resolve(performance.now() - start)));
    };
    const watcher = new MutationObserver(look);
    watcher.observe(cell, {childList: true, subtree: true, attributes: true});
    setTimeout(() => { watcher.disconnect(); resolve(null) }, 5000);
  });
}"""


def times(page: Any, cell: Any, presses: int, pause: int) -> tuple[list[float], list[float]]:
    """Return milliseconds for new choices and for those shown before.

    A slider is moved if there is one; else lists, the longest first, until there were so many
    presses.
    """
    cell.evaluate(KEYS)
    sliders, lists = cell.locator("[role=slider]").all(), cell.locator("select").all()
    sizes = {n: each.evaluate("each => each.options.length") for n, each in enumerate(lists)}
    order = sorted(sizes, key=lambda n: -sizes[n])
    controls = [(lists[n], sizes[n] - 1, "ArrowDown", "ArrowUp") for n in order]
    if sliders:
        controls = [(sliders[0], presses, "ArrowRight", "ArrowLeft")]
    new, repeated = [], []
    for control, limit, down, up in controls:
        steps = min(limit, presses - len(new))
        control.focus()
        page.keyboard.press("Home")
        page.wait_for_timeout(1500)
        for key, times_ms in [(down, new)] * steps + [(up, repeated)] * (steps - 1):
            control.focus()
            cell.evaluate(WATCH)
            page.keyboard.press(key)
            if (elapsed := page.evaluate("() => window.elapsed")) is not None:
                times_ms.append(elapsed)
            page.wait_for_timeout(pause)
        if len(new) >= presses:
            break
    return new, repeated


def row(name: str, measured: dict[str, list[float]]) -> str:
    """Return a row of the table."""
    cells = [summary(measured[pace]) for pace in ("leisure", "haste", "again", "interact")]
    haste, interact = measured["haste"], measured["interact"]
    is_enough = min(len(haste), len(interact)) >= 3
    ratio = f"{statistics.median(interact) / statistics.median(haste):.1f}" if is_enough else "–"
    return f"| {name} | {' | '.join(cells)} | {ratio} |"


def main() -> None:
    """Measure the explorers named, or all, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(EXPLORERS))
    parser.add_argument("--presses", type=int, default=20)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    root = Path(tempfile.mkdtemp())
    for name in options.names:
        for kind, source in (("ours", EXPLORER_CELL), ("interact", INTERACT_CELL)):
            cells = [nbformat.v4.new_code_cell(source.format(name=name))]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
            nbformat.write(notebook, root / f"{name}-{kind}.ipynb")
    lab = Lab(root)
    ways = "new, at leisure | new, in haste | shown before | `interact`"
    print(f"| explorer | {ways} | in haste: times as fast |\n|{'---|' * 6}")
    rows: dict[str, list[float]] = {"leisure": [], "haste": [], "again": [], "interact": []}
    runs = {"leisure": ("ours", SLOW), "haste": ("ours", FAST), "interact": ("interact", FAST)}
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for name in options.names:
                measured = {}
                for pace, (kind, pause) in runs.items():
                    page = browser.new_page(viewport={"width": 1280, "height": 1000})
                    panel = lab.open(page, f"{name}-{kind}.ipynb")
                    lab.run_all(page)
                    cell = panel.locator(".jp-CodeCell").first
                    cell.locator(".jp-OutputArea img").first.wait_for()
                    page.wait_for_timeout(500)
                    measured[pace], repeated = times(page, cell, options.presses, pause)
                    if pace == "leisure":
                        measured["again"] = repeated
                    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
                    page.close()
                for pace, values in measured.items():
                    rows[pace] += values
                print(row(name, measured), flush=True)
            print(row("all", rows))
            browser.close()
    finally:
        lab.close()


if __name__ == "__main__":
    main()
