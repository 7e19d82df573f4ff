import pg from "pg";
import { createHash, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { requestAgain } from "../../src/contract/request-again.ts";
import type { Actor } from "../../src/database/actor.ts";
import { connect, type Database } from "../../src/database/connect.ts";
import { agentKey, generation, machineId, requestId, type Generation, type MachineId } from "../../src/database/ids.ts";
import { agentRegister } from "../../src/database/queries/agent/agent.ts";
import { historyList } from "../../src/database/history.ts";
import { installationRequest } from "../../src/database/queries/installation/installation-request.ts";
import { installationCancel } from "../../src/database/queries/installation/installation-cancel.ts";
import type { Reserialise } from "../../src/database/queries/installation/installation-retry.ts";
import { machineAdd } from "../../src/database/queries/machine/machine-add.ts";
import type { OperatorCommand } from "../../src/database/operator-command.ts";
import { ed25519KeyPair, type Ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";
import { cameUpToken } from "../../src/secrets/came-up-token.ts";
import { createLogger } from "../../src/lib/log.ts";
import { testDatabase, type TestDatabase } from "./database.ts";

/** Says nothing. */
export const silent = createLogger({ level: "silent", component: "test" });

/** Who tests act as. */
export const operator: Actor = { kind: "operator", name: "tester" };

/** A machine, with the agent that is bound to it. */
export interface TestMachine {
  machineId: MachineId;
  providerId: string;
  agent: Ed25519KeyPair;
}

/** A database with some machines in it, and what operators do to them. */
export interface Fleet extends AsyncDisposable {
  test: TestDatabase;
  database: Database;
  /** Adds a machine; `agent: false` leaves it without one. */
  add(options?: { agent?: boolean; provider?: string; machineId?: MachineId }): Promise<TestMachine>;
  /** Binds a new key to the machine in place of the one before, and returns it. */
  rekey(machine: TestMachine): Promise<Ed25519KeyPair>;
  request(
    machine: TestMachine,
    options?: {
      generation?: bigint;
      replace?: bigint;
      raw?: Uint8Array;
      digest?: string;
      requestId?: string;
      body?: string;
    },
  ): Promise<Generation>;
  cancel(
    machine: TestMachine,
    options?: { generation?: bigint; requestId?: string; body?: string },
  ): Promise<Generation>;
  /** Rows of a statement; `$1` … are the values. */
  rows<Row extends Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]>;
  /** "event generation detail", the oldest first. */
  history(machine: { machineId: MachineId }): Promise<string[]>;
}

/** Serialised OSInstallationRequest of a generation, with a field that this server does not know at its end. */
export function requestRaw(value: bigint): Uint8Array {
  return Buffer.concat([
    toBinary(
      OSInstallationRequestSchema,
      create(OSInstallationRequestSchema, {
        generation: value,
        type: { case: "image", value: { url: "http://192.0.2.1/image.raw", digest: `sha256:${"ab".repeat(32)}` } },
      }),
    ),
    // Field 999, "keep me".
    Buffer.from([0xba, 0x3e, 0x07, ...Buffer.from("keep me")]),
  ]);
}

/** A request under another generation, as the operator API and the janitor have it made. */
export const reserialise: Reserialise = (raw, value) => requestAgain(raw, value, cameUpToken);

/** A command as the operator API makes it: the digest is of `body`. */
export function command(
  target: { machineId: MachineId },
  name: string,
  options: { requestId?: string; body?: string } = {},
): OperatorCommand {
  return {
    machineId: target.machineId,
    requestId: requestId(options.requestId ?? randomUUID()),
    command: name,
    bodyDigest: createHash("sha256")
      .update(options.body ?? "")
      .digest(),
  };
}

/** Makes a database of its own, or works on the given one. */
export async function testFleet(options: { connections?: number } = {}): Promise<Fleet> {
  const test = await testDatabase();
  const database = connect(test.connection, { log: silent, ...options });
  return {
    test,
    database,
    add: async ({ agent: withAgent = true, provider = "static", machineId: id } = {}) => {
      const agent = ed25519KeyPair();
      const machine = { machineId: id ?? machineId(randomUUID()), providerId: randomUUID(), agent };
      await machineAdd(database, {
        ...command(machine, "machine_add"),
        labels: {},
        provided: { provider, providerId: machine.providerId },
        actor: operator,
      });
      if (withAgent) {
        await agentRegister(database, {
          ...command(machine, "agent_register"),
          publicKey: agentKey(agent.publicKey),
          replace: false,
          actor: operator,
        });
      }
      return machine;
    },
    rekey: async (machine) => {
      const agent = ed25519KeyPair();
      await agentRegister(database, {
        ...command(machine, "agent_register"),
        publicKey: agentKey(agent.publicKey),
        replace: true,
        actor: operator,
      });
      return agent;
    },
    request: async (machine, { generation: wanted, replace, raw, digest, ...repeat } = {}) => {
      const requested = await installationRequest(database, {
        ...command(machine, "installation_request", repeat),
        actor: operator,
        serialise: (value) => raw ?? requestRaw(value),
        ...(wanted === undefined ? {} : { generation: generation(wanted) }),
        ...(replace === undefined ? {} : { replace }),
        ...(digest === undefined ? {} : { digest }),
      });
      return requested.generation;
    },
    cancel: async (machine, { generation: wanted, ...repeat } = {}) =>
      generationOf(
        await installationCancel(database, {
          ...command(machine, "installation_cancel", repeat),
          actor: operator,
          reason: "for a test",
          ...(wanted === undefined ? {} : { generation: wanted }),
        }),
      ),
    rows: async <Row extends Record<string, unknown>>(text: string, ...values: unknown[]) =>
      (await database.pool.query<Row>(text, values)).rows,
    history: async (machine) =>
      (await historyList(database, machine.machineId, { limit: 1000 }))
        .toReversed()
        .map(({ event, generation: value }) => (value === undefined ? event : `${event} ${value}`)),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** The generation of an answer, which may tell more than that. */
function generationOf(answer: Generation | { generation: Generation }): Generation {
  return typeof answer === "object" ? answer.generation : answer;
}

/** A connection of its own, for holding locks; closed when disposed, whatever it holds. */
export async function heldConnection(test: TestDatabase): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ ...test.connection, application_name: "holder" });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: async () => await client.end() });
}
