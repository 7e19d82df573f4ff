// A machine behind a Redfish service that nobody here wrote: from a controller's address to an operating system that runs.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { netbootUrlWrite } from "../../src/lab/netboot-url.ts";
import { sushyEmulator } from "../../src/controllers/testing/sushy-emulator.ts";
import { must } from "../support/lab.ts";
import { qemuMachine } from "../support/qemu-lab.ts";
import { serverStory } from "../support/qemu-lab-server.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { root } from "../support/repository.ts";

const labOf = qemuLabSuite();

test("known by its controller, started by it, installed, and then left alone", async (context) => {
  const lab = labOf();
  const { place } = lab;
  // A lab that the control plane does not know: these machines are reached by their controller alone.
  const servers = join(place.folder, "servers");
  await netbootUrlWrite(join(servers, "lab"), lab.netbootUrl);
  await using stack = new AsyncDisposableStack();
  const flags = ["--data-dir", servers, "--machines", "1", "--memory", "1024", "--disk-size", "1Gi"];
  await must(place.cli("lab", "up", "--name-prefix", "srv", ...flags));
  stack.defer(async () => void (await place.cli("lab", "down", "--data-dir", servers)));
  const command = [process.execPath, join(root, "bin/farrier.js"), "lab"];
  const emulator = stack.use(
    await sushyEmulator(context, {
      configuration: await readFile(join(root, "test/support/peers/sushy-lab.conf.py"), "utf8"),
      env: { FARRIER_LAB_COMMAND: JSON.stringify(command), FARRIER_LAB_DATA_DIR: servers },
    }),
  );
  const secret = join(place.folder, "password");
  await writeFile(secret, `${emulator.password}\n`, { mode: 0o600 });
  const credential = ["--kind", "bmc", "--user", emulator.userName, "--secret-file", secret, "--for", "127.0.0.1/32"];
  await must(place.cli("credential", "create", "rack", ...credential));

  const unasked = await place.cli("bmc", "add", emulator.url, "--credential", "rack", "--name", "web1");
  expect(unasked.status).toBe(1);
  expect(unasked.stderr).toContain("Nothing was sent to it.");
  const fingerprint = /--fingerprint (?<sha256>[0-9a-f]{64})/u.exec(unasked.stderr)?.groups?.["sha256"] ?? "";
  const trust = ["--fingerprint", fingerprint];
  await must(place.cli("bmc", "add", emulator.url, "--credential", "rack", "--name", "web1", ...trust));

  const srv = qemuMachine(place, "srv-1", join(servers, "lab"));
  await serverStory(lab, { ...qemuMachine(place, "web1"), console: srv.console, says: srv.says });
});
