import type { Transport } from "@connectrpc/connect";
import { callFailure } from "../api/failure.ts";
import { queryClient } from "../api/query-client.ts";
import { activityAdd, activityChanged, isActive, type Activity } from "./activity.ts";
import type { PreparedCommand } from "./prepared.ts";
import { runMany, type ManyResult } from "./run-many.ts";
import { sendPatiently } from "./send.ts";

/** What {@link commandRun} is given. */
export interface CommandRun {
  /** The request id. */
  id: string;
  /** "Quarantine web1". */
  title: string;
  commands: readonly PreparedCommand[];
  transport: Transport;
}

/** The first error of a run for one machine, as it was thrown. */
export class CommandFailed extends Error {
  /** What was thrown. */
  readonly thrown: unknown;
  constructor(thrown: unknown) {
    super(callFailure(thrown).message);
    this.thrown = thrown;
  }
}

/**
 * Sends a command for its machines, and keeps its results in the activities, also after the dialog is closed. What
 * this page shows is read anew at its end. @returns the sentence of a single machine. @throws {CommandFailed} its error
 */
export async function commandRun({ id, title, commands, transport }: CommandRun): Promise<string> {
  const machines = commands.map(({ machineId, title: name, cli }) => ({
    machineId,
    title: name,
    cli,
    step: "waiting" as const,
    text: "",
  }));
  const activity: Activity = { id, title, machines, stopped: false };
  activityAdd(activity);
  let thrown: unknown;
  const set = (index: number, result: ManyResult | "sending" | "trying-again", words = ""): void => {
    const machine = activity.machines[index];
    if (machine !== undefined) {
      machine.step = typeof result === "string" ? result : result.kind;
      machine.text = typeof result === "string" ? words : resultWords(result);
      activityChanged();
    }
  };
  const leave = keepOpen(activity);
  const results = await runMany({
    jobs: commands.map((command, index) => ({ command, index })),
    send: ({ command, index }) =>
      sendPatiently(command, {
        transport,
        trying: (error) => set(index, "trying-again", callFailure(error).message),
      }),
    words: (error) => {
      thrown = error;
      return callFailure(error).message;
    },
    tell: set,
    stopped: () => activity.stopped,
  });
  leave();
  results.forEach((result, index) => set(index, result));
  await queryClient.invalidateQueries({ refetchType: "active" });
  const [only] = results;
  if (results.length === 1 && only?.kind === "failed") {
    throw new CommandFailed(thrown);
  }
  return only === undefined ? "" : resultWords(only);
}

function resultWords(result: ManyResult): string {
  switch (result.kind) {
    case "done":
      return result.text;
    case "failed":
      return result.error;
    case "left":
      return "not sent: it was stopped before";
  }
}

/** Asks before the page is left while machines wait; returns what ends that. */
function keepOpen(activity: Activity): () => void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (isActive(activity)) {
      event.preventDefault();
    }
  };
  globalThis.addEventListener("beforeunload", ask);
  return () => globalThis.removeEventListener("beforeunload", ask);
}
