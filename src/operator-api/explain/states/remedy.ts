import { controllerRemedyTexts } from "../../../contract/controller-remedies.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import { requestedImage } from "../../messages/requested-image.ts";
import { installCommand } from "../install-command.ts";
import { recordTitle, type ExplainFacts } from "../facts.ts";

/** How to create an agent's key. Pure. */
export function initRemedy(record: MachineRecord): string {
  const title = recordTitle(record);
  return `register an agent: \`farrier agent init ${title} --out ${title}.json\`; then run the agent on the machine with that file`;
}

/** How to create another key, which replaces the registered one. Pure. */
export function replaceRemedy(record: MachineRecord): string {
  const title = recordTitle(record);
  return `start another agent: \`farrier agent init ${title} --replace --out ${title}.json\`; then run it on the machine with that file`;
}

/** How to allow that a running machine is stopped to start an agent. Pure. */
export function startAgentRemedy(record: MachineRecord): string {
  return `stop what runs on it and start an agent: \`farrier machine start-agent ${recordTitle(record)} --yes\``;
}

/** What to do about a controller that fails, or that a start has failed by, and how to see whether it works. Pure. */
export function controllerRemedies({ record, bootOverride, startFailures = [] }: ExplainFacts): string[] {
  const { controller } = record;
  const codes = new Set([controller?.failure?.code, ...startFailures.map(({ code }) => code)]);
  codes.delete(undefined);
  if (controller === undefined || (codes.size === 0 && bootOverride === undefined)) {
    return [];
  }
  const machine = recordTitle(record);
  return [
    ...[...codes].flatMap((code) => controllerRemedyTexts(code ?? "", { ...controller, machine })),
    `see whether its controller works: \`farrier bmc check ${machine}\``,
  ];
}

/** How to see what its controller reports as not healthy. Pure. */
export function healthRemedy(record: MachineRecord): string {
  return `see what is not healthy, with its controller's event log: \`farrier machine show ${recordTitle(record)}\`; repair or replace that part`;
}

/** How to request an installation: the last image again if it is known, and a command line can say it. Pure. */
export function installRemedy(record: MachineRecord): string {
  const title = recordTitle(record);
  const { installation } = record;
  const image = installation === undefined ? undefined : requestedImage(installation.requestRaw);
  const command = image === undefined ? undefined : installCommand(title, image);
  return command === undefined
    ? installText(title)
    : `request an installation, such as the last one again: \`${command}\``;
}

/** How to request an installation for the machine `title`; only the operator knows the image. Pure. */
export function installText(title: string): string {
  return `request an installation: \`farrier machine install ${title} --help\` lists the flags`;
}

/** How to cancel the newest request. Pure. */
export function cancelRemedy(record: MachineRecord): string {
  return `cancel it: ${cancelCommand(record)}`;
}

/** The command that cancels the newest request. Pure. */
export function cancelCommand(record: MachineRecord): string {
  return `\`farrier machine cancel ${recordTitle(record)} --generation ${record.installation?.generation ?? 0n}\``;
}

/** How to cancel the pending request, if there is one. Pure. */
export function pendingRemedies(record: MachineRecord): string[] {
  return record.installation?.pending === true ? [cancelRemedy(record)] : [];
}

/** How to quarantine the machine. Pure. */
export function quarantineRemedy(record: MachineRecord): string {
  return `quarantine it: \`farrier machine quarantine ${recordTitle(record)} --reason "to be looked at"\``;
}

/** How to read its history. Pure. */
export function historyRemedy(record: MachineRecord): string {
  return `see what happened: \`farrier machine history ${recordTitle(record)}\``;
}

/** How to delete it, if its provider no longer lists it. Pure. */
export function vanishedRemedies(record: MachineRecord): string[] {
  return record.providing?.vanishedAt === undefined
    ? []
    : [`delete it, if it is gone for good: \`farrier machine delete ${recordTitle(record)}\``];
}

/** How to start a shepherd, if none is alive. Pure. */
export function shepherdRemedies({ shepherd, record }: ExplainFacts): string[] {
  return shepherd || record.provided === undefined
    ? []
    : ["start a shepherd on a host that reaches the database: `farrier shepherd --help` says how"];
}

/** The command that ends its quarantine. Pure. */
export function releaseCommand(record: MachineRecord): string {
  return `\`farrier machine release ${recordTitle(record)}\``;
}
