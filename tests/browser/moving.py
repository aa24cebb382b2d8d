"""A notebook's cells and its explorers in a live JupyterLab, moved by keyboard."""

from __future__ import annotations

import json
import re
from typing import Any

SHOWS_EXPLORER = re.compile(r"^(?:\w+ = )?explorers\.\w+\(", re.M)
PICTURE = "figure[data-drawn]"
# What screen readers announce: it stays in the page while picture and sentence are drawn anew.
LIVE_REGION = ".jp-OutputArea > [role=status]"
CONTROLS = "select, input[type=checkbox], [role=slider]"


def explorer_cells(lab: Any, path: str) -> list[int]:
    """Return the places of the cells that call an explorer, counted from 0 over all cells."""
    content = json.loads((lab.root / path).read_text(encoding="utf-8"))
    return [
        number
        for number, cell in enumerate(content["cells"])
        if cell["cell_type"] == "code" and SHOWS_EXPLORER.search("".join(cell["source"]))
    ]


def bring_to(page: Any, number: int) -> Any:
    """Scroll to a cell (those out of sight are not in the page) and return it."""
    page.evaluate(
        """async number => {
          const content = jupyterapp.shell.currentWidget.content;
          content.activeCellIndex = number;
          await content.scrollToItem(number, 'start');
        }""",
        number,
    )
    cell = page.locator(
        f".jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index='{number}']"
    )
    cell.wait_for()
    return cell


def seen(cell: Any) -> tuple[str, str]:
    """Return what an explorer shows: the fingerprint of its picture (or none), and its sentence."""
    return tuple(
        cell.evaluate(
            """cell => [
              cell.querySelector('figure[data-drawn]')?.dataset.drawn ?? '',
              cell.querySelector(
                'figure[data-drawn] figcaption, .jp-RenderedHTMLCommon [role=status]'
              )?.textContent ?? '',
            ]"""
        )
    )


# Notes which messages from widgets the kernel has not yet dealt with, and how many there were.
WATCH = """() => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  window.sent = 0;
  window.unanswered = new Set();
  kernel.anyMessage.connect((_, {msg, direction}) => {
    if (direction === 'send' && msg.header.msg_type === 'comm_msg') {
      window.sent += 1;
      window.unanswered.add(msg.header.msg_id);
    }
    if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
      window.unanswered.delete(msg.parent_header.msg_id);
  });
}"""
# Waits until the kernel has been told of a key and has answered all, and the page has rested. (A
# slider sends a second message for its box, and ipywidgets holds one back while another is open.)
WAIT_FOR_ANSWER = """async sent => {
  const until = performance.now() + 20000;
  let rested = 0;
  while (performance.now() < until) {
    await new Promise(resolve => setTimeout(resolve, 10));
    rested = window.sent > sent && !window.unanswered.size ? rested + 1 : 0;
    if (rested === 4) return;
  }
  throw new Error('no answer to a key');
}"""


def press(page: Any, cell: Any, element: Any, key: str) -> tuple[str, str]:
    """Press a key on a control of an explorer; return what is seen once the kernel answered."""
    sent = page.evaluate("() => window.sent")
    element.focus()
    page.keyboard.press(key)
    page.evaluate(WAIT_FOR_ANSWER, sent)
    return seen(cell)


class Control:
    """A control of an explorer, moved by the keyboard alone."""

    def __init__(self, page: Any, cell: Any, element: Any) -> None:
        self.page, self.cell, self.element = page, cell, element
        kind = element.evaluate("each => each.type || each.getAttribute('role')")
        self.forward, self.back, self.steps = "Space", "Space", 1
        if kind == "select-one":
            at, last = element.evaluate("each => [each.selectedIndex, each.options.length - 1]")
            self.forward, self.back, self.steps = "ArrowDown", "ArrowUp", last - at
            if at == last:
                self.forward, self.back, self.steps = "ArrowUp", "ArrowDown", last
        elif kind == "slider":
            assert element.get_attribute("aria-label"), "a slider's handle needs a name"
            ends = [element.get_attribute(f"aria-value{end}") for end in ("now", "max")]
            self.forward, self.back, self.steps = "ArrowRight", "ArrowLeft", 3
            if ends[0] == ends[1]:
                self.forward, self.back = "ArrowLeft", "ArrowRight"
        self.moved_both = False

    def move(self) -> int:
        """Press until the explorer shows something else; return how often, 0 if it never did."""
        before = seen(self.cell)
        for presses in range(1, self.steps + 1):
            now = press(self.page, self.cell, self.element, self.forward)
            if now != before:
                self.moved_both |= bool(now[0]) and now[0] != before[0] and now[1] != before[1]
                return presses
        self.restore(self.steps)
        return 0

    def moves(self) -> bool:
        """Move there and back; tell whether the explorer showed something else."""
        pressed = self.move()
        self.restore(pressed)
        return pressed > 0

    def restore(self, pressed: int) -> None:
        """Press back as often."""
        for _ in range(pressed):
            press(self.page, self.cell, self.element, self.back)


def move_every_control(page: Any, cell: Any) -> list[Control]:
    """Move each control there and back with the keyboard: picture or sentence must change.

    One that matters only after another was moved is tried again with each of the others moved.
    Return the controls that changed both.
    """
    elements = cell.locator(CONTROLS).all()
    controls = [Control(page, cell, element) for element in elements]
    assert controls
    silent = []
    for control in controls:
        before = seen(cell)
        if pressed := control.move():
            control.restore(pressed)
            assert seen(cell) == before, "the way back does not lead back"
        else:
            silent.append(control)
    for control in silent:
        assert any(_moves_after(other, control) for other in controls if other is not control), (
            f"a control changes nothing: {control.element}"
        )
    return [control for control in controls if control.moved_both]


def _moves_after(other: Control, control: Control) -> bool:
    """Tell whether `control` changes what is seen at any later option of `other`."""
    for pressed in range(1, other.steps + 1):
        press(other.page, other.cell, other.element, other.forward)
        if moved := control.move():
            control.restore(moved)
            other.restore(pressed)
            return True
    other.restore(other.steps)
    return False
