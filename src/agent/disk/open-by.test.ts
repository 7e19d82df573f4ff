// A disk that a process works on without a mount, a lock or a holder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { fileTree } from "../../../test/support/file-tree.ts";
import type { InstallRig } from "../../../test/support/install-rig.ts";
import { hostProgram, installRig, loopDevices } from "../../../test/support/install-rig.ts";
import { diskUse } from "./disk-use.ts";
import type { DiskSource } from "./disks.ts";

const mebibyte = 1 << 20;
/** Pauses an eighth of the time: what udev opens is closed by then, and what holds a disk holds it. */
const quick = { sleep: (milliseconds: number) => setTimeout(milliseconds / 8) };

/** A process that has a path open in that way until it is ended. */
async function holding(path: string, how: "<" | "<>"): Promise<{ pid: number } & AsyncDisposable> {
  const child = spawn("bash", ["-c", `exec 9${how}"$0"; echo; read`, path], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("X10: a disk that a process keeps open is in use, and is not written", () => {
  let rig: InstallRig;
  let disks: DiskSource;
  beforeEach(async (context) => {
    context.skip(!(await loopDevices()), "loop devices can't be made here: it takes root");
    rig = await installRig({ diskBytes: 12 * mebibyte, loop: true });
    rig.serveBytes(Buffer.alloc(6 * mebibyte, "image"));
    const name = rig.disk.replace("/dev/", "");
    const { list } = rig.disks;
    disks = { list, use: () => diskUse(name, "/", quick) };
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  test.each(["<", "<>"] as const)("opened by %s", async (how) => {
    const holder = await holding(rig.disk, how);
    expect(await rig.install({}, { disks })).toMatchObject({
      error: expect.stringMatching(
        new RegExp(
          `disk loop\\d+ is in use: process ${holder.pid} \\(bash\\) has /dev/loop\\d+ open; a disk in use`,
          "u",
        ),
      ),
    });
    expect(rig.phases).toEqual([Phase.SELECTING_DISK]);
    await holder[Symbol.asyncDispose]();
    expect(await rig.install({}, { disks })).toEqual({ kind: "success" });
  });

  test("by a partition of it", async (context) => {
    await hostProgram("sh", "-c", `printf 'label: gpt\\nstart=2048, size=4096\\n' | sfdisk -q ${rig.disk}`).catch(
      () => "",
    );
    await hostProgram("partx", "--update", rig.disk).catch(() => "");
    const partition = `${rig.disk}p1`;
    const there = await hostProgram("test", "-b", partition).then(
      () => true,
      () => false,
    );
    context.skip(!there, "partitions of loop devices don't appear here: it takes partx and udev or devtmpfs");
    await using holder = await holding(partition, "<>");
    expect(await diskUse(rig.disk.replace("/dev/", ""), "/", quick)).toBe(
      `process ${holder.pid} (bash) has ${partition} open`,
    );
  });
});

describe("X10: what is open for a moment is no use", () => {
  // Another process's descriptor of the device 7:0, as /proc has it: a link, and its process's stat.
  const node = "/dev/loop0";
  const machine = {
    "proc/self/mountinfo": "",
    "sys/block/loop0/dev": "7:0\n",
    "sys/block/loop0/holders": null,
    "proc/77/stat": `77 (a (strange) name) S 1 ${"0 ".repeat(17)}4711 0\n`,
    "proc/77/fd/3": { link: node },
  };

  test("but what stays is", async (context) => {
    const there = await hostProgram("test", "-b", node).then(
      () => true,
      () => false,
    );
    context.skip(!there, `${node} is no block device here`);
    await using tree = await fileTree(machine);
    let waited = 0;
    const waiting = { sleep: (milliseconds: number) => Promise.resolve(void (waited += milliseconds)) };
    expect(await diskUse("loop0", tree.root, waiting)).toBe("process 77 (a (strange) name) has /dev/loop0 open");
    // A disk that a monitor wakes up takes about 10 s.
    expect(waited).toBeGreaterThan(10_000);
    waited = 0;
    expect(await diskUse("loop0", tree.root, waiting, "short")).toMatch(/has \/dev\/loop0 open/u);
    expect(waited).toBe(1_600);
    // Gone at the second look.
    const leaving = { sleep: async () => void (await hostProgram("rm", `${tree.root}/proc/77/fd/3`)) };
    expect(await diskUse("loop0", tree.root, leaving)).toBeUndefined();
  });
});
