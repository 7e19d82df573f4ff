// `npm run screenshots`: pictures of the console for README and docs, of a real control plane with a simulated fleet.
import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { paths } from "../../console/paths.ts";
import { MachineService, MachineState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { simulate } from "../../src/simulator/simulate.ts";
import { waitFor } from "../support/wait.ts";
import { agentAsks } from "./support/asking-agent.ts";
import { browserMissing, browserStart } from "./support/browser.ts";
import { setup } from "./support/build.ts";
import { machineQuarantined } from "./support/console-machines.ts";
import { consoleWindow, sizes } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

const fleet = 120;
const folder = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));

if (browserMissing !== undefined) {
  throw new Error(browserMissing);
}
await setup();
await mkdir(folder, { recursive: true });
await using server = await consoleServer();
const ending = new AbortController();
const simulating = simulate(
  {
    agents: fleet,
    interval: 2_000,
    faults: ["bad-image"],
    seed: "rack",
    duration: 3_600_000,
    installsPerMinute: 200,
    endpoints: [],
    operators: [server.url],
    token: (await readFile(join(server.dataDirectory, "operator-token"), "utf8")).trim(),
    anywhere: false,
    writing: 20_000,
  },
  { clock: systemClock, signal: ending.signal, status: () => undefined, tell: () => undefined },
);
const failed = await fleetReady(server);
await using browser = await browserStart();
const failedMachine = paths.machine(failed);
// `shows` is a text that is there once the page has its data; "" are the disks in a dialog.
for (const { name, path, shows, theme, size } of [
  { name: "overview", path: paths.overview(), shows: "Runs now", theme: "light", size: "desk" },
  { name: "overview-dark", path: paths.overview(), shows: "Runs now", theme: "dark", size: "desk" },
  { name: "overview-phone", path: paths.overview(), shows: "Runs now", theme: "light", size: "phone" },
  { name: "machines", path: paths.machines(), shows: "sim-rack-0", theme: "light", size: "desk" },
  { name: "machine", path: failedMachine, shows: "you can", theme: "light", size: "desk" },
  { name: "machine-phone", path: failedMachine, shows: "you can", theme: "dark", size: "phone" },
  { name: "installations", path: paths.installations(), shows: "sim-rack-", theme: "light", size: "desk" },
  { name: "approvals", path: paths.approvals(), shows: "HX3KQ72", theme: "light", size: "desk" },
  { name: "install", path: paths.install(failed), shows: "", theme: "dark", size: "desk" },
] as const) {
  await using window = await consoleWindow(browser, server, { theme, size: sizes[size] });
  await window.open(path);
  const place = shows === "" ? window.page.getByRole("dialog").getByText(/\d [GT]B/u) : window.page.getByText(shows);
  await place.first().waitFor();
  await window.page.screenshot({ path: join(folder, `${name}.png`) });
}
ending.abort();
await simulating.catch(() => undefined);
process.stdout.write(`the pictures are in ${folder}\n`);

/** Waits until the fleet lives and some have failed, puts it into racks, and lets two unknown agents ask. @returns a machine that failed */
async function fleetReady(control: ConsoleServer): Promise<string> {
  const client = createClient(MachineService, control.transport);
  const machines = async () => (await client.machineList({ pageSize: 1000 })).machines;
  await waitFor("the simulated fleet", async () => (await machines()).length === fleet);
  for (const [index, { id }] of (await machines()).entries()) {
    await client.machineUpdate({
      requestId: randomUUID(),
      machine: id,
      setLabels: { rack: `r${1 + Math.floor(index / 20)}` },
    });
  }
  await waitFor("a failed installation", async () =>
    (await machines()).some(({ standing }) => standing?.state === MachineState.INSTALL_FAILED),
  );
  await agentAsks(control, { serialNumber: "HX3KQ72", macs: ["b0:7b:25:00:00:01"] });
  await agentAsks(control, { serialNumber: "7VT4L01", macs: ["b0:7b:25:10:00:01"] });
  const all = await machines();
  await machineQuarantined(control, all.at(-1)?.id ?? "");
  return all.find(({ standing }) => standing?.state === MachineState.INSTALL_FAILED)?.name ?? "";
}
