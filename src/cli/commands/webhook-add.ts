import { buildCommand } from "@stricli/core";
import type { WebhookAddFlags } from "../actions/webhook-add.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { eventsFlag } from "../flags/events.ts";
import { switchFlag, textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const webhookAddCommand = buildCommand<WebhookAddFlags, [string | undefined], CliContext>({
  docs: docs(
    "Send events to a URL, from now on",
    "Each event is sent at least once, a machine's in order, as a CloudEvent in JSON. It is signed as Standard Webhooks say: the key is " +
      "printed once, and never again. docs/events.md says how a receiver checks it. A URL that has a secret in it is given in a file: other " +
      "users of the host see arguments.",
    [
      "farrier webhook add https://tickets.example.org/farrier --events installation_*,agent_lost",
      "farrier webhook add https://10.0.0.7/hook --name inside --allow-private --ca ca.pem",
      "pass show chat/hook | farrier webhook add --url-file - --name chat",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      ...eventsFlag,
      urlFile: textFlag("File with the URL, or - for standard input, in place of the argument", "FILE"),
      name: textFlag("Name of the webhook (default: the URL's host)", "NAME"),
      allowPrivate: switchFlag("Allow addresses of the site's own network"),
      ca: textFlag("PEM file of a CA that the receiver's certificate is by, besides those of the system", "FILE"),
      requestId: requestIdFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "https URL that events are sent to", placeholder: "URL", optional: true, parse: String }],
    },
  },
  loader: async () => (await import("../actions/webhook-add.ts")).webhookAddAction,
});
