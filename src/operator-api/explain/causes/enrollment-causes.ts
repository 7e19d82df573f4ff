import type { SurroundingClaim } from "../../../database/queries/views/explain.ts";
import type { BootWindow } from "../../../database/queries/boot/boot-window-state.ts";
import type { Quarantine } from "../../../database/machine-state.ts";
import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Agents that claim to be this machine and are not approved. Pure. */
export function enrollmentCauses({ claims = [], now }: ExplainFacts): Cause[] {
  return claims.map((claim) => {
    const who = `key ${claim.key} (${claim.address})`;
    const time = durationText(now.getTime() - claim.since.getTime());
    const waits = `it has waited for an operator's approval since ${time}`;
    return {
      kind: "enrollment-waiting",
      text: claim.disagrees
        ? `${who} has ${differenceWords(claim)}; ${waits}`
        : `${who} has claimed to be this machine since ${time}, and waits for a boot window or an operator's approval`,
    };
  });
}

function differenceWords({ differs, weak }: SurroundingClaim): string {
  switch (differs ?? "unknown") {
    case "byte-order":
      return "this machine's SMBIOS UUID in another byte order: it is this machine, whose firmware and controller write the UUID differently";
    case "macs":
      return "its SMBIOS UUID and none of its MACs: this machine with another network interface, or another board with the same UUID";
    case "uuid":
      return weak === true
        ? "one of its MACs and another SMBIOS UUID: most likely another machine, since makers give such a MAC to many ports"
        : "one of its MACs and another SMBIOS UUID: this machine with another board, or its network interface in another machine";
    case "unknown":
      return "its SMBIOS UUID or one of its MACs, but not both: another board with the same UUID, or this machine with another network interface";
  }
}

/** Refused callers that claim to be this machine's agent. Pure. */
export function refusalCauses({ refused, now, record }: ExplainFacts): Cause[] {
  if (refused === undefined) {
    return [];
  }
  const { key, address, since, count } = refused;
  const whose = record.agent === undefined ? "no agent is registered" : "another key is registered";
  return [
    {
      kind: "caller-refused",
      text:
        `a caller with key ${key} from ${address} has been refused for ${durationText(now.getTime() - since.getTime())} ` +
        `(${count} ${count === 1 ? "call" : "calls"}): ${whose}`,
    },
  ];
}

/** What an open or expired boot window says about the missing agent. Pure. */
export function bootWindowCauses({ record, netboot, now }: ExplainFacts): Cause[] {
  const { bootWindow, agent } = record;
  // The boot window is older than the current agent.
  if (bootWindow === undefined || (agent !== undefined && agent.startedAt > bootWindow.openedAt)) {
    return [];
  }
  const { state, openedBy, closesAt } = bootWindow;
  const until = closesAt.toISOString();
  const which = `the boot window that ${openedBy} opened`;
  switch (state) {
    case "open":
      return [
        {
          kind: "boot-window",
          text: `${which} is open until ${until}: ${nothingYet(bootWindow, netboot)}`,
        },
      ];
    case "given":
      return [
        {
          kind: "boot-window",
          text: `${which} is open until ${until}: its token was handed out, and no agent has presented it yet`,
        },
      ];
    case "expired":
      return [
        {
          kind: "boot-window",
          text: `${which} ended ${durationText(now.getTime() - closesAt.getTime())} ago, and no agent came`,
        },
      ];
    case "enrolled":
    case "closed":
      return [];
  }
}

function nothingYet({ way = "network" }: BootWindow, netboot: ExplainFacts["netboot"]): string {
  switch (way) {
    case "network":
      return netboot === undefined
        ? "the machine has not booted from the network yet"
        : "no agent has asked for its token yet";
    case "medium":
      return "its controller has not fetched the boot medium yet";
    case "http":
      return "the machine has not fetched the boot medium yet";
  }
}

/** True if the server quarantined the machine because two keys claimed it. Pure. */
export function isSecondClaimant({ by, reason }: Quarantine): boolean {
  return by === "farrier" && reason.startsWith("a second claimant: ");
}
