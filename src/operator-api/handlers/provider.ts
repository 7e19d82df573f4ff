import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  ProviderAcceptRequestSchema,
  ProviderCheckRequestSchema,
  type ProviderService,
} from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { operationAsk } from "../../database/queries/controller/operation.ts";
import { providerAccept } from "../../database/queries/provider/provider-doubt.ts";
import {
  doubtedList,
  providerList,
  providerShow,
  providersFileProblems,
} from "../../database/queries/provider/provider-list.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operationMessage } from "../messages/operation-message.ts";
import { providerMessage } from "../messages/provider-message.ts";
import { bodyDigest } from "../requests/body-digest.ts";
import { requestIdField, requiredText, validate } from "../requests/validate.ts";

const showRequest = z.object({ provider: requiredText(32) });
const commandRequest = z.object({ requestId: requestIdField, provider: requiredText(32) });

/** Doubted machines that are shown of one provider. */
const doubtedShown = 100;

/** The handlers of ProviderService. */
export function providerHandlers({ database }: OperatorApiDependencies): ServiceImpl<typeof ProviderService> {
  return {
    async providerList() {
      return {
        providers: (await providerList(database)).map((record) => providerMessage(record, record.problems.slice(0, 1))),
        fileProblems: await providersFileProblems(database),
      };
    },

    async providerShow(request) {
      const { provider } = validate(showRequest, request);
      const record = await providerShow(database, provider);
      const { doubted, count } = await doubtedList(database, provider, doubtedShown);
      return {
        provider: providerMessage(record),
        doubted: doubted.map(({ machineId, name = "", providerId, doubt, accepted }) => ({
          ...{ machineId, machineName: name, providerId, doubt, accepted },
        })),
        doubtedCount: count,
      };
    },

    async providerCheck(request, context) {
      const { requestId, provider } = validate(commandRequest, request);
      await providerShow(database, provider);
      const operation = await operationAsk(database, {
        requestId,
        bodyDigest: bodyDigest(ProviderCheckRequestSchema, request),
        askedBy: context.values.get(operatorKey).name,
        asked: { kind: "provider-check", provider },
      });
      return { operation: operationMessage(operation) };
    },

    async providerAccept(request, context) {
      const { requestId, provider } = validate(commandRequest, request);
      return providerAccept(database, {
        ...{ requestId, provider, command: "provider_accept" },
        bodyDigests: [bodyDigest(ProviderAcceptRequestSchema, request)],
        acceptedBy: context.values.get(operatorKey).name,
      });
    },
  };
}
