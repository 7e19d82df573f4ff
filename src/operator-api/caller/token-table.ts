import type { Clock } from "../../lib/clock.ts";

/** A secret that is valid now: a token, a browser's session, or a code that signs a browser in. */
interface ValidSecret {
  /** SHA-256, in hex. */
  hash: string;
  /** Milliseconds until it expires; absent means never. */
  validFor?: number;
}

/** The valid secrets of one kind as this server knows them, at most {@link freshFor} ms old. */
export interface TokenTable<Secret extends ValidSecret> {
  /**
   * Finds the secret with this hash. A failure takes the same path whatever was presented.
   * @throws {DatabaseError} `unavailable` if the database is unreachable and the secret was valid when last read
   */
  find(hash: string): Promise<Secret | undefined>;
  /** The valid secret for which `matches` is true. While the database is unreachable, the last known state counts. */
  where(matches: (secret: Secret) => boolean): Promise<Secret | undefined>;
  /** Marks the cached secrets as out of date, after this server created or ended one. */
  forget(): void;
}

/**
 * Milliseconds that the cache counts as fresh. For that time a secret that another server revoked may still be accepted.
 */
const freshFor = 1_000;
/**
 * Milliseconds after which the cache is read again for an unknown secret, which another server may just have created.
 */
export const missFreshFor = 250;

/** Reads all valid secrets (there are few) on demand, so attempts cost the database at most one read per interval. */
export function tokenTable<Secret extends ValidSecret>(options: {
  load: () => Promise<Secret[]>;
  clock: Clock;
}): TokenTable<Secret> {
  const { load, clock } = options;
  let known = new Map<string, Secret & { until: number }>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let forgotten = 0;
  let reading: { begun: number; forgotten: number; done: Promise<void> } | undefined;
  let next: Promise<void> | undefined;

  async function read(begun: number, before: number): Promise<void> {
    const tokens = await load();
    known = new Map(
      tokens.map((token) => [token.hash, { ...token, until: begun + (token.validFor ?? Number.POSITIVE_INFINITY) }]),
    );
    // Measured from before the query, so a slow answer does not count as fresher.
    loadedAt = before === forgotten ? begun : Number.NEGATIVE_INFINITY;
  }

  function start(): Promise<void> {
    const begun = clock.monotonic();
    const done = read(begun, forgotten).finally(() => {
      reading = undefined;
    });
    reading = { begun, forgotten, done };
    return done;
  }

  /** Waits until what is known was read at most `maximumAge` ms before this call: for at most one read and another. */
  async function freshen(maximumAge: number): Promise<void> {
    const now = clock.monotonic();
    if (now - loadedAt <= maximumAge) {
      return;
    }
    if (reading === undefined && next === undefined) {
      return start();
    }
    if (reading !== undefined && reading.forgotten === forgotten && now - reading.begun <= maximumAge) {
      return reading.done;
    }
    // What is being read is too old for this call. The next read serves all that ask before it begins.
    next ??= (reading?.done ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  }

  const get = (hash: string): Secret | undefined => {
    const token = known.get(hash);
    return token !== undefined && token.until > clock.monotonic() ? token : undefined;
  };

  return {
    find: async (hash) => {
      try {
        await freshen(freshFor);
        const token = get(hash);
        if (token !== undefined) {
          return token;
        }
        await freshen(missFreshFor);
        return get(hash);
      } catch (error) {
        // The database is unreachable: only callers with a known secret learn that.
        if (get(hash) !== undefined) {
          throw error;
        }
        return undefined;
      }
    },
    where: async (matches) => {
      try {
        await freshen(freshFor);
      } catch {
        // The database is unreachable: a caller that needs it learns that from its own call.
      }
      return [...known.values()].find((secret) => matches(secret) && secret.until > clock.monotonic());
    },
    forget: () => {
      forgotten += 1;
      loadedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
