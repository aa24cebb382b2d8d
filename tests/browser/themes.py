"""Themes of JupyterLab, and what cannot be read or does not fit, measured on the page."""

from __future__ import annotations

from typing import Any

THEME = """async name => {
  await jupyterapp.commands.execute('apputils:change-theme', {theme: `JupyterLab ${name}`});
}"""
THEME_IS = "name => document.body.dataset.jpThemeLight === String(name === 'Light')"
# Words of a control whose colour is too near to what lies behind: WCAG 2.2, 1.4.3. axe passes over
# buttons while their colours are still changing, and over what it cannot measure.
LOW_CONTRAST = """where => {
  const parse = colour => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = ([r, g, b]) => [r, g, b].map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const kinds = 'button, select, input:not([type=radio]), textarea, label, p, li, strong';
  document.querySelectorAll(where).forEach(area => area.querySelectorAll(kinds).forEach(each => {
    if (!each.offsetParent) return;
    const back = behind(each), [r, g, b, a] = parse(getComputedStyle(each).color);
    const ink = [r, g, b].map((part, at) => part * a + back[at] * (1 - a));
    const [dark, bright] = [light(ink), light(back)].sort((x, y) => x - y);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)} to 1: ${each.outerHTML.slice(0, 120)}`);
  }));
  return found;
}"""

# What an element shows that is beyond its place, cut off, or higher than its row.
MISFITS = """shown => {
  const kinds = 'figure img, figcaption, select, input, textarea, label, button, p, .widget-hbox';
  const all = [...shown.querySelectorAll(kinds)]
    .filter(each => each.offsetParent && each.closest('.jp-OutputArea'));
  const right = each => each.getBoundingClientRect().right;
  const beyond = each => right(each) > right(each.closest('.jp-OutputArea')) + 1;
  const hides = each => each.matches('button, .widget-label')
    || ['hidden', 'clip'].includes(getComputedStyle(each).overflowX);
  const cut = each => (hides(each) && each.scrollWidth > each.clientWidth + 1)
    || (each.matches('.widget-hbox') && each.scrollHeight > each.clientHeight + 1);
  const wrong = (word, found) => found.map(each => `${word}: ${each.outerHTML.slice(0, 200)}`);
  return [...wrong('beyond', all.filter(beyond)), ...wrong('cut', all.filter(cut))];
}"""


def set_theme(page: Any, theme: str) -> None:
    """Change the theme, Light or Dark, and wait until no colour is on its way any more."""
    page.evaluate(THEME, theme)
    page.wait_for_function(THEME_IS, arg=theme)
    wait_for_transitions(page)


def wait_for_transitions(page: Any) -> None:
    """Wait until no colour is on its way."""
    page.evaluate(
        """async () => {
          await new Promise(requestAnimationFrame);
          // Not animations: a blinking cursor's never ends.
          const colours = document.getAnimations().filter(each => each instanceof CSSTransition);
          await Promise.all(colours.map(each => each.finished.catch(() => {})));
        }"""
    )


def low_contrast(page: Any, selector: str) -> list[str]:
    """Return which words there have a contrast below 4.5 to 1."""
    return page.evaluate(LOW_CONTRAST, selector)
