// For tests that every command which is printed somewhere is accepted by the command line.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { runCli } from "../app.ts";
import type { Starters } from "../starters.ts";

/** Starts nothing: a command that gets as far as its start was accepted. */
const starters = new Proxy({} as Starters, {
  get: (_, name) =>
    name === "lab" ? new Proxy({}, { get: () => () => Promise.resolve([]) }) : () => Promise.resolve(0),
});

/** Makes a runner of command lines for the tests of one file, in a home folder of their own and without a control plane. */
export function commandRunner(): (words: readonly string[]) => Promise<{ stderr: string; refused: boolean }> {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "farrier-printed-"));
  });
  afterAll(async () => await rm(directory, { recursive: true }));
  return async (words) => {
    let stderr = "";
    const status = await runCli([...words], {
      starters,
      stdout: { write: () => undefined },
      stderr: { write: (text) => void (stderr += text) },
      env: {
        HOME: directory,
        FARRIER_DATA_DIR: join(directory, "data"),
        FARRIER_DATABASE_URL: "postgresql://farrier@127.0.0.1:1/farrier",
      },
    });
    // Errors of the command line itself end so, errors of commands do not.
    return { stderr, refused: status === 2 && stderr.endsWith("; see --help\n") };
  };
}
