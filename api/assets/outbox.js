// What waits to be sent. Items leave in order and one at a time; each is tried with the same id until the server has
// taken or refused it, so that it counts once however often it travels. Messages are kept over reloads until then.

// The pauses before the next attempt, in milliseconds; the last one is kept for as long as it takes.
const pauses = [500, 1000, 2000, 4000, 8000, 15000, 30000];

// After so many milliseconds of failing, people are told, and may ask for the next attempt themselves.
const patience = 7000;

export class Outbox {
  #storage;
  #post;
  #changed;
  #items = [];
  #started = false;
  #busy = false;
  #failures = 0;
  #failingSince = 0;
  #timer;

  // post makes one attempt: {taken}, {refused: detail}, {later: milliseconds at least} or {stranger}.
  // changed(item) is called whenever an item's state may look different: "waiting", "stuck", "refused" or "taken".
  constructor(storage, post, changed) {
    this.#storage = storage;
    this.#post = post;
    this.#changed = changed;
    this.#items = storage.get('outbox') ?? [];
  }

  get items() {
    return [...this.#items];
  }

  // failing says whether the last attempt failed.
  get failing() {
    return this.#failures > 0;
  }

  add(item) {
    this.#items.push(item);
    this.#save();
    this.#work();
  }

  // addFirst puts an opening before what was written: it came before.
  addFirst(item) {
    this.#items.unshift(item);
    this.#work();
  }

  // take gives up an item, for its author to change it.
  take(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#save();
  }

  start() {
    this.#started = true;
    this.#work();
  }

  // retry makes the next attempt now.
  retry() {
    this.#failingSince = Date.now();
    this.#work();
  }

  state(item) {
    if (item.refused !== undefined) return 'refused';
    return this.#failures > 0 && Date.now() - this.#failingSince >= patience ? 'stuck' : 'waiting';
  }

  async #work() {
    if (!this.#started || this.#busy) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    for (let item = this.#next(); item; item = this.#next()) {
      this.#tell();
      if (!(await this.#attempt(item))) break;
    }
    this.#busy = false;
  }

  #next() {
    return this.#items.find((item) => item.refused === undefined);
  }

  // attempt says whether the next item may go.
  async #attempt(item) {
    const answer = await this.#post(item);
    if (answer.stranger) return false;
    if (answer.later !== undefined) {
      this.#pause(answer.later);
      return false;
    }
    this.#failures = 0;
    if (answer.taken || item.kind === 'opening') this.take(item);
    else item.refused = answer.refused;
    this.#save();
    this.#changed(item, answer.taken ? 'taken' : 'refused', answer.refused);
    this.#tell();
    return true;
  }

  #pause(atLeast) {
    if (this.#failures === 0) this.#failingSince = Date.now();
    const pause = Math.max(atLeast, pauses[Math.min(this.#failures, pauses.length - 1)]);
    this.#failures++;
    this.#timer = setTimeout(() => this.#work(), pause * (1 + Math.random() / 4)); // not everybody at the same moment
    this.#tell();
  }

  #tell() {
    for (const item of this.#items) this.#changed(item, this.state(item), item.refused);
  }

  #save() {
    this.#storage.set('outbox', this.#items.filter((item) => item.kind === 'message'));
  }
}
