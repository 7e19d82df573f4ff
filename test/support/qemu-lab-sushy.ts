import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { sushyEmulator, type SushyEmulator } from "../../src/controllers/testing/sushy-emulator.ts";
import { netbootUrlWrite } from "../../src/lab/netboot-url.ts";
import { must } from "./lab.ts";
import { type QemuLab, type QemuMachine, qemuMachine } from "./qemu-lab.ts";
import { root } from "./repository.ts";

/** A lab machine behind sushy-tools' Redfish service. */
export interface SushyMachine extends AsyncDisposable {
  emulator: SushyEmulator;
  /** The machine behind the service, which the control plane knows by that service alone. */
  behind: QemuMachine;
}

/**
 * Makes a lab that the control plane does not know, with one machine behind the emulator of sushy-tools, and a credential
 * for it. Skips the test if the emulator is not installed.
 * @param options `name`: of the credential, and the beginning of the machine's; `netbootUrl`: what the machine boots
 */
export async function sushyMachine(
  context: TestContext,
  { place }: QemuLab,
  { name, netbootUrl }: { name: string; netbootUrl: string },
): Promise<SushyMachine> {
  const servers = join(place.folder, name);
  await netbootUrlWrite(join(servers, "lab"), netbootUrl);
  await using stack = new AsyncDisposableStack();
  const flags = ["--data-dir", servers, "--machines", "1", "--memory", "1024", "--disk-size", "1Gi"];
  await must(place.cli("lab", "up", "--name-prefix", name, ...flags));
  stack.defer(async () => void (await place.cli("lab", "down", "--data-dir", servers)));
  const command = [process.execPath, join(root, "bin/farrier.js"), "lab"];
  const emulator = stack.use(
    await sushyEmulator(context, {
      configuration: await readFile(join(root, "test/support/peers/sushy-lab.conf.py"), "utf8"),
      env: { FARRIER_LAB_COMMAND: JSON.stringify(command), FARRIER_LAB_DATA_DIR: servers },
    }),
  );
  const secret = join(place.folder, `${name}-password`);
  await writeFile(secret, `${emulator.password}\n`, { mode: 0o600 });
  const credential = ["--kind", "bmc", "--user", emulator.userName, "--secret-file", secret, "--for", "127.0.0.1/32"];
  await must(place.cli("credential", "create", name, ...credential));
  const made = stack.move();
  return {
    emulator,
    behind: qemuMachine(place, `${name}-1`, join(servers, "lab")),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
