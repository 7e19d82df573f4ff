// The conformance suite itself, tested on a provider without faults.
import { fakeProvider } from "./fake-provider.ts";
import { providerConformance } from "./provider-conformance.ts";

providerConformance(async () => {
  const provider = fakeProvider("fake");
  provider.machines.set("a", { providerId: "a", macs: ["52:54:00:00:00:01"] });
  return { provider, providerId: "a", [Symbol.asyncDispose]: async () => undefined };
});
