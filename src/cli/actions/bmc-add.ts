import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  ControllerAddResponseSchema,
  type ControllerTrustSchema,
} from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { type OperatorClient, operatorClient } from "../call/client.ts";
import { operationEnded, resultText } from "../call/operation.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { defined } from "../../lib/defined.ts";

/** Flags of `farrier bmc add`. */
export interface BmcAddFlags extends ClientFlags {
  credential: string;
  name: string | undefined;
  machine: string | undefined;
  system: string | undefined;
  fingerprint: string | undefined;
  acceptNew: boolean | undefined;
  ca: string | undefined;
  systemCas: boolean | undefined;
  clearText: boolean | undefined;
  startAgent: boolean | undefined;
  bootBy: string | undefined;
  requestId: string | undefined;
}

type Trust = MessageInitShape<typeof ControllerTrustSchema>;

/** `farrier bmc add` */
export async function bmcAddAction(this: CliContext, flags: BmcAddFlags, url: string): Promise<void> {
  const trust = await trustOf(flags);
  const client = await operatorClient(flags, this.process.env);
  const first = await add(client, flags, url, trust, flags.requestId);
  const result =
    resultText(first, "outcome") === "certificate"
      ? await add(client, flags, url, await accepted(this, first, url), undefined)
      : first;
  const id = resultText(result, "machineId");
  answer(this, flags, {
    schema: ControllerAddResponseSchema,
    message: create(ControllerAddResponseSchema, { operation: { machineId: id, result: result as never } }),
    names: () => [id],
    text: () => foundText(result),
  });
}

async function add(
  client: OperatorClient,
  flags: BmcAddFlags,
  url: string,
  trust: Trust | undefined,
  requestId: string | undefined,
): Promise<Record<string, unknown>> {
  const { operation } = await client.controllers.controllerAdd({
    requestId: requestId ?? randomUUID(),
    url,
    credential: flags.credential,
    name: flags.name ?? "",
    machine: flags.machine ?? "",
    system: flags.system ?? "",
    startAgent: flags.startAgent ?? false,
    bootBy: flags.bootBy ?? "",
    ...defined({ trust }),
  });
  return operationEnded(client, operation);
}

/** @throws {CliError} `usage` where several ways of trusting are given */
async function trustOf(flags: BmcAddFlags): Promise<Trust | undefined> {
  const ways: Trust[] = [
    ...(flags.fingerprint === undefined
      ? []
      : [{ by: { case: "sha256" as const, value: fingerprintBytes(flags.fingerprint) } }]),
    ...(flags.acceptNew === true ? [{ by: { case: "acceptNew" as const, value: true } }] : []),
    ...(flags.ca === undefined ? [] : [{ by: { case: "caPem" as const, value: await caText(flags.ca) } }]),
    ...(flags.systemCas === true ? [{ by: { case: "system" as const, value: true } }] : []),
    ...(flags.clearText === true ? [{ by: { case: "clearText" as const, value: true } }] : []),
  ];
  if (ways.length > 1) {
    throw new CliError(
      "usage",
      "--fingerprint, --accept-new, --ca, --system-cas and --clear-text contradict each other: give one of them",
    );
  }
  return ways[0];
}

async function caText(path: string): Promise<string> {
  return Buffer.from(await fileFlagRead("--ca", path, 256 * 1024)).toString("utf8");
}

/** @throws {CliError} `usage` */
function fingerprintBytes(text: string): Uint8Array<ArrayBuffer> {
  const hex = text.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{64}$/u.test(hex)) {
    throw new CliError(
      "usage",
      `--fingerprint "${text}": expected the 64 hex digits of a SHA-256, with or without colons`,
    );
  }
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** Asks the operator on a terminal; elsewhere it can only say what to do. */
async function accepted(context: CliContext, shown: Record<string, unknown>, url: string): Promise<Trust> {
  const sha256 = resultText(shown, "sha256");
  const words = `${url} shows a certificate for ${resultText(shown, "subject") || "nobody"}, valid to ${resultText(shown, "validTo").slice(0, 10)}\n  SHA-256 ${sha256.replaceAll(/(?<byte>..)(?!$)/gu, "$<byte>:")}\n`;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError(
      "failed",
      `${words}Nothing was sent to it. If this is the controller's certificate, repeat the command with --fingerprint ${sha256}`,
    );
  }
  context.process.stderr.write(words);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await lines.question("Is this the controller's certificate? [y/N] ");
    if (!/^y(?:es)?$/iu.test(said.trim())) {
      throw new CliError("failed", "not accepted: nothing was sent to the controller");
    }
  } finally {
    lines.close();
  }
  return { by: { case: "sha256", value: fingerprintBytes(sha256) } };
}

function foundText(result: Record<string, unknown>): string {
  const list = (key: string): string => {
    const value = result[key];
    return Array.isArray(value) ? value.join(", ") : "";
  };
  const line = (title: string, value: string): string => (value === "" ? "" : `  ${title.padEnd(14)}${value}\n`);
  const maker = ["maker", "model"].map((key) => resultText(result, key)).filter((word) => word !== "");
  return [
    `${resultText(result, "machineId")} ${result["made"] === true ? "added" : "was known, and has this controller now"}\n`,
    line("controller", [...maker, resultText(result, "firmware")].filter((word) => word !== "").join(", ")),
    line("system", resultText(result, "system")),
    line("SMBIOS UUID", resultText(result, "smbiosUuid")),
    line("serial", list("serials")),
    line("MACs", list("macs")),
    line("power", resultText(result, "power")),
    line("boots from", list("bootTargets")),
    line("virtual media", result["virtualMedia"] === true ? "yes" : "no"),
    line("HTTP boot by URL", result["httpBoot"] === true ? "yes" : "no"),
    result["mayControl"] === false
      ? "  the account may only look: give it the right to switch power and boot source\n"
      : "",
  ].join("");
}
