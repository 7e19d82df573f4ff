import { defined } from "../../lib/defined.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import { printable } from "../../lib/format/printable.ts";
import type { ProvidedController, ProvidedMachine } from "../../shepherd/provider.ts";
import { type Entry, inventoryColumns } from "./columns.ts";
import { undecodable } from "./decode.ts";
import { entryNetwork } from "./network.ts";
import type { Cell, Row } from "./row.ts";

/** How the provider's settings complete what an entry says of its controller. */
export interface ControllerDefaults {
  /** Name of the credential. */
  credential?: string;
  /** How certificates are verified if the entry has no fingerprint; absent = an operator has to accept each. */
  trust?: { by: "ca"; pem: string } | { by: "system" };
  /** Whether passwords may go to `http://` and `ipmi://`, where anybody on the way can read them. */
  clearText?: boolean;
}

/** Whether a cell says nothing. */
function isEmpty(cell: Cell): boolean {
  return (
    cell === undefined ||
    cell === null ||
    (typeof cell === "string" && ["", "null", "~"].includes(cell.trim())) ||
    (Array.isArray(cell) && cell.length === 0)
  );
}

/**
 * Reads one entry; what is wrong with it, a line each, in place of the machine. Pure.
 * @param columns our columns by the inventory's names of them
 */
export function entryRead(
  { place, cells }: Row,
  columns: ReadonlyMap<string, string>,
  defaults: ControllerDefaults,
): ProvidedMachine | { problems: string[] } {
  const entry: Entry = {};
  const problems: string[] = [];
  for (const [name, cell] of cells) {
    const ours = columns.get(name) ?? "";
    const column = inventoryColumns[ours];
    if (column === undefined || isEmpty(cell)) {
      continue;
    }
    const shown = typeof cell === "string" ? cell : JSON.stringify(cell);
    const problem = shown.includes(undecodable)
      ? "has bytes that are no UTF-8: save the file in that encoding"
      : column.read(cell, entry);
    if (problem !== undefined) {
      // A URL may hold a password.
      problems.push(
        `${place}: ${ours} "${printable(withoutUrlSecrets(shown.slice(0, 200)).slice(0, 60))}": ${problem}`,
      );
    }
  }
  const id = entry.id ?? entry.serial ?? entry.smbiosUuid ?? entry.name ?? entry.macs?.[0];
  if (id === undefined && problems.length === 0) {
    problems.push(
      `${place}: says nothing that a machine could be known by: expected an id, serial, uuid, name or macs`,
    );
  }
  const controller = controllerOf(entry, defaults);
  if (typeof controller === "string") {
    problems.push(`${place}: ${controller}`);
  }
  // What is wrong with a cell is said of that cell.
  const found = problems.length > 0 ? { network: undefined } : entryNetwork(entry);
  if ("problem" in found) {
    problems.push(`${place}: ${found.problem}`);
  }
  if (problems.length > 0 || id === undefined || typeof controller === "string" || "problem" in found) {
    return { problems };
  }
  const { network } = found;
  const { name, serial, smbiosUuid, address, location, labels } = entry;
  return {
    providerId: id,
    ...defined({ name, serial, smbiosUuid, address, location, labels, controller, network }),
    macs: entry.macs ?? [],
  };
}

/** The entry's controller; what is wrong with it, if something is; undefined if it has none. */
function controllerOf(entry: Entry, defaults: ControllerDefaults): ProvidedController | string | undefined {
  const { controller, system, fingerprint } = entry;
  if (controller === undefined) {
    const alone = (["credential", "system", "fingerprint"] as const).find((key) => entry[key] !== undefined);
    return alone === undefined ? undefined : `has a ${alone} and no controller that it would be of`;
  }
  const credential = entry.credential ?? defaults.credential;
  if (credential === undefined) {
    return "names a controller and no credential: expected one in its column, or for all in the provider's settings";
  }
  if (fingerprint !== undefined && !controller.tls) {
    return `has a fingerprint, and ${controller.url} shows no certificate: expected https:// or no fingerprint`;
  }
  if (!controller.tls && defaults.clearText !== true) {
    return `${controller.url} is without TLS, so that anybody on the way reads the password: expected https://, or \`clear-text: true\` under \`controllers\` in the provider's settings`;
  }
  const tlsTrust: ProvidedController["trust"] =
    fingerprint === undefined ? defaults.trust : { by: "fingerprint", sha256: fingerprint };
  const trust: ProvidedController["trust"] = controller.tls ? tlsTrust : { by: "clear-text" };
  return { protocol: controller.protocol, url: controller.url, credential, ...defined({ system, trust }) };
}
