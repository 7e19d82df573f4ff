import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  WebhookAddRequestSchema,
  WebhookDeleteRequestSchema,
  WebhookRedeliverRequestSchema,
  WebhookSchema,
  type Webhook,
  type WebhookService,
} from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { catalogueNameExpected, catalogueNamePattern } from "../../contract/catalogue/catalogue-reference.ts";
import { cloudEventJson, cloudEventSource } from "../../contract/events/cloud-event.ts";
import { eventPatternExpected, isEventPattern } from "../../contract/events/event-pattern.ts";
import { webhookSecretMake } from "../../contract/events/webhook-signature.ts";
import { historyEvents } from "../../database/history.ts";
import { eventsNow } from "../../database/queries/event/event-page.ts";
import { deadLetterList, deadLettersRedeliver } from "../../database/queries/event/webhook-dead-letter.ts";
import { webhookTime } from "../../database/queries/event/webhook-delivery.ts";
import {
  webhookAdd,
  webhookDelete,
  webhookList,
  webhookShow,
  webhookUnknown,
  type WebhookRecord,
} from "../../database/queries/event/webhook.ts";
import { webhookReceiver } from "../../events/webhook-send.ts";
import { webhookFailureShown, webhookUrlShown } from "../../events/webhook-shown.ts";
import { databaseTime } from "../../database/queries/views/database-time.ts";
import { uuidOfText } from "../../lib/format/uuid.ts";
import { addressGuard, guardedUrl } from "../../lib/net/address-guard.ts";
import { webhookPlace, webhookTargetOpen, type WebhookTarget } from "../../secrets/webhook-target.ts";
import { callerKey, operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { shownAfter } from "../requests/shown-after.ts";
import { imageCertificatesField } from "../requests/validate-image.ts";
import { pageSizeField, requestIdField, validate } from "../requests/validate.ts";

/** Kinds of events to follow or to send. */
export const eventsField = z
  .array(z.string().refine((text) => isEventPattern(text, historyEvents), `expected ${eventPatternExpected}`))
  .max(64, "expected at most 64")
  .transform((patterns) => [...new Set(patterns)]);

const nameField = z.string().regex(catalogueNamePattern, `expected ${catalogueNameExpected}`);
const urlField = z.string().transform((text, context): URL => {
  const url = text.length <= 2_048 && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== "https:" || url.username !== "" || url.password !== "" || url.hash !== "") {
    context.addIssue("expected an https URL without user, password and fragment, at most 2048 characters");
    return z.NEVER;
  }
  return url;
});
const addRequest = z.object({
  requestId: requestIdField,
  name: nameField,
  url: urlField,
  events: eventsField,
  privateAllowed: z.boolean(),
  caCertificates: imageCertificatesField,
});
/** A page token is this and the last name of the page before. */
const pageTokenStart = "name:";
function nameOfPageToken(token: string): string {
  return token.startsWith(pageTokenStart) ? token.slice(pageTokenStart.length) : "";
}
const listRequest = z.object({
  pageSize: pageSizeField,
  pageToken: z
    .string()
    .refine((token) => token === "" || catalogueNamePattern.test(nameOfPageToken(token)), pageTokenMessage)
    .transform(nameOfPageToken),
});
const oneRequest = z.object({ name: nameField });
const deleteRequest = z.object({ requestId: requestIdField, name: nameField });
const numberPattern = /^\d{1,18}$/u;
const deadLetterRequest = z.object({
  name: nameField,
  pageSize: pageSizeField,
  pageToken: z.string().refine((token) => token === "" || numberPattern.test(token), pageTokenMessage),
});
const redeliverRequest = z.object({
  requestId: requestIdField,
  name: nameField,
  eventIds: z
    .array(z.string().regex(numberPattern, "expected the number of an event, as WebhookDeadLetterList shows it"))
    .max(1_000, "expected at most 1000"),
});

/** The handlers of WebhookService. */
export function webhookHandlers({
  database,
  secrets,
  host,
}: OperatorApiDependencies): ServiceImpl<typeof WebhookService> {
  return {
    async webhookAdd(request, context) {
      const { requestId, name, url, events, privateAllowed, caCertificates } = validate(addRequest, request);
      const why = guardedUrl(
        addressGuard({ privateAllowed, loopbackAllowed: host.loopbackAllowed, ownPorts: await host.ownPorts() }),
        url,
      );
      if (why !== undefined) {
        const hint = privateAllowed ? "" : "; with private_allowed, addresses of the site's own network may be called";
        throw new ConnectError(`url: may not be called: ${why}${hint}`, Code.InvalidArgument);
      }
      const webhookId = uuidOfText(`farrier webhook ${requestId}`);
      const secret = webhookSecretMake();
      const target: WebhookTarget = {
        url: url.href,
        secret,
        ...(caCertificates.length === 0 ? {} : { certificates: Buffer.from(caCertificates).toString("utf8") }),
      };
      const { made } = await webhookAdd(database, {
        requestId,
        command: "webhook_add",
        bodyDigests: secretDigests(secrets, WebhookAddRequestSchema, request),
        webhookId,
        name,
        shownUrl: webhookUrlShown(url),
        sealedTarget: secrets.seal(webhookPlace(webhookId), Buffer.from(JSON.stringify(target))),
        events,
        privateAllowed,
        createdBy: context.values.get(operatorKey).name,
      });
      const commanded = {
        ...{ what: `webhook "${name}"`, makes: true },
        deletion: { command: "webhook_delete", names: [name] },
      };
      const record = await shownAfter(database, commanded, async () => {
        const found = await webhookShow(database, name);
        if (found.webhookId !== webhookId) {
          throw webhookUnknown(name);
        }
        return found;
      });
      return { webhook: webhookMessage(record, context), secret: made ? secret : "" };
    },

    async webhookList(request, context) {
      const { pageSize, pageToken } = validate(listRequest, request);
      const found = await webhookList(database, { limit: pageSize + 1, after: pageToken });
      const page = found.slice(0, pageSize);
      return {
        webhooks: page.map((record) => webhookMessage(record, context)),
        nextPageToken: found.length > pageSize ? pageTokenStart + (page.at(-1)?.name ?? "") : "",
      };
    },

    async webhookShow(request, context) {
      const { name } = validate(oneRequest, request);
      return { webhook: webhookMessage(await webhookShow(database, name), context) };
    },

    async webhookTest(request, context) {
      const { name } = validate(oneRequest, request);
      const { webhookId, sealedTarget, privateAllowed } = await webhookShow(database, name);
      const target = webhookTargetOpen(secrets, webhookId, sealedTarget);
      const { origin } = await eventsNow(database);
      const { name: actor } = context.values.get(operatorKey);
      const id = `test-${randomUUID()}`;
      const event = {
        ...{ id, event: "webhook_test", at: await databaseTime(database), machineId: nobody },
        ...{ actor: { kind: "operator", name: actor }, detail: { webhook: name } },
      };
      using receiver = webhookReceiver({ ...target, privateAllowed }, host);
      const timestamp = await webhookTime(database);
      const body = cloudEventJson(event, cloudEventSource(origin));
      const outcome = await receiver.send({ id, timestamp, body }, context.signal);
      return outcome.kind === "delivered"
        ? { delivered: true, outcome: `it answered ${outcome.status}` }
        : { delivered: false, outcome: outcome.reason };
    },

    async webhookDelete(request, context) {
      const { requestId, name } = validate(deleteRequest, request);
      const bodyDigests = secretDigests(secrets, WebhookDeleteRequestSchema, request);
      const deletedBy = context.values.get(operatorKey).name;
      await webhookDelete(database, { requestId, command: "webhook_delete", bodyDigests, name, deletedBy });
      return {};
    },

    async webhookDeadLetterList(request, context) {
      const { name, pageSize, pageToken } = validate(deadLetterRequest, request);
      const found = await deadLetterList(database, name, {
        limit: pageSize + 1,
        after: BigInt(pageToken === "" ? "0" : pageToken),
      });
      const page = found.slice(0, pageSize);
      return {
        deadLetters: page.map(({ eventId, at, diedAt, ...letter }) => ({
          ...letter,
          failure: failureFor(context, letter.failure),
          eventId: String(eventId),
          at: timestampFromDate(at),
          diedAt: timestampFromDate(diedAt),
        })),
        nextPageToken: found.length > pageSize ? String(page.at(-1)?.eventId ?? "") : "",
      };
    },

    async webhookRedeliver(request) {
      const { requestId, name, eventIds } = validate(redeliverRequest, request);
      const events = await deadLettersRedeliver(database, {
        requestId,
        command: "webhook_redeliver",
        bodyDigests: secretDigests(secrets, WebhookRedeliverRequestSchema, request),
        name,
        eventIds: eventIds.map((id) => BigInt(id)),
      });
      return { events };
    },
  };
}

/** The machine of a made-up event. */
const nobody = "00000000-0000-0000-0000-000000000000";

type Call = Pick<HandlerContext, "values">;

const failureFor = (context: Call, failure: string): string =>
  webhookFailureShown(failure, context.values.get(callerKey).operator?.role);

function webhookMessage(record: WebhookRecord, context: Call): Webhook {
  const { deliveredAt, failedAt, oldestWaitingAt } = record;
  return create(WebhookSchema, {
    name: record.name,
    url: record.shownUrl,
    events: record.events,
    privateAllowed: record.privateAllowed,
    createdAt: timestampFromDate(record.createdAt),
    createdBy: record.createdBy,
    delivered: record.delivered,
    failure: failureFor(context, record.failure ?? ""),
    waiting: BigInt(record.waiting),
    machinesFailing: BigInt(record.machinesFailing),
    deadLetters: BigInt(record.deadLetters),
    ...(deliveredAt === undefined ? {} : { deliveredAt: timestampFromDate(deliveredAt) }),
    ...(failedAt === undefined ? {} : { failedAt: timestampFromDate(failedAt) }),
    ...(oldestWaitingAt === undefined ? {} : { oldestWaitingAt: timestampFromDate(oldestWaitingAt) }),
  });
}
