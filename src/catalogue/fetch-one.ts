import { join } from "node:path";
import { imageSourceRead, type ImageSource } from "../contract/catalogue/image-source.ts";
import { DatabaseError } from "../database/errors.ts";
import type { HeldImageFetch } from "../database/queries/image/image-fetch.ts";
import type { Session } from "../database/session.ts";
import { defined } from "../lib/defined.ts";
import { describeError } from "../lib/errors.ts";
import { retryDelay } from "../lib/retry.ts";
import { SecretsError } from "../secrets/errors.ts";
import { imageSourcePlace } from "../secrets/image-source.ts";
import { imageFailure } from "./child/image-failure.ts";
import { CatalogueError } from "./errors.ts";
import type { ImageFetchOptions } from "./fetch-options.ts";
import { fetchNext } from "./fetch-next.ts";
import { imageRulesKept } from "./image-rules-kept.ts";
import { imageProcess, imageProcessLimits, type FetchedImage } from "./image-process.ts";
import { workFolder } from "./work-folders.ts";

/** Milliseconds between two records of progress. */
const progressPace = 1_000;
/** Milliseconds between two tries to record what came of it, while the database is away and the session may live. */
const settling = { initial: 200, maximum: 3_000, factor: 2 };

/**
 * Fetches one image and records what came of it. If the session ends meanwhile, nothing is recorded: the next session that
 * claims the image begins anew.
 * @throws what is no reason against the image
 */
export async function imageFetchOne(
  held: HeldImageFetch,
  session: Session,
  options: ImageFetchOptions,
  stopping: AbortSignal,
): Promise<void> {
  const superseded = new AbortController();
  const signal = AbortSignal.any([stopping, session.lost, superseded.signal]);
  const settle = (record: () => Promise<void>): Promise<void> => settled(record, { session, stopping, options });
  const progress = progressRecorder(held, options, superseded);
  try {
    const source = sourceOpen(options, held);
    const rules = await imageRulesKept(options.database, source);
    await using fetched = await imageProcess(
      {
        source,
        rules,
        guard: { loopbackAllowed: options.guard.loopbackAllowed, ownPorts: await options.guard.ownPorts() },
        room: options.room,
      },
      {
        directory: join(workFolder(options.directory, session.id), `${held.name}@${held.version}`),
        limits: options.limits ?? imageProcessLimits,
        log: options.log,
        signal,
        progress: progress.note,
      },
    );
    await progress.noted();
    await fetchedKeep(held, fetched, options);
    await fetchedRecord(held, fetched, { settle, options });
  } catch (error) {
    await progress.noted();
    if (superseded.signal.aborted || session.lost.aborted) {
      return;
    }
    if (stopping.aborted) {
      await held.release();
      return;
    }
    await failureRecord(held, error, { settle, options });
  }
}

async function fetchedKeep(
  { name, version, cached }: HeldImageFetch,
  { digest, facts, file }: FetchedImage,
  { keep, log }: ImageFetchOptions,
): Promise<void> {
  if (cached && facts.problems.length === 0) {
    await keep?.(digest, file).catch((error: unknown) => {
      log.warn({ image: `${name}@${version}`, error: describeError(error) }, "a fetched image was not kept");
    });
  }
}

interface Recording {
  settle: (record: () => Promise<void>) => Promise<void>;
  options: ImageFetchOptions;
}

async function fetchedRecord(
  held: HeldImageFetch,
  { digest, facts, signature }: FetchedImage,
  { settle, options: { log } }: Recording,
): Promise<void> {
  const image = `${held.name}@${held.version}`;
  const [problem] = facts.problems;
  if (problem === undefined) {
    await settle(() => held.succeed({ digest, facts, ...defined({ signature }) }));
    log.info({ image, digest }, "image is ready");
  } else {
    await settle(() => held.fail({ code: "unusable", text: problem }, { digest, facts }));
    log.warn({ image, problem }, "image can't be used");
  }
}

async function failureRecord(
  held: HeldImageFetch,
  error: unknown,
  { settle, options: { log } }: Recording,
): Promise<void> {
  if (error instanceof DatabaseError) {
    // Not the image's fault: it stays claimed, and this session, or the next, begins it anew.
    throw error;
  }
  const failure = failureOf(error);
  const next = fetchNext(failure.code, held.attempts);
  const image = `${held.name}@${held.version}`;
  log.warn({ image, code: failure.code, error: describeError(error), next: next.kind }, "image could not be fetched");
  const text = { code: failure.code, text: failure.message };
  await settle(() => (next.kind === "again" ? held.again(text, next.seconds) : held.fail(text)));
}

function failureOf(error: unknown): ReturnType<typeof imageFailure> {
  if (!(error instanceof SecretsError)) {
    return imageFailure(error);
  }
  switch (error.code) {
    case "key_missing":
    case "key_file":
      // A server that has the key may fetch it.
      return { code: "unavailable", message: error.message };
    case "altered":
      return { code: "unusable", message: error.message };
  }
}

/** Records it, again and again while the database is away. */
async function settled(
  record: () => Promise<void>,
  { session, stopping, options }: { session: Session; stopping: AbortSignal; options: ImageFetchOptions },
): Promise<void> {
  const over = AbortSignal.any([session.lost, stopping]);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await record();
      return;
    } catch (error) {
      const passing = error instanceof DatabaseError && (error.code === "unavailable" || error.code === "busy");
      if (!passing || over.aborted) {
        throw error;
      }
      options.log.debug({ error: describeError(error) }, "what came of an image was not recorded; trying again");
      await options.clock.sleep(retryDelay(settling, attempt), over).catch(() => undefined);
    }
  }
}

/** Records how far it is, at most once a second; finds out that somebody else has the image now. */
function progressRecorder(
  held: HeldImageFetch,
  { clock, log }: ImageFetchOptions,
  superseded: AbortController,
): { note: (line: Parameters<HeldImageFetch["progress"]>[0]) => void; noted: () => Promise<void> } {
  let notedAt = Number.NEGATIVE_INFINITY;
  let noting = Promise.resolve();
  return {
    note: (line) => {
      if (clock.monotonic() - notedAt < progressPace) {
        return;
      }
      notedAt = clock.monotonic();
      noting = held.progress(line).then(
        (mine) => {
          if (!mine) {
            superseded.abort(new CatalogueError("unavailable", "the image was deleted, or another server fetches it"));
          }
        },
        (error: unknown) => log.debug({ error: describeError(error) }, "progress was not recorded"),
      );
    },
    noted: () => noting,
  };
}

/** @throws {SecretsError} `key_missing`, `altered` */
function sourceOpen({ secrets }: ImageFetchOptions, held: HeldImageFetch): ImageSource {
  return imageSourceRead(secrets.open(imageSourcePlace(held), held.sealedSource));
}
