import { join } from "node:path";
import type { Database } from "../database/connect.ts";
import { imageFetchClaim, type HeldImageFetch } from "../database/queries/image/image-fetch.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Session } from "../database/session.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { imageSourcePlace } from "../secrets/image-source.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { ImageSource } from "../contract/catalogue/image-source.ts";
import { CatalogueError } from "./errors.ts";
import { fetchNext } from "./fetch-next.ts";
import type { ImageRoom } from "./image-room.ts";
import { imageProcess, imageProcessLimits, type ImageProcessLimits } from "./image-process.ts";

/** What the loop that fetches images works with. */
export interface ImageFetchOptions {
  database: Database;
  sessions: SessionHolder;
  secrets: Pick<KeyRing, "open">;
  /** A folder for files while they are looked into; one process of the control plane may not use another's. */
  directory: string;
  /** Whether the control plane listens on loopback addresses, and on which ports of this host. */
  guard: { loopbackAllowed: boolean; ownPorts: () => Promise<number[]> };
  room: ImageRoom;
  limits?: ImageProcessLimits;
  clock: Clock;
  metrics: Metrics;
  log: Logger;
}

/** Milliseconds between two looks for work. */
const pace = 1_000;
/** Milliseconds between two records of progress. */
const progressPace = 1_000;

/** Fetches the images of the catalogue, one at a time, until it is disposed of. */
export function imageFetchRun(options: ImageFetchOptions): AsyncDisposable {
  const stop = new AbortController();
  const { sessions, database, clock, metrics, log } = options;
  const loop = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const session = sessions.current();
        const [held] = session === undefined ? [] : await imageFetchClaim(database, session, 1);
        metrics.loopRuns.inc({ loop: "image-fetch", outcome: "ok" });
        if (held !== undefined && session !== undefined) {
          await imageFetchOne(held, session, options, stop.signal);
          continue;
        }
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
    },
  };
}

async function imageFetchOne(
  held: HeldImageFetch,
  session: Session,
  options: ImageFetchOptions,
  stopping: AbortSignal,
): Promise<void> {
  const { log, clock } = options;
  const image = `${held.name}@${held.version}`;
  const superseded = new AbortController();
  const signal = AbortSignal.any([stopping, session.lost, superseded.signal]);
  let noted = Number.NEGATIVE_INFINITY;
  let noting = Promise.resolve();
  try {
    const source = sourceOpen(options, held);
    await using fetched = await imageProcess(
      {
        source,
        guard: { loopbackAllowed: options.guard.loopbackAllowed, ownPorts: await options.guard.ownPorts() },
        room: options.room,
      },
      {
        directory: join(options.directory, `${process.pid}`),
        limits: options.limits ?? imageProcessLimits,
        log,
        signal,
        progress: (line) => {
          if (clock.monotonic() - noted < progressPace) {
            return;
          }
          noted = clock.monotonic();
          noting = held.progress(line).then(
            (mine) => {
              if (!mine) {
                superseded.abort(new Error("the image was deleted, or another server fetches it"));
              }
            },
            (error: unknown) => log.debug({ image, error: describeError(error) }, "progress was not recorded"),
          );
        },
      },
    );
    await noting;
    const { digest, facts } = fetched;
    const [problem] = facts.problems;
    if (problem === undefined) {
      await held.succeed({ digest, facts });
      log.info({ image, digest }, "image is ready");
    } else {
      await held.fail({ code: "unusable", text: problem }, { digest, facts });
      log.warn({ image, problem }, "image can't be used");
    }
  } catch (error) {
    await noting;
    if (signal.aborted) {
      if (!session.lost.aborted && !superseded.signal.aborted) {
        await held.release();
      }
      return;
    }
    const code = error instanceof CatalogueError ? error.code : "broken_off";
    const text = error instanceof CatalogueError ? error.message : describeError(error);
    const next = fetchNext(code, held.attempts);
    log.warn({ image, code, error: describeError(error), next: next.kind }, "image could not be fetched");
    await (next.kind === "again" ? held.again({ code, text }, next.seconds) : held.fail({ code, text }));
  }
}

/** @throws {SecretsError} `key_missing`, `altered` */
function sourceOpen({ secrets }: ImageFetchOptions, held: HeldImageFetch): ImageSource {
  const opened = secrets.open(imageSourcePlace(held), held.sealedSource);
  return JSON.parse(Buffer.from(opened).toString("utf8")) as ImageSource;
}
