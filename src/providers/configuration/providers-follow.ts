import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Provider } from "../../shepherd/provider.ts";
import { configuredFileRead } from "./file-read.ts";
import { providerOf, type ProviderMaking } from "./provider-of.ts";
import { ProvidersFileError } from "./providers-file-error.ts";
import { providersParse } from "./providers-parse.ts";

/** What following a file of providers needs. */
export interface ProvidersFollowOptions extends Pick<ProviderMaking, "lab" | "guard"> {
  log: Logger;
  clock: Clock;
}

/** A file of providers that is followed. */
export interface FollowedProviders extends AsyncDisposable {
  /** The newest version that is in order, and why the file as it is now is not in force. */
  current(): { providers: readonly Provider[]; file: { file: string; problem?: string } };
  /** Resolves when `current` has changed. */
  changed(): Promise<void>;
  /** Reads the file again now, whether it has changed or not. */
  reread(): Promise<void>;
}

/** Maximum size of the file in bytes. */
const fileMost = 1024 * 1024;
/** Milliseconds between a notice that something in the folder changed, and the reading: an editor makes several changes. */
const settle = 100;
/** Milliseconds between two looks without a notice: some file systems give none. */
const lookAnyway = 5_000;

/**
 * Reads a file of providers, and again when it changes. A version that is not in order is not taken: the one before stays in
 * force.
 * @throws {ProvidersFileError} if it is not in order at the start
 */
export async function providersFollow(path: string, options: ProvidersFollowOptions): Promise<FollowedProviders> {
  const { log, clock } = options;
  const file = resolve(path);
  const stop = new AbortController();
  const first = await fileText(file);
  let providers = await providersMake(first, []);
  let digest = digestOf(first);
  let problem: string | undefined;
  let next = Promise.withResolvers<void>();
  let notice = Promise.withResolvers<void>();
  let watcher: FSWatcher | undefined;
  let reading: Promise<void> = Promise.resolve();

  function providersMake(text: string, before: readonly Provider[]): Promise<Provider[]> {
    return Promise.all(
      providersParse(text, file).map(async (settings) => {
        const made = await providerOf(settings, { base: dirname(file), guard: options.guard, lab: options.lab });
        // The same settings: its loops go on, and what it has read stays.
        return before.find((one) => isSameProvider(one, made)) ?? made;
      }),
    );
  }

  function tell(): void {
    const { resolve: told } = next;
    next = Promise.withResolvers<void>();
    told();
  }

  async function read(force: boolean): Promise<void> {
    try {
      const text = await fileText(file);
      // While something is wrong the same text is tried again: the file may be back, or a file that it names be mended.
      if (digestOf(text) === digest && problem === undefined && !force) {
        return;
      }
      digest = digestOf(text);
      const made = await providersMake(text, providers);
      providers = made;
      problem = undefined;
      log.info({ file, providers: made.map(({ name }) => name) }, "the file of providers was read");
      tell();
    } catch (error) {
      const words = error instanceof ProvidersFileError ? error.message : describeError(error);
      if (words !== problem) {
        problem = words;
        log.error(
          { file, problems: words.split("\n") },
          "the file of providers is not in order: the version before stays in force",
        );
        tell();
      }
    }
  }

  function watching(): void {
    try {
      // The folder: editors and configuration management put another file in its place.
      watcher = watch(dirname(file), { persistent: false }, () => notice.resolve());
      watcher.on("error", () => watcher?.close());
    } catch {
      // No notices here: it is looked at anyway.
    }
  }

  const following = (async () => {
    watching();
    while (!stop.signal.aborted) {
      const pause = new AbortController();
      const slept = clock.sleep(lookAnyway, AbortSignal.any([stop.signal, pause.signal])).catch(() => undefined);
      await Promise.race([slept, notice.promise]);
      pause.abort();
      await clock.sleep(settle, stop.signal).catch(() => undefined);
      notice = Promise.withResolvers<void>();
      if (!stop.signal.aborted) {
        reading = reading.then(() => read(false));
        await reading;
      }
    }
  })();

  return {
    current: () => ({ providers, file: { file, ...(problem === undefined ? {} : { problem }) } }),
    changed: () => next.promise,
    reread: () => {
      reading = reading.then(() => read(true));
      return reading;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      watcher?.close();
      await following;
      await reading;
    },
  };
}

function isSameProvider(one: Provider, other: Provider): boolean {
  return (
    one.name === other.name &&
    one.type === other.type &&
    one.settings === other.settings &&
    one.autostart === other.autostart &&
    one.mediaUrl === other.mediaUrl
  );
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function fileText(file: string): Promise<string> {
  const read = await configuredFileRead(file, fileMost);
  if ("problem" in read) {
    throw new ProvidersFileError([`${read.problem}: expected a file of providers`], { cause: read.cause });
  }
  return read.bytes.toString("utf8");
}
