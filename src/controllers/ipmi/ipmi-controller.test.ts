// The client against OpenIPMI's simulator, through Debian's ipmitool.
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ControllerLogin } from "../controller.ts";
import { ipmiSim, type IpmiSim, ipmiSimMissing, simulatedUuid } from "../testing/ipmi-sim.ts";
import { ipmiController } from "./ipmi-controller.ts";

let missing: string | undefined;
let sim: IpmiSim;
beforeAll(async () => {
  missing = await ipmiSimMissing();
  if (missing === undefined) {
    sim = await ipmiSim();
  }
});
afterAll(async () => await sim?.[Symbol.asyncDispose]());
beforeEach((context) => context.skip(missing !== undefined, missing));

const signal = new AbortController().signal;

function controller(login: Partial<ControllerLogin> = {}) {
  const { userName, password } = sim;
  return ipmiController(
    { protocol: "ipmi", url: sim.url, trust: { by: "clear-text" } },
    { userName, password, mayReach: () => true, ...login },
  );
}

test("says what it is: power, UUID, firmware", async () => {
  await using bmc = controller();
  await sim.set("power", "1");
  expect(await bmc.read(signal)).toMatchObject({
    power: "on",
    smbiosUuid: simulatedUuid,
    firmware: "9.08",
    macs: [],
    rules: [expect.stringMatching(/^cipher-suite-(?:3|17)$/u)],
    mayControl: true,
  });
});

test("power: off and on are done when it shows them, and nothing is sent where it is so already", async () => {
  await using bmc = controller();
  await sim.set("power", "1");
  await bmc.powerSet("off", signal);
  expect(await bmc.powerGet(signal)).toBe("off");
  const before = await sim.done();
  await bmc.powerSet("off", signal);
  await bmc.powerSet("soft-off", signal);
  expect(await sim.done()).toEqual(before);
  await bmc.powerSet("cycle", signal);
  expect(await bmc.powerGet(signal)).toBe("on");
  expect((await sim.done()).at(-1)).toBe("power 1");
});

test("the next boot goes to the network, and the override is taken back", async () => {
  await using bmc = controller();
  await bmc.bootSet("network", { once: true, signal });
  expect((await sim.done()).at(-1)).toBe("boot pxe");
  await bmc.bootClear(signal);
  expect((await sim.done()).at(-1)).toMatch(/^boot (?:none|default)$/u);
  await expect(bmc.bootSet("http", { once: true, signal })).rejects.toMatchObject({ code: "unsupported" });
});

test("a wrong password is refused as one, once", async () => {
  await using bmc = controller({ password: "wrong" });
  await expect(bmc.powerGet(signal)).rejects.toMatchObject({ code: "unauthorized" });
});

test("a password that IPMI can't take, an address that the credential may not be sent to: nothing is sent", async () => {
  expect(() => controller({ password: "x".repeat(21) })).toThrow(/at most 20 bytes/u);
  await using bmc = controller({ mayReach: ({ ip }) => ip !== "127.0.0.1" });
  await expect(bmc.powerGet(signal)).rejects.toMatchObject({ code: "address_refused" });
});

test("the password is changed without being an argument, and logs in; a password that it can't hold is refused", async () => {
  await using own = await ipmiSim();
  const login = { userName: own.userName, password: own.password, mayReach: () => true };
  const at = { protocol: "ipmi", url: own.url, trust: { by: "clear-text" } } as const;
  await using bmc = ipmiController(at, login);
  expect(await bmc.passwordLimits(signal)).toEqual({ min: 1, max: 20 });
  // Not above 16 bytes: ipmi_sim stores 20-byte passwords in a form that no login matches.
  for (const wanted of ["Zq9-sixteen-long", "Zq9-short"]) {
    const seen = argumentsSeen();
    await bmc.passwordSet(wanted, signal);
    expect((await seen()).filter((text) => text.includes("Zq9-"))).toEqual([]);
    await using again = ipmiController(at, { ...login, password: wanted });
    expect(await again.powerGet(signal)).toBe("off");
    expect(await bmc.powerGet(signal)).toBe("off");
  }
  for (const wrong of ["x".repeat(21), "with space", 'quo"te', "hash#", "ümlaut"]) {
    await expect(bmc.passwordSet(wrong, signal)).rejects.toMatchObject({ code: "refused" });
  }
});

/** Collects the arguments of ipmitool's processes until it is called. */
function argumentsSeen(): () => Promise<string[]> {
  const seen = new Set<string>();
  let stop = false;
  const looking = (async () => {
    while (!stop) {
      for (const id of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name))) {
        const text = await readFile(`/proc/${id}/cmdline`, "latin1").catch(() => "");
        if (text.startsWith("ipmitool")) {
          seen.add(text);
        }
      }
    }
  })();
  return async () => {
    stop = true;
    await looking;
    expect(seen.size).toBeGreaterThan(0);
    return [...seen];
  };
}

test("where nothing listens it is unreachable", async () => {
  const { userName, password } = sim;
  await using bmc = ipmiController(
    { protocol: "ipmi", url: "ipmi://127.0.0.1:9", trust: { by: "clear-text" } },
    { userName, password, mayReach: () => true },
  );
  await expect(bmc.powerGet(signal)).rejects.toMatchObject({ code: "unreachable" });
});
