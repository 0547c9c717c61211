// The conversation as it is seen: lines in order, then what is still on its way. The reader is never moved away from what
// they are reading.
import { isReferralLink, webAddress, write } from './text.js';
import { language, words } from './words.js';

const clock = new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' });
const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });

// Whoever is nearer to the end than this, in pixels, is reading the newest line.
const nearTheEnd = 60;

export class Conversation {
  #log;
  #newer;
  #on;
  #waiting = new Map(); // the nodes of messages on their way, by key
  #choices = null;
  #following = true;
  #top = 0;

  // on: say(text), retry(item), edit(item), spoken(text).
  constructor(log, newer, on) {
    this.#log = log;
    this.#newer = newer;
    this.#on = on;
    log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    newer.addEventListener('click', () => this.toEnd());
    const watch = new ResizeObserver(() => this.#following && this.toEnd());
    watch.observe(log);
    watch.observe(log.firstElementChild);
  }

  get #list() {
    return this.#log.firstElementChild;
  }

  // add shows a line. One that was on its way takes its place among the others.
  add(line, isNew) {
    this.#scrolled(); // the browser tells of it a little later
    this.#clearChoices();
    const node = this.#waiting.get(line.key) ?? this.#node(line);
    this.#waiting.delete(line.key);
    node.classList.remove('waiting');
    const before = this.#list.querySelector('.waiting');
    if (node.nextElementSibling !== before || node.parentElement !== this.#list) this.#list.insertBefore(node, before);
    this.#date(node, new Date(line.at));
    if (line.author === 'bot' && !before) this.#offer(line.quick_replies);
    if (this.#following) this.toEnd();
    else if (isNew && line.author === 'bot') this.#newer.hidden = false;
  }

  // expect shows a message that is on its way.
  expect(key, item) {
    this.#clearChoices();
    const node = this.#node({ author: 'visitor', text: item.text });
    node.classList.add('waiting');
    this.#waiting.set(key, node);
    this.#list.append(node);
    this.toEnd();
    return node;
  }

  // mark says under a message how it is doing.
  mark(node, item, state, detail) {
    const foot = node.querySelector('.foot');
    if (foot.dataset.state === state) return;
    foot.dataset.state = state;
    foot.querySelector('.state')?.remove();
    const note = this.#note(item, state, detail, node);
    if (!note) return;
    note.classList.add('state');
    foot.append(note);
    if (this.#following) this.toEnd();
  }

  remove(key) {
    this.#waiting.get(key)?.remove();
    this.#waiting.delete(key);
  }

  toEnd() {
    this.#following = true;
    this.#newer.hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#top = this.#log.scrollTop;
  }

  #scrolled() {
    const top = this.#log.scrollTop;
    const left = this.#log.scrollHeight - this.#log.clientHeight - top;
    if (left < nearTheEnd) {
      this.#following = true;
      this.#newer.hidden = true;
    } else if (top < this.#top) this.#following = false;
    this.#top = top;
  }

  #node({ author, text, picture }) {
    const node = element('div', `line ${author}`);
    const bubble = element('div', 'bubble');
    bubble.append(element('span', 'unseen', author === 'bot' ? words.bot : words.you));
    const image = photo(picture, text);
    if (image) bubble.append(image);
    if (text) {
      const paragraph = element('p');
      paragraph.dir = 'auto';
      paragraph.append(write(text));
      bubble.append(paragraph);
    }
    node.append(bubble);
    if (author === 'bot') node.append(...[...bubble.querySelectorAll('a')].filter(isReferralLink).map((link) => this.#passOn(link)));
    node.append(element('div', 'foot'));
    return node;
  }

  #note(item, state, detail, node) {
    switch (state) {
      case 'waiting':
        return element('span', 'sending', words.sending);
      case 'stuck':
        return button('', words.retry, () => this.#on.retry(item));
      case 'refused': {
        const note = element('span', 'refused', `${words.refused} ${detail} `);
        note.append(button('', words.edit, () => this.#on.edit(item, node)));
        return note;
      }
      default:
        return null;
    }
  }

  // passOn gives the buttons under a referral link.
  #passOn(link) {
    const row = element('div', 'actions');
    const copy = button('', words.copy, async () => {
      const done = await copied(link);
      this.#on.spoken(done ? words.copied : words.copyByHand);
      if (!done) return;
      copy.textContent = `✓ ${words.copied}`;
      setTimeout(() => { copy.textContent = words.copy; }, 2500);
    });
    row.append(copy);
    if (navigator.share) row.append(button('', words.share, () => navigator.share({ url: link.href }).catch(() => {}))); // they may think better of it
    return row;
  }

  #date(node, at) {
    const previous = previousLine(node);
    const moment = element('time', '', clock.format(at));
    moment.dateTime = at.toISOString();
    node.querySelector('.foot').prepend(moment);
    node.dataset.minute = `${node.className} ${Math.floor(at / 60000)}`;
    node.dataset.day = at.toDateString();
    if (previous?.dataset.day !== node.dataset.day) node.before(element('div', 'day', dayOf(at)));
    else previous.classList.toggle('joined', previous.dataset.minute === node.dataset.minute);
  }

  // offer shows the quick replies of the last line.
  #offer(replies) {
    if (!replies?.length) return;
    this.#choices = element('div', 'choices');
    this.#choices.role = 'group';
    this.#choices.ariaLabel = words.quickReplies;
    for (const reply of replies) {
      const choice = button('', reply, () => this.#on.say(reply));
      choice.dir = 'auto';
      this.#choices.append(choice);
    }
    this.#list.append(this.#choices);
  }

  #clearChoices() {
    this.#choices?.remove();
    this.#choices = null;
  }
}

export function element(name, className = '', text = '') {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}

function button(className, text, press) {
  const node = element('button', className, text);
  node.type = 'button';
  node.addEventListener('click', press);
  return node;
}

function photo(address, text) {
  if (!address || webAddress(address)?.protocol !== 'https:') return null;
  const image = element('img');
  image.loading = 'lazy';
  image.decoding = 'async';
  image.referrerPolicy = 'no-referrer';
  image.alt = text || words.picture;
  image.src = address;
  return image;
}

function previousLine(node) {
  let previous = node.previousElementSibling;
  while (previous && !previous.classList.contains('line')) previous = previous.previousElementSibling;
  return previous;
}

function dayOf(at) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const days = Math.round((midnight(at) - midnight(new Date())) / 86400000);
  const name = days === 0 || days === -1 ? relative.format(days, 'day') : calendar.format(at);
  return name[0].toLocaleUpperCase(language) + name.slice(1);
}

// copied puts a link's address on the clipboard; where that isn't allowed it selects the link instead and gives false.
async function copied(link) {
  try {
    await navigator.clipboard.writeText(link.href);
    return true;
  } catch {
    getSelection().selectAllChildren(link);
    return document.execCommand('copy');
  }
}
