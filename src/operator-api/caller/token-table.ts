import type { TokenId } from "../../database/ids.ts";
import type { ValidToken } from "../../database/queries/access/tokens-valid.ts";
import type { Clock } from "../../lib/clock.ts";

/** The valid tokens as this server knows them, at most {@link freshFor} ms old. */
export interface TokenTable {
  /**
   * Finds the token with this hash (SHA-256, hex). A failure takes the same path whatever token was presented.
   * @throws {DatabaseError} `unavailable` if the database is unreachable and the token was valid when last read
   */
  find(hash: string): Promise<ValidToken | undefined>;
  /** The valid token with this id. While the database is unreachable, the last known state counts. */
  byId(id: TokenId): Promise<ValidToken | undefined>;
  /** Marks the cached tokens as out of date, after a token was created or revoked by this server. */
  forget(): void;
}

/**
 * Milliseconds that the cache counts as fresh. For that time a token that another server revoked may still be accepted.
 */
const freshFor = 1_000;
/**
 * Milliseconds after which the cache is read again for an unknown token, which another server may just have created.
 */
const missFreshFor = 250;

/** Reads all valid tokens (there are few) on demand, so attempts cost the database at most one read per interval. */
export function tokenTable(options: { load: () => Promise<ValidToken[]>; clock: Clock }): TokenTable {
  const { load, clock } = options;
  let known = new Map<string, ValidToken & { until: number }>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  async function read(): Promise<void> {
    // Measured from before the query, so a slow answer does not count as fresher.
    const asked = clock.monotonic();
    const tokens = await load();
    known = new Map(
      tokens.map((token) => [token.hash, { ...token, until: asked + (token.validFor ?? Number.POSITIVE_INFINITY) }]),
    );
    loadedAt = asked;
  }

  async function freshen(maximumAge: number): Promise<void> {
    while (clock.monotonic() - loadedAt > maximumAge) {
      // One caller reads and all wait for it; a caller after `forget` reads again.
      loading ??= read().finally(() => {
        loading = undefined;
      });
      await loading;
    }
  }

  const get = (hash: string): ValidToken | undefined => {
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
        // The database is unreachable: only callers with a known token learn that.
        if (get(hash) !== undefined) {
          throw error;
        }
        return undefined;
      }
    },
    byId: async (id) => {
      try {
        await freshen(freshFor);
      } catch {
        // The database is unreachable: a caller that needs it learns that from its own call.
      }
      return [...known.values()].find(({ tokenId, until }) => tokenId === id && until > clock.monotonic());
    },
    forget: () => {
      loadedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
