import { imageFetchClaim } from "../database/queries/image/image-fetch.ts";
import { sessionsAlive } from "../database/queries/upkeep/sessions-alive.ts";
import type { Session } from "../database/session.ts";
import { describeError } from "../lib/errors.ts";
import { imageFetchOne } from "./fetch-one.ts";
import type { ImageFetchOptions } from "./fetch-options.ts";
import { workFoldersClean } from "./work-folders.ts";

/** Milliseconds between two looks for work. */
const pace = 1_000;
/** Images that are fetched at a time; of one host one, so that a slow one holds up no other. */
const atOnce = 3;

/** Fetches the images of the catalogue, until it is disposed of. */
export function imageFetchRun(options: ImageFetchOptions): AsyncDisposable {
  const stop = new AbortController();
  const { sessions, database, secrets, clock, metrics, log } = options;
  const fetching = new Map<string, { session: Session; name: string; version: number; done: Promise<void> }>();
  let cleanedFor: Session | undefined;

  async function claim(session: Session): Promise<boolean> {
    const mine = [...fetching.values()].filter((one) => one.session === session);
    const held = await imageFetchClaim(database, session, mine);
    if (held === undefined) {
      return false;
    }
    const { name, version } = held;
    const key = `${session.id} ${name}@${version}`;
    const done = imageFetchOne(held, session, options, stop.signal)
      .catch((error: unknown) =>
        log.warn(
          { image: `${name}@${version}`, error: describeError(error) },
          "what came of an image was not recorded",
        ),
      )
      .finally(() => fetching.delete(key));
    fetching.set(key, { session, name, version, done });
    return true;
  }

  async function look(): Promise<void> {
    const session = sessions.current();
    if (session === undefined) {
      return;
    }
    if (cleanedFor !== session) {
      await workFoldersClean(options.directory, (ids) => sessionsAlive(database, ids), Date.now());
      cleanedFor = session;
    }
    // Without its key this process can open no source: another one may.
    while (secrets.problem() === undefined && fetching.size < atOnce && !stop.signal.aborted) {
      if (!(await claim(session))) {
        return;
      }
    }
  }

  const loop = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await look();
        metrics.loopRuns.inc({ loop: "image-fetch", outcome: "ok" });
      } catch (error) {
        metrics.loopRuns.inc({ loop: "image-fetch", outcome: "failed" });
        log.warn({ error: describeError(error) }, "fetching images failed; it will be tried again");
      }
      await clock.sleep(pace, stop.signal).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the server is stopping"));
      await loop;
      await Promise.all([...fetching.values()].map(({ done }) => done));
    },
  };
}
