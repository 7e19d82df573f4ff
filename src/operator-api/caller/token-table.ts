import type { TokenId } from "../../database/ids.ts";
import type { ValidToken } from "../../database/queries/access/token.ts";
import type { Clock } from "../../lib/clock.ts";

/** The valid tokens as this server knows them, at most {@link freshFor} ms old. */
export interface TokenTable {
  /**
   * The token with this hash (SHA-256, hex), or undefined. Whoever fails takes the same way, whatever was shown.
   * @throws {DatabaseError} `unavailable` where the token was valid when the database was last heard of
   */
  find(hash: string): Promise<ValidToken | undefined>;
  /** The valid token with this id; where the database is away, by what was known last. */
  byId(id: TokenId): Promise<ValidToken | undefined>;
  /** What is known is out of date: a token was made or revoked here. */
  forget(): void;
}

/** Milliseconds that the table is believed: for that time a token that was revoked elsewhere may still be taken. */
const freshFor = 1_000;
/** Milliseconds after which the table is read again for one that is not in it: it may have just been made elsewhere. */
const missFreshFor = 250;

/** Reads all valid tokens, which are few, when somebody asks: so nobody's attempts cost the database more than that. */
export function tokenTable(options: { load: () => Promise<ValidToken[]>; clock: Clock }): TokenTable {
  const { load, clock } = options;
  let known = new Map<string, ValidToken & { until: number }>();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  async function read(): Promise<void> {
    // Counted from before the question: an answer that took long is no younger for it.
    const asked = clock.monotonic();
    const tokens = await load();
    known = new Map(
      tokens.map((token) => [token.hash, { ...token, until: asked + (token.validFor ?? Number.POSITIVE_INFINITY) }]),
    );
    loadedAt = asked;
  }

  async function freshen(maximumAge: number): Promise<void> {
    while (clock.monotonic() - loadedAt > maximumAge) {
      // One reads, all wait; whoever came after `forget` reads again.
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
        // The database is away: who was known is told so, everybody else learns nothing.
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
        // The database is away: whoever needs it learns that by the call itself.
      }
      return [...known.values()].find(({ tokenId, until }) => tokenId === id && until > clock.monotonic());
    },
    forget: () => {
      loadedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
