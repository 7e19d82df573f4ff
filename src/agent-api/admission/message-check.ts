import type { DescMessage } from "@bufbuild/protobuf";
import { limits } from "../limits.ts";
import { messageRule, type FieldRule, type MessageRule } from "./message-rules.ts";
import { wireCursor, type WireCursor, type WireKind } from "../wire.ts";

/** Aborts the check. */
class Problem extends Error {}

/**
 * Finds faults in an authenticated caller's message from its raw bytes, before it is decoded: too many elements, a list
 * longer than any hardware's, a field repeated too often, text with NUL bytes, bytes that do not parse. Undefined if it
 * may be decoded. One pass without copies; pure.
 */
export function messageProblem(schema: DescMessage, message: Uint8Array): string | undefined {
  try {
    checkMessage({ message, elements: 0 }, messageRule(schema), "", 0, message.length);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) {
      return error.message;
    }
    throw error;
  }
}

interface Check {
  message: Uint8Array;
  /** List entries, repetitions and unknown fields so far: decoding would make an object for each. */
  elements: number;
}

function checkMessage(check: Check, rule: MessageRule, path: string, from: number, to: number): void {
  const cursor = wireCursor(check.message, from, to);
  const counts = new Map<FieldRule, number>();
  while (advance(cursor, path)) {
    const field = rule.get(cursor.number);
    if (field === undefined) {
      count(check, 1);
      continue;
    }
    const before = counts.get(field) ?? 0;
    counts.set(field, before + checkField(check, field, before, cursor, path));
  }
  for (const [{ name, limit, list }, entries] of counts) {
    if (entries > limit) {
      throw new Problem(
        list
          ? `${path}${name} has ${entries} entries: at most ${limit} are accepted`
          : `${path}${name} is given ${entries} times: at most ${limit} are accepted`,
      );
    }
  }
}

/** Checks the field at the cursor, and its entries. */
function checkField(check: Check, field: FieldRule, before: number, cursor: WireCursor, path: string): number {
  const { from, to } = cursor;
  if (cursor.kind !== field.kind) {
    if (!field.list || cursor.kind !== "bytes") {
      throw notMessage(path);
    }
    const entries = packed(check.message, field.kind, from, to);
    count(check, entries);
    return entries;
  }
  count(check, field.list || before > 0 ? 1 : 0);
  if (field.message !== undefined) {
    checkMessage(check, field.message(), `${path}${field.name}.`, from, to);
  } else if (field.text && hasNul(check.message, from, to)) {
    throw new Problem(`${path}${field.name} has NUL bytes: no NUL bytes are accepted`);
  }
  return 1;
}

function hasNul(message: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    if (message[at] === 0) {
      return true;
    }
  }
  return false;
}

/** The number of values in a packed list: of bytes that end a varint, or of pieces of fixed length. */
function packed(message: Uint8Array, kind: WireKind, from: number, to: number): number {
  if (kind === "varint") {
    let entries = 0;
    for (let at = from; at < to; at += 1) {
      entries += (message[at] ?? 0) < 0x80 ? 1 : 0;
    }
    return entries;
  }
  return Math.ceil((to - from) / (kind === "fixed64" ? 8 : 4));
}

function count(check: Check, elements: number): void {
  check.elements += elements;
  if (check.elements > limits.elements) {
    throw new Problem(`the message has more than ${limits.elements} elements`);
  }
}

function advance(cursor: WireCursor, path: string): boolean {
  try {
    return cursor.next();
  } catch {
    // Whatever the bytes are, the answer is that they are not a message of that type.
    throw notMessage(path);
  }
}

function notMessage(path: string): Problem {
  return new Problem(
    path === "" ? "the request is not a protobuf message" : `${path.slice(0, -1)} is not a message of its type`,
  );
}
