import type { MachineId } from "../../ids.ts";

/** The first and the last id with this prefix; undefined if the prefix is not the beginning of a UUID. Pure. */
export function uuidRange(prefix: string): { first: MachineId; last: MachineId } | undefined {
  const shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const text = prefix.toLowerCase();
  const fits = text
    .split("")
    .every((letter, index) =>
      shape[index] === "-" ? letter === "-" : shape[index] === "x" && /[0-9a-f]/u.test(letter),
    );
  if (!fits || text === "") {
    return undefined;
  }
  const rest = shape.slice(text.length);
  return {
    first: (text + rest.replaceAll("x", "0")) as MachineId,
    last: (text + rest.replaceAll("x", "f")) as MachineId,
  };
}
