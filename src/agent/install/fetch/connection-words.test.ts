import { expect, test } from "vitest";
import { authorityIssue, keyMake, serverIssue } from "../../../lib/tls/issue.ts";
import { connectionFailure, type ConnectionFacts } from "./connection-words.ts";

const key = keyMake();
const certificate = serverIssue(keyMake(), [{ type: "dns", value: "images.test" }], key);
const facts: ConnectionFacts = {
  url: new URL("https://host.test/x"),
  certificate,
  ownCas: false,
  now: new Date("1971-01-01T00:00:00Z"),
  environment: {},
};
const failure = (code: string, more: Partial<ConnectionFacts> = {}): ReturnType<typeof connectionFailure> =>
  connectionFailure(Object.assign(new Error(`foreign words --use-system-ca`), { code }), { ...facts, ...more });

test.each<[string, RegExp, boolean]>([
  ["ECONNREFUSED", /^nothing listens on host\.test port 443 \(ECONNREFUSED\): check/u, true],
  ["ECONNRESET", /^the server broke the connection/u, true],
  ["EHOSTUNREACH", /^host\.test can't be reached from the machine .*: check route/u, true],
  ["EAI_AGAIN", /^the machine's name server does not answer for "host\.test"/u, true],
  ["ENOTFOUND", /^the machine's name server does not know the name "host\.test"/u, false],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    /issued by CN=Farrier CA \w+\) is unknown to the machine .*--image-ca FILE$/u,
    false,
  ],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", /--image-ca FILE$/u, false],
  ["SELF_SIGNED_CERT_IN_CHAIN", /--image-ca FILE$/u, false],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", /--image-ca FILE$/u, false],
  [
    "CERT_NOT_YET_VALID",
    /valid from 1970-01-01T.* to 9999-12-31T.* has not begun by the machine's clock, which says 1971-01-01T/u,
    false,
  ],
  [
    "CERT_HAS_EXPIRED",
    /is over by the machine's clock, which says 1971-01-01T00:00:00\.000Z .*renew the certificate, or set the clock$/u,
    false,
  ],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    /^the server's certificate is for DNS:images\.test, and not for host\.test: use a name/u,
    false,
  ],
  ["ERR_SSL_WRONG_VERSION_NUMBER", /^the server at host\.test does not speak TLS/u, false],
  ["EPROTO", /does not speak TLS/u, false],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", /no TLS version or cipher in common/u, false],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", /wants a client certificate/u, false],
  ["ERR_SSL_WHATEVER", /^TLS failed \(ERR_SSL_WHATEVER\)$/u, false],
])("X11: %s in our words", (code, expected, passing) => {
  const { text, passing: passes } = failure(code);
  expect([text, passes]).toEqual([expect.stringMatching(expected), passing]);
  expect(text).not.toContain("foreign words");
});

test("X11: a CA that is not among those given is said to be none of them", () => {
  expect(failure("SELF_SIGNED_CERT_IN_CHAIN", { ownCas: true }).text).toMatch(
    /neither public nor among those of --image-ca/u,
  );
  expect(failure("SELF_SIGNED_CERT_IN_CHAIN", { certificate: authorityIssue(key) }).text).toMatch(
    /issued by CN=Farrier CA/u,
  );
});

test("a proxy that is set is said not to be used, where that may be why", () => {
  const environment = { https_proxy: "http://proxy:3128" };
  expect(failure("ETIMEDOUT", { environment }).text).toMatch(/; HTTPS_PROXY is set, but the agent uses no proxies$/u);
  expect(failure("ENOTFOUND", { environment }).text).toMatch(/uses no proxies$/u);
  expect(failure("CERT_HAS_EXPIRED", { environment }).text).not.toMatch(/proxies/u);
});
