// UEFI HTTP boot by firmware that nobody here wrote: OVMF fetches the boot medium into memory, and starts the agent from it.
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { mediumProgress } from "../../src/database/queries/boot/boot-medium.ts";
import { bootWindowState } from "../../src/database/queries/boot/boot-window.ts";
import { labPrograms } from "../../src/lab/programs.ts";
import { bootImageMissing, qemuMissing } from "../support/boot-image.ts";
import { mediumGuest, mediumHost } from "../support/medium-guest.ts";
import { ovmfVariablesWithUrl } from "../support/ovmf-variables.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 1_200_000 });

test("OVMF boots the URL that its controller has set, with the machine's configuration inside", async (context) => {
  const missing = (await qemuMissing()) ?? (await bootImageMissing());
  context.skip(missing !== undefined, missing);
  await using host = await mediumHost();
  const { ovmf } = await labPrograms("uefi");
  if (ovmf === undefined) {
    throw new Error("a lab without UEFI firmware");
  }
  const machine = await host.known({ way: "http", fetchers: [] });
  const variables = join(host.folder, "variables.fd");
  await ovmfVariablesWithUrl(ovmf.variables, variables, `http://10.0.2.2:${host.port}${machine.path}`);
  await using guest = mediumGuest(machine.machineId, [
    ...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${ovmf.code}`],
    ...["-drive", `if=pflash,unit=1,format=raw,file=${variables}`],
  ]);
  await waitFor(
    "the agent to ask its control plane",
    () => {
      const text = guest.console();
      return (
        (text.includes('"msg":"farrier agent boots"') && text.includes(`10.0.2.2:${host.agents}`)) ||
        (guest.running() ? undefined : Promise.reject(new Error(text.slice(-3000))))
      );
    },
    { timeoutMs: 900_000, intervalMs: 200 },
  );
  expect(await bootWindowState(host.fleet.database, machine.windowId)).toBe("given");
  // To QEMU's network this host is the guest's sender, too.
  expect(await mediumProgress(host.fleet.database, machine.machineId)).toEqual({
    way: "http",
    fetched: true,
    fetchers: ["127.0.0.1"],
  });
});
