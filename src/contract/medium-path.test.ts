import { expect, test } from "vitest";
import { isMediumOf, isMediumUrl, mediumSecret, mediumSecretRead, mediumUrl, mediumUrlName } from "./medium-path.ts";

test("a secret is read from its own URL", () => {
  const secret = mediumSecret();
  const url = mediumUrl("http://192.0.2.1:8081/", secret);
  expect(url).toBe(`http://192.0.2.1:8081/media/${secret.text}/${mediumUrlName(secret.digest)}`);
  expect(url).toMatch(/\/farrier-[0-9a-f]{16}\.iso$/u);
  expect(mediumSecretRead(url.split("/").at(-2) ?? "")).toEqual(secret);
});

const path = "A".repeat(43);
test.each<[string, boolean]>([
  [`http://192.0.2.1:8081/media/${path}/agent.iso`, true],
  [`http://192.0.2.1:8081/media/${path}/farrier-0123456789abcdef.iso`, true],
  [`//192.0.2.1/farrier/media/${path}/agent.iso`, true],
  // Some controllers show no more.
  ["farrier-0123456789abcdef.iso", true],
  // Anybody may call a medium so.
  ["agent.iso", false],
  ["farrier-debian.iso", false],
  ["http://192.0.2.1:8081/own/farrier-0123456789abcdef.iso", false],
  [`http://192.0.2.1:8081/media/${path.slice(1)}/agent.iso`, false],
  [`http://192.0.2.1:8081/media/${path}/debian.iso`, false],
  [`http://192.0.2.1:8081/media/${path}/agent.iso/more`, false],
  ["http://192.0.2.1:8081/own/agent.iso", false],
  ["my-agent.iso", false],
  ["", false],
])("%s is one of Farrier's own media: %s", (url, own) => {
  expect(isMediumUrl(url)).toBe(own);
});

test("a medium is known by its digest, from its whole URL or from its name alone", () => {
  const [one, other] = [mediumSecret(), mediumSecret()];
  const url = mediumUrl("http://192.0.2.1:8081", one);
  expect(isMediumOf(url, one.digest)).toBe(true);
  expect(isMediumOf(mediumUrlName(one.digest), one.digest)).toBe(true);
  expect(isMediumOf(url, other.digest)).toBe(false);
  expect(isMediumOf(`http://203.0.113.5/${mediumUrlName(one.digest)}`, one.digest)).toBe(false);
});
