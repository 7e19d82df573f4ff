// How people write which disk is meant: on the command line and in the console.
import type { BlockDevice_Protocol } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { protocolWords } from "./words/hardware.ts";
import { valuesByWord, wordOf } from "./words/table.ts";
import type { DiskSelector } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { hexText } from "../lib/format/hex.ts";
import { parseSize } from "../lib/format/parse-size.ts";

/** A disk selector as in the contract; all given conditions must hold. */
export interface SelectorFields {
  serialNumber?: string;
  wwn?: Uint8Array<ArrayBuffer>;
  byPath?: string;
  name?: string;
  protocol?: BlockDevice_Protocol;
  rotational?: boolean;
  minBytes?: bigint;
  maxBytes?: bigint;
}

const protocols = new Map(Object.entries(valuesByWord(protocolWords)));

const readers: Readonly<Record<string, (value: string) => SelectorFields>> = {
  serial: (value) => ({ serialNumber: value }),
  wwn: (value) => ({ wwn: parseWwn(value) }),
  name: (value) => ({ name: value.replace(/^\/dev\//u, "") }),
  "by-path": (value) => ({ byPath: value.replace(/^\/dev\/disk\/by-(?:path|id)\//u, "") }),
  protocol: (value) => ({ protocol: oneOf(protocols, value) }),
  rotational: (value) => ({ rotational: oneOf(booleans, value) }),
  min: (value) => ({ minBytes: parseSize(value) }),
  max: (value) => ({ maxBytes: parseSize(value) }),
};

const booleans = new Map([
  ["yes", true],
  ["no", false],
  ["true", true],
  ["false", false],
]);

/**
 * Parses a disk selector: conditions KEY=VALUE separated by commas, all of which must hold. "\," is a comma within a
 * value.
 * @throws {RangeError} naming the wrong condition and what was expected
 */
export function diskSelectorParse(text: string): SelectorFields {
  let selector: SelectorFields = {};
  const seen = new Set<string>();
  for (const condition of text.split(/(?<!\\),/u)) {
    const equals = condition.indexOf("=");
    const key = condition.slice(0, Math.max(equals, 0)).trim();
    const value = condition
      .slice(equals + 1)
      .trim()
      .replaceAll("\\,", ",");
    const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (read === undefined || value === "") {
      const keys = Object.keys(readers).join("=, ");
      throw wrong(text, `"${condition}" is not a condition: expected ${keys}= and a value, separated by commas`);
    }
    if (seen.has(key)) {
      throw wrong(text, `${key}= is given twice: give it once`);
    }
    seen.add(key);
    try {
      selector = { ...selector, ...read(value) };
    } catch (error) {
      throw wrong(text, `${key}=: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return selector;
}

function wrong(text: string, why: string): RangeError {
  return new RangeError(`"${text}": ${why}`);
}

function oneOf<T>(values: ReadonlyMap<string, T>, text: string): T {
  const value = values.get(text.toLowerCase());
  if (value === undefined) {
    throw new RangeError(`"${text}" is not one of ${[...values.keys()].join(", ")}`);
  }
  return value;
}

/**
 * Parses a World Wide Name as `lsblk -o WWN` and sysfs print it: hex digits, optionally after "0x", "naa." or "eui.".
 */
function parseWwn(text: string): Uint8Array<ArrayBuffer> {
  const hex = text.replace(/^(?:0x|naa\.|eui\.)/iu, "").replaceAll(/[:-]/gu, "");
  if (!/^(?:[0-9a-f]{2}){1,64}$/iu.test(hex)) {
    throw new RangeError(`"${text}" is not a WWN: expected an even number of hex digits, such as 0x5000c500a1b2c3d4`);
  }
  return Uint8Array.from(hex.match(/../gu) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** The conditions as {@link diskSelectorParse} takes them; empty if there is none. Pure. */
export function diskSelectorWords(selector: Omit<DiskSelector, "$typeName" | "$unknown"> | undefined): string {
  if (selector === undefined) {
    return "";
  }
  const { serialNumber, wwn, byPath, name, protocol, rotational, minBytes, maxBytes } = selector;
  const conditions: [key: string, value: string | undefined][] = [
    ["serial", serialNumber],
    ["wwn", wwn.length === 0 ? "" : `0x${hexText(wwn)}`],
    ["by-path", byPath],
    ["name", name],
    ["protocol", wordOf(protocolWords, protocol)],
    ["rotational", rotational === undefined ? undefined : rotational ? "yes" : "no"],
    ["min", minBytes === 0n ? undefined : String(minBytes)],
    ["max", maxBytes === 0n ? undefined : String(maxBytes)],
  ];
  return conditions
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value = ""]) => `${key}=${value.replaceAll(",", String.raw`\,`)}`)
    .join(",");
}
