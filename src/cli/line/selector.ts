import type { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { protocolWords } from "../../contract/words/hardware.ts";
import { valuesByWord } from "../../contract/words/table.ts";
import { CliError } from "../errors.ts";
import { parseSize } from "./size.ts";

/** A disk selector as in the contract; all given conditions must hold. */
export interface Selector {
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

const readers: Readonly<Record<string, (value: string) => Selector>> = {
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
 * @throws {CliError} `usage`, naming the wrong condition and what was expected
 */
export function parseSelector(text: string): Selector {
  let selector: Selector = {};
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

function wrong(text: string, why: string): CliError {
  return new CliError("usage", `--disk "${text}": ${why}`);
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
  return Uint8Array.from(Buffer.from(hex, "hex"));
}
