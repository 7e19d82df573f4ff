import { expect, test } from "vitest";
import { keyIdentity } from "../../database/heartbeat/key-identity.ts";
import { agentKey, machineId, type MachineId } from "../../database/ids.ts";
import type { Peer } from "../listener/peer.ts";
import { createKnownCallers, knownFor } from "./known-callers.ts";

const machine = (number: number): MachineId => machineId(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`);

test("a connection is known for its machines for a minute, and for 64 of them; others find a place when one has ended", () => {
  let now = 0;
  const known = createKnownCallers({ monotonic: () => now }, () => undefined);
  const peer: Peer = {
    key: agentKey(Buffer.alloc(32)),
    keyIdentity: keyIdentity(agentKey(Buffer.alloc(32))),
    connection: 0n,
  };
  expect(known.any(peer)).toBe(false);
  for (let number = 0; number < 70; number += 1) {
    known.note(peer, machine(number));
  }
  expect(known.any(peer)).toBe(true);
  expect([0, 63, 64, 69].map((number) => known.has(peer, machine(number)))).toEqual([true, true, false, false]);
  // Noted again in the second half of its minute, a machine stays known; the others end.
  now = knownFor - 1;
  known.note(peer, machine(0));
  now = knownFor;
  expect([0, 1].map((number) => known.has(peer, machine(number)))).toEqual([true, false]);
  known.note(peer, machine(69));
  expect([0, 69].map((number) => known.has(peer, machine(number)))).toEqual([true, true]);
  known.forget(peer, machine(69));
  expect(known.has(peer, machine(69))).toBe(false);
});
