import { expect, test } from "vitest";
import { meansChoose, type MeansFacts } from "./boot-means.ts";

const controller = { powerCommands: ["on", "off"], bootTargets: ["network"], virtualMedia: false, httpBoot: false };
const withMedia = { ...controller, bootTargets: ["network", "media"], virtualMedia: true };
const withHttp = { ...controller, bootTargets: ["network", "http"], httpBoot: true };
const facts = (more: Partial<MeansFacts>): MeansFacts => ({
  providerPower: false,
  mediaServed: false,
  failures: {},
  ...more,
});

test.each<[string, Partial<MeansFacts>, string | undefined]>([
  ["nothing", {}, undefined],
  ["a provider with power", { providerPower: true }, "provider-network"],
  ["a controller", { controller }, "controller-network"],
  ["both", { controller, providerPower: true }, "controller-network"],
  ["a controller that can't boot it", { controller: { ...controller, bootTargets: ["disk"] } }, undefined],
  [
    "a controller without power, and a provider",
    { controller: { ...controller, powerCommands: [] }, providerPower: true },
    "provider-network",
  ],
  [
    "both, after one failure",
    { controller, providerPower: true, failures: { "controller-network": 1 } },
    "controller-network",
  ],
  [
    "both, after two failures",
    { controller, providerPower: true, failures: { "controller-network": 2 } },
    "provider-network",
  ],
  [
    "both, after two failures of each",
    { controller, providerPower: true, failures: { "controller-network": 2, "provider-network": 2 } },
    "controller-network",
  ],
  [
    "both, the second failed less often",
    { controller, providerPower: true, failures: { "controller-network": 3, "provider-network": 2 } },
    "provider-network",
  ],
  ["only one, after many failures", { controller, failures: { "controller-network": 9 } }, "controller-network"],
  ["a controller with media, after one failure", { controller: withMedia, mediaServed: true }, "controller-network"],
  [
    "a controller with media, after two failures of the network",
    { controller: withMedia, mediaServed: true, providerPower: true, failures: { "controller-network": 2 } },
    "controller-media",
  ],
  [
    "a controller with media, and no medium is served",
    { controller: withMedia, providerPower: true, failures: { "controller-network": 2 } },
    "provider-network",
  ],
  ["media alone", { controller: { ...withMedia, bootTargets: ["media"] }, mediaServed: true }, "controller-media"],
  ["media set, and none served", { controller: withMedia, set: "controller-media" }, undefined],
  [
    "a controller with HTTP boot, after two failures of the network",
    { controller: withHttp, mediaServed: true, providerPower: true, failures: { "controller-network": 2 } },
    "controller-http",
  ],
  [
    "a controller with media and HTTP boot",
    {
      controller: { ...withMedia, ...withHttp, virtualMedia: true, bootTargets: ["media", "http"] },
      mediaServed: true,
    },
    "controller-media",
  ],
  [
    "HTTP boot set, and its controller has no place for a URL",
    { controller: { ...withHttp, httpBoot: false }, mediaServed: true, set: "controller-http" },
    undefined,
  ],
  ["HTTP boot set, and no medium is served", { controller: withHttp, set: "controller-http" }, undefined],
  ["both, and one is set", { controller, providerPower: true, set: "provider-network" }, "provider-network"],
  ["one is set that it does not have", { controller, set: "provider-network" }, undefined],
])("with %s", (_what, more, means) => {
  const choice = meansChoose(facts(more));
  expect(choice.means).toBe(means);
  expect(choice.why).not.toBe("");
});
