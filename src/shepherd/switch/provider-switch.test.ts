import { expect, test } from "vitest";
import { fakeProvider } from "../testing/fake-provider.ts";
import { providerSwitch } from "./provider-switch.ts";

test("the power of a machine on its way is read less often where its provider's readings cost something", () => {
  const provider = fakeProvider("rack");
  expect(providerSwitch(provider, "a").pace).toBe(0);
  provider.powerPace = { matters: 30, others: 300 };
  expect(providerSwitch(provider, "a").pace).toBe(5_000);
});
