import { createHash, randomBytes, randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { checkStory } from "../support/check-story.ts";
import type { FarrierProcess, ServingFarrier } from "../support/farrier-process.ts";
import { lab, type Lab, type LabMachine } from "../support/lab.ts";
import { waitFor } from "../support/wait.ts";

/** A night of it: FARRIER_KILL_SECONDS=36000. */
const seconds = Number(process.env["FARRIER_KILL_SECONDS"] ?? 25);
const bytes = randomBytes(6 << 20);
// An installation then takes about a second, and the kills fall all over it.
const bytesPerSecond = 8 << 20;

interface Player {
  machine: LabMachine;
  agent: FarrierProcess;
  images: Map<bigint, Buffer>;
}

let place: Lab;
let up: ServingFarrier;
let players: Player[];

beforeAll(async () => {
  place = await lab();
  up = await place.up();
  players = [];
  for (const name of ["left", "right"]) {
    const machine = await place.machine(name);
    players.push({ machine, agent: machine.agent(), images: new Map() });
  }
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

/** The same numbers for the same seed, from 0 to `below` - 1. */
function dice(seed: number): (what: string, below: number) => number {
  return (what, below) => createHash("sha256").update(`${seed}/${what}`).digest().readUInt32BE() % below;
}

const victims = ["control plane", "PostgreSQL", "left", "right", "both agents", "all of it"] as const;
type Victim = (typeof victims)[number];

async function kill(victim: Victim): Promise<void> {
  const [left, right] = players.map(
    ({ agent }) =>
      () =>
        agent.end("SIGKILL"),
  );
  const plane = (): Promise<unknown> => up.end("SIGKILL");
  const postgres = (): Promise<unknown> => place.postgresKill();
  const killers: Record<Victim, (typeof plane | undefined)[]> = {
    "control plane": [plane],
    PostgreSQL: [postgres],
    left: [left],
    right: [right],
    "both agents": [left, right],
    "all of it": [postgres, plane, left, right],
  };
  // PostgreSQL may be down already, killed in the same round: then there is none to kill.
  await Promise.all(killers[victim].map(async (one) => await one?.().catch(() => undefined)));
}

async function revive(): Promise<void> {
  up = up.running ? up : await place.up();
  for (const player of players) {
    player.agent = player.agent.running ? player.agent : player.machine.agent();
  }
}

test(
  "whatever is killed, whenever, two machines end with one result a generation and the right bytes",
  { timeout: (seconds + 90) * 1000 },
  async () => {
    const seed = Number(process.env["FARRIER_KILL_SEED"] ?? randomInt(1_000_000));
    const roll = dice(seed);
    const image = place.images.serve("image", bytes, { bytesPerSecond });
    const deadline = performance.now() + seconds * 1000;
    let round = 0;
    try {
      for (; performance.now() < deadline; round += 1) {
        const requests = players.map(async ({ machine, images }) => {
          const { installations } = await place.client();
          // The same request id until it is answered: a kill may come between the commit and the answer.
          const requestId = crypto.randomUUID();
          const { generation } = await waitFor(
            "the request to be answered",
            async () =>
              await installations.installationRequest({
                requestId,
                machine: machine.id,
                image: { url: image.url, digest: image.digest, rootDisk: { serialNumber: "disk0" } },
              }),
            { timeoutMs: 60_000, intervalMs: 50 },
          );
          images.set(generation, bytes);
          return generation;
        });
        // Two kills a round: an agent is handed its request three times at most, the first time included.
        for (const nth of [0, 1]) {
          // The one sleep for a time rather than a state: its length is what is tried.
          await sleep(roll(`${round}/${nth}/moment`, 900));
          await kill(victims[roll(`${round}/${nth}/victim`, victims.length)] ?? "PostgreSQL");
          await revive();
        }
        const generations = await Promise.all(requests);
        for (const [index, { machine, images }] of players.entries()) {
          const { installation, installed } = await machine.settled(45_000);
          expect(installation).toMatchObject({ generation: generations[index], state: InstallationState.SUCCEEDED });
          expect(installed?.generation).toBe(generations[index]);
          expect([...images.keys()]).toEqual(Array.from(images.keys(), (_, n) => BigInt(n + 1)));
          await checkStory(machine, images);
        }
      }
    } catch (error) {
      const said = [up, ...players.map(({ agent }) => agent)].map(({ stderr }) =>
        stderr.split("\n").slice(-15).join("\n"),
      );
      throw new Error(`round ${round} of FARRIER_KILL_SEED=${seed}; last said:\n${said.join("\n---\n")}`, {
        cause: error,
      });
    }
    process.stdout.write(`${round} rounds of kills with FARRIER_KILL_SEED=${seed}\n`);
    expect(round).toBeGreaterThan(0);
  },
);
