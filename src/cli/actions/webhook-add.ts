import { randomUUID } from "node:crypto";
import { WebhookAddResponseSchema } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { eventsOf, type EventsFlags } from "../flags/events.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { secretFileRead } from "../line/secret-file.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier webhook add`. */
export interface WebhookAddFlags extends ClientFlags, EventsFlags {
  name: string | undefined;
  allowPrivate: boolean | undefined;
  ca: string | undefined;
  urlFile: string | undefined;
  requestId: string | undefined;
}

/** Maximum bytes of certificates. */
const certificatesMost = 65_536;

/** `farrier webhook add` */
export async function webhookAddAction(
  this: CliContext,
  flags: WebhookAddFlags,
  given: string | undefined,
): Promise<void> {
  if ((given === undefined) === (flags.urlFile === undefined)) {
    throw new CliError("usage", "URL: expected it once, as an argument or in the file of --url-file");
  }
  const url = given ?? (await urlOfFile(flags.urlFile ?? ""));
  if (!URL.canParse(url)) {
    throw new CliError("usage", "URL: expected an https URL such as https://tickets.example.org/farrier");
  }
  const { webhooks } = await operatorClient(flags, this.process.env);
  const message = await webhooks.webhookAdd({
    requestId: flags.requestId ?? randomUUID(),
    name: flags.name ?? nameOf(url),
    url,
    events: eventsOf(flags),
    privateAllowed: flags.allowPrivate === true,
    caCertificates: await fileFlagRead("--ca", flags.ca, certificatesMost),
  });
  const { webhook, secret } = message;
  answer(this, flags, {
    schema: WebhookAddResponseSchema,
    message,
    names: () => [webhook?.name ?? ""],
    text: () =>
      `${webhook?.name ?? ""} added${secret === "" ? "" : `; the key of its signatures, which is not shown again:\n${secret}`}\n`,
    note:
      secret === ""
        ? "it was added before, and only that answer had the key: if it was lost, delete the webhook and add it again"
        : undefined,
  });
}

async function urlOfFile(path: string): Promise<string> {
  return Buffer.from(await secretFileRead("--url-file", path)).toString("utf8");
}

/** A name from the URL's host: an IPv6 address has none of its colons. */
function nameOf(url: string): string {
  return new URL(url).hostname
    .replaceAll(/[[\]]/gu, "")
    .replaceAll(":", "-")
    .slice(0, 63)
    .replaceAll(/^[-.]+|[-.]+$/gu, "");
}
