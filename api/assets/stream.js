// The conversation as it comes in. EventSource reconnects by itself after a cut; what it gives up on (an answer that is no
// stream) is looked at and opened again here, after the last line that was seen.

const pauses = [500, 1000, 2000, 5000, 10000, 30000];

// A tab that nobody has looked at for so long gives its connection back: browsers allow few per site.
const leaveAfter = 60000;

export class Stream {
  #address;
  #on;
  #source = null;
  #last = 0;
  #failures = 0;
  #timer;
  #leaving;

  // on: line(line), ready(last), state("open" | "cut"), stranger().
  constructor(address, on) {
    this.#address = address;
    this.#on = on;
    document.addEventListener('visibilitychange', () => this.#looked());
    window.addEventListener('online', () => this.open());
    window.addEventListener('pageshow', (event) => event.persisted && this.open());
  }

  open() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = new EventSource(this.#next());
    this.#source = source;
    source.addEventListener('line', (event) => this.#line(JSON.parse(event.data)));
    source.addEventListener('ready', (event) => this.#ready(JSON.parse(event.data).last));
    source.onerror = () => {
      this.#on.state('cut');
      if (source.readyState === EventSource.CLOSED) this.#ask();
    };
  }

  #next() {
    const url = new URL(this.#address, location.href);
    if (this.#last > 0) url.searchParams.set('after', this.#last);
    return url;
  }

  #line(line) {
    if (line.line <= this.#last) return;
    this.#last = line.line;
    this.#on.line(line);
  }

  #ready(last) {
    this.#failures = 0;
    this.#on.state('open');
    this.#on.ready(last);
  }

  // ask learns why the stream was given up: EventSource doesn't say.
  async #ask() {
    const asking = new AbortController();
    const status = await fetch(this.#next(), { headers: { Accept: 'text/event-stream' }, cache: 'no-store', signal: asking.signal })
      .then((answer) => answer.status, () => 0);
    asking.abort();
    if (status === 401) return this.#on.stranger();
    const pause = pauses[Math.min(this.#failures++, pauses.length - 1)];
    this.#timer = setTimeout(() => this.open(), pause * (1 + Math.random() / 4));
  }

  #looked() {
    clearTimeout(this.#leaving);
    if (document.hidden) this.#leaving = setTimeout(() => this.#leave(), leaveAfter);
    else if (this.#source?.readyState !== EventSource.OPEN) this.open();
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }
}
