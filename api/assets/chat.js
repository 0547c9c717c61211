// The web chat's page: joins what people see, what waits to be sent and what comes in.
import { Conversation, element } from './conversation.js';
import { Outbox } from './outbox.js';
import { Storage } from './storage.js';
import { Stream } from './stream.js';
import { language, words } from './words.js';

const one = (selector) => document.querySelector(selector);
const chat = one('#chat').dataset; // bot, account, visitor, stream, say, ref
const embedded = document.body.classList.contains('embedded');
const input = one('#text');
const log = one('#log');
const storage = new Storage(`chat/${chat.bot}/${chat.account}/`);
const locale = navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
const byTouch = matchMedia('(pointer: coarse)').matches;

// In milliseconds: how long an attempt to say something may take, how long a cut lasts before it is worth a word, and how
// long what was written waits for the stream, so that the opening goes before it.
const answerWithin = 20000;
const graceForCuts = 1500;
const graceForOpening = 3000;

let ready = false;
let cut = false;
let locked = false;
let notice = '';
let shifted = false;
let cutTimer;

const conversation = new Conversation(log, one('#newer'), { say, retry: () => outbox.retry(), edit: takeBack, spoken });
const bubbles = new Map(); // the nodes of what was written here, by item

const outbox = new Outbox(storage, post, (item, state, detail) => {
  if (bubbles.has(item)) conversation.mark(bubbles.get(item), item, state, detail);
  if (item.kind === 'opening' && (state === 'taken' || state === 'refused')) opened(item, detail);
  showStatus();
});

const stream = new Stream(chat.stream, {
  line(line) {
    conversation.add(line, ready);
    if (line.author === 'bot') one('#late')?.remove();
    if (ready && line.author === 'bot') tellHost('line');
  },
  ready: arrived,
  state(state) {
    clearTimeout(cutTimer);
    if (state === 'open') cut = false;
    else cutTimer = setTimeout(() => { cut = true; showStatus(); }, graceForCuts);
    if (state === 'cut') outbox.start();
    showStatus();
  },
  stranger: () => renew('stream'),
});

// arrived is called when everything said so far has been shown; again after each reconnection.
function arrived(last) {
  storage.drop('renewed-by-stream');
  if (ready) return;
  ready = true;
  requestAnimationFrame(() => { log.ariaLive = 'polite'; }); // what was said before needn't be read out
  if (!chat.ref && last === 0 && storage.get('opened') !== chat.visitor) open('open', '');
  outbox.start();
}

function open(id, ref) {
  outbox.addFirst({ id, kind: 'opening', text: '', ref });
}

// opened is called when the server has taken or refused an opening. The ref leaves the address bar: it has done its work,
// and nobody should pass on somebody else's link by accident.
function opened(item, refusal) {
  storage.set('opened', chat.visitor);
  if (refusal) notice = refusal;
  if (!item.ref) return;
  const address = new URL(location);
  address.searchParams.delete('ref');
  history.replaceState(history.state, '', address);
}

// idOfRef is the same for the same ref, so that a reload counts nothing twice. Pages without https have no digests, but a
// ref is almost an id already.
async function idOfRef(ref) {
  if (!crypto.subtle) return `ref-${ref.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 60)}`;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(ref)));
  return `ref-${hex(digest).slice(0, 32)}`;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function say(text) {
  if (!text.trim()) return;
  const item = { id: `m-${hex(crypto.getRandomValues(new Uint8Array(12)))}`, kind: 'message', text, ref: '' };
  notice = '';
  show(item);
  outbox.add(item);
}

function show(item) {
  bubbles.set(item, conversation.expect(keyOf(item), item));
  conversation.mark(bubbles.get(item), item, outbox.state(item), item.refused);
}

function keyOf(item) {
  return `${chat.visitor}/${item.id}`;
}

// takeBack puts a message that was refused into the input again, before what stands there.
function takeBack(item) {
  outbox.take(item);
  conversation.remove(keyOf(item));
  bubbles.delete(item);
  write([item.text, input.value.trim()].filter(Boolean).join('\n'));
  input.focus();
}

// post makes one attempt to hand an item to the server.
async function post({ id, kind, text, ref }) {
  let answer;
  try {
    answer = await fetch(chat.say, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Accept-Language': language },
      body: JSON.stringify({ visitor: chat.visitor, id, kind, text, ref, locale }),
      signal: AbortSignal.timeout(answerWithin),
    });
  } catch {
    return { later: 0 };
  }
  if (answer.ok) {
    storage.drop('renewed-by-say');
    return { taken: true };
  }
  if (answer.status === 401) {
    renew('say');
    return { stranger: true };
  }
  if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) {
    return { later: 1000 * Number(answer.headers.get('Retry-After')) || 0 };
  }
  const problem = await answer.json().catch(() => null);
  return { refused: problem?.detail ?? '' };
}

// renew reloads the page for a new cookie: once, for whom it doesn't help is told why.
function renew(cause) {
  if (storage.lasting && !storage.get(`renewed-by-${cause}`)) {
    storage.set(`renewed-by-${cause}`, true);
    location.reload();
    return;
  }
  locked = true;
  showStatus();
}

function showStatus() {
  const status = one('#status');
  const text = statusText();
  if (status.dataset.text === text) return;
  status.dataset.text = text;
  status.textContent = text;
  if (locked && embedded) status.append(' ', linkApart());
}

function statusText() {
  if (locked) return embedded ? words.lockedHere : words.locked;
  if (!navigator.onLine) return words.offline;
  if (cut || (outbox.failing && outbox.items[0]?.kind === 'opening')) return words.reconnecting;
  return notice;
}

// linkApart leads to the same chat in a tab, where cookies are its own.
function linkApart() {
  const address = new URL(location);
  address.searchParams.delete('embed');
  const link = element('a', '', words.openApart);
  link.href = address;
  link.target = '_blank';
  return link;
}

function spoken(text) {
  one('#spoken').textContent = '';
  requestAnimationFrame(() => { one('#spoken').textContent = text; }); // the same words twice are said twice
}

// write puts a text into the input and keeps it over reloads.
function write(text) {
  input.value = text;
  typed();
}

function typed() {
  storage.set('draft', input.value);
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight}px`;
}

function submit() {
  say(input.value.trim());
  write('');
}

// tellHost tells the page around an embedded chat what happens in it; never what is said.
function tellHost(event) {
  if (embedded && parent !== window) parent.postMessage({ millenniumChat: event }, '*');
}

// receiveFocus puts people where they can go on: a keyboard that jumps up on a phone would hide what the bot said.
function receiveFocus() {
  if (document.activeElement === document.body) (byTouch ? log : input).focus();
}

function keepInView() {
  const view = window.visualViewport;
  if (!view || view.scale > 1.01) return; // somebody looks closer
  document.documentElement.style.setProperty('--height', `${view.height}px`);
}

one('#composer').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
  input.focus();
});
input.addEventListener('input', typed);
input.addEventListener('keydown', (event) => { shifted = event.shiftKey; });
input.addEventListener('beforeinput', (event) => { // unlike a key, it never means the end of a composition
  if (event.inputType !== 'insertLineBreak' || shifted) return;
  event.preventDefault();
  submit();
});
log.addEventListener('click', (event) => {
  if (event.detail === 0 && document.activeElement === document.body) input.focus(); // the button pressed by key is gone
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.isComposing) tellHost('close');
});
window.addEventListener('offline', showStatus);
window.addEventListener('online', () => { outbox.retry(); showStatus(); });
window.addEventListener('focus', () => embedded && receiveFocus());
window.visualViewport?.addEventListener('resize', keepInView);

for (const item of outbox.items) show(item);
write(storage.get('draft') ?? '');
stream.open();
if (chat.ref) {
  open(await idOfRef(chat.ref), chat.ref);
  outbox.start();
}
setTimeout(() => outbox.start(), graceForOpening);
if (!navigator.onLine) showStatus();
if (embedded ? document.hasFocus() : !byTouch) receiveFocus();
