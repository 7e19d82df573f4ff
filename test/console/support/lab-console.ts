import { randomUUID } from "node:crypto";
import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import type { OperatorClient } from "../../../src/cli/call/client.ts";
import { lab, type Lab } from "../../support/lab.ts";
import type { ConsoleRole, ConsoleServer } from "./console-server.ts";

/** A whole Farrier with machines of file-disks, images and real agents, to be looked at by the console. */
export interface LabConsole extends Pick<ConsoleServer, "url" | "token">, AsyncDisposable {
  readonly lab: Lab;
  readonly client: OperatorClient;
}

const roles: Record<ConsoleRole, Role> = { viewer: Role.VIEWER, operator: Role.OPERATOR, admin: Role.ADMIN };

/** Starts it; resolves once it is ready. */
export async function labConsole(): Promise<LabConsole> {
  const place = await lab();
  try {
    const { operators } = await place.up();
    const client = await place.client();
    return {
      url: operators,
      lab: place,
      client,
      token: async (role) => {
        const request = { requestId: randomUUID(), name: `console-${role}-${randomUUID()}`, role: roles[role] };
        return (await client.access.tokenCreate(request)).secret;
      },
      [Symbol.asyncDispose]: async () => await place[Symbol.asyncDispose](),
    };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}
