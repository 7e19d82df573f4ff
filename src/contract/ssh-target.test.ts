import { expect, test } from "vitest";
import { isSshUser, sshTargetParse, sshTargetText } from "./ssh-target.ts";

test.each([
  ["root@192.0.2.7", { user: "root", host: "192.0.2.7", port: 22 }],
  ["root@host.example.org:2222", { user: "root", host: "host.example.org", port: 2222 }],
  ["admin_1@[2001:db8::7]", { user: "admin_1", host: "2001:db8::7", port: 22 }],
  ["admin_1@[2001:db8::7]:2222", { user: "admin_1", host: "2001:db8::7", port: 2222 }],
  ["_svc.x-y@h_1", { user: "_svc.x-y", host: "h_1", port: 22 }],
])("%s is a target, and is written as it was read", (text, expected) => {
  const target = sshTargetParse(text);
  expect(target).toEqual(expected);
  expect("problem" in target ? "" : sshTargetText(target)).toBe(text);
});

test.each([
  ["root@Host.Example.ORG", "root@host.example.org"],
  ["root@[2001:DB8:0:0::7]:2222", "root@[2001:db8::7]:2222"],
  ["Root@host:22", "Root@host"],
])("%s is the same as %s: one host has one spelling", (text, same) => {
  expect(sshTargetParse(text)).toEqual(sshTargetParse(same));
});

test.each([
  "",
  "host",
  "@host",
  "root@",
  "-oProxyCommand=id@host",
  "root@-oProxyCommand=id",
  "root@host -v",
  "root@host\n-v",
  "root;id@host",
  "$(id)@host",
  "root@$(id)",
  "root@host;id",
  "ro ot@host",
  "root@@host",
  "root@ho/st",
  "root@host:0",
  "root@host:65536",
  "root@host:port",
  "root@host:22:22",
  "root@2001:db8::7",
  "root@[fe80::1%eth0]",
  "root@[host]",
  "root@1.2.3",
  "root@999.1.1.1",
  "root@.host",
  "root@host..x",
  "root@host-",
  "root\0@host",
  "root@höst",
  `${"a".repeat(33)}@host`,
  `root@${"a".repeat(64)}`,
  `root@${"a.".repeat(127)}aa`,
])("%j is refused, with a reason", (text) => {
  const target = sshTargetParse(text);
  expect("problem" in target && target.problem).toMatch(/expected|its /u);
});

test.each([
  ["root", true],
  ["_apt.x-1", true],
  ["-oProxyCommand=x", false],
  ["", false],
  ["a b", false],
  ["root\n", false],
  ["root@host", false],
  ["a".repeat(33), false],
])("the account %j: %s", (text, good) => {
  expect(isSshUser(text)).toBe(good);
});
