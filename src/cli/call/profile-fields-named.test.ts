import { expect, test } from "vitest";
import { profileFieldsNamed } from "./profile-fields-named.ts";

const input = {
  name: "Web!",
  spec: { sshKeys: ["foo"], user: "root;rm", rootDisk: {}, expect: { withinSeconds: 1e6 }, retry: { attempts: 0 } },
};

test.each([
  ["name: expected a-z", 'name "Web!": expected a-z'],
  [
    "spec.ssh_keys.0: expected a key; spec.user: expected a name",
    'ssh_keys "foo": expected a key; user "root;rm": expected a name',
  ],
  ["spec.root_disk.min_bytes: is negative", "disk: is negative"],
  ["spec.expect.within_seconds: expected 1 to 86400 seconds", "expect.within: expected 1 to 86400 seconds"],
  ["spec.retry.attempts: expected 1 to 100 tries", "retry.attempts: expected 1 to 100 tries"],
  ["spec.retry.initial_seconds: is too long", "retry.initial: is too long"],
  ["user_data: unknown variable x", "user_data: unknown variable x"],
])("X11: the server's %s about a profile's file is told as %s", (message, expected) => {
  expect(profileFieldsNamed(message, input)).toBe(expected);
});
