import { expect, test } from "vitest";
import { keyMake, keyPem, serverIssue } from "../../lib/tls/issue.ts";
import { certificateRead } from "../certificate-read.ts";
import { MemoryMachine } from "../simulated/machine.ts";
import { plainShape } from "../simulated/shape.ts";
import { SimulatedController } from "../simulated/simulated-controller.ts";
import { redfishController } from "./redfish-controller.ts";

const live = new AbortController().signal;

function tlsMake(): { key: string; cert: string } {
  const key = keyMake();
  const cert = serverIssue(key, [{ type: "ip", value: "127.0.0.1" }], keyMake()).toString();
  return { key: keyPem(key), cert };
}

test("a certificate that was replaced gets neither password nor session", async () => {
  const options = { shape: plainShape, machine: new MemoryMachine() };
  const first = await SimulatedController.start({ ...options, tls: tlsMake() });
  const { url } = first;
  const { sha256 } = await certificateRead(url);
  const login = { userName: "admin", password: "simulated", mayReach: () => true };
  await using controller = redfishController({ url, trust: { by: "fingerprint", sha256 } }, login);
  expect(await controller.powerGet(live)).toBe("off");
  await first[Symbol.asyncDispose]();

  await using second = await SimulatedController.start({ ...options, tls: tlsMake(), port: Number(new URL(url).port) });
  await expect(controller.powerSet("on", live)).rejects.toMatchObject({
    code: "untrusted",
    message: expect.stringContaining("shows another certificate than the accepted one"),
  });
  expect(second.calls).toEqual([]);
  expect(options.machine.actions).toEqual([]);
});

test("an address that is not the credential's gets nothing, not even a connection", async () => {
  await using simulated = await SimulatedController.start({
    shape: plainShape,
    machine: new MemoryMachine(),
    tls: tlsMake(),
  });
  const { sha256 } = await certificateRead(simulated.url);
  const asked: unknown[] = [];
  const mayReach = (address: { host: string; ip: string }): boolean => {
    asked.push(address);
    return false;
  };
  const login = { userName: "admin", password: "simulated", mayReach };
  await using controller = redfishController({ url: simulated.url, trust: { by: "fingerprint", sha256 } }, login);
  await expect(controller.read(live)).rejects.toMatchObject({ code: "address_refused" });
  expect(asked).toEqual([{ host: "127.0.0.1", ip: "127.0.0.1" }]);
  expect(simulated.calls).toEqual([]);
});
