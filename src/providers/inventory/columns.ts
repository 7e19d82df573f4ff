// The columns of an inventory, a row each. A further column is an entry here, a property of ProvidedMachine, and a line in
// docs/providers.md.
import { controllerUrlParse } from "../../contract/controller-url.ts";
import { labelKeyPattern, machineNamePattern } from "../../contract/machine-name.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { isPrintable } from "../../lib/format/printable.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { macParse } from "../../lib/net/mac.ts";
import { addressesRead, bondRead, dnsRead, type EntryBond, gatewayRead, vlanRead } from "./network-columns.ts";
import type { Cell } from "./row.ts";

/** What is read of one entry. */
export interface Entry {
  id?: string;
  name?: string;
  serial?: string;
  smbiosUuid?: string;
  macs?: string[];
  address?: string;
  location?: string;
  labels?: Record<string, string>;
  controller?: { protocol: "redfish" | "ipmi"; url: string; tls: boolean };
  credential?: string;
  system?: string;
  /** SHA-256 of the controller's certificate, in hex. */
  fingerprint?: string;
  /** Its network: addresses with their prefixes, gateways, name servers, the number of its VLAN, its bond. */
  addresses?: string[];
  gateway?: string[];
  dns?: string[];
  vlan?: number;
  bond?: EntryBond;
}

/** A value of a column, or what is wrong with it. */
type Read<Value> = { value: Value } | { problem: string };

/** One column: `read` puts the cell into the entry, or says what is wrong with it. Empty cells are not read. */
export interface InventoryColumn {
  /** Other usual names of it. */
  aliases: readonly string[];
  read: (cell: Cell, entry: Entry) => string | undefined;
}

/** Maximum characters of one text. */
const textLimit = 256;

function column<Key extends keyof Entry>(
  key: Key,
  aliases: readonly string[],
  parse: (cell: Cell) => Read<NonNullable<Entry[Key]>>,
): InventoryColumn {
  return {
    aliases,
    read: (cell, entry) => {
      const read = parse(cell);
      if ("problem" in read) {
        return read.problem;
      }
      entry[key] = read.value;
      return undefined;
    },
  };
}

/** Every column by its name. */
export const inventoryColumns: Readonly<Record<string, InventoryColumn>> = {
  id: column("id", ["provider-id", "asset-tag"], text),
  name: column("name", ["hostname"], (cell) => {
    const name = typeof cell === "string" ? cell.trim().toLowerCase() : "";
    return machineNamePattern.test(name) && !isUuid(name)
      ? { value: name }
      : { problem: "expected a-z, 0-9, '.' and '-', with a letter or digit at both ends, at most 63 characters" };
  }),
  serial: column("serial", ["serial-number", "service-tag"], text),
  uuid: column("smbiosUuid", ["smbios-uuid", "system-uuid"], (cell) => {
    const uuid = typeof cell === "string" ? smbiosUuidParse(cell.trim()) : undefined;
    return uuid === undefined
      ? {
          problem:
            "expected a board's UUID such as 4c4c4544-0051-3510-8052-b4c04f4a3132, but no UUID that whole series share",
        }
      : { value: uuid };
  }),
  macs: column("macs", ["mac", "mac-address", "mac-addresses"], (cell) => {
    const words = Array.isArray(cell) ? cell : typeof cell === "string" ? cell.split(/[\s,;|]+/u) : [undefined];
    const macs = words
      .filter((word) => word !== "")
      .map((word) => (typeof word === "string" ? macParse(word.trim()) : undefined));
    return macs.every((mac) => mac !== undefined) && macs.length <= 64
      ? { value: [...new Set(macs)] }
      : { problem: "expected MAC addresses such as 52:54:00:12:34:56, with blanks between them, at most 64" };
  }),
  controller: column("controller", ["bmc", "bmc-url", "controller-url"], (cell) => {
    const url = controllerUrlParse(typeof cell === "string" ? cell.trim() : "");
    return "problem" in url ? url : { value: url };
  }),
  credential: column("credential", ["controller-credential"], text),
  system: column("system", ["controller-system"], text),
  fingerprint: column("fingerprint", ["sha256", "controller-fingerprint"], (cell) => {
    const hex =
      typeof cell === "string"
        ? cell
            .trim()
            .replace(/^sha256:/iu, "")
            .replaceAll(/[:\s]/gu, "")
            .toLowerCase()
        : "";
    return /^[0-9a-f]{64}$/u.test(hex)
      ? { value: hex }
      : { problem: "expected a certificate's SHA-256 fingerprint: 64 hex digits, with or without colons" };
  }),
  address: column("address", ["ip", "ip-address"], text),
  addresses: column("addresses", ["network-addresses"], addressesRead),
  gateway: column("gateway", ["gateways", "default-gateway"], gatewayRead),
  dns: column("dns", ["name-servers", "nameservers"], dnsRead),
  vlan: column("vlan", ["vlan-id"], vlanRead),
  bond: column("bond", ["bond-mode"], bondRead),
  location: column("location", ["rack"], text),
  labels: column("labels", ["tags"], labels),
};

/** One line of text without control characters, and without anything that would look like other text. */
function text(cell: Cell): Read<string> {
  const value = typeof cell === "string" ? cell.trim() : "";
  return value !== "" &&
    value.length <= textLimit &&
    isPrintable(value) &&
    !value.includes("\n") &&
    !value.includes("\t")
    ? { value }
    : { problem: `expected one line of at most ${textLimit} printable characters` };
}

function labels(cell: Cell): Read<Record<string, string>> {
  const pairs =
    typeof cell === "string"
      ? cell
          .split(/[,;\s]+/u)
          .filter((word) => word !== "")
          .map((word): [string, unknown] => [
            word.split("=", 1)[0] ?? "",
            word.includes("=") ? word.slice(word.indexOf("=") + 1) : undefined,
          ])
      : typeof cell === "object" && cell !== null && !Array.isArray(cell)
        ? Object.entries(cell)
        : [];
  const good = pairs.every(
    ([key, value]) =>
      labelKeyPattern.test(key) &&
      typeof value === "string" &&
      value.length <= textLimit &&
      isPrintable(value) &&
      !/[\n\t]/u.test(value),
  );
  return good && pairs.length > 0 && pairs.length <= 32 && new Set(pairs.map(([key]) => key)).size === pairs.length
    ? { value: Object.fromEntries(pairs as [string, string][]) }
    : { problem: 'expected labels such as "rack=a1 role=web", at most 32, with keys of a-z, 0-9 and ._/-' };
}
