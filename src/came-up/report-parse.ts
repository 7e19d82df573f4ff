import { isIP } from "node:net";
import { sshHostKeyParse } from "../contract/ssh-host-key.ts";

/** What an installed system says of itself. */
export interface SystemReport {
  machineId: string;
  generation: string;
  hostName: string;
  addresses: string[];
  /** Type and key. */
  sshHostKeys: string[];
  bootedAt: Date | undefined;
  /** The firmware's UUID, in lower case; absent if it was not told. */
  smbiosUuid: string | undefined;
}

/** Of each kind. More would be no machine's. */
const most = { addresses: 64, keys: 16 } as const;
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const hostNamePattern = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/u;
const generationPattern = /^[1-9][0-9]{0,18}$/u;
const secondsPattern = /^[1-9][0-9]{0,10}$/u;

/**
 * Reads a report: lines of a word and its value. Words that are not known, and values that are none, are left out: a
 * system that came up has come up, whatever its host name is. Undefined if it does not say for which machine and
 * generation it is. Pure.
 */
export function reportParse(body: Uint8Array): SystemReport | undefined {
  const values = new Map<string, string[]>();
  for (const line of Buffer.from(body).toString("latin1").split("\n")) {
    const space = line.indexOf(" ");
    const word = line.slice(0, space);
    const value = line.slice(space + 1).trim();
    if (space > 0 && /^[a-z-]{1,32}$/u.test(word)) {
      const there = values.get(word);
      if (there === undefined) {
        values.set(word, [value]);
      } else {
        there.push(value);
      }
    }
  }
  const one = (word: string, pattern: RegExp): string | undefined =>
    values.get(word)?.find((value) => pattern.test(value));
  const machineId = one("machine", uuidPattern);
  const generation = one("generation", generationPattern);
  if (machineId === undefined || generation === undefined) {
    return undefined;
  }
  const seconds = one("boot-time", secondsPattern);
  return {
    machineId,
    generation,
    hostName: one("host-name", hostNamePattern) ?? "",
    addresses: [...new Set((values.get("address") ?? []).filter((value) => isIP(value) !== 0))].slice(
      0,
      most.addresses,
    ),
    sshHostKeys: [...new Set((values.get("ssh-host-key") ?? []).flatMap(hostKey))].slice(0, most.keys),
    bootedAt: seconds === undefined ? undefined : new Date(Number(seconds) * 1000),
    smbiosUuid: values
      .get("smbios-uuid")
      ?.map((value) => value.toLowerCase())
      .find((value) => uuidPattern.test(value)),
  };
}

/** A host key as a list of one; none if it is not one. */
function hostKey(value: string): string[] {
  const read = sshHostKeyParse(value);
  return "by" in read && read.by === "key" ? [read.key] : [];
}
