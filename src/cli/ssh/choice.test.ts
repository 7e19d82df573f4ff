import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { CameUpProof, CameUpUnasked, MachineSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { sshChoice, type SshMachine } from "./choice.ts";
import { knownHosts, sshClientArguments } from "./client-run.ts";

const id = "0b0e7a53-6f0e-4b7e-9d0c-2f1a3b4c5d6e";
const at = timestampFromDate(new Date("2026-05-04T03:01:00Z"));
const blob = Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${"k".repeat(32)}`, "latin1").toString("base64");
const hostKey = `ssh-ed25519 ${blob}`;

/** A machine whose system reported; `more` is put over its report. */
function machine(more: object = {}, shape: object = {}): SshMachine {
  const report = {
    ...{ generation: 2n, heardAt: at, proof: CameUpProof.TLS, from: "192.0.2.7" },
    ...{ addresses: ["192.0.2.7"], sshHostKeys: [hostKey], ...more },
  };
  return create(MachineSchema, {
    ...{ id, installed: { generation: 2n, installedAt: at } },
    ...{ cameUp: { expectedGeneration: 2n, report }, ...shape },
  });
}

const chosen = (from: SshMachine, options: { address?: string; acceptUnproven?: boolean } = {}) =>
  sshChoice(from, { title: "web1", address: options.address, acceptUnproven: options.acceptUnproven === true });

test("the first address that another host can reach, and the keys without their comments", () => {
  const addresses = [
    "127.0.0.1",
    "::1",
    "fe80::1",
    "169.254.0.9",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "2001:DB8::7",
    "10.0.0.7",
  ];
  expect(chosen(machine({ addresses, sshHostKeys: [`${hostKey} root@web1`] }))).toEqual({
    ...{ alias: id, address: "2001:db8::7", hostKeys: [hostKey], notes: [] },
  });
});

test("--address chooses one of those that were reported, however it is written, and no other", () => {
  const from = machine({ addresses: ["10.0.0.7", "2001:db8::7", "127.0.0.1"] });
  expect(chosen(from, { address: "2001:DB8:0::7" })).toMatchObject({ address: "2001:db8::7" });
  expect(chosen(from, { address: "127.0.0.1" })).toMatchObject({ address: "127.0.0.1" });
  for (const address of ["10.0.0.8", "-oProxyCommand=x", "", "web1", "10.0.0.7%eth0"]) {
    expect(chosen(from, { address })).toEqual({
      problem: "--address is none that web1 reported (reported: 10.0.0.7, 2001:db8::7, 127.0.0.1)",
    });
  }
});

test.each<[string, SshMachine, RegExp]>([
  ["clear text", machine({ proof: CameUpProof.CLEAR }), /clear text/u],
  ["no known way", machine({ proof: CameUpProof.UNSPECIFIED }), /clear text/u],
  ["an earlier generation", machine({ generation: 1n }), /of generation 1, but generation 2 is installed/u],
  ["nothing installed", machine({}, { installed: undefined }), /of generation 2, and nothing is installed/u],
  [
    "a disk that is being written",
    machine({}, { unfinishedDisk: { generation: 3n, begunAt: at } }),
    /of generation 2, and generation 3 has begun to write the disk/u,
  ],
])("keys by %s are refused, and with --accept-unproven taken and told", (_how, from, reason) => {
  const refused = chosen(from);
  expect("problem" in refused && refused.problem).toMatch(/not proven: .*Install it again, .*add --accept-unproven$/u);
  expect("problem" in refused && refused.problem).toMatch(reason);
  expect(chosen(from, { acceptUnproven: true })).toEqual({
    ...{ alias: id, address: "192.0.2.7", hostKeys: [hostKey] },
    notes: [expect.stringMatching(reason)],
  });
});

test.each<[string, object, RegExp]>([
  ["nothing installed", { installed: undefined, cameUp: undefined }, /nothing is installed/u],
  ["no expectation", { cameUp: undefined }, /put "expect: \{ came_up: true \}" into its profile/u],
  ["no expectation of this", { cameUp: {} }, /put "expect: \{ came_up: true \}" into its profile/u],
  ["no listener", { cameUp: { expectedGeneration: 2n, unasked: CameUpUnasked.LISTENER } }, /with --came-up/u],
  ["an old agent", { cameUp: { expectedGeneration: 2n, unasked: CameUpUnasked.AGENT } }, /newer agent/u],
  ["a report to come", { cameUp: { expectedGeneration: 2n, deadline: at } }, /`farrier machine show web1`/u],
  ["silence", { cameUp: { expectedGeneration: 2n, silentAt: at } }, /`farrier machine explain web1`/u],
])("without a report, by %s: says what to do", (_why, shape, what) => {
  const refused = chosen(machine({}, shape), { acceptUnproven: true });
  expect("problem" in refused && refused.problem).toMatch(/^web1's system has not reported its SSH host keys: /u);
  expect("problem" in refused && refused.problem).toMatch(what);
});

const hostile = [
  ...["-oProxyCommand=touch /tmp/x", "192.0.2.8\n-oProxyCommand=x", "192.0.2.8 x", "user@192.0.2.8", "fe80::1%-o", ""],
  ...["ssh://192.0.2.8", "evil.example.org"],
];
const hostileKeys = [
  ...[`${hostKey}\n* ${hostKey}`, `${hostKey} x\n* ${hostKey}`, `@cert-authority * ${hostKey}`, `* ${hostKey}`],
  ...[
    `ssh-ed25519 ${blob}\r`,
    "SHA256:AnyFingerprintAnyFingerprintAnyFingerprint0",
    `ssh-rsa ${blob}`,
    "",
    `${hostKey}\0`,
  ],
];

test("what is no address and no key comes neither into the arguments nor into the file", () => {
  const found = chosen(machine({ addresses: [...hostile, "192.0.2.7"], sshHostKeys: [...hostileKeys, hostKey] }));
  if ("problem" in found) {
    throw new Error(found.problem);
  }
  expect(found.notes).toEqual([
    `${hostile.length + hostileKeys.length} of the reported keys and addresses are none, and are left out`,
  ]);
  expect(knownHosts(found)).toBe(`${id} ${hostKey}\n`);
  const words = sshClientArguments(
    { ...found, user: "debian", port: 2222, command: ["ls", "-l"] },
    "/tmp/f/known_hosts",
  );
  expect(words.filter((word) => word !== "-o")).toEqual([
    ...["StrictHostKeyChecking=yes", "UserKnownHostsFile=/tmp/f/known_hosts", "GlobalKnownHostsFile=/dev/null"],
    ...[`HostKeyAlias=${id}`, "UpdateHostKeys=no", "KnownHostsCommand=none", "VerifyHostKeyDNS=no"],
    ...["NoHostAuthenticationForLocalhost=no", "ControlMaster=no", "ControlPath=none"],
    ...["-l", "debian", "-p", "2222", "--", "192.0.2.7", "ls", "-l"],
  ]);
  expect(chosen(machine({ addresses: hostile }))).toEqual({ problem: expect.stringMatching(/\(reported: none\)/u) });
  expect(chosen(machine({ sshHostKeys: hostileKeys }))).toEqual({
    problem: expect.stringMatching(/has no SSH host key/u),
  });
});

test("an id that is none is refused", () => {
  expect(chosen(machine({}, { id: "* " }))).toEqual({ problem: expect.stringMatching(/without a proper id/u) });
});
