import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import type { MachineIdentity } from "../../database/machine-identity.ts";
import { macParse, macTellsApart } from "../../lib/net/mac.ts";
import type { HostProbe } from "./probe-read.ts";

/**
 * Why a host is not the machine that was asked for, by the identity rule: nothing that both sides know disagrees. Undefined if it
 * may be. An address may have been given to another host since. Pure.
 */
export function otherMachine(
  { smbiosUuid, macs }: MachineIdentity,
  probe: Pick<HostProbe, "uuid" | "addresses">,
): string | undefined {
  const own = smbiosUuidParse(probe.uuid);
  const shown = [...probe.addresses.matchAll(/"(?:address|permaddr|perm_hwaddr)":\s*"(?<mac>[0-9a-f:]{17})"/gu)]
    .flatMap(({ groups }) => macParse(groups?.["mac"] ?? "") ?? [])
    .filter(macTellsApart);
  const differs =
    smbiosUuid !== undefined && own !== undefined && own !== smbiosUuid && own !== swapped(smbiosUuid)
      ? `its SMBIOS UUID is ${own}, the machine's ${smbiosUuid}`
      : macs.length > 0 && shown.length > 0 && !macs.some((mac) => shown.includes(mac))
        ? `none of its MACs (${[...new Set(shown)].slice(0, 4).join(", ")}) is the machine's`
        : undefined;
  return differs === undefined
    ? undefined
    : `the host is another machine: ${differs}. Give this machine's address with --ssh, or correct its identity: \`farrier machine update --help\` has both`;
}

/** The first three fields in the other byte order, as some firmware writes them. */
function swapped(uuid: string): string {
  const [first = "", second = "", third = "", ...rest] = uuid.split("-");
  const turned = [first, second, third].map((field) =>
    Buffer.from(Buffer.from(field, "hex").toReversed()).toString("hex"),
  );
  return [...turned, ...rest].join("-");
}
