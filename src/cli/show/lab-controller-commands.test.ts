import { expect, test } from "vitest";
import { labControllerCommands } from "./lab-controller-commands.ts";

const typed = { program: "farrier" };
const account = {
  userName: "admin",
  passwordFile: "/srv/my lab/password",
  passwordMadeAt: new Date("2026-11-30T10:00:00Z"),
};
const redfish = {
  ...account,
  name: "lab-1",
  protocol: "redfish",
  url: "https://127.0.0.1:24001",
  sha256: "ab".repeat(32),
} as const;
const ipmi = { ...account, name: "lab-2", protocol: "ipmi", url: "ipmi://127.0.0.1:24002" } as const;
const create =
  'farrier credential create lab --kind bmc --user admin --secret-file "/srv/my lab/password" --for 127.0.0.1/32';
const rotate = 'farrier credential rotate lab --secret-file "/srv/my lab/password"';
const first = `farrier bmc add https://127.0.0.1:24001 --credential lab --name lab-1 --fingerprint ${"ab".repeat(32)}`;
const second = "farrier bmc add ipmi://127.0.0.1:24002 --credential lab --name lab-2 --clear-text";

test("the commands that make machines known by their controllers", () => {
  expect(labControllerCommands([redfish, ipmi], { ...typed, flags: {} })).toEqual([create, first, second]);
  expect(labControllerCommands([], { ...typed, flags: {} })).toEqual([]);
});

test("a credential that is stored is not made again, and replaced where it is older than the password", () => {
  const later = new Date("2026-11-30T10:00:01Z");
  expect(labControllerCommands([redfish], { ...typed, flags: {}, credentialAt: later })).toEqual([first]);
  const earlier = new Date("2026-11-29T10:00:00Z");
  expect(labControllerCommands([ipmi], { ...typed, flags: {}, credentialAt: earlier })).toEqual([rotate, second]);
});

test("the program is named as it was typed", () => {
  expect(labControllerCommands([redfish], { program: "npx farrier", flags: {} })).toEqual([
    `npx ${create}`,
    `npx ${first}`,
  ]);
});

test("the flags that name the control plane are repeated", () => {
  expect(labControllerCommands([ipmi], { ...typed, flags: { dataDir: "data" }, credentialAt: new Date() })).toEqual([
    `${second} --data-dir data`,
  ]);
});
