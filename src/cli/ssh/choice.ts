import { isIP } from "node:net";
import { CameUpProof, CameUpUnasked, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { sshHostKeyParse } from "../../contract/ssh-host-key.ts";
import { addressClass } from "../../lib/net/address-class.ts";
import { ipBytes, ipText } from "../../lib/net/ip-bytes.ts";

/** Whom SSH connects to, and what it trusts. All of it is checked: none of it can be an option or a second line. */
export interface SshChoice {
  /** The machine's UUID. */
  alias: string;
  /** An IP address without a zone. */
  address: string;
  /** Each `TYPE BASE64`. */
  hostKeys: readonly string[];
}

/** What of {@link Machine} decides. */
export type SshMachine = Pick<Machine, "id" | "cameUp" | "installed" | "unfinishedDisk">;

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/**
 * Chooses address and host keys from what a system reported, which is a stranger's word until it is checked here. Pure.
 * @returns what to say beside it; or why there is nothing to connect to, and what to do
 */
export function sshChoice(
  machine: SshMachine,
  options: { title: string; address: string | undefined; acceptUnproven: boolean },
): (SshChoice & { notes: string[] }) | { problem: string } {
  const { title } = options;
  const report = machine.cameUp?.report;
  if (report === undefined) {
    return { problem: `${title}'s system has not reported its SSH host keys: ${missing(machine, title)}` };
  }
  if (!uuidPattern.test(machine.id)) {
    return { problem: "the control plane's answer has a machine without a proper id" };
  }
  const unproven = doubts(machine);
  if (unproven.length > 0 && !options.acceptUnproven) {
    return {
      problem: `${title}'s SSH host keys are not proven: ${unproven.join("; ")}. Install it again, or compare the keys (\`farrier machine show ${title} --output yaml\`) with those on its own console, and add --accept-unproven`,
    };
  }
  const hostKeys = report.sshHostKeys.flatMap(wholeKey);
  const addresses = report.addresses.flatMap(plainAddress);
  const left = report.sshHostKeys.length - hostKeys.length + report.addresses.length - addresses.length;
  const notes = [
    ...unproven.map((doubt) => `not proven, and trusted all the same: ${doubt}`),
    ...(left === 0 ? [] : [`${left} of the reported keys and addresses are none, and are left out`]),
  ];
  if (hostKeys.length === 0) {
    return {
      problem: `${title}'s report has no SSH host key: is an SSH server in the image, and did it make its keys before the report? \`farrier machine show ${title} --output yaml\` has the whole report`,
    };
  }
  const address = chosenAddress(addresses, options.address);
  if (address === undefined) {
    const reported = addresses.length === 0 ? "none" : addresses.join(", ");
    return {
      problem:
        options.address === undefined
          ? `${title} reported no address that another host can reach (reported: ${reported}): choose one of them with --address`
          : `--address is none that ${title} reported (reported: ${reported})`,
    };
  }
  return { alias: machine.id, address, hostKeys, notes };
}

/** Why the reported keys may not be those of the system that is installed. */
function doubts({ cameUp, installed, unfinishedDisk }: SshMachine): string[] {
  const report = cameUp?.report;
  if (report === undefined) {
    return [];
  }
  const { generation, proof } = report;
  const found: string[] = [];
  if (proof !== CameUpProof.TLS) {
    found.push("the report came in clear text, so that anybody on the way could have changed the keys");
  }
  if (installed === undefined) {
    found.push(`the report is of generation ${generation}, and nothing is installed`);
  } else if (installed.generation !== generation) {
    found.push(`the report is of generation ${generation}, but generation ${installed.generation} is installed`);
  }
  if (unfinishedDisk !== undefined && unfinishedDisk.generation > generation) {
    found.push(
      `the report is of generation ${generation}, and generation ${unfinishedDisk.generation} has begun to write the disk`,
    );
  }
  return found;
}

/** What to do where there is no report. */
function missing({ cameUp, installed }: SshMachine, title: string): string {
  const show = `\`farrier machine show ${title}\``;
  if (installed === undefined) {
    return `nothing is installed; ${show} says what is going on`;
  }
  if (cameUp === undefined || cameUp.expectedGeneration === 0n) {
    return `its installation expects no report; put "expect: { came_up: true }" into its profile and install it again`;
  }
  switch (cameUp.unasked) {
    case CameUpUnasked.LISTENER:
      return "no server took reports when it was installed; start the server with --came-up, and install it again";
    case CameUpUnasked.AGENT:
      return "the agent that installed it can't ask for a report; start a newer agent on it, and install it again";
    case CameUpUnasked.UNSPECIFIED:
      return cameUp.silentAt === undefined
        ? `the report is waited for; ${show} says until when`
        : `it was waited for and did not come; \`farrier machine explain ${title}\` says what to do`;
    default:
      return `${show} says what is going on`;
  }
}

/** A host key as a list of one; none if it is not a whole key on one line. */
function wholeKey(text: string): string[] {
  const read = /^[ -~]*$/u.test(text) ? sshHostKeyParse(text) : { problem: "" };
  return "by" in read && read.by === "key" ? [read.key] : [];
}

/** An address in its one spelling, as a list of one; none if it is not one, or has a zone. */
function plainAddress(text: string): string[] {
  return isIP(text) === 0 || text.includes("%") ? [] : [ipText(ipBytes(text))];
}

function chosenAddress(reported: readonly string[], wanted: string | undefined): string | undefined {
  if (wanted !== undefined) {
    const [plain] = plainAddress(wanted);
    return reported.find((address) => address === plain);
  }
  return reported.find((address) => ["public", "private"].includes(addressClass(address)));
}
