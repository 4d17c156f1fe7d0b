// What the console does in the browser beside htmx: keyed updates, the reader's time, and the keyboard.

(() => {
  // --- Keyed updates: an entry that is there and has not changed keeps its place, its focus and what was typed in it.

  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined);

  function childrenByKey(parent) {
    return new Map([...parent.children].filter(keyOf).map((child) => [keyOf(child), child]));
  }

  function updateKeyed(target, fresh) {
    const known = childrenByKey(target);
    const settled = [];
    for (const child of [...fresh.children]) {
      const old = known.get(keyOf(child));
      const isSame =
        old && old.dataset.version !== undefined && old.dataset.version === child.dataset.version;
      if (old) known.delete(keyOf(child));
      if (isSame) settled.push([old, false]);
      else {
        if (old) old.remove();
        settled.push([child, true]);
      }
    }
    for (const gone of known.values()) gone.remove();
    settled.forEach(([node], index) => {
      if (target.children[index] !== node) target.insertBefore(node, target.children[index] ?? null);
    });
    return settled.filter(([, isNew]) => isNew).map(([node]) => node);
  }

  function appendKeyed(target, fragment) {
    const list = target.querySelector('ol') ?? target;
    const known = childrenByKey(list);
    const added = [...fragment.children].filter((child) => !known.has(keyOf(child)));
    list.append(...added);
    return added;
  }

  htmx.defineExtension('keyed', {
    isInlineSwap: (style) => style === 'keyed' || style === 'keyed-append',
    handleSwap(style, target, fragment) {
      if (style === 'keyed-append') return appendKeyed(target, fragment);
      if (style !== 'keyed') return false;
      const fresh = [...fragment.children].find((child) => child.id === target.id);
      return fresh ? updateKeyed(target, fresh) : [];
    },
  });

  // --- While a form of the list is on its way, the list is not asked for again: the answer to the form brings it.

  let isMissed = false;

  document.addEventListener('htmx:beforeRequest', (event) => {
    if (event.detail.elt.id !== 'inbox' || !document.querySelector('form.htmx-request')) return;
    event.preventDefault();
    isMissed = true;
  });

  document.addEventListener('htmx:afterRequest', (event) => {
    if (!isMissed || !event.detail.elt.matches('form')) return;
    isMissed = false;
    htmx.trigger('#inbox', 'sse:inbox');
  });

  // --- Times in the reader's own zone; what is relative keeps up.

  function duration(milliseconds) {
    const seconds = Math.round(milliseconds / 1000);
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
    return `${Math.floor(hours / 24)} days`;
  }

  const two = (value) => String(value).padStart(2, '0');
  const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const full = (date) =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date).slice(0, 5)}`;

  function shown(element) {
    const at = new Date(element.dateTime);
    const passed = Date.now() - at.getTime();
    switch (element.dataset.format) {
      case 'clock':
        return clock(at);
      case 'full':
        return full(at);
      case 'ago':
        return passed < 5000 ? 'just now' : `${duration(passed)} ago`;
      case 'until':
        return passed >= 0 ? 'time is up' : `${duration(-passed)} left`;
      default:
        return element.textContent;
    }
  }

  function writeTimes(root) {
    for (const element of root.querySelectorAll('time[data-format]')) {
      const text = shown(element);
      if (element.textContent !== text) element.textContent = text;
      element.title = full(new Date(element.dateTime));
    }
  }

  document.addEventListener('htmx:load', (event) => writeTimes(event.detail.elt));
  setInterval(() => writeTimes(document), 10_000);

  // --- The keyboard. Letters move and point; nothing is decided by a letter alone.

  const items = () => [...document.querySelectorAll('[data-item]')];
  const currentItem = () => document.activeElement?.closest('[data-item]') ?? null;

  function move(step) {
    const all = items();
    if (all.length === 0) return;
    const index = all.indexOf(currentItem());
    const next =
      all[index < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(index + step, 0), all.length - 1)];
    (next.querySelector('[data-open], summary, a, button') ?? next).focus();
    next.scrollIntoView({ block: 'nearest' });
  }

  function focusWithin(selector) {
    const place = currentItem() ?? document;
    const found = place.querySelector(selector) ?? document.querySelector(selector);
    if (!found) return;
    found.focus();
    found.scrollIntoView({ block: 'center' });
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    a: () => focusWithin('[data-approve]'),
    d: () => focusWithin('[data-deny]'),
    x: () => currentItem()?.querySelector('input[type="checkbox"]')?.click(),
    '?': () => document.getElementById('shortcuts')?.showModal(),
  };

  const isTyping = (element) =>
    element instanceof HTMLElement &&
    element.matches('input:not([type="checkbox"]), textarea, select, [contenteditable]');

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-shortcuts]')) keys['?']();
  });
})();
