import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import type { AgentRegisterResponse } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { formatHostPort, type HostPort } from "../../lib/net/host-port.ts";
import { ed25519KeyPair } from "../../lib/tls/ed25519.ts";
import { operatorClient, type OperatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { initFileCreate, initFileFind, initFileIsPrivate, initFileMove, initFileRemove } from "../install/init-file.ts";
import type { ClientFlags } from "../flags/client.ts";
import { machineTitle } from "../show/describe.ts";

/** Flags of `farrier agent init`. */
export interface AgentInitFlags extends ClientFlags {
  out: string;
  endpoint: HostPort | undefined;
  replace: boolean | undefined;
}

/**
 * `farrier agent init`. The key is on the disk, in OUT.partial, before it is registered, so that an interruption never
 * leaves a registered key without its private half. The same command run again continues with that file.
 */
export async function agentInitAction(this: CliContext, flags: AgentInitFlags, typed: string): Promise<void> {
  const client = await operatorClient(flags, this.process.env);
  const { machine } = await client.machines.machineShow({ machine: typed });
  if (machine === undefined) {
    throw new CliError("failed", `the control plane did not say which machine "${typed}" is: is it of this version?`);
  }
  const replace = flags.replace ?? false;
  const there = await outCheck(flags.out, machine, replace);
  const partial = `${flags.out}.partial`;
  const privateKey = await keyEnsure(partial, machine.id);
  const publicKey = privateKey.subarray(32);
  // A key that is registered already is this command's own, from an earlier attempt that was interrupted.
  const again = machine.agent !== undefined && Buffer.compare(machine.agent.publicKey, publicKey) === 0;
  const answer = await register(client, { machine: machine.id, publicKey, replace: replace || again }, partial);
  const endpoint = flags.endpoint === undefined ? answer.endpoint : formatHostPort(flags.endpoint);
  const init = create(AgentInitSchema, {
    takeoverInit: { machineId: answer.machineId, bmaasEndpoint: endpoint, caCertificate: answer.caCertificate },
    privateKey,
  });
  const complete = `${flags.out}.complete`;
  await initFileRemove(complete);
  await initFileCreate(complete, init);
  await initFileMove(complete, flags.out, there);
  await initFileRemove(partial);
  const key = Buffer.from(publicKey).toString("hex");
  const { stdout } = this.process;
  if (flags.json === true) {
    stdout.write(`${JSON.stringify({ machineId: machine.id, file: flags.out, endpoint, publicKey: key }, null, 2)}\n`);
  } else {
    stdout.write(`${flags.out}: agent of ${machineTitle(machine)}, key ${key}, calls ${endpoint}\n`);
  }
}

/** Returns true if `out` is an init file of the same machine; registering the new key stops its key anyway. */
async function outCheck(out: string, machine: Machine, replace: boolean): Promise<boolean> {
  const init = await initFileFind(out);
  if (init === undefined) {
    return false;
  }
  if (init === "other" || init.takeoverInit?.machineId !== machine.id) {
    throw new CliError("failed", `${out} exists and is not an init file of this machine: choose another --out`);
  }
  if (!replace) {
    throw new CliError(
      "failed",
      `${out} is an init file of this machine already: run the agent with it, or give --replace to make a new key, which stops the old one`,
    );
  }
  return true;
}

async function keyEnsure(partial: string, machineId: string): Promise<Uint8Array<ArrayBuffer>> {
  const before = await initFileFind(partial);
  if (before !== undefined && !(await initFileIsPrivate(partial))) {
    throw new CliError(
      "failed",
      `${partial} can be read or written by other users, so its key may be known to them: remove it, and run the same command again`,
    );
  }
  if (before !== undefined && before !== "other" && before.takeoverInit?.machineId === machineId) {
    return Uint8Array.from(before.privateKey);
  }
  if (before !== undefined) {
    throw new CliError(
      "failed",
      `${partial} exists and belongs to another machine: move it away, or choose another --out`,
    );
  }
  const { privateKey } = ed25519KeyPair();
  await initFileCreate(partial, create(AgentInitSchema, { takeoverInit: { machineId }, privateKey }));
  return privateKey;
}

async function register(
  { agents }: OperatorClient,
  request: { machine: string; publicKey: Uint8Array<ArrayBuffer>; replace: boolean },
  partial: string,
): Promise<AgentRegisterResponse> {
  try {
    return await agents.agentRegister({ ...request, requestId: randomUUID() });
  } catch (error) {
    if (error instanceof CliError && error.code === "unreachable") {
      const message = `${error.message}; the new key is kept in ${partial}: run the same command again`;
      throw new CliError(error.code, message, { cause: error });
    }
    // The key was refused, so it is of no use.
    await initFileRemove(partial);
    if (error instanceof CliError && !request.replace && error.message.includes("has an agent already")) {
      throw new CliError(error.code, `${error.message} (--replace)`, { cause: error });
    }
    throw error;
  }
}
