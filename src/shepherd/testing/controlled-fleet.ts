import { createHash, randomBytes, randomUUID } from "node:crypto";
import { type Fleet, silent, testFleet } from "../../../test/support/fleet.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { mediumSecretRead } from "../../contract/medium-path.ts";
import {
  agentKey,
  credentialId,
  machineId as toMachineId,
  type MachineId,
  type OperationId,
  requestId,
} from "../../database/ids.ts";
import { mediumFetched, mediumGrant, mediumTokenGive } from "../../database/queries/boot/boot-medium.ts";
import { bootTokenGive } from "../../database/queries/boot/boot-token.ts";
import {
  operationAsk,
  type OperationAsked,
  operationShow,
  type TrustAsked,
} from "../../database/queries/controller/operation.ts";
import { agentEnroll } from "../../database/queries/enrollment/enrollment.ts";
import { type Session, sessionStart } from "../../database/session.ts";
import { systemClock } from "../../lib/clock.ts";

const credential = credentialId("00000000-0000-4000-8000-000000000001");

const acceptNew: TrustAsked = { by: "accept-new" };

/** How a controller is added. */
export interface AddOptions {
  trust?: TrustAsked;
  joins?: MachineId;
  startAgent?: boolean;
  system?: string;
}

/** A fleet whose machines are added by their controllers, and what their firmware and agents do. */
export interface ControlledFleet extends AsyncDisposable {
  fleet: Fleet;
  /** A session of a server. */
  server: Session;
  /** Adds a controller as an operator does, and waits for the result. A shepherd must be running. */
  add(url: string, options?: AddOptions): Promise<Record<string, unknown>>;
  /** The same, for the machine that it made or joined. */
  added(url: string, options?: AddOptions): Promise<MachineId>;
  /** Asks for an operation on a machine, and waits for its end. */
  operate(machineId: MachineId, asked: OperationAsked): Promise<Record<string, unknown>>;
  /** Does what the machine's firmware and then its agent do after power-on. */
  bootAndEnroll(identity: { smbiosUuid: string; macs: string[] }): Promise<void>;
  /** Does what a controller, `farrier netboot` and then the agent do with the medium at this URL. */
  fetchAndEnroll(medium: { url: string; fetcher: string; smbiosUuid: string }): Promise<void>;
}

/** Makes a fleet with a credential for controllers. */
export async function controlledFleet(): Promise<ControlledFleet> {
  const fleet = await testFleet();
  const { database } = fleet;
  const server = await sessionStart(database, { component: "server", log: silent, clock: systemClock });
  await fleet.rows(
    `INSERT INTO credential (credential_id, credential_name, kind, user_name, sealed_secret, allowed, created_by)
     VALUES ($1, 'rack', 'bmc', 'admin', $2, '{0.0.0.0/0}', 'test')`,
    credential,
    Buffer.concat([Buffer.from([0, 0x66, 0x72, 0x73, 1]), Buffer.alloc(60)]),
  );

  async function ask(asked: OperationAsked, machineId: MachineId | undefined): Promise<Record<string, unknown>> {
    const id = requestId(randomUUID());
    await operationAsk(database, {
      requestId: id,
      bodyDigest: createHash("sha256").update(JSON.stringify(asked)).digest(),
      askedBy: "anna",
      ...(machineId === undefined ? {} : { machineId }),
      asked,
    });
    const shown = () => operationShow(database, id as string as OperationId);
    return { ...(await waitFor("the operation to end", async () => (await shown()).ended)) };
  }

  const add: ControlledFleet["add"] = (url, { trust = acceptNew, joins, startAgent = false, system } = {}) =>
    ask(
      {
        kind: "add",
        protocol: "redfish",
        url,
        trust,
        startAgent,
        credentialId: credential,
        machineId: toMachineId(randomUUID()),
        ...(joins === undefined ? {} : { joins }),
        ...(system === undefined ? {} : { system }),
      },
      joins,
    );

  return {
    ...{ fleet, server, add },
    added: async (url, options) => {
      const ended = (await add(url, options)) as { result?: { machineId: string } };
      if (ended.result === undefined) {
        throw new Error(`${url} could not be added: ${JSON.stringify(ended)}`);
      }
      return toMachineId(ended.result.machineId);
    },
    operate: (machineId, asked) => ask(asked, machineId),
    bootAndEnroll: async (identity) => {
      const tokenDigest = createHash("sha256").update(randomBytes(32)).digest();
      const actor = { kind: "component", name: "netboot" } as const;
      await waitFor("the boot token", () => bootTokenGive(database, { identity, tokenDigest, actor, address: "" }));
      const publicKey = agentKey(randomBytes(32));
      await agentEnroll(database, server, { publicKey, identity, address: "192.0.2.9", tokenDigest });
    },
    fetchAndEnroll: async ({ url, fetcher: address, smbiosUuid }) => {
      const secret = mediumSecretRead(url.split("/").at(-2) ?? "");
      const grant =
        secret === undefined ? undefined : await mediumGrant(database, { mediumDigest: secret.digest, address });
      if (secret === undefined || grant?.content !== "configured") {
        throw new Error(`${url} is no medium that ${address} may fetch`);
      }
      const tokenDigest = createHash("sha256").update(secret.token).digest();
      const actor = { kind: "component", name: "netboot" } as const;
      const give = { machineId: grant.machineId, mediumDigest: secret.digest, tokenDigest, actor, address };
      await mediumFetched(database, { mediumDigest: secret.digest, address });
      await mediumTokenGive(database, give);
      const publicKey = agentKey(randomBytes(32));
      const identity = { smbiosUuid, macs: [] };
      const enrolled = await agentEnroll(database, server, { publicKey, identity, address: "192.0.2.9", tokenDigest });
      if (enrolled.status !== "accepted") {
        throw new Error(`the agent of ${url} is ${enrolled.status}`);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
    },
  };
}
