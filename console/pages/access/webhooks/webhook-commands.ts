import { WebhookService } from "../../../../gen/farrier/operator/v1/webhook_pb.ts";
import { catalogueNameExpected, catalogueNamePattern } from "../../../../src/contract/catalogue/catalogue-reference.ts";
import { prepare, type PreparedCommand } from "../../../commands/prepared.ts";
import { fileLines } from "../../../commands/twins.ts";

/** What is typed into the form of a new webhook. */
export interface WebhookForm {
  name: string;
  url: string;
  /** Kinds of events with commas between them; "" = all. */
  events: string;
  privateAllowed: boolean;
  /** PEM; "" = the system's CAs alone. */
  certificates: string;
}

/** What is wrong, by field; an empty field that is needed is "missing". Pure. */
export function webhookProblems({ name, url }: WebhookForm): Partial<Record<keyof WebhookForm, string>> {
  const address = url.trim();
  const isAddress = URL.canParse(address) && new URL(address).protocol === "https:";
  return {
    ...(name === "" ? { name: "missing" } : {}),
    ...(name !== "" && !catalogueNamePattern.test(name) ? { name: `expected ${catalogueNameExpected}` } : {}),
    ...(address === "" ? { url: "missing" } : {}),
    ...(address !== "" && !isAddress ? { url: "expected an https URL" } : {}),
  };
}

/**
 * The command that adds a webhook. Its answer's sentence is the key of the signatures, which is nowhere else; "" if an
 * earlier try, whose answer was lost, added it.
 */
export function webhookAddPrepare(form: WebhookForm, requestId: string): PreparedCommand {
  const certificates = form.certificates.trim();
  return prepare({
    machineId: "",
    title: form.name,
    method: WebhookService.method.webhookAdd,
    message: {
      requestId,
      name: form.name,
      url: form.url.trim(),
      events: form.events.split(/[\s,]+/u).filter((kind) => kind !== ""),
      privateAllowed: form.privateAllowed,
      caCertificates: new TextEncoder().encode(certificates === "" ? "" : `${certificates}\n`),
    },
    words: (message) => [
      // The URL may have a secret in it, which is not for the arguments that other users of the host see.
      ...["webhook", "add", "--url-file", "webhook-url", "--name", message.name],
      ...(message.events.length === 0 ? [] : ["--events", message.events.join(",")]),
      ...(message.privateAllowed ? ["--allow-private"] : []),
      ...(message.caCertificates.length === 0 ? [] : ["--ca", "webhook-ca.pem"]),
      ...["--request-id", message.requestId],
    ],
    files: ({ url, caCertificates }) => [
      ...fileLines("webhook-url", new TextEncoder().encode(url)),
      ...(caCertificates.length === 0 ? [] : fileLines("webhook-ca.pem", caCertificates)),
    ],
    done: ({ secret }) => secret,
  });
}

/** Deletes a webhook with the events that wait for it. */
export function webhookDeletePrepare(name: string, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: WebhookService.method.webhookDelete,
    message: { requestId, name },
    words: (message) => ["webhook", "delete", message.name, "--request-id", message.requestId],
    done: () => `${name} is deleted`,
  });
}

/** Sends dead letters again. @param eventIds none = all of the webhook's */
export function webhookRedeliverPrepare(name: string, eventIds: readonly string[], requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: WebhookService.method.webhookRedeliver,
    message: { requestId, name, eventIds: [...eventIds] },
    words: (message) => [
      ...["webhook", "redeliver", message.name],
      ...message.eventIds.flatMap((id) => ["--event", id]),
      ...["--request-id", message.requestId],
    ],
    done: ({ events }) => `${events} ${events === 1n ? "event waits" : "events wait"} again for ${name}`,
  });
}

/** Sends a made-up event. @param answered is called with how the receiver answered */
export function webhookTestPrepare(
  name: string,
  answered: (delivered: boolean, outcome: string) => void,
): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: WebhookService.method.webhookTest,
    message: { name },
    words: (message) => ["webhook", "test", message.name],
    done: ({ delivered, outcome }) => {
      answered(delivered, outcome);
      return outcome;
    },
  });
}
