import type { ServerInterceptor, ServerMethodDefinition } from "@grpc/grpc-js";
import { keyIdentity } from "../database/heartbeat/key-identity.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { agentKey } from "../database/ids.ts";
import { agentCalls } from "./agent-call.ts";
import { type Addresses, createPeers } from "./listener/peer.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

test("of a connection that is too slow every awaited call is told so, of another only what is late", () => {
  let now = 0;
  const peers = createPeers();
  const addresses: Addresses[] = [1, 2].map((remotePort) => ({ remoteAddress: "::1", remotePort }));
  addresses.forEach((each) =>
    peers.add(each, { key: agentKey(Buffer.alloc(32)), keyIdentity: keyIdentity(Buffer.alloc(32)), connection: 1n }),
  );
  const cut: (number | undefined)[] = [];
  using calls = agentCalls({
    peers,
    clock: { monotonic: () => now, sleep: () => Promise.reject(new Error("nobody sleeps here")) },
    requestArrival: 1_000,
    refused: () => undefined,
    late: ({ remotePort }) => void cut.push(remotePort),
  });
  const told: [call: string, code: number][] = [];
  function begin(name: string, connection: number): void {
    const call = {
      start: () => undefined,
      sendStatus: ({ code }: { code: number }) => void told.push([name, code]),
      getConnectionInfo: () => addresses[connection] ?? {},
    };
    // The rest of a call and of its method is not used.
    const { interceptor } = calls;
    const next = call as unknown as Parameters<ServerInterceptor>[1];
    interceptor({} as ServerMethodDefinition<unknown, unknown>, next).start({} as never);
  }
  begin("first", 0);
  now = 600;
  begin("other's", 1);
  now = 700;
  begin("second", 0);
  now = 1_000;
  vi.advanceTimersByTime(1_000);
  // 4: DEADLINE_EXCEEDED.
  expect(told).toEqual([
    ["first", 4],
    ["second", 4],
  ]);
  expect(cut).toEqual([1, 1]);
  now = 2_000;
  vi.advanceTimersByTime(1_000);
  expect(told.slice(2)).toEqual([["other's", 4]]);
  expect(cut).toEqual([1, 1, 2]);
});
