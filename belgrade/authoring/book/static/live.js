/* What answers to the reader on a plain page without a kernel: explorers, guesses, verdicts.

An explorer's pictures and sentences were drawn ahead (belgrade/authoring/frames.py); here they are
looked up. A form's definition stands in the page (belgrade/forms.py). Data come by script tags,
since a page from the file system may not fetch. Without this script a page shows what was stored.
*/
(() => {
  'use strict';

  const SCRIPT = document.currentScript;
  const FOLDER = new URL('explorers/', SCRIPT.src);
  const JOURNAL = 'belgrade-journal';
  const FORMAT = 1; // of the journal's file
  const NEAR = '800px'; // how far below the window an explorer is made ready
  const MOST_KEPT = 120; // pictures, as the browser got them
  const AHEAD = 8; // pictures asked for around a choice
  const SETTLED_MS = 400; // what is passed over more quickly is not read out

  let made = 0;

  /** Return a new element with attributes, properties (such as textContent) and children. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in element && name !== 'list' && name !== 'form') element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  /** Return an element that screen readers read out when its text changes. */
  function status(name) {
    return make('p', { className: name, role: 'status', ariaLive: 'polite' });
  }

  function group(name) {
    return make('div', { className: 'belgrade-live', role: 'group', ariaLabel: name });
  }

  // --- Explorers ---------------------------------------------------------------------------------

  const kept = new Map(); // file -> promise of a decoded picture

  function picture(file) {
    const found = kept.get(file) ?? load(file);
    kept.delete(file); // to the end: the least recently wanted go first
    kept.set(file, found);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    return found;
  }

  function load(file) {
    const image = new Image();
    image.src = new URL(`pictures/${file}`, FOLDER).href;
    return image.decode().then(() => image, () => {
      kept.delete(file); // the next choice tries again
      return null;
    });
  }

  /** Load what is known of an explorer; reject where its file is missing. */
  function known(name) {
    return new Promise((resolve, reject) => {
      const there = () => globalThis.belgradeExplorers?.[name];
      if (there()) return resolve(there());
      const script = make('script', { src: new URL(`${name}.js`, FOLDER).href });
      const missing = () => reject(new Error(`${name}.js is not there`));
      script.addEventListener('load', () => (there() ? resolve(there()) : missing()));
      script.addEventListener('error', missing);
      document.head.append(script);
    });
  }

  class Explorer {
    constructor(stand, about) {
      this.about = about;
      this.names = about.controls.map(control => control.name);
      const given = JSON.parse(stand.dataset.start || '{}');
      this.start = this.names.map(name => given[name] ?? about.start[name]);
      if (!(this.start.join('-') in about.shown)) this.start = Object.values(about.start);
      this.places = [...this.start];
      this.turn = 0;
      this.figure = [...document.querySelectorAll('figure')].find(
        each => stand.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING,
      );
      this.caption = this.figure.querySelector('figcaption');
      this.caption.removeAttribute('aria-live');
      this.shown = this.figure.querySelector('img');
      this.said = status('belgrade-unseen');
      this.controls = about.controls.map((control, at) => this.control(control, at));
      this.offered = about.walks.filter(walk => this.leads(walk));
      const box = group(about.title);
      box.append(make('p', { className: 'belgrade-title', textContent: about.title }));
      if (about.walks.length) box.append(this.walks());
      const back = make('button', { type: 'button', textContent: 'Back to start' });
      back.addEventListener('click', () => this.back());
      box.append(...this.controls.map(control => control.row), make('p', {}, back));
      if (about.takes_answers) {
        box.append(note('In the notebook, the picture takes in your own answers as well.'));
      }
      this.box = box;
      this.stand = stand.querySelector('p') ?? stand;
      if (about.walks.length) this.walk(0);
    }

    /** Put the controls into the page. */
    place() {
      this.stand.replaceWith(this.box);
      this.figure.after(this.said);
    }

    /** Tell whether a walk was drawn from where this explorer starts. */
    leads({ moves }) {
      return this.names.every(
        (name, at) => moves.includes(name) || this.start[at] === this.about.start[name]);
    }

    /** Return a list of the walks, and what it is for. */
    walks() {
      const list = make('select');
      list.append(...this.offered.map((walk, at) => new Option(walk.label, at)));
      list.addEventListener('change', () => this.walk(Number(list.value), true));
      this.fixed = note('');
      return make('div', {}, labelled('Task', list), this.fixed);
    }

    walk(at, isChosen = false) {
      const { moves } = this.offered[at];
      this.putBack();
      this.controls.forEach((control, n) => {
        control.row.hidden = !moves.includes(this.names[n]);
      });
      const fixed = this.controls.filter(control => control.row.hidden);
      this.fixed.textContent =
        `Fixed here: ${fixed.map(control => control.words()).join('; ')}. ` +
        'In the notebook all of them move, and together.';
      if (isChosen) this.show();
    }

    /** Put all controls to where the explorer starts. */
    putBack() {
      this.places = [...this.start];
      this.controls.forEach((control, at) => control.put(this.places[at]));
    }

    back() {
      this.putBack();
      this.show();
    }

    /** Return a control: its row, how to put it to a place, and its label and value in words. */
    control(about, at) {
      const moved = place => this.move(at, place);
      const kind = { select, switch: checkbox, number }[about.kind];
      const control = kind(about, this.start[at], moved);
      control.row.addEventListener('focusin', () => this.ahead(at, 1), { passive: true });
      control.row.addEventListener('pointerenter', () => this.ahead(at, 1), { passive: true });
      return control;
    }

    move(at, place) {
      if (place === this.places[at]) return;
      const step = place < this.places[at] ? -1 : 1;
      this.places[at] = place;
      this.show().then(isNewest => isNewest && this.ahead(at, step));
    }

    /** Show what is chosen; return whether nothing else was chosen in the meantime. */
    async show() {
      const turn = (this.turn += 1);
      const [at, words] = this.about.shown[this.places.join('-')];
      const sentence = this.about.words[words];
      const files = at < 0 ? [] : this.files(at);
      const images = await Promise.all(files.map(picture));
      if (turn !== this.turn) return false;
      const isThere = images.length > 0 && images.every(Boolean);
      if (isThere) this.paint(images, at);
      this.shown.hidden = !isThere;
      const failed = images.length > 0 && !isThere;
      const more = failed ? ' (The picture could not be loaded.)' : '';
      this.caption.textContent = sentence + more;
      this.shown.ariaLabel = sentence;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => (this.said.textContent = sentence + more), SETTLED_MS);
      return true;
    }

    files(at) {
      const [base, ...rest] = this.about.pictures[at];
      const own = rest.at(-1);
      return base < 0 ? [own] : [this.about.bases[base][0], own];
    }

    /** Lay pictures over each other, at their own size, in place of what is shown. */
    paint(images, at) {
      const [base, ...own] = this.about.pictures[at];
      const [width, height] = base < 0 ? own : this.about.bases[base].slice(1);
      const { naturalWidth, naturalHeight } = images[0];
      if (this.shown.tagName !== 'CANVAS') {
        const canvas = make('canvas', { role: 'img', className: 'belgrade-picture' });
        this.shown.replaceWith(canvas);
        this.shown = canvas;
      }
      const canvas = this.shown;
      if (canvas.width !== naturalWidth || canvas.height !== naturalHeight) {
        Object.assign(canvas, { width: naturalWidth, height: naturalHeight });
        canvas.style.aspectRatio = `${width} / ${height}`;
        this.figure.style.maxWidth = `${width}px`;
      }
      const pen = canvas.getContext('2d');
      images.forEach(image => pen.drawImage(image, 0, 0));
    }

    /** Ask for the pictures of the places that a reader may go to next, the likeliest first. */
    ahead(at, step) {
      const near = [];
      const look = (n, place) => {
        const places = this.places.with(n, place);
        const found = this.about.shown[places.join('-')];
        if (found && found[0] >= 0) near.push(...this.files(found[0]));
      };
      const here = this.places[at];
      for (let far = 1; far <= AHEAD; far += 1) {
        look(at, here + far * step);
        if (far % 2) look(at, here - ((far + 1) / 2) * step);
      }
      this.names.forEach((_, n) => n !== at && [1, -1].forEach(by => look(n, this.places[n] + by)));
      const turn = this.turn;
      const files = [...new Set(near)].filter(file => !kept.has(file)).slice(0, AHEAD);
      const next = () => {
        if (turn === this.turn && files.length) picture(files.shift()).then(next);
      };
      next();
    }
  }

  function note(words) {
    return make('p', { className: 'belgrade-note', textContent: words });
  }

  /** Return a row of a label and the control that it names. */
  function labelled(words, control, ...more) {
    control.id = `belgrade-${(made += 1)}`;
    const label = make('label', { htmlFor: control.id, textContent: words });
    return make('div', { className: 'belgrade-row' }, label, control, ...more);
  }

  function select({ label, options }, start, moved) {
    const list = make('select');
    // Leading blanks, which show how deep an option lies, would be dropped.
    list.append(...options.map((words, at) => new Option(words.replace(/^ +/, blanks =>
      '\u00a0'.repeat(blanks.length)), at)));
    list.value = start;
    list.addEventListener('change', () => moved(Number(list.value)));
    return {
      row: labelled(label, list),
      put: place => (list.value = place),
      words: () => `${label} ${list.selectedOptions[0].textContent.trim()}`,
    };
  }

  function checkbox({ label }, start, moved) {
    const box = make('input', { type: 'checkbox', checked: Boolean(start) });
    box.addEventListener('change', () => moved(Number(box.checked)));
    const row = labelled(label, box);
    row.prepend(box);
    return {
      row,
      put: place => (box.checked = Boolean(place)),
      words: () => `${label} ${box.checked ? 'yes' : 'no'}`,
    };
  }

  function number({ label, min, max, step }, start, moved) {
    const value = place => Number((min + place * step).toFixed(10));
    const place = typed => {
      const nearest = Math.round((Number(typed) - min) / step);
      return Math.min(Math.max(nearest, 0), Math.round((max - min) / step));
    };
    // As text: a browser's own box for numbers drops a comma, and 0,5 would be 5.
    const box = make('input', {
      type: 'text', inputMode: 'decimal', autocomplete: 'off', size: 6, value: value(start),
    });
    const slider = make('input', {
      type: 'range', min, max, step, value: value(start), ariaLabel: label,
    });
    const typed = () => {
      try {
        return read(box.value, { label, min, max });
      } catch { // no number, or none that is offered
        return undefined;
      }
    };
    box.addEventListener('input', () => {
      if (typed() === undefined) return; // not typed to its end
      slider.value = value(place(typed()));
      moved(place(typed()));
    });
    box.addEventListener('change', () => {
      const now = typed() === undefined ? slider.value : value(place(typed()));
      box.value = slider.value = now;
      moved(place(now));
    });
    slider.addEventListener('input', () => {
      box.value = slider.value;
      moved(place(slider.value));
    });
    return {
      row: labelled(label, box, slider),
      put: at => (box.value = slider.value = value(at)),
      words: () => `${label} ${box.value}`,
    };
  }

  async function wake(stand) {
    const about = await known(stand.dataset.explorer).catch(() => null);
    if (about) new Explorer(stand, about).place();
    else stand.append(note('Its pictures are not here, so it cannot be moved on this page.'));
  }

  /** Put controls in the place of each sentence that says to run a cell, when it comes near. */
  function wakeWhenNear() {
    const watch = new IntersectionObserver(seen => {
      for (const { isIntersecting, target } of seen) {
        if (!isIntersecting) continue;
        watch.unobserve(target);
        wake(target);
      }
    }, { rootMargin: NEAR });
    document.querySelectorAll('[data-explorer]').forEach(stand => watch.observe(stand));
  }

  // --- Forms -------------------------------------------------------------------------------------

  /** Something is missing or cannot be read; the message says what, and what to do. */
  class Unfinished extends Error {}

  /** Answers as in the notebook's journal, kept by the browser: key -> {value, saved}. */
  const journal = {
    inMemory: {},

    entries() {
      let text = null;
      try {
        text = localStorage.getItem(JOURNAL);
        const { format, entries } = JSON.parse(text ?? `{"format":${FORMAT},"entries":{}}`);
        if (format === FORMAT && entries instanceof Object) return { ...entries, ...this.inMemory };
      } catch { /* said below */ }
      try {
        if (text) localStorage.setItem(`${JOURNAL}-damaged`, text);
      } catch { /* then there is nothing to lose */ }
      return { ...this.inMemory };
    },

    text() {
      return JSON.stringify({ entries: this.entries(), format: FORMAT }, null, 1);
    },

    /** Keep a value; return what happened, in words. */
    save(key, value) {
      const saved = `${new Date().toISOString().slice(0, 19)}Z`;
      this.inMemory[key] = { value, saved };
      try {
        localStorage.setItem(JOURNAL, this.text());
        this.inMemory = {};
        return 'Kept in this browser.';
      } catch {
        return 'Kept until this page is closed: this browser keeps nothing for it. Download it.';
      }
    },

    forget() {
      this.inMemory = {};
      try {
        localStorage.removeItem(JOURNAL);
        localStorage.removeItem(`${JOURNAL}-damaged`);
      } catch { /* then nothing was kept */ }
    },
  };

  /** Return the number that was typed, with a decimal point or a decimal comma. */
  function read(typed, { label, min, max, whole }) {
    const plain = typed.replace(/[\s%]/g, '').replace('−', '-');
    if (!plain) throw new Unfinished(`${label}: type a number first.`);
    if (/^-?[1-9]\d{0,2}[.,]\d{3}$/.test(plain)) {
      throw new Unfinished(`“${plain}” can be read in two ways: write it without the mark.`);
    }
    const value = Number(plain.replace(',', '.'));
    if (!Number.isFinite(value)) throw new Unfinished(`“${plain}” is no number: write digits.`);
    if (whole && !Number.isInteger(value)) throw new Unfinished(`Write a whole number.`);
    if (value < min || value > max) throw new Unfinished(`Write a number from ${min} to ${max}.`);
    return value;
  }

  // Each returns a field: its row, its control, how to read it (undefined: nothing given), and how
  // to put a value into it.
  const FIELDS = {
    number(about) {
      const box = make('input', { type: 'text', inputMode: 'decimal', autocomplete: 'off' });
      box.placeholder = `${about.min} to ${about.max}`;
      box.size = 12;
      return {
        row: labelled(about.label, box),
        read: () => (box.value.trim() || !about.optional ? read(box.value, about) : undefined),
        put: value => (box.value = typeof value === 'number' ? value : ''),
      };
    },

    list(about) {
      const list = make('select');
      list.append(new Option('choose', ''));
      list.append(...about.options.map(([words], at) => new Option(words, at)));
      return {
        row: labelled(about.label, list),
        read: () => about.options[list.value]?.[1],
        put: value => {
          const at = about.options.findIndex(option => option[1] === value);
          list.value = at < 0 ? '' : at;
        },
      };
    },

    radio(about) {
      const name = `belgrade-${(made += 1)}`;
      const boxes = about.options.map(() => make('input', { type: 'radio', name }));
      const rows = about.options.map(([words], at) => {
        const row = labelled(words, boxes[at]);
        row.prepend(boxes[at]);
        return row;
      });
      const legend = make('legend', { textContent: about.label });
      return {
        row: make('fieldset', { className: 'belgrade-choice' }, legend, ...rows),
        read: () => about.options[boxes.findIndex(box => box.checked)]?.[1],
        put: value => boxes.forEach((box, at) => (box.checked = about.options[at][1] === value)),
      };
    },

    text(about) {
      const box = make('textarea', { rows: 3, placeholder: about.placeholder ?? '' });
      return {
        row: labelled(about.label, box),
        read: () => box.value.trim() || undefined,
        put: value => (box.value = typeof value === 'string' ? value : ''),
      };
    },
  };

  /** Ask what the definition asks; what is committed goes into the journal under its key. */
  function form(asks, said) {
    const fields = asks.fields.map(about => ({ about, ...FIELDS[about.kind](about) }));
    const isOne = fields.length === 1 && !fields[0].about.name;
    const earlier = journal.entries()[asks.key]?.value;
    fields.forEach(({ about, put }) => put(isOne ? earlier : earlier?.[about.name]));
    let isCommitted = earlier !== undefined;

    function value() {
      const given = fields.map(({ about, read: answer }) => {
        const found = answer();
        if (found === undefined && !about.optional) {
          throw new Unfinished(about.missing ?? `Answer first: ${about.label}.`);
        }
        return [about.name, found];
      });
      if (isOne) return given[0][1];
      const filled = given.filter(([, found]) => found !== undefined);
      const chosen = filled.map(([, found]) => found);
      const isTwice = new Set(chosen).size < chosen.length;
      if (asks.different && isTwice) throw new Unfinished(asks.different);
      return asks.different ? chosen : Object.fromEntries(filled);
    }

    function commit(event) {
      event.preventDefault();
      try {
        const given = value();
        said.textContent = journal.save(asks.key, given);
        if (!isOne && fields.every(field => field.about.optional)) {
          said.textContent += ` ${Object.keys(given).length} of ${fields.length} answered.`;
        }
        isCommitted = true;
        tellKept?.();
      } catch (missing) {
        if (!(missing instanceof Unfinished)) throw missing;
        said.textContent = missing.message;
      }
    }

    // What is changed after it was committed is kept as well.
    const box = make('form', { className: 'belgrade-live', ariaLabel: asks.question });
    box.append(
      make('p', { className: 'belgrade-title', textContent: asks.question }),
      ...fields.map(field => field.row),
      make('p', {}, make('button', { type: 'submit', textContent: asks.button })),
      said,
    );
    box.addEventListener('submit', commit);
    box.addEventListener('change', event => isCommitted && commit(event));
    said.textContent = isCommitted ? 'You have answered this. You may change it.' : '';
    return box;
  }

  /** Ask questions that say at once whether an option is right, and why. Nothing is kept. */
  function checkpoint({ questions }) {
    const box = make('form', { className: 'belgrade-live', ariaLabel: 'Checkpoint' });
    const right = new Map();
    const tally = make('p');
    questions.forEach(({ question: label, options }, at) => {
      const field = FIELDS.radio({ label, options: options.map(([words], n) => [words, n]) });
      const reply = status('belgrade-reply');
      field.row.append(reply);
      field.row.addEventListener('change', () => {
        const [, isRight, why] = options[field.read()];
        right.set(at, isRight);
        reply.textContent = `${isRight ? '✓ Right.' : '✗ Not this one.'} ${why}`;
        const count = [...right.values()].filter(Boolean).length;
        tally.textContent = `${count} of ${questions.length} right so far.`;
      });
      box.append(field.row);
    });
    box.append(tally);
    return box;
  }

  let tellKept = null;

  /** Below the last form: what is kept, to be taken to the notebook or forgotten. */
  function takeaway(last) {
    const words = status('');
    const button = (textContent, act) => {
      const pressed = make('button', { type: 'button', textContent });
      pressed.addEventListener('click', act);
      return pressed;
    };
    const box = group('Your answers');
    const buttons = make('p', { className: 'belgrade-row' },
      button('Download my answers', () => {
        const file = new Blob([journal.text()], { type: 'application/json' });
        const address = URL.createObjectURL(file);
        make('a', { href: address, download: 'journal.json' }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60000);
      }),
      button('Forget them all', () => {
        if (!globalThis.confirm('Forget all answers that you gave in this book?')) return;
        journal.forget();
        location.reload();
      }));
    box.append(words, buttons, note(
      'To go on in the notebook, run “from belgrade import keep; keep.panel()” there and ' +
      'choose the downloaded file. On a shared computer, forget them when you leave.'));
    last.after(box);
    tellKept = () => {
      const count = Object.keys(journal.entries()).length;
      box.hidden = count === 0;
      const where = Object.keys(journal.inMemory).length
        ? 'until this page is closed' : 'in this browser, and nowhere else';
      words.textContent = `${count} ${count === 1 ? 'answer is' : 'answers are'} kept ${where}.`;
    };
    tellKept();
  }

  /** Put forms in the place of their words. */
  function forms() {
    let last = null;
    document.querySelectorAll('[data-asks]').forEach(words => {
      const asks = JSON.parse(words.dataset.asks);
      const stored = words.nextElementSibling;
      if (stored?.tagName === 'P') stored.remove(); // "Nothing is kept yet."
      const box = asks.questions ? checkpoint(asks) : form(asks, status('belgrade-said'));
      words.replaceWith(box);
      if (asks.key) last = box;
    });
    if (last) takeaway(last);
  }

  if (SCRIPT.dataset.explorers) wakeWhenNear(); // else they were left still
  forms();
})();
