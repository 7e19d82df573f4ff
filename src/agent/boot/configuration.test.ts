import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { authorityIssue, keyMake } from "../../lib/tls/issue.ts";
import { AgentError } from "../errors.ts";
import { bootConfigurationRead } from "./configuration.ts";

const certificate = authorityIssue(keyMake()).raw;
const whole = {
  endpoint: "10.0.2.2:8443",
  caCertificate: certificate.toString("base64"),
  netboot: "http://10.0.2.2:8081/",
  token: "secret-token",
};

describe("bootConfigurationRead", () => {
  test("takes what netboot wrote; what a newer one wrote besides is passed over", () => {
    expect(bootConfigurationRead(JSON.stringify({ ...whole, later: { a: 1 } }), "console=ttyS0\n")).toEqual({
      endpoint: "10.0.2.2:8443",
      caCertificate: certificate,
      netboot: "http://10.0.2.2:8081",
      token: "secret-token",
    });
  });

  test("needs an endpoint alone", () => {
    expect(bootConfigurationRead('{"endpoint":"farrier.example:8443","token":""}', "")).toEqual({
      endpoint: "farrier.example:8443",
      caCertificate: Buffer.alloc(0),
      netboot: undefined,
      token: undefined,
    });
  });

  test("the kernel's command line comes first, and alone will do", () => {
    const line =
      "quiet farrier.endpoint=[2001:db8::1]:1 farrier.netboot=http://[2001:db8::1]:2 farrier.token=other farrier.";
    const { endpoint, netboot, token } = bootConfigurationRead(JSON.stringify(whole), line);
    expect([endpoint, netboot, token]).toEqual(["[2001:db8::1]:1", "http://[2001:db8::1]:2", "other"]);
    expect(bootConfigurationRead(undefined, line).endpoint).toBe("[2001:db8::1]:1");
  });

  test("a digest on the command line must be the certificate's", () => {
    const digest = createHash("sha256").update(certificate).digest("hex");
    const json = JSON.stringify(whole);
    expect(bootConfigurationRead(json, `farrier.ca_sha256=${digest.toUpperCase()}`).caCertificate).toEqual(certificate);
    expect(() => bootConfigurationRead(json, `farrier.ca_sha256=${"0".repeat(64)}`)).toThrow(/one of the two is not/u);
  });

  test.for<[string | undefined, RegExp]>([
    [undefined, /neither .*boot\.json nor farrier\.endpoint/u],
    ["{}", /has no "endpoint", expected HOST:PORT/u],
    ["secret-token", /is not JSON, expected an object with endpoint/u],
    ["[]", /not a JSON object/u],
    ["null", /not a JSON object/u],
    [" ".repeat(70_000), /70000 characters, expected at most 65536/u],
    ['{"endpoint":1}', /"endpoint" of boot\.json is a number, expected text/u],
    ['{"endpoint":"nowhere"}', /"endpoint" is "nowhere", expected HOST:PORT/u],
    ['{"endpoint":"a:0"}', /"endpoint" is "a:0", expected HOST:PORT/u],
    [
      '{"endpoint":"a:1","caCertificate":"AAAA"}',
      /"caCertificate" of boot\.json is not a certificate, expected its DER/u,
    ],
    ['{"endpoint":"a:1","netboot":"https://b"}', /"netboot" is "https:\/\/b", expected http:\/\/HOST:PORT/u],
    [`{"endpoint":"a:1","token":"${"t".repeat(300)}"}`, /"token" has 300 characters, expected at most 256/u],
  ])("%j is refused, and says what was expected", ([json, message]) => {
    expect(() => bootConfigurationRead(json, "")).toThrow(AgentError);
    expect(() => bootConfigurationRead(json, "")).toThrow(message);
    expect(() => bootConfigurationRead(json, "")).not.toThrow(/secret-token/u);
  });
});
