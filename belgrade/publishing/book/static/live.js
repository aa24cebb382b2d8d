/* What answers to the reader on a plain page without a kernel: explorers, guesses, verdicts.

An explorer's pictures and sentences were drawn ahead (belgrade/publishing/frames.py); here they are
looked up. A form's definition stands in the page (belgrade/forms.py). Data come by script tags,
since a page from the file system may not fetch. Without this script a page shows what was stored.
*/
(() => {
  'use strict';

  const SCRIPT = document.currentScript;
  const FOLDER = new URL('explorers/', SCRIPT.src);
  const SHARED = 'belgrade-journal'; // once the key of all books of a host
  const JOURNAL = `${SHARED} ${new URL('..', SCRIPT.src).pathname}`;
  const FORMAT = 1; // of the journal's file
  const NEAR = '800px'; // how far below the window an explorer is made ready
  const MOST_KEPT = 120; // pictures, as the browser got them
  const AHEAD = 8; // pictures asked for around a choice
  const SETTLED_MS = 400; // what is passed over more quickly is not read out
  const AGAIN_MS = 100; // for which a sentence is gone that is said twice

  let idCount = 0;

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
    return make('p', { className: name, role: 'status' });
  }

  /** Say a sentence there; the same one twice is read out only if it went in between. */
  function tell(line, sentence) {
    if (line.textContent === sentence) {
      line.textContent = '';
      setTimeout(() => (line.textContent ||= sentence), AGAIN_MS);
    } else line.textContent = sentence;
  }

  function group(name) {
    return make('div', { className: 'belgrade-live', role: 'group', ariaLabel: name });
  }

  // --- Explorers ---------------------------------------------------------------------------------

  const cache = new Map(); // file -> promise of a decoded picture

  function picture(file) {
    const found = cache.get(file) ?? load(file);
    cache.delete(file); // to the end: the least recently wanted go first
    cache.set(file, found);
    if (cache.size > MOST_KEPT) cache.delete(cache.keys().next().value);
    return found;
  }

  function load(file) {
    const image = new Image();
    image.src = new URL(`pictures/${file}`, FOLDER).href;
    return image.decode().then(() => image, () => {
      cache.delete(file); // the next choice tries again
      return null;
    });
  }

  /** Load the data of an explorer; reject where its file is missing. */
  function loadData(name) {
    return new Promise((resolve, reject) => {
      const loaded = () => globalThis.belgradeExplorers?.[name];
      if (loaded()) return resolve(loaded());
      const script = make('script', { src: new URL(`${name}.js`, FOLDER).href });
      const missing = () => reject(new Error(`${name}.js is not there`));
      script.addEventListener('load', () => (loaded() ? resolve(loaded()) : missing()));
      script.addEventListener('error', missing);
      document.head.append(script);
    });
  }

  class Explorer {
    constructor(placeholder, data) {
      this.data = data;
      this.names = data.controls.map(control => control.name);
      const overrides = JSON.parse(placeholder.dataset.start || '{}');
      this.start = this.names.map(name => overrides[name] ?? data.start[name]);
      if (!(this.start.join('-') in data.frames)) this.start = Object.values(data.start);
      this.indices = [...this.start];
      this.request = 0;
      this.figure = [...document.querySelectorAll('figure')].find(
        each => placeholder.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING,
      );
      this.caption = this.figure.querySelector('figcaption');
      this.caption.removeAttribute('aria-live');
      this.picture = this.figure.querySelector('img');
      this.liveRegion = status('belgrade-unseen');
      this.controls = data.controls.map((control, at) => this.control(control, at));
      this.available = data.slices.filter(slice => this.covers(slice));
      const box = group(data.title);
      box.append(make('p', { className: 'belgrade-title', textContent: data.title }));
      if (data.slices.length) box.append(this.sliceList());
      const reset = make('button', { type: 'button', textContent: 'Back to start' });
      reset.addEventListener('click', () => this.reset());
      box.append(...this.controls.map(control => control.row), make('p', {}, reset));
      if (data.takes_answers) {
        box.append(note('In the notebook, the picture takes in your own answers as well.'));
      }
      this.box = box;
      this.placeholder = placeholder.querySelector('p') ?? placeholder;
      if (data.slices.length) this.putSlice(0);
    }

    /** Put the controls into the page. */
    place() {
      this.placeholder.replaceWith(this.box);
      this.figure.after(this.liveRegion);
    }

    /** Tell whether a slice was drawn from where this explorer starts. */
    covers({ moves }) {
      return this.names.every(
        (name, at) => moves.includes(name) || this.start[at] === this.data.start[name]);
    }

    /** Return a list of the slices, and what it is for. */
    sliceList() {
      const list = make('select');
      list.append(...this.available.map((slice, at) => new Option(slice.label, at)));
      list.addEventListener('change', () => this.putSlice(Number(list.value), true));
      this.fixed = note('');
      return make('div', {}, labelled('Task', list), this.fixed);
    }

    putSlice(at, isChosen = false) {
      const { moves } = this.available[at];
      this.putBack();
      this.controls.forEach((control, n) => {
        control.row.hidden = !moves.includes(this.names[n]);
      });
      const fixed = this.controls.filter(control => control.row.hidden);
      this.fixed.textContent =
        `Fixed here: ${fixed.map(control => control.text()).join('; ')}. ` +
        'In the notebook all of them move, and together.';
      if (isChosen) this.show();
    }

    /** Put all controls to where the explorer starts. */
    putBack() {
      this.indices = [...this.start];
      this.controls.forEach((control, at) => control.put(this.indices[at]));
    }

    reset() {
      this.putBack();
      this.show();
    }

    /** Return a control: its row, how to put it to an index, and its label and value in words. */
    control(spec, at) {
      const moved = index => this.move(at, index);
      const kind = { select, switch: checkbox, number }[spec.kind];
      const control = kind(spec, this.start[at], moved);
      control.row.addEventListener('focusin', () => this.ahead(at, 1), { passive: true });
      control.row.addEventListener('pointerenter', () => this.ahead(at, 1), { passive: true });
      return control;
    }

    move(at, index) {
      if (index === this.indices[at]) return;
      const step = index < this.indices[at] ? -1 : 1;
      this.indices[at] = index;
      this.show().then(isNewest => isNewest && this.ahead(at, step));
    }

    /** Show what is chosen; return whether nothing else was chosen in the meantime. */
    async show() {
      const request = (this.request += 1);
      const [at, sentenceAt] = this.data.frames[this.indices.join('-')];
      const sentence = this.data.sentences[sentenceAt];
      const files = at < 0 ? [] : this.files(at);
      const images = await Promise.all(files.map(picture));
      if (request !== this.request) return false;
      const isThere = images.length > 0 && images.every(Boolean);
      if (isThere) this.paint(images, at);
      this.picture.hidden = !isThere;
      const isFailed = images.length > 0 && !isThere;
      const more = isFailed ? ' (The picture could not be loaded.)' : '';
      this.caption.textContent = sentence + more;
      this.picture.ariaLabel = sentence;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => (this.liveRegion.textContent = sentence + more), SETTLED_MS);
      return true;
    }

    files(at) {
      const [base, ...rest] = this.data.pictures[at];
      const own = rest.at(-1);
      return base < 0 ? [own] : [this.data.bases[base][0], own];
    }

    /** Lay pictures over each other, at their own size, in place of what is shown. */
    paint(images, at) {
      const [base, ...own] = this.data.pictures[at];
      const [width, height] = base < 0 ? own : this.data.bases[base].slice(1);
      const { naturalWidth, naturalHeight } = images[0];
      if (this.picture.tagName !== 'CANVAS') {
        const canvas = make('canvas', { role: 'img', className: 'belgrade-picture' });
        this.picture.replaceWith(canvas);
        this.picture = canvas;
      }
      const canvas = this.picture;
      if (canvas.width !== naturalWidth || canvas.height !== naturalHeight) {
        Object.assign(canvas, { width: naturalWidth, height: naturalHeight });
        canvas.style.aspectRatio = `${width} / ${height}`;
        this.figure.style.maxWidth = `${width}px`;
      }
      const context = canvas.getContext('2d');
      images.forEach(image => context.drawImage(image, 0, 0));
    }

    /** Ask for the pictures of what a reader may choose next, the likeliest first. */
    ahead(at, step) {
      const candidates = [];
      const add = (n, index) => {
        const indices = this.indices.with(n, index);
        const frame = this.data.frames[indices.join('-')];
        if (frame && frame[0] >= 0) candidates.push(...this.files(frame[0]));
      };
      const current = this.indices[at];
      for (let distance = 1; distance <= AHEAD; distance += 1) {
        add(at, current + distance * step);
        if (distance % 2) add(at, current - ((distance + 1) / 2) * step);
      }
      this.names.forEach((_, n) => n !== at && [1, -1].forEach(by => add(n, this.indices[n] + by)));
      const request = this.request;
      const files = [...new Set(candidates)].filter(file => !cache.has(file)).slice(0, AHEAD);
      const next = () => {
        if (request === this.request && files.length) picture(files.shift()).then(next);
      };
      next();
    }
  }

  function note(textContent) {
    return make('p', { className: 'belgrade-note', textContent });
  }

  /** Return a row of a label and the control that it names. */
  function labelled(text, control, ...more) {
    control.id = `belgrade-${(idCount += 1)}`;
    const label = make('label', { htmlFor: control.id, textContent: text });
    return make('div', { className: 'belgrade-row' }, label, control, ...more);
  }

  function select({ label, options }, start, moved) {
    const list = make('select');
    // Leading blanks, which show how deep an option lies, would be dropped.
    list.append(...options.map((text, at) => new Option(text.replace(/^ +/, blanks =>
      '\u00a0'.repeat(blanks.length)), at)));
    list.value = start;
    list.addEventListener('change', () => moved(Number(list.value)));
    return {
      row: labelled(label, list),
      put: index => (list.value = index),
      text: () => `${label} ${list.selectedOptions[0].textContent.trim()}`,
    };
  }

  function checkbox({ label }, start, moved) {
    const box = make('input', { type: 'checkbox', checked: Boolean(start) });
    box.addEventListener('change', () => moved(Number(box.checked)));
    const row = labelled(label, box);
    row.prepend(box);
    return {
      row,
      put: index => (box.checked = Boolean(index)),
      text: () => `${label} ${box.checked ? 'yes' : 'no'}`,
    };
  }

  function number({ label, min, max, step }, start, moved) {
    const value = index => Number((min + index * step).toFixed(10));
    const indexOf = typed => {
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
    const wrong = status('belgrade-note');
    /** Move to what was typed; return what is wrong with it. */
    const typed = () => {
      try {
        const index = indexOf(read(box.value, { label, min, max }));
        slider.value = value(index);
        moved(index);
        return '';
      } catch (unread) {
        if (!(unread instanceof Unfinished)) throw unread;
        return unread.message;
      }
    };
    box.addEventListener('input', typed); // it may not be typed to its end
    box.addEventListener('change', () => {
      tell(wrong, typed());
      box.value = slider.value;
    });
    const put = index => {
      box.value = slider.value = value(index);
      wrong.textContent = '';
    };
    slider.addEventListener('input', () => {
      put(indexOf(slider.value));
      moved(indexOf(slider.value));
    });
    return {
      row: labelled(label, box, slider, wrong),
      put,
      text: () => `${label} ${box.value}`,
    };
  }

  async function activate(placeholder) {
    const data = await loadData(placeholder.dataset.explorer).catch(() => null);
    if (data) new Explorer(placeholder, data).place();
    else placeholder.append(note('Its pictures are not here, so it cannot be moved on this page.'));
  }

  /** Put controls in the place of each sentence that says to run a cell, when it comes near. */
  function activateWhenNear() {
    const observer = new IntersectionObserver(entries => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        activate(target);
      }
    }, { rootMargin: NEAR });
    document.querySelectorAll('[data-explorer]').forEach(each => observer.observe(each));
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
        text = localStorage.getItem(JOURNAL) ?? localStorage.getItem(SHARED);
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
        localStorage.removeItem(SHARED);
        this.inMemory = {};
        return 'Kept in this browser.';
      } catch {
        return 'Kept until this page is closed: this browser keeps nothing for it. Download it.';
      }
    },

    forget() {
      this.inMemory = {};
      try {
        for (const key of [SHARED, JOURNAL, `${JOURNAL}-damaged`]) localStorage.removeItem(key);
      } catch { /* then nothing was kept */ }
    },
  };

  /** Return the number that was typed, with a decimal point or a decimal comma. */
  function read(typed, { label, min, max, whole }) {
    // As keyboards of several countries type it (TO_ASCII in forms.py).
    const digits = typed.normalize('NFKC').replace(/[\s%]/g, '')
      .replace(/[−–]/g, '-').replace(/[。٫]/g, '.');
    if (!digits) throw new Unfinished(`${label}: type a number first.`);
    if (/^-?[1-9]\d{0,2}[.,]\d{3}$/.test(digits)) {
      throw new Unfinished(`“${digits}” can be read in two ways: write it without the mark.`);
    }
    const value = Number(digits.replace(',', '.'));
    if (!Number.isFinite(value) || /[a-df-z]/i.test(digits)) throw new Unfinished(`“${digits}” is no number: write digits.`);
    if (whole && !Number.isInteger(value)) throw new Unfinished(`Write a whole number.`);
    if (value < min || value > max) throw new Unfinished(`Write a number from ${min} to ${max}.`);
    return value;
  }

  // Each returns a field: its row, its control, how to read it (undefined: nothing given), and how
  // to put a value into it.
  const FIELDS = {
    number(spec) {
      const box = make('input', { type: 'text', inputMode: 'decimal', autocomplete: 'off' });
      box.placeholder = `${spec.min} to ${spec.max}`;
      box.size = 12;
      return {
        row: labelled(spec.label, box),
        read: () => (box.value.trim() || !spec.optional ? read(box.value, spec) : undefined),
        put: value => (box.value = typeof value === 'number' ? value : ''),
      };
    },

    list(spec) {
      const list = make('select');
      list.append(new Option('choose', ''));
      list.append(...spec.options.map(([label], at) => new Option(label, at)));
      return {
        row: labelled(spec.label, list),
        read: () => spec.options[list.value]?.[1],
        put: value => {
          const at = spec.options.findIndex(option => option[1] === value);
          list.value = at < 0 ? '' : at;
        },
      };
    },

    radio(spec) {
      const name = `belgrade-${(idCount += 1)}`;
      const boxes = spec.options.map(() => make('input', { type: 'radio', name }));
      const rows = spec.options.map(([label], at) => {
        const row = labelled(label, boxes[at]);
        row.prepend(boxes[at]);
        return row;
      });
      const legend = make('legend', { textContent: spec.label });
      return {
        row: make('fieldset', { className: 'belgrade-choice' }, legend, ...rows),
        read: () => spec.options[boxes.findIndex(box => box.checked)]?.[1],
        put: value => boxes.forEach((box, at) => (box.checked = spec.options[at][1] === value)),
      };
    },

    text(spec) {
      const box = make('textarea', { rows: 3, placeholder: spec.placeholder ?? '' });
      return {
        row: labelled(spec.label, box),
        read: () => box.value.trim() || undefined,
        put: value => (box.value = typeof value === 'string' ? value : ''),
      };
    },
  };

  /** Ask what the definition asks; what is committed goes into the journal under its key. */
  function form(schema, statusLine) {
    const fields = schema.fields.map(spec => ({ spec, ...FIELDS[spec.kind](spec) }));
    const isOne = fields.length === 1 && !fields[0].spec.name;
    const earlier = journal.entries()[schema.key]?.value;
    fields.forEach(({ spec, put }, at) =>
      put(isOne ? earlier : earlier?.[schema.different ? at : spec.name]));
    let isCommitted = earlier !== undefined;

    function collect() {
      const answers = fields.map(({ spec, read: answer }) => {
        const value = answer();
        if (value === undefined && !spec.optional) {
          throw new Unfinished(spec.missing ?? `Answer first: ${spec.label}.`);
        }
        return [spec.name, value];
      });
      if (isOne) return answers[0][1];
      const filled = answers.filter(([, value]) => value !== undefined);
      const chosen = filled.map(([, value]) => value);
      const isTwice = new Set(chosen).size < chosen.length;
      if (schema.different && isTwice) throw new Unfinished(schema.different);
      return schema.different ? chosen : Object.fromEntries(filled);
    }

    function commit(event) {
      event.preventDefault();
      try {
        const values = collect();
        const kept = journal.save(schema.key, values);
        const isCounted = !isOne && fields.every(field => field.spec.optional);
        const count = `${Object.keys(values).length} of ${fields.length} answered.`;
        tell(statusLine, isCounted ? `${kept} ${count}` : kept);
        isCommitted = true;
        updateTakeaway?.();
      } catch (missing) {
        if (!(missing instanceof Unfinished)) throw missing;
        tell(statusLine, missing.message);
      }
    }

    // What is changed after it was committed is kept as well.
    const box = make('form', { className: 'belgrade-live', ariaLabel: schema.question });
    box.append(
      make('p', { className: 'belgrade-title', textContent: schema.question }),
      ...fields.map(field => field.row),
      make('p', {}, make('button', { type: 'submit', textContent: schema.button })),
      statusLine,
    );
    box.addEventListener('submit', commit);
    box.addEventListener('change', event => isCommitted && commit(event));
    statusLine.textContent = isCommitted ? 'You have answered this. You may change it.' : '';
    return box;
  }

  /** Ask questions that say at once whether an option is right, and why. Nothing is kept. */
  function checkpoint({ questions }) {
    const box = make('form', { className: 'belgrade-live', ariaLabel: 'Checkpoint' });
    const right = new Map();
    const tally = make('p');
    questions.forEach(({ question: label, options }, at) => {
      const field = FIELDS.radio({ label, options: options.map(([text], n) => [text, n]) });
      const reply = status('');
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

  let updateTakeaway = null;

  /** Below the last form: what is kept, to be taken to the notebook or forgotten. */
  function takeaway(last) {
    const summary = status('');
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
    box.append(summary, buttons, note(
      'To go on in the notebook, run “from belgrade import keep; keep.panel()” there and ' +
      'choose the downloaded file. On a shared computer, forget them when you leave.'));
    last.after(box);
    updateTakeaway = () => {
      const count = Object.keys(journal.entries()).length;
      box.hidden = count === 0;
      const place = Object.keys(journal.inMemory).length
        ? 'until this page is closed' : 'in this browser, and nowhere else';
      summary.textContent = `${count} ${count === 1 ? 'answer is' : 'answers are'} kept ${place}.`;
    };
    updateTakeaway();
  }

  /** Put forms in the place of their words. */
  function forms() {
    let last = null;
    document.querySelectorAll('[data-asks]').forEach(stored => {
      const schema = JSON.parse(stored.dataset.asks);
      const line = stored.nextElementSibling;
      if (line?.tagName === 'P') line.remove(); // "Nothing is kept yet."
      const box = schema.questions ? checkpoint(schema) : form(schema, status(''));
      stored.after(box);
      stored.hidden = true;
      if (!schema.questions) stored.remove(); // a checkpoint is printed with its answers
      if (schema.key) last = box;
    });
    if (last) takeaway(last);
  }

  if (SCRIPT.dataset.explorers) activateWhenNear(); // else they were left still
  forms();
})();
