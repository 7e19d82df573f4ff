import { createHash } from "node:crypto";
import { requestProblem } from "../../src/contract/request-problem.ts";
import { keyIdentity } from "../../src/database/heartbeat/key-identity.ts";
import type { HeartbeatOutcome, InstallationReport } from "../../src/database/heartbeat/heartbeat-entry.ts";
import { type Heartbeats, heartbeats, type HeartbeatsOptions } from "../../src/database/heartbeat/heartbeats.ts";
import { agentKey } from "../../src/database/ids.ts";
import { type SessionHolder, sessionHold } from "../../src/database/session-holder.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { type Fleet, silent, testFleet, type TestMachine } from "./fleet.ts";

/** What an agent says; all of it may be left out. */
export interface Said {
  run?: Uint8Array | undefined;
  /** Generation, and the error's text where it failed. */
  report?: bigint | [bigint, string];
  /** The text is the hardware, for the fingerprint and the bytes. */
  hardware?: string;
  features?: readonly string[];
  key?: Uint8Array;
  /** The server's own look, which records nothing. */
  look?: boolean;
}

/** A database with heartbeats going into it, below the agent API. */
export interface HeartbeatFleet extends AsyncDisposable {
  fleet: Fleet;
  sessions: SessionHolder;
  heartbeats: Heartbeats;
  /** Sizes of the batches that were run, and how many rows were tried singly. */
  batches: number[];
  singles(): number;
  beat(machine: TestMachine, said?: Said): Promise<HeartbeatOutcome>;
  /** As beat, in a few words: "ok", "ok 5", "ok cancelled 5", "unauthenticated", … */
  say(machine: TestMachine, said?: Said): Promise<string>;
}

export async function heartbeatFleet(
  options: Partial<Pick<HeartbeatsOptions, "address" | "slots" | "maximumWaiting">> = {},
): Promise<HeartbeatFleet> {
  await using stack = new AsyncDisposableStack();
  const fleet = stack.use(await testFleet());
  const sessions = stack.use(sessionHold(fleet.database, { component: "server", log: silent, clock: systemClock }));
  await sessions.next();
  const batches: number[] = [];
  let singles = 0;
  const queue = stack.use(
    heartbeats({
      address: fleet.test.connection,
      ...options,
      sessions,
      log: silent,
      requestProblem,
      meter: { batch: (size) => batches.push(size), single: () => (singles += 1) },
    }),
  );
  const beat = (machine: TestMachine, said: Said = {}): Promise<HeartbeatOutcome> => {
    const publicKey = agentKey(said.key ?? machine.agent.publicKey);
    return queue[said.look === true ? "look" : "submit"](
      {
        machineId: machine.machineId,
        publicKey,
        ...(said.run === undefined ? {} : { runId: said.run }),
        ...(said.report === undefined ? {} : { report: reportOf(said.report) }),
        ...(said.features === undefined ? {} : { features: said.features }),
        ...(said.hardware === undefined
          ? {}
          : {
              hardware: {
                raw: Buffer.from(said.hardware),
                fingerprint: createHash("sha256").update(said.hardware).digest(),
              },
            }),
      },
      keyIdentity(publicKey),
    );
  };
  const release = stack.move();
  return {
    fleet,
    sessions,
    heartbeats: queue,
    batches,
    singles: () => singles,
    beat,
    say: async (machine, said) => inWords(await beat(machine, said)),
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

function reportOf(report: bigint | [bigint, string]): InstallationReport {
  return typeof report === "bigint"
    ? { generation: report, result: "success", raw: Buffer.from(`success ${report}`) }
    : { generation: report[0], result: "error", error: report[1], raw: Buffer.from(`error ${report[0]}`) };
}

/** An outcome in a few words. */
export function inWords(outcome: HeartbeatOutcome): string {
  if (outcome.status !== "ok") {
    return outcome.status;
  }
  return [
    "ok",
    ...(outcome.request === undefined ? [] : [outcome.request.generation]),
    ...(outcome.cancelledGeneration === undefined ? [] : ["cancelled", outcome.cancelledGeneration]),
    ...(outcome.requestUnreadable === undefined ? [] : ["unreadable"]),
    ...(outcome.unasked === true ? ["unasked"] : []),
  ].join(" ");
}
