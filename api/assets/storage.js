// What a tab keeps over reloads. Browsers that forbid it (a frame on somebody else's page, say) get a memory that lasts as
// long as the page.
export class Storage {
  #prefix;
  #memory = new Map();

  constructor(prefix) {
    this.#prefix = prefix;
  }

  // lasting says whether what is kept survives a reload.
  get lasting() {
    try {
      sessionStorage.setItem(this.#prefix, '');
      sessionStorage.removeItem(this.#prefix);
      return true;
    } catch {
      return false;
    }
  }

  get(name) {
    try {
      return JSON.parse(sessionStorage.getItem(this.#prefix + name)) ?? this.#memory.get(name) ?? null;
    } catch {
      return this.#memory.get(name) ?? null;
    }
  }

  set(name, value) {
    this.#memory.set(name, value);
    try {
      sessionStorage.setItem(this.#prefix + name, JSON.stringify(value));
    } catch {
      // The memory has it.
    }
  }

  drop(name) {
    this.#memory.delete(name);
    try {
      sessionStorage.removeItem(this.#prefix + name);
    } catch {
      // It was never there.
    }
  }
}
