// One boot from a medium as a controller fetches it: BIOS, from a virtual drive on USB.
import { expect, test, vi } from "vitest";
import { bootWindowState } from "../../src/database/queries/boot/boot-window.ts";
import { mediumFetch } from "../../src/lab/controller/medium-fetch.ts";
import { bootImageMissing, qemuMissing } from "../support/boot-image.ts";
import { mediumGuest, mediumHost } from "../support/medium-guest.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 900_000 });

test("a machine boots the agent from its medium, with its configuration inside", async (context) => {
  const missing = (await qemuMissing()) ?? (await bootImageMissing());
  context.skip(missing !== undefined, missing);
  await using host = await mediumHost();
  const machine = await host.known({ way: "medium", fetchers: ["127.0.0.1"] });
  await using medium = await mediumFetch(`http://127.0.0.1:${host.port}${machine.path}`);
  expect(await bootWindowState(host.fleet.database, machine.windowId)).toBe("given");
  await using guest = mediumGuest(machine.machineId, [
    ...["-drive", `if=none,id=medium,media=cdrom,readonly=on,format=raw,file=${medium.file}`],
    ...["-device", "qemu-xhci", "-device", "usb-storage,drive=medium"],
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
    { timeoutMs: 600_000, intervalMs: 200 },
  );
});
