import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { mirrorUrl } from "../contract/catalogue/mirror-ticket.ts";
import type { Database } from "../database/connect.ts";
import type { Generation, MachineId } from "../database/ids.ts";
import { cacheMirrors, type CacheMirrors } from "../database/queries/cache/cache-mirrors.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { bareUrl } from "../lib/net/shown-url.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import { databaseTimeFollow } from "./database-time.ts";
import { ticketGive } from "./ticket-check.ts";

/** A request as it is handed to an agent. */
export interface HandedRequest {
  machineId: MachineId;
  generation: Generation;
  raw: Uint8Array;
  /** The agent fetches from mirrors. */
  mirrors: boolean;
}

/** Adds the caches that have the image to requests that are handed out. */
export interface MirrorHandOut extends AsyncDisposable {
  /** The bytes to hand out; the given ones where no cache has the image, or the agent knows no mirrors. */
  handOut(request: HandedRequest): Uint8Array;
  /** Resolves after the first look at what stores have. */
  looked(): Promise<void>;
}

/** Milliseconds between two looks at what stores have. */
const pace = 2_000;
/** Seconds for which a machine's URL is good: an image that comes at the least rate takes a day. */
const ticketSeconds = 24 * 3_600;
/** Mirrors that a request names. */
const mirrorsMost = 4;

/** Follows what stores have, until it is disposed of. */
export function mirrorHandOut(options: {
  database: Database;
  ring: Pick<KeyRing, "mirrorMacs">;
  clock: Clock;
  log: Logger;
}): MirrorHandOut {
  const { database, ring, clock, log } = options;
  const stop = new AbortController();
  const time = databaseTimeFollow(clock);
  let images: ReadonlyMap<string, CacheMirrors> = new Map();
  const first = Promise.withResolvers<void>();
  const following = (async () => {
    while (!stop.signal.aborted) {
      try {
        const found = await cacheMirrors(database);
        time.set(found.now);
        ({ images } = found);
      } catch (error) {
        log.warn({ error: describeError(error) }, "what caches have could not be looked up; trying again");
      }
      first.resolve();
      await clock.sleep(pace, stop.signal).catch(() => undefined);
    }
  })();
  return {
    handOut: (request) => {
      if (images.size === 0 || !request.mirrors) {
        return request.raw;
      }
      try {
        return withMirrors(request);
      } catch (error) {
        // The origin has the image too.
        log.warn({ machine: request.machineId, error: describeError(error) }, "a request goes out without its mirrors");
        return request.raw;
      }
    },
    looked: () => first.promise,
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the process is stopping"));
      await following;
    },
  };

  function withMirrors({ machineId, generation, raw }: HandedRequest): Uint8Array {
    const message = fromBinary(OSInstallationRequestSchema, raw);
    const image = message.type.case === "image" ? message.type.value : undefined;
    const mirrors = image === undefined ? undefined : images.get(image.digest);
    if (image === undefined || mirrors === undefined) {
      return raw;
    }
    const beside = image.signature !== undefined && image.signature.signature.length === 0;
    const bare = bareUrl(image.url);
    if (beside && bare !== image.url) {
      // Its agent must fetch the signature at the origin, with what opens it: a machine has that, or a cache.
      return raw;
    }
    const hex = image.digest.slice("sha256:".length);
    const ticket = { machineId, generation, endsAt: Math.ceil(time.now()) + ticketSeconds };
    const given = mirrors.isPublic ? undefined : ticketGive(ring, hex, ticket);
    image.mirrorUrl = mirrors.urls.slice(0, mirrorsMost).map((url) => mirrorUrl(url, hex, given));
    image.url = bare;
    return toBinary(OSInstallationRequestSchema, message);
  }
}
