// Brings the parts of a page that are marked `data-live` up to date while it is open. Without it, reload the page.

const shown = document.getElementById('live');
const news = document.getElementById('news');
const partsOf = (page) => [...page.querySelectorAll('[data-live][id]')];
/** What the server drew last: what people opened or typed since is no change of it. */
const drawn = new Map(partsOf(document).map((part) => [part.id, contentOf(part)]));
let isDue = false;
let isAsking = false;
let isLeft = false;

function say(text, isLost = true) {
  shown.textContent = text;
  shown.classList.toggle('lost', isLost);
  shown.hidden = false;
}

/** To who hears the page: in a few words what became of a part, never the whole part. */
function tell(part, fresh) {
  const { says } = fresh.dataset;
  if (says === part.dataset.says) return [];
  part.dataset.says = says;
  return [says];
}

/** The tokens of forms are new each time, and no reason to draw a part anew. */
function contentOf(part) {
  const copy = part.cloneNode(true);
  for (const token of copy.querySelectorAll('input[name=token]')) token.remove();
  return copy.innerHTML;
}

/** Somebody types there, has typed and not sent it, or presses something. */
function isUsed(part) {
  if (part.matches(':active')) return true;
  const fields = [...part.querySelectorAll('input:not([type=hidden]), select, textarea')];
  return fields.some(
    (one) => one === document.activeElement || (one.defaultValue ?? one.value) !== one.value,
  );
}

/** The same element in the new part: by its id, else by its place among its kind. */
function finder(part, element) {
  if (element.id) return () => part.querySelector(`#${CSS.escape(element.id)}`);
  const place = [...part.querySelectorAll(element.localName)].indexOf(element);
  return () => part.querySelectorAll(element.localName)[place];
}

function redraw(part, fresh) {
  const opened = [...part.querySelectorAll('details[open]')].map((one) => finder(part, one));
  const focused = part.contains(document.activeElement) && finder(part, document.activeElement);
  const scrolled = [...part.querySelectorAll('.table, .plot, pre')].map((one) => [
    finder(part, one),
    one.scrollLeft,
    one.scrollTop,
  ]);
  part.replaceChildren(...document.importNode(fresh, true).childNodes);
  for (const find of opened) find()?.setAttribute('open', '');
  for (const [find, left, top] of scrolled) find()?.scrollTo(left, top);
  if (focused) focused()?.focus({ preventScroll: true });
}

async function update() {
  isDue = true;
  if (isAsking) return;
  isAsking = true;
  while (isDue && !document.hidden) {
    isDue = isLeft = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
      // Signed out: the next click says so.
      if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.title = page.title;
      const told = [];
      for (const fresh of partsOf(page)) {
        const part = document.getElementById(fresh.id);
        const content = contentOf(fresh);
        if (!part || drawn.get(part.id) === content) continue;
        if (isUsed(part)) {
          isLeft = true;
          continue;
        }
        drawn.set(part.id, content);
        redraw(part, fresh);
        told.push(...tell(part, fresh));
      }
      if (told.length > 0) news.textContent = told.join(' ');
      say('Live', false);
    } catch {
      say('Not live: reload the page');
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  isAsking = false;
}

/** The stream, while somebody looks: browsers open few connections to one host, and a tab in the background takes none. */
let events;
let again;
let late;

function listen() {
  clearTimeout(again);
  if (document.hidden || events) return;
  events = new EventSource('/events');
  events.addEventListener('change', () => {
    update();
    // Sums of a longer time are kept for up to a minute: once more, when they are new.
    clearTimeout(late);
    late = setTimeout(update, 65000);
  });
  events.addEventListener('open', () => {
    say('Live', false);
    // What changed between the drawing of the page and this nobody has told.
    update();
  });
  events.addEventListener('error', () => {
    say('Not live: connecting again');
    if (events.readyState !== EventSource.CLOSED) return;
    // The browser has given up: the app is being stopped, or too many pages are open.
    leave();
    again = setTimeout(listen, 5000 + Math.random() * 25000);
  });
}

function leave() {
  events?.close();
  events = undefined;
}

if (drawn.size > 0) {
  listen();
  document.addEventListener('visibilitychange', () => (document.hidden ? leave() : listen()));
  document.addEventListener('focusout', () => isLeft && update());
}
