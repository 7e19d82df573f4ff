import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { clients } = await operatorFixture();

beforeAll(async () => {
  await clients.machines.machineAdd({ requestId: randomUUID(), provider: "static", providerId: "1", name: "one" });
});

const codeOf = async (call: Promise<unknown>): Promise<string> => (await refusal(call))[0];

test("a key is bound once; another needs replace, and the old one is gone at once", async () => {
  const [first, second] = [ed25519KeyPair().publicKey, ed25519KeyPair().publicKey];
  const register = (publicKey: Uint8Array<ArrayBuffer>, requestId: string, replace: boolean): Promise<unknown> =>
    clients.agents.agentRegister({ requestId, machine: "one", publicKey, replace });
  const requestId = randomUUID();
  const answer = await register(first, requestId, false);
  const { machine } = await clients.machines.machineShow({ machine: "one" });
  expect(answer).toMatchObject({
    machineId: machine?.id,
    endpoint: "control.test:8443",
    caCertificate: Uint8Array.of(1, 2, 3),
  });
  expect(machine?.agent?.publicKey).toEqual(first);
  expect(machine?.agent?.heartbeatAt).toBeUndefined();
  expect(await codeOf(register(first, requestId, false))).toBe("ok");
  expect(await codeOf(register(second, requestId, false))).toBe("FailedPrecondition");
  expect(await codeOf(register(second, randomUUID(), false))).toBe("FailedPrecondition");
  expect(await codeOf(register(second, randomUUID(), true))).toBe("ok");
  const after = await clients.machines.machineShow({ machine: "one" });
  expect(after.machine?.agent?.publicKey).toEqual(second);
  const { entries } = await clients.machines.machineHistory({ machine: "one" });
  expect(entries.map(({ event }) => event)).toEqual(["agent_replaced", "agent_registered", "machine_added"]);
});

test.each([0, 31, 33, 64])("a key of %i bytes is refused", async (length) => {
  const call = clients.agents.agentRegister({
    requestId: randomUUID(),
    machine: "one",
    publicKey: new Uint8Array(length),
    replace: true,
  });
  await expect(call).rejects.toThrow(/public_key: expected the 32 bytes of an Ed25519 public key/u);
});

test("an unknown machine is not found", async () => {
  const request = { requestId: randomUUID(), publicKey: ed25519KeyPair().publicKey };
  expect(await codeOf(clients.agents.agentRegister({ ...request, machine: "nobody" }))).toBe("NotFound");
  expect(await codeOf(clients.agents.agentRegister({ ...request, machine: randomUUID() }))).toBe("NotFound");
});
