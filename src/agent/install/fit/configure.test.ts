import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Phase } from "../../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { gptImage, gptImageMissing, partitionCopy } from "../../../../test/support/gpt-image.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { hostProgram, installRig, loopDevices, programsMissing } from "../../../../test/support/install-rig.ts";
import { createLogger } from "../../../lib/log.ts";
import { bootEntrySet } from "./boot-entry.ts";

const mebibyte = 1 << 20;
const diskBytes = 96 * mebibyte;
const missing = [...(await gptImageMissing()), ...(await programsMissing("mtype", "debugfs", "e2fsck"))];
const why = `missing on this host: ${missing.join(", ")} (Debian: gdisk, e2fsprogs, mtools)`;
const loops = await loopDevices();

afterEach(() => vi.unstubAllEnvs());

describe.each(["file", "loop device"])("an image with a partition table, on a %s", (kind) => {
  const loop = kind === "loop device";
  let rig: InstallRig;
  beforeEach(async (context) => {
    context.skip(missing.length > 0, why);
    context.skip(loop && !loops, "loop devices can't be made here: it takes root");
    rig = await installRig({ diskBytes, loop });
    return () => rig[Symbol.asyncDispose]();
  });
  const seed = async (name: string): Promise<string> => {
    const start = /^ +\d+ +(?<start>\d+) +\d+ .*CIDATA$/mu.exec(await hostProgram("sgdisk", "-p", rig.disk))?.groups;
    return hostProgram("mtype", "-i", `${rig.disk}@@${Number(start?.["start"]) * 512}`, `::${name}`);
  };

  test("has its table fitted to the disk, and cloud-init's seed at the end", async () => {
    const image = await gptImage(rig.folder);
    rig.serveBytes(image);
    const end = await rig.install({ userData: Buffer.from("#cloud-config\nhostname: x\n"), readBack: true });
    expect(end).toEqual({ kind: "success" });
    expect(await hostProgram("sgdisk", "-v", rig.disk)).toMatch(/No problems found/u);
    expect(await seed("user-data")).toBe("#cloud-config\nhostname: x\n");
    expect(await seed("meta-data")).toBe(`instance-id: ${rig.machineId}-1\n`);
    // All but the tables is as it came.
    const [from, to] = [mebibyte, 32 * mebibyte - 64 * 512];
    expect((await rig.read(from, to - from)).equals(image.subarray(from, to))).toBe(true);
    expect(rig.phases.slice(-1)).toEqual([Phase.CONFIGURING]);
  });

  test.each([false, true])("is grown, table and file system (its root the only partition: %s)", async (rootOnly) => {
    rig.serveBytes(await gptImage(rig.folder, { rootOnly }));
    expect(await rig.install({ grow: true, userData: Buffer.from("x"), readBack: true })).toEqual({ kind: "success" });
    expect(await hostProgram("sgdisk", "-v", rig.disk)).toMatch(/No problems found/u);
    const copy = join(rig.folder, "root");
    const start = (rootOnly ? 1 : 4) * mebibyte;
    await partitionCopy(rig.disk, start, diskBytes - start, copy);
    const blocks = /^Block count: +(?<blocks>\d+)$/mu.exec(await hostProgram("dumpe2fs", "-h", copy))?.groups?.[
      "blocks"
    ];
    // Up to the seed: 8 MiB and what the table's copy takes of the last one.
    expect(Number(blocks) * 1024).toBe(diskBytes - start - 9 * mebibyte);
    await hostProgram("e2fsck", "-f", "-n", copy);
    expect(await hostProgram("debugfs", "-R", "cat /file", copy)).toBe("from the image\n");
    expect(await seed("meta-data")).toMatch(/^instance-id/u);
  });

  test("that needs the room of a seed is refused, and the next attempt succeeds", async () => {
    await using small = await installRig({ diskBytes: 34 * mebibyte, loop });
    small.serveBytes(await gptImage(small.folder));
    const end = await small.install({ userData: Buffer.from("x") });
    expect(end).toMatchObject({ error: expect.stringMatching(/CIDATA takes 8388608 bytes.*choose a larger disk/u) });
    // Its beginning was never written: nothing of it boots.
    expect((await small.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
    expect(await small.install()).toEqual({ kind: "success" });
    expect(await hostProgram("sgdisk", "-v", small.disk)).toMatch(/No problems found/u);
  });
});

describe("an image without a partition table", () => {
  test.each([
    [{ userData: Buffer.from("x") }, /no GPT partition table, so there is no place for cloud-init's data/u],
    [{ grow: true }, /no GPT partition table, so there is no last partition to grow/u],
  ])("case %#: what can't be done is said, not left out", async (fields, expected) => {
    await using rig = await installRig({ diskBytes });
    rig.serveBytes(randomBytes(5 * mebibyte));
    expect(await rig.install(fields)).toMatchObject({ error: expect.stringMatching(expected) });
    expect(await rig.install()).toEqual({ kind: "success" });
  });
});

test("a last partition that holds something else than ext is not grown silently", async (context) => {
  context.skip(missing.length > 0, why);
  await using rig = await installRig({ diskBytes });
  const image = await gptImage(rig.folder);
  image.fill(0, 4 * mebibyte, 5 * mebibyte);
  image.write("XFSB", 4 * mebibyte);
  rig.serveBytes(image);
  expect(await rig.install({ grow: true })).toMatchObject({
    error: expect.stringMatching(/last partition has XFS.*cloud-init/u),
  });
});

test("the firmware starts the disk first, and older entries of ours are gone", async (context) => {
  context.skip(missing.length > 0, why);
  context.skip(!loops, "loop devices can't be made here: it takes root");
  context.skip((await programsMissing("efibootmgr")).length > 0, "efibootmgr is not installed: apt install efibootmgr");
  await using rig = await installRig({ diskBytes, loop: true });
  const variables = join(rig.folder, "efivars/");
  await mkdir(variables);
  vi.stubEnv("EFIVARFS_PATH", variables);
  rig.serveBytes(await gptImage(rig.folder));
  expect(await rig.install()).toEqual({ kind: "success" });
  const { signal } = new AbortController();
  const log = createLogger({ level: "silent", component: "agent" });
  const entry = { path: rig.disk, systemPartition: 15, log, signal };
  await bootEntrySet(entry);
  await hostProgram("efibootmgr", "-c", "-d", rig.disk, "-p", "14", "-L", "Other", "-l", "\\OTHER.EFI");
  await bootEntrySet(entry);
  const printed = await hostProgram("efibootmgr", "-v");
  const entries = printed.split("\n").filter((line) => line.startsWith("Boot0"));
  expect(entries).toHaveLength(2);
  const ours = entries.find((line) => line.includes("Farrier OS")) ?? "";
  expect(ours).toMatch(/HD\(15,GPT,.*BOOTX64\.EFI/u);
  expect(printed).toMatch(new RegExp(`^BootOrder: ${ours.slice(4, 8)},`, "mu"));
});
