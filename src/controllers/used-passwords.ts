/** Maximum number of passwords that are remembered of one controller. */
const passwordsMost = 8;

/**
 * The passwords that were used at one controller, also refused and replaced ones, without the oldest. A controller may
 * repeat one long after it was replaced, and other controllers may still accept it.
 */
export class UsedPasswords {
  #passwords: readonly string[] = [];

  /** The passwords, the newest last. */
  get all(): readonly string[] {
    return this.#passwords;
  }

  /** Remembers a password before it is sent. */
  add(password: string): void {
    if (password !== "") {
      this.#passwords = [...this.#passwords.filter((one) => one !== password), password].slice(-passwordsMost);
    }
  }
}

/** The {@link UsedPasswords} of a process's controllers, of which the `most` that were opened last are remembered. */
export class PasswordMemory {
  readonly #most: number;
  readonly #used = new Map<string, UsedPasswords>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Those of the controller at this URL, for a client that is opened now. */
  at(url: string): UsedPasswords {
    const used = this.#used.get(url) ?? new UsedPasswords();
    // The newest comes last.
    this.#used.delete(url);
    this.#used.set(url, used);
    const [oldest] = this.#used.keys();
    if (this.#used.size > this.#most && oldest !== undefined) {
      this.#used.delete(oldest);
    }
    return used;
  }
}
