import { expect, test } from "vitest";
import { isMediumUrl, mediumSecret, mediumSecretRead, mediumUrl } from "./medium-path.ts";

test("a secret is read from its own URL", () => {
  const secret = mediumSecret();
  const url = mediumUrl("http://192.0.2.1:8081/", secret);
  expect(url).toBe(`http://192.0.2.1:8081/media/${secret.text}/agent.iso`);
  expect(mediumSecretRead(url.split("/").at(-2) ?? "")).toEqual(secret);
});

const path = "A".repeat(43);
test.each<[string, boolean]>([
  [`http://192.0.2.1:8081/media/${path}/agent.iso`, true],
  [`//192.0.2.1/farrier/media/${path}/agent.iso`, true],
  // Some controllers show no more.
  ["agent.iso", true],
  [`http://192.0.2.1:8081/media/${path.slice(1)}/agent.iso`, false],
  [`http://192.0.2.1:8081/media/${path}/debian.iso`, false],
  [`http://192.0.2.1:8081/media/${path}/agent.iso/more`, false],
  ["http://192.0.2.1:8081/own/agent.iso", false],
  ["my-agent.iso", false],
  ["", false],
])("%s is one of Farrier's own media: %s", (url, own) => {
  expect(isMediumUrl(url)).toBe(own);
});
