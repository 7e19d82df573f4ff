// Network boot with a cache of one image, as `farrier netboot` serves it.
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { cacheAnswers } from "../../src/cache/cache-answer.ts";
import { directoryStore } from "../../src/cache/directory-store.ts";
import { ticketGive } from "../../src/cache/ticket-check.ts";
import { isMirrorTarget, mirrorUrl } from "../../src/contract/catalogue/mirror-ticket.ts";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { connect } from "../../src/database/connect.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { priorityLower } from "../../src/lib/host/priority-lower.ts";
import { createLogger } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { netbootServe } from "../../src/netboot/serve.ts";
import { testKeyRing } from "../../src/secrets/testing/key-ring.ts";
import { serve } from "./processes.ts";

/** What is served. */
interface Order {
  database: DatabaseAddress;
  folder: string;
  /** The image's file, and its SHA-256. */
  image: string;
  hex: string;
  bootImages: string;
  machines: number;
}

/** URLs, one for each machine: of the image in the cache, and of a boot file. */
export interface ServedImages {
  cache: string[];
  boot: string[];
}

const stack = new AsyncDisposableStack();

async function start({ database: address, folder, image, hex, bootImages, machines }: Order): Promise<ServedImages> {
  // As `farrier netboot` does.
  await priorityLower();
  const log = createLogger({ level: "warn", component: "bench" });
  const ring = testKeyRing();
  const metrics = createMetrics();
  const store = await directoryStore(join(folder, "cache"), { clock: systemClock, log });
  await store.put(hex, createReadStream(image));
  const now = 2_000_000_000;
  const answer = cacheAnswers({
    ...{ store, ring, log, isPublic: () => false, scanned: () => true, now: () => now },
    used: () => undefined,
    count: (outcome, bytes) => {
      metrics.cacheRequests.inc({ outcome });
      metrics.cacheSentBytes.inc(bytes);
    },
  });
  const netboot = stack.use(
    await netbootServe({
      address: { host: "127.0.0.1", port: 0 },
      database: stack.use(connect(address, { log })),
      ...{
        bootImages,
        ipxeFiles: folder,
        agents: { port: 8443 },
        caCertificate: new Uint8Array(),
        kernelArguments: "",
      },
      images: { is: isMirrorTarget, answer },
      ...{ metrics, log, clock: systemClock },
    }),
  );
  const each = (url: () => string): string[] => Array.from({ length: machines }, url);
  const server = `http://127.0.0.1:${netboot.address.port}`;
  return {
    cache: each(() => {
      const ticket = { machineId: randomUUID(), generation: 1n, endsAt: now + 3_600 };
      return mirrorUrl(server, hex, ticketGive(ring, hex, ticket));
    }),
    boot: each(() => `${server}/boot/x86_64/initramfs`),
  };
}

serve(start, () => stack.disposeAsync());
