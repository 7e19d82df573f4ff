import { expect } from "vitest";
import type { LabMachine } from "./lab.ts";
import { waitFor } from "./wait.ts";

/** Events that end a generation for good. */
const finals = new Set([
  "installation_succeeded",
  "installation_failed",
  "installation_cancelled",
  "installation_replaced",
]);

/**
 * What must hold of a machine on which nothing is pending, whatever was killed: one final result a generation; installed
 * if and only if the history says so; and if it is, the disk begins with the image of that generation, byte for byte.
 */
export async function checkStory(machine: LabMachine, images: ReadonlyMap<bigint, Buffer>): Promise<void> {
  // A database that was killed a moment ago may have told that nothing is pending, and be away now.
  const { history, shown } = await waitFor(
    `the story of ${machine.name} to be told`,
    async () => ({ history: await machine.history(), shown: await machine.show() }),
    { timeoutMs: 60_000, intervalMs: 50 },
  );
  const { installation, installed } = shown;
  const generations = history
    .filter(({ event }) => event === "installation_requested")
    .map((entry) => entry.generation);
  const ends = history.filter(({ event }) => finals.has(event)).map(({ generation }) => generation);
  expect(ends, "one final result a generation").toEqual(generations);
  expect(installation?.generation).toBe(generations.at(-1));
  let onDisk: bigint | undefined;
  for (const { event, generation } of history) {
    if (event === "installation_succeeded") {
      onDisk = generation;
    } else if (event === "installed_removed") {
      onDisk = undefined;
    }
  }
  expect(installed?.generation, "installed, as the history has it").toBe(onDisk);
  const image = onDisk === undefined ? undefined : images.get(onDisk);
  if (image !== undefined) {
    const disk = await machine.disk();
    expect(disk.subarray(0, image.length).equals(image), "the disk holds the image, byte for byte").toBe(true);
  }
}
