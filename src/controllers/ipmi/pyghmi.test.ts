// A second independent peer: pyghmi's simulated controller, which knows cipher suite 3 alone and has no GUID.
import { beforeEach, expect, test } from "vitest";
import { controllerConformance } from "../testing/controller-conformance.ts";
import { ipmiSimMissing } from "../testing/ipmi-sim.ts";
import { type PyghmiBmc, pyghmiBmc } from "../testing/pyghmi-bmc.ts";
import { ipmiController } from "./ipmi-controller.ts";

const live = new AbortController().signal;

// For ipmitool.
const missing = await ipmiSimMissing();
beforeEach((context) => context.skip(missing !== undefined, missing));

function clientOf({ url, userName, password }: PyghmiBmc, given = password) {
  const login = { userName, password: given, mayReach: () => true };
  return ipmiController({ protocol: "ipmi", url, trust: { by: "clear-text" } }, login);
}

controllerConformance(async (context) => {
  const bmc = await pyghmiBmc(context);
  return {
    controller: clientOf(bmc),
    stranger: clientOf(bmc, "wrong"),
    nameless: true,
    [Symbol.asyncDispose]: async () => await bmc[Symbol.asyncDispose](),
  };
});

test("cipher suite 3 is taken where 17 is not known; what it does not say is left out", async (context) => {
  await using bmc = await pyghmiBmc(context);
  const facts = await clientOf(bmc).read(live);
  expect(facts).toMatchObject({ power: "off", rules: ["cipher-suite-3"], macs: [], serials: [] });
  expect(facts.smbiosUuid).toBeUndefined();
});
