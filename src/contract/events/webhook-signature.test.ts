import { expect, test } from "vitest";
import { webhookHeaders, webhookSecretMake } from "./webhook-signature.ts";

test("the signature is the specification's own example", () => {
  // https://github.com/standard-webhooks/standard-webhooks, spec and the tests of its libraries.
  const headers = webhookHeaders("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
  });
  expect(headers).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("secrets differ, and have 32 bytes", () => {
  const secrets = [webhookSecretMake(), webhookSecretMake()];
  expect(new Set(secrets).size).toBe(2);
  expect(Buffer.from((secrets[0] ?? "").replace(/^whsec_/u, ""), "base64")).toHaveLength(32);
});
