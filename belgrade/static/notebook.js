// Goes with the HTML beside widgets in JupyterLab, and mends for keyboard and screen reader:
// - In command mode JupyterLab takes the arrow keys from lists, radio buttons and sliders to move
//   between cells; the attribute is Lumino's way to keep them.
// - ipywidgets gives no name to the handle of a slider, nor to a group of radio buttons: they get
//   that of the label, or the question above.
// - JupyterLab redraws a sentence together with its picture, which not every screen reader
//   announces: an unseen element that stays says what the sentence says when that has changed.
// - When a kernel begins anew, controls that it had stay in the page and look as ever: they get the
//   mark that ipywidgets has for those of a file that was opened again.
// - pandas sets all cells flush right and lets dates break: numbers and dates stay whole, and words
//   begin at the left, in every table of the notebook.
// - Where one card of a form makes way for the next, the focus goes to the same button of it.
(() => {
  const {dataset: {css}} = document.currentScript;
  const area = document.currentScript.closest('.jp-OutputArea');
  if (!area || area.dataset.belgrade) return;
  area.dataset.belgrade = 'keyboard';
  if (!document.getElementById('belgrade-style')) {
    const style = document.createElement('style');
    style.id = 'belgrade-style';
    style.textContent = css;
    document.head.append(style);
  }
  const liveRegion = document.createElement('div');
  liveRegion.role = 'status';
  liveRegion.ariaLive = 'polite';
  // With a place of its own it cannot make the area scroll.
  liveRegion.style.cssText =
    'position:absolute;top:0;left:0;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)';
  area.append(liveRegion);
  let announced;
  let waiting;
  let focused;
  area.addEventListener('focusin', event => {
    const button = event.target.closest('.belgrade-cards button');
    focused = button && {button, text: button.textContent};
  });
  const keepFocus = () => {
    if (!focused || focused.button.isConnected || document.activeElement !== document.body) return;
    [...area.querySelectorAll('.belgrade-cards button')]
      .find(button => button.textContent === focused.text)?.focus();
  };
  const fixControls = () => {
    const sentence = area.querySelector('.jp-RenderedHTMLCommon [aria-live=polite]');
    if (sentence) {
      sentence.ariaLive = 'off';
      const text = sentence.textContent;
      // Who presses a button twice is told the same twice, who presses Enter in a box once.
      const isAgain = sentence.matches('p') && area.contains(document.activeElement);
      if (announced !== undefined && (announced !== text || isAgain)) {
        liveRegion.textContent = '';
        clearTimeout(waiting);
        waiting = setTimeout(() => { liveRegion.textContent = text; }, 200);
      }
      announced = text;
    }
    area.querySelectorAll('select, input[type=radio], input[type=checkbox], [role=slider]')
      .forEach(each => each.setAttribute('data-lm-suppress-shortcuts', 'true'));
    area.querySelectorAll('.belgrade-number input')
      .forEach(each => { each.inputMode = 'decimal'; });
    area.querySelectorAll('.belgrade-slider [role=slider]').forEach(handle => {
      const label = handle.closest('.widget-hbox')?.querySelector('label');
      if (label && !handle.ariaLabel) handle.ariaLabel = label.textContent;
    });
    area.querySelectorAll('.widget-radio').forEach(group => {
      const label = group.querySelector('.widget-label')?.textContent;
      const name = (label || group.previousElementSibling?.textContent || '').trim();
      const box = group.querySelector('.widget-radio-box');
      if (name && box && box.ariaLabel !== name) { box.role = 'radiogroup'; box.ariaLabel = name; }
    });
    keepFocus();
  };
  const panel = area.closest('.jp-NotebookPanel');
  const alignTables = () => {
    panel.querySelectorAll('table.dataframe:not([data-belgrade])').forEach(table => {
      table.dataset.belgrade = 'set';
      table.querySelectorAll('td').forEach(cell => {
        const isWhole = /^([-−+]?[\d.,]+ ?%?|\d{4}-\d\d-\d\d|NaN|<NA>|NaT)$/.test(cell.textContent.trim());
        cell.classList.add(isWhole ? 'belgrade-whole' : 'belgrade-text');
      });
    });
  };
  if (panel && !panel.dataset.belgrade) {
    panel.dataset.belgrade = 'tables';
    alignTables();
    new MutationObserver(alignTables).observe(panel, {childList: true, subtree: true});
  }
  const icon = panel?.querySelector('[data-status]');
  const markDisconnected = () => {
    if (!/start|dead/.test(icon.dataset.status)) return;
    area.querySelectorAll('.belgrade-controls, .belgrade-form')
      .forEach(each => each.classList.add('jupyter-widgets-disconnected'));
  };
  if (icon) new MutationObserver(markDisconnected).observe(icon, {attributeFilter: ['data-status']});
  fixControls();
  new MutationObserver(fixControls).observe(area, {childList: true, subtree: true});
})();
