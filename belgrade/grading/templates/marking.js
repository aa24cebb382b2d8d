// The form for marks: shows one answer or all, keeps what is entered in the browser, and saves it
// as the sheet that `belgrade grade --merge` takes.
(() => {
  const {kept, file, columns, tutor, formula} = document.currentScript.dataset;
  const names = JSON.parse(columns);
  const harmful = new RegExp(`^(?:${formula})`);
  const by = id => document.getElementById(id);
  const main = document.querySelector('main');
  const answers = [...document.querySelectorAll('article')].map(place => ({
    place,
    fixed: JSON.parse(place.dataset.fixed),
    rows: [...place.querySelectorAll('fieldset')],
    total: place.querySelector('.total'),
    comment: place.querySelector('textarea'),
  }));
  let at = 0;
  let bankOpen = false;

  const chosen = row => row.querySelector(':checked')?.value ?? '';
  const read = answer => ({
    mark: answer.total.value.trim(),
    comment: answer.comment.value,
    ...Object.fromEntries(answer.rows.map(row => [row.dataset.row, chosen(row)])),
  });
  // The points of an answer: undefined if it has none yet, NaN if they cannot be.
  const points = ({total, rows, fixed}) => {
    const typed = total.value.trim().replace(',', '.').replace('½', '.5');
    if (!typed && (!rows.length || !rows.every(chosen))) return undefined;
    const sum = rows.reduce((all, row) => all + Number(chosen(row)), 0);
    const number = typed ? (/^(\d+\.?\d*|\.\d+)$/.test(typed) ? Number(typed) : NaN) : sum;
    return number <= fixed.max_points ? number : NaN;
  };
  const marked = answer => points(answer) >= 0;
  // What an answer was given, as it comes back when it was saved, merged and written anew.
  const given = answer =>
    JSON.stringify([points(answer), answer.comment.value.trim(), ...answer.rows.map(chosen)]);

  const look = answer => {
    const number = points(answer);
    const most = answer.fixed.max_points;
    const lacking = answer.rows.filter(row => !chosen(row)).map(row => row.dataset.row);
    let words = `${number} of ${most}`;
    if (number === undefined) words = lacking.length ? `still to choose: ${lacking.join(', ')}` : '';
    else if (Number.isNaN(number)) words = `from 0 to ${most} is possible`;
    answer.total.ariaInvalid = String(Number.isNaN(number));
    answer.place.classList.toggle('done', number >= 0);
    answer.place.querySelector('output').textContent = words;
  };
  const count = () => {
    const words = `${answers.filter(marked).length} of ${answers.length} marked`;
    if (by('progress').textContent !== words) by('progress').textContent = words;
  };

  const load = () => JSON.parse(localStorage.getItem(kept)) ?? {};
  const store = (...changes) => {
    const entries = changes.map(answer =>
      [answer.fixed.answer_id, {...read(answer), from: answer.from}]);
    try {
      // Another window may have entered something meanwhile.
      localStorage.setItem(kept, JSON.stringify({...load(), ...Object.fromEntries(entries)}));
    } catch {
      window.onbeforeunload = event => event.preventDefault();
      by('said').textContent = 'This browser keeps nothing: save before you close the page.';
    }
  };
  const changed = answer => {
    look(answer);
    count();
    store(answer);
  };

  const bank = answer => {
    const uses = new Map();
    for (const other of answers) {
      if (other.fixed.question !== answer.fixed.question) continue;
      for (const line of other.comment.value.split('\n').map(text => text.trim()).filter(Boolean)) {
        uses.set(line, (uses.get(line) ?? 0) + 1);
      }
    }
    const lines = [...uses.keys()].toSorted((a, b) => uses.get(b) - uses.get(a)).slice(0, 20);
    const box = answer.place.querySelector('.bank');
    box.replaceChildren(box.firstElementChild, ...lines.map(line => {
      const button = document.createElement('button');
      button.textContent = line;
      button.addEventListener('click', () => {
        const before = answer.comment.value.trimEnd();
        answer.comment.value = before ? `${before}\n${line}` : line;
        changed(answer);
      });
      return button;
    }));
  };

  const show = (place, focus) => {
    const side = by('view').value;
    main.className = `${side} ${by('named').checked ? 'named' : ''}`;
    at = Math.min(Math.max(place, 0), answers.length - 1);
    const now = answers[at].place;
    for (const each of document.querySelectorAll('article')) each.hidden = !side && each !== now;
    for (const each of document.querySelectorAll('.question')) {
      each.hidden = !side && !each.contains(now);
    }
    by('at').value = at + 1;
    by('back').disabled = at === 0;
    by('next').disabled = at === answers.length - 1;
    now.querySelector('.bank').open = bankOpen;
    if (focus) {
      now.querySelector('h3').focus();
      now.scrollIntoView();
    }
  };
  const nextOpen = () => {
    const order = [...answers.keys()].map(number => (at + 1 + number) % answers.length);
    const found = order.find(number => !marked(answers[number]));
    if (found === undefined) by('said').textContent = 'Every answer has a mark: save them.';
    else show(found, true);
  };

  const save = () => {
    const cell = value => {
      const text = harmful.test(value) ? `'${value}` : String(value);
      return `"${text.replaceAll('"', '""')}"`;
    };
    const table = [names, ...answers.map(answer => {
      const entered = {...read(answer), tutor};
      return names.map(name => answer.fixed[name] ?? entered[name] ?? 'n/a');
    })];
    const text = table.map(row => row.map(cell).join(',')).join('\r\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`\uFEFF${text}\r\n`], {type: 'text/csv'}));
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    const entered = answers.filter(answer => !answer.from.includes(given(answer)));
    for (const answer of entered) answer.from.push(given(answer));
    store(...entered);
    window.onbeforeunload = null;
    const done = answers.filter(marked).length;
    by('said').textContent =
      `${file} is among your downloads: ${done} of ${answers.length} answers have a mark.`;
  };

  // Fill in an answer, unless it has points that are none of the form's; tell whether it was.
  const enter = (answer, entry) => {
    const steps = answer.rows.map(row => {
      const cell = (entry[row.dataset.row] ?? '').trim().replace(',', '.');
      const all = [...row.querySelectorAll('input')];
      return {all, cell, step: cell && all.find(({value}) => Number(value) === Number(cell))};
    });
    if (steps.some(({cell, step}) => cell && !step)) return false;
    answer.total.value = entry.mark ?? '';
    answer.comment.value = entry.comment ?? '';
    for (const {all, step} of steps) for (const each of all) each.checked = each === step;
    return true;
  };
  const numbers = list => list.map(answer => answers.indexOf(answer) + 1).join(', ');
  // The rows of a sheet that this form saved, or a spreadsheet since, as {name: text}.
  const rowsOf = text => {
    const between = text.match(/[,;\t]/)?.[0];
    const cells = new RegExp(`("(?:[^"]|"")*"|[^${between}\r\n]*)(${between}|\r?\n|$)`, 'g');
    const table = [[]];
    for (const [, cell, end] of text.matchAll(cells)) {
      const bare = cell.replace(/^"|"$/g, '').replaceAll('""', '"');
      table.at(-1).push(bare[0] === "'" && harmful.test(bare.slice(1)) ? bare.slice(1) : bare);
      if (end !== between) table.push([]);
    }
    return table.map(row => Object.fromEntries(table[0].map((name, n) => [name, row[n] ?? ''])));
  };
  const bring = async ({target}) => {
    const bytes = await target.files[0].arrayBuffer();
    target.value = '';
    let text;
    try {
      text = new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    } catch {
      by('said').textContent = 'This file has lost letters such as č or ж: open the table again, ' +
        'and save it as “CSV UTF-8”.';
      return;
    }
    const table = rowsOf(text.replace(/^sep=.*\r?\n/i, ''));
    const rows = new Map(table.map(row => [row.answer_id, row]));
    const found = answers.filter(answer => rows.has(answer.fixed.answer_id));
    const refused = found.filter(answer => !enter(answer, rows.get(answer.fixed.answer_id)));
    for (const answer of found) answer.from.push(given(answer)); // it was saved elsewhere
    found.forEach(changed);
    by('said').textContent = `Answers whose marks are brought in: ${found.length - refused.length}.` +
      (refused.length ? ` Not those of ${numbers(refused)}: this form has no such points.` : '');
  };

  const near = ({target}) => answers.find(({place}) => place.contains(target));
  document.addEventListener('input', event => {
    const answer = near(event);
    if (answer) changed(answer);
  });
  document.addEventListener('focusin', event => {
    const place = answers.indexOf(near(event));
    if (place >= 0) by('at').value = (at = place) + 1;
  });
  document.addEventListener('toggle', event => {
    if (!event.target.matches('.bank')) return;
    bankOpen = event.target.open;
    if (bankOpen) bank(near(event));
  }, true);
  document.addEventListener('keydown', event => {
    const {key} = event;
    if (key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      nextOpen();
      return;
    }
    const row = event.target.closest('fieldset');
    if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
    const now = Number(chosen(row));
    const wanted = key.toLowerCase() === 'h' ? now + (now % 1 ? -0.5 : 0.5) : Number(key);
    const steps = [...row.querySelectorAll('input')];
    const found = key.trim() && steps.find(({value}) => Number(value) === wanted);
    if (!found && key !== 'Delete' && key !== 'Backspace') return;
    event.preventDefault();
    for (const step of steps) step.checked = step === found;
    (found || steps[0]).focus();
    changed(near(event));
  });
  const unfold = () => {
    const room = window.innerWidth > 1023 && !by('view').value;
    for (const each of document.querySelectorAll('.rubric')) each.open = room;
  };
  for (const id of ['view', 'named']) by(id).addEventListener('change', () => show(at));
  by('view').addEventListener('change', unfold);
  by('at').addEventListener('change', () => show(by('at').value - 1));
  by('back').addEventListener('click', () => show(at - 1, true));
  by('next').addEventListener('click', () => show(at + 1, true));
  by('open').addEventListener('click', nextOpen);
  by('save').addEventListener('click', save);
  by('bring').addEventListener('change', bring);

  let before = {};
  try {
    before = load();
  } catch (error) {
    const isDamaged = error instanceof SyntaxError;
    if (isDamaged) localStorage.removeItem(kept);
    by('said').textContent = isDamaged
      ? 'What this browser kept cannot be read: bring in what you saved.'
      : 'This browser keeps nothing: save before you close the page.';
  }
  // What was kept counts while the page says what it said then, or what was saved since.
  const passed = answers.filter(answer => {
    const [entry, written] = [before[answer.fixed.answer_id], read(answer)];
    const now = given(answer);
    answer.from = [now];
    if (!entry || !enter(answer, entry) || !entry.from) return false;
    const since = entry.from.indexOf(now);
    if (since >= 0) answer.from = entry.from.slice(since);
    if (since >= 0 || given(answer) === now) return false;
    return enter(answer, written);
  });
  if (passed.length) {
    by('said').textContent =
      `This page has newer marks than this browser kept: answer ${numbers(passed)}.`;
  }
  answers.forEach(look);
  count();
  unfold();
  show(answers.findIndex(answer => !marked(answer)));
})();
