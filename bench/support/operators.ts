import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import type { Database } from "../../src/database/connect.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/log.ts";
import { databaseAuthenticator } from "../../src/operator-api/caller/authenticator.ts";
import { operatorApiListen } from "../../src/operator-api/listener/listener.ts";
import { machineFeed } from "../../src/operator-api/machine-feed.ts";
import { testKeyRing, testSecretsKeys } from "../../src/secrets/testing/key-ring.ts";

/** The operator API of a measured server. @param called is given each call's seconds on the server */
export async function operatorsServe(
  address: DatabaseAddress,
  database: Database,
  token: string,
  log: Logger,
  called: (call: { seconds: number }) => void = () => undefined,
): Promise<{ url: string } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const feed = stack.use(machineFeed({ address, log, clock }));
  const operationFeed = stack.use(machineFeed({ address, log, clock, channel: "farrier_operation" }));
  const api = stack.use(
    await operatorApiListen({
      address: { host: "127.0.0.1", port: 0 },
      database,
      secrets: testKeyRing(),
      secretsKeys: testSecretsKeys(),
      authenticator: databaseAuthenticator({ database, localToken: token, log, clock }),
      feed,
      operationFeed,
      host: { loopbackAllowed: true, ownPorts: async () => [] },
      agents: { endpoint: "bench:1", caCertificate: new Uint8Array() },
      counters: { called, unauthenticated: () => undefined },
      probes: { ready: () => Promise.resolve({ ready: true }), metrics: () => Promise.resolve("") },
      log,
    }),
  );
  const release = stack.move();
  return { url: api.url, [Symbol.asyncDispose]: () => release.disposeAsync() };
}
