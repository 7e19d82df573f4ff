// The tiny system says that it came up; while it is off it is silent, and what to do is said.
import { expect, test } from "vitest";
import { CameUpProof, MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { freePort } from "../support/free-port.ts";
import { must } from "../support/lab.ts";
import { inState, machineReady, profileMake } from "../support/qemu-lab-profile.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { tinyImage } from "../support/tiny-image.ts";

// QEMU's guests reach a listener on loopback by the address that they have for it.
const labOf = qemuLabSuite(async () => {}, ["--came-up", `127.0.0.1:${await freePort()}`]);

test("the tiny system: silent while it is off, installed once it has reported", async () => {
  const lab = labOf();
  const { place } = lab;
  const served = place.images.serve("tiny.raw.zst", await tinyImage("uefi"));
  await profileMake(place, "tiny", served.url, "expect: { came_up: true, within: 5s }\n");
  const machine = await machineReady(lab, "tiny", "--memory", "1024", "--disk-size", "1Gi");
  const waiting = place.cliStart("machine", "install", machine.name, "--profile", "tiny", "--wait");
  await machine.happened("installation_succeeded", 1);
  // It never comes up: its power is cut before its firmware has started anything.
  await machine.power("off");
  await inState(machine, MachineState.SILENT);
  const ended = await waiting.ended;
  expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining("generation 1 silent")]);
  const explained = await machine.explain();
  expect(explained).toMatch(/generation 1 was installed .* and its system did not report within 5 s/u);
  expect(explained).toMatch(/its agent's log ended .* the firmware starts the disk first, by its boot entry/u);
  const command = /`farrier (?<words>lab console [^`]+)`/u.exec(explained)?.groups?.["words"] ?? "";
  expect((await must(place.cli(...command.split(" ")))).stdout).not.toBe("");
  // Nothing is installed again, and a late report counts.
  await machine.power("on");
  await machine.says(/FARRIER-TINY-OS report: HTTP\/1\.1 200/u);
  await inState(machine, MachineState.INSTALLED);
  const { cameUp, installation } = await machine.show();
  expect(installation?.generation).toBe(1n);
  expect(cameUp?.report).toMatchObject({
    ...{ generation: 1n, proof: CameUpProof.TLS, hostName: "tiny" },
    addresses: expect.arrayContaining(["10.0.2.15"]) as string[],
  });
  await machine.power("off");
});
