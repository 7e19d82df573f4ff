import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { CameUpProof, CameUpSchema, CameUpUnasked } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { sshFingerprint } from "../../contract/ssh-host-key.ts";
import { cameUpLines } from "./came-up-lines.ts";

const now = new Date("2026-05-04T03:02:01Z");
const at = timestampFromDate(new Date("2026-05-04T03:01:00Z"));
const time = "2026-05-04T03:01:00Z (1 min ago)";
const later = timestampFromDate(new Date("2026-05-04T03:12:01Z"));
const hostKey = `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${"k".repeat(32)}`, "latin1").toString("base64")}`;
const report = { generation: 2n, heardAt: at, proof: CameUpProof.TLS, from: "10.0.0.9" };

test.each<[string, MessageInitShape<typeof CameUpSchema>, string[]]>([
  [
    "a whole report",
    {
      expectedGeneration: 2n,
      deadline: later,
      report: { ...report, hostName: "web1", addresses: ["10.0.0.9", "fe80::1"], bootedAt: at, sshHostKeys: [hostKey] },
    },
    [
      `came up: generation 2, reported ${time} from 10.0.0.9, over TLS`,
      "host name: web1",
      "addresses: 10.0.0.9, fe80::1",
      "booted: 2026-05-04T03:01:00Z",
      `host key: ${sshFingerprint(hostKey)} (ssh-ed25519)`,
    ],
  ],
  [
    "a report in clear text, with what is no key",
    { expectedGeneration: 2n, report: { ...report, proof: CameUpProof.CLEAR, sshHostKeys: ["no key"] } },
    [
      `came up: generation 2, reported ${time} from 10.0.0.9, in clear text: anybody on the way could have changed it`,
      "host key: no key",
    ],
  ],
  [
    "a report after the silence",
    { expectedGeneration: 2n, deadline: at, silentAt: at, report },
    [`came up: generation 2, reported ${time} from 10.0.0.9, over TLS`],
  ],
  [
    "a report of an earlier generation, while the next is expected",
    { expectedGeneration: 3n, deadline: later, report },
    [
      "report: expected that generation 3 came up, by 2026-05-04T03:12:01Z (in 10 min)",
      `came up: generation 2, not of what is installed now, reported ${time} from 10.0.0.9, over TLS`,
    ],
  ],
  [
    "a report when nothing is installed",
    { report },
    [`came up: generation 2, not of what is installed now, reported ${time} from 10.0.0.9, over TLS`],
  ],
  [
    "silence",
    { expectedGeneration: 2n, withinSeconds: 900, deadline: at, silentAt: at },
    [`report: none that generation 2 came up within 15 min, silent since ${time}; a later one still counts`],
  ],
  [
    "no listener",
    { expectedGeneration: 2n, unasked: CameUpUnasked.LISTENER },
    [
      "report: not waited for, that generation 2 came up: no server listened for one when it was requested: start the server with --came-up",
    ],
  ],
  [
    "an agent that lacks the feature",
    { expectedGeneration: 2n, unasked: CameUpUnasked.AGENT },
    [
      "report: not waited for, that generation 2 came up: the agent that installed it can't ask for one: start agents with a boot image of this version",
    ],
  ],
  [
    "a later control plane's reason",
    { expectedGeneration: 2n, unasked: 77 as 1 },
    ["report: not waited for, that generation 2 came up: reason 77 of a later version"],
  ],
])("%s", (_what, cameUp, lines) => {
  expect(cameUpLines(create(CameUpSchema, cameUp), now).map((line) => line.join(": "))).toEqual(lines);
});
