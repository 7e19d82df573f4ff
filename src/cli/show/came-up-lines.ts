import {
  CameUpProof,
  CameUpUnasked,
  type CameUp,
  type CameUpReport,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { sshFingerprint, sshHostKeyParse } from "../../contract/ssh-host-key.ts";
import { durationText } from "../../lib/format/duration.ts";
import { shortTime, when } from "./describe.ts";

/** Why a report that a profile expects is not waited for. */
export function unaskedText(unasked: CameUpUnasked): string {
  switch (unasked) {
    case CameUpUnasked.LISTENER:
      return "no server listened for one when it was requested: start the server with --came-up";
    case CameUpUnasked.AGENT:
      return "the agent that installed it can't ask for one: start agents with a boot image of this version";
    default:
      return `reason ${String(unasked)} of a later version`;
  }
}

/** What an installed system reported, or that it is expected to, as lines: each a title and a value. Not escaped. Pure. */
export function cameUpLines(cameUp: CameUp, now: Date): readonly (readonly [title: string, value: string])[] {
  const { expectedGeneration, report } = cameUp;
  const heard = report !== undefined && report.generation === expectedGeneration;
  return [
    ...(expectedGeneration === 0n || heard ? [] : [["report", expectedText(cameUp, now)] as const]),
    ...(report === undefined ? [] : reportLines(report, expectedGeneration, now)),
  ];
}

function expectedText({ expectedGeneration, withinSeconds, deadline, silentAt, unasked }: CameUp, now: Date): string {
  const of = `that generation ${expectedGeneration} came up`;
  if (unasked !== CameUpUnasked.UNSPECIFIED) {
    return `not waited for, ${of}: ${unaskedText(unasked)}`;
  }
  if (silentAt !== undefined) {
    return `none ${of} within ${durationText(withinSeconds * 1000)}, silent since ${when(silentAt, now)}; a later one still counts`;
  }
  return deadline === undefined ? `not waited for, ${of}` : `expected ${of}, by ${when(deadline, now)}`;
}

function reportLines(report: CameUpReport, expected: bigint, now: Date): (readonly [title: string, value: string])[] {
  const { generation, heardAt, from, hostName, addresses, sshHostKeys, bootedAt } = report;
  const earlier = generation === expected ? "" : ", not of what is installed now";
  return [
    [
      "came up",
      `generation ${generation}${earlier}, reported ${when(heardAt, now)} from ${from}, ${proofText(report)}`,
    ],
    ...(hostName === "" ? [] : [["host name", hostName] as const]),
    ...(addresses.length === 0 ? [] : [["addresses", addresses.join(", ")] as const]),
    ...(bootedAt === undefined ? [] : [["booted", shortTime(bootedAt)] as const]),
    ...sshHostKeys.map((key) => ["host key", hostKeyText(key)] as const),
  ];
}

function proofText({ proof }: CameUpReport): string {
  switch (proof) {
    case CameUpProof.TLS:
      return "over TLS";
    case CameUpProof.CLEAR:
      return "in clear text: anybody on the way could have changed it";
    default:
      return `proof ${String(proof)} of a later version`;
  }
}

/** A key's fingerprint and type, as `ssh` shows them at the first contact; what is no key is shown as it is. */
function hostKeyText(key: string): string {
  const read = sshHostKeyParse(key);
  return "by" in read && read.by === "key" ? `${sshFingerprint(read.key)} (${read.key.split(" ")[0] ?? ""})` : key;
}
