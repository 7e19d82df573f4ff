import { expect, test } from "vitest";
import { ipmiFailure } from "./failure.ts";

const place = { ip: "192.0.2.7", port: 623 };
const ended = { stdout: "", tooLong: false, timedOut: false };

// By lib/ipmi_user.c and lib/helper.c of ipmitool 1.8.19.
test.each([
  ["Invalid data field in request", "refused"],
  ["Insufficient privilege level", "refused"],
  ["Timeout", "unreachable"],
  ["Unspecified error", "unreachable"],
])("a new password that is answered with %j is %s, and the login is not to blame", (code, expected) => {
  const stderr = `IPMI command failed: ${code}\nSet User Password command failed (user 2)\n`;
  const { code: found, message } = ipmiFailure({ ...ended, stderr }, place);
  expect(found).toBe(expected);
  expect(message).toContain(code);
});

test("a new password that is not answered may have been set", () => {
  const stderr = "IPMI response is NULL.\nSet User Password command failed (user 2)\n";
  expect(ipmiFailure({ ...ended, stderr }, place).code).toBe("unreachable");
});

test("a wrong password is the login's failure", () => {
  const stderr = "> RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session\n";
  expect(ipmiFailure({ ...ended, stderr }, place).code).toBe("unauthorized");
});
