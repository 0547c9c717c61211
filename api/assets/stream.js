// The conversation as it comes in. EventSource reconnects by itself after a cut; what it gives up on (an answer that is no
// stream) is looked at and opened again here, after the last line that was seen.

const pauses = [500, 1000, 2000, 5000, 10000, 30000];

// The server says something every so many milliseconds at least, until it says otherwise; a connection that has been silent for so
// many times as long is dead, and nobody else would notice.
const usualBeat = 15000;
const beatsMissed = 2.5;

// How long finding out why a stream was given up may take.
const answerWithin = 10000;

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
  #beat = usualBeat;
  #watch;

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
    source.addEventListener('line', (event) => { this.#heard(); this.#line(JSON.parse(event.data)); });
    source.addEventListener('ready', (event) => this.#ready(JSON.parse(event.data)));
    source.addEventListener('beat', () => this.#heard());
    source.onerror = () => {
      this.#on.state('cut');
      if (source.readyState === EventSource.CLOSED) this.#ask(source);
    };
    this.#heard();
  }

  #heard() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      this.#on.state('cut');
      this.open();
    }, beatsMissed * this.#beat);
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

  #ready({ last, beat }) {
    this.#failures = 0;
    this.#beat = beat ?? usualBeat;
    this.#heard();
    this.#on.state('open');
    this.#on.ready(last);
  }

  // ask learns why the stream was given up: EventSource doesn't say.
  async #ask(source) {
    clearTimeout(this.#watch);
    const asking = new AbortController();
    setTimeout(() => asking.abort(), answerWithin);
    const { status, later } = await fetch(this.#next(), { headers: { Accept: 'text/event-stream' }, cache: 'no-store', signal: asking.signal })
      .then((answer) => ({ status: answer.status, later: 1000 * Number(answer.headers.get('Retry-After')) || 0 }), () => ({ status: 0, later: 0 }));
    asking.abort();
    if (this.#source !== source) return; // it was opened again meanwhile
    if (status === 401) return this.#on.stranger();
    const pause = Math.max(later, pauses[Math.min(this.#failures++, pauses.length - 1)]);
    this.#timer = setTimeout(() => this.open(), pause * (1 + Math.random() / 4));
  }

  #looked() {
    clearTimeout(this.#leaving);
    if (document.hidden) this.#leaving = setTimeout(() => this.#leave(), leaveAfter);
    else if (this.#source?.readyState !== EventSource.OPEN) this.open();
  }

  #leave() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#source?.close();
    this.#source = null;
  }
}
