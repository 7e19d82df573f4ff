import { isIP } from "node:net";
import { type BondMode, bondModes } from "../../contract/network/network-config.ts";
import { isNetwork } from "../../contract/network/network-parse.ts";
import { macParse } from "../../lib/net/mac.ts";
import type { Cell } from "./row.ts";

/** A bond as a cell says it. */
export interface EntryBond {
  mode: BondMode;
  /** Its network cards; empty = all of the entry's. */
  macs: string[];
}

type Read<Value> = { value: Value } | { problem: string };

/** Maximum number of addresses in one cell. */
const addressesLimit = 16;

/** The words of a cell: a list, or a text with blanks, commas or semicolons between them; undefined if it is neither. */
function words(cell: Cell): string[] | undefined {
  const list = Array.isArray(cell) ? cell : typeof cell === "string" ? cell.split(/[\s,;|]+/u) : [undefined];
  const texts = list.map((word) => (typeof word === "string" ? word.trim() : undefined));
  return texts.every((word) => word !== undefined) ? texts.filter((word) => word !== "") : undefined;
}

/** Addresses with their prefixes. */
export function addressesRead(cell: Cell): Read<string[]> {
  return read(cell, isNetwork, "addresses with their prefixes, such as 192.0.2.7/24 2001:db8::7/64");
}

/** Gateways: at most one of each family. */
export function gatewayRead(cell: Cell): Read<string[]> {
  const expected = "the address of a gateway, such as 192.0.2.1, at most one of IPv4 and one of IPv6";
  const gateways = read(cell, isAddress, expected);
  const families = "problem" in gateways ? [] : gateways.value.map((address) => isIP(address));
  return new Set(families).size === families.length ? gateways : { problem: `expected ${expected}` };
}

/** Name servers. */
export function dnsRead(cell: Cell): Read<string[]> {
  return read(cell, isAddress, "the addresses of name servers, such as 192.0.2.53");
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

function read(cell: Cell, fits: (word: string) => boolean, expected: string): Read<string[]> {
  const found = words(cell);
  return found !== undefined && found.length > 0 && found.length <= addressesLimit && found.every((word) => fits(word))
    ? { value: [...new Set(found.map((word) => word.toLowerCase()))] }
    : { problem: `expected ${expected}` };
}

/** A VLAN's number. */
export function vlanRead(cell: Cell): Read<number> {
  const text = typeof cell === "string" ? cell.trim() : "";
  return /^[1-9]\d{0,3}$/u.test(text) && Number(text) <= 4094
    ? { value: Number(text) }
    : { problem: "expected a VLAN's number, 1 to 4094" };
}

/** A bond: its mode, then the MACs of its network cards; none = all of the entry's. */
export function bondRead(cell: Cell): Read<EntryBond> {
  const [first, ...rest] = words(cell) ?? [];
  const mode = bondModes.find((one) => one === first?.toLowerCase());
  const macs = rest.map((word) => macParse(word));
  return mode !== undefined && macs.every((mac) => mac !== undefined) && macs.length <= 16
    ? { value: { mode, macs: [...new Set(macs)] } }
    : {
        problem: `expected a bond's mode (${bondModes.join(", ")}), and after it the MACs of its network cards if it has not all of them`,
      };
}
