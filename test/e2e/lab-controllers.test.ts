// Lab machines behind controllers, by the command line alone; nothing is booted to an end.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printedCommands } from "../../src/cli/testing/printed-words.ts";
import { ipmiSimMissing } from "../../src/controllers/testing/ipmi-sim.ts";
import { controllersAsk } from "../../src/lab/controller/control.ts";
import { controllerPortIsFree } from "../../src/lab/controller/port.ts";
import { lab as farrierLab, must } from "../support/lab.ts";
import { qemuMissing } from "../support/qemu.ts";
import { waitFor } from "../support/wait.ts";

const small = ["--memory", "1024", "--disk-size", "64Mi", "--firmware", "bios"];

const portOf = (url: string): number => Number(/:(?<port>\d+)$/u.exec(url)?.groups?.["port"]);

test(
  "the printed commands make machines known; killed, the controllers come back; lab down takes all away",
  { timeout: 300_000 },
  async (context) => {
    const missing = (await qemuMissing()) ?? (await ipmiSimMissing());
    context.skip(missing !== undefined, missing);
    await using place = await farrierLab();
    const directory = join(place.dataDir, "lab");
    await using stack = new AsyncDisposableStack();
    stack.defer(async () => void (await place.cli("lab", "down")));
    await place.up("--netboot", "off");
    const up = async (prefix: string, controller: string): Promise<string[][]> => {
      const ran = await must(place.cli("lab", "up", "--name-prefix", prefix, "--controller", controller, ...small));
      expect(ran.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("farrier "))).toEqual([]);
      return printedCommands(ran.stdout);
    };

    const [create, redfish] = await up("web", "redfish");
    await must(place.cli(...(create ?? [])));
    await must(place.cli(...(redfish ?? [])));
    // The credential is there now.
    const [ipmi, ...more] = await up("db", "ipmi");
    expect(more).toEqual([]);
    await must(place.cli(...(ipmi ?? [])));
    const listed = await must(place.cli("bmc", "list"));
    expect(listed.stdout).toMatch(/^web-1 .*https:\/\/127\.0\.0\.1:\d+/mu);
    expect(listed.stdout).toMatch(/^db-1 .*ipmi:\/\/127\.0\.0\.1:\d+/mu);
    // Their controllers alone know them: the lab's provider has none.
    const shown = async (name: string): Promise<string> => (await must(place.cli("machine", "show", name))).stdout;
    expect(await shown("web-1")).not.toMatch(/^provider +lab/mu);

    const [, , redfishUrl = ""] = redfish ?? [];
    const [, , ipmiUrl = ""] = ipmi ?? [];
    const serving = await controllersAsk(directory);
    process.kill(serving?.pid ?? 0, "SIGKILL");
    await waitFor(
      "the killed process' ports to be free",
      async () =>
        (await controllerPortIsFree("redfish", portOf(redfishUrl))) &&
        (await controllerPortIsFree("ipmi", portOf(ipmiUrl))),
    );
    expect((await place.cli("lab", "list")).stderr).toContain("`farrier lab controllers`");
    expect(await up("web", "redfish")).toEqual([redfish]);
    expect((await place.cli("lab", "list")).stderr).toBe("");
    expect((await controllersAsk(directory))?.problems).toEqual([]);
    await must(place.cli("machine", "power", "web-1", "db-1", "status"));

    const other = await place.cli("lab", "up", "--name-prefix", "web", "--controller", "ipmi", ...small);
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("with a controller for redfish")]);

    // A start that waits for its machine does not keep it.
    await waitFor("a start", async () => (await shown("web-1")).includes("starting-agent"), { timeoutMs: 60_000 });
    expect((await must(place.cli("lab", "down"))).stderr).toBe("");
    expect(await controllersAsk(directory)).toBeUndefined();
    expect(await controllerPortIsFree("redfish", portOf(redfishUrl))).toBe(true);
    expect(await controllerPortIsFree("ipmi", portOf(ipmiUrl))).toBe(true);
    await expect(stat(join(directory, ".controllers"))).rejects.toMatchObject({ code: "ENOENT" });
    expect((await must(place.cli("machine", "list", "--output", "name"))).stdout).toBe("");
    expect((await must(place.cli("credential", "list", "--output", "name"))).stdout).toBe("");
    const none = await place.cli("lab", "controllers");
    expect([none.status, none.stderr]).toEqual([1, expect.stringContaining("no lab machine has a controller")]);
  },
);
