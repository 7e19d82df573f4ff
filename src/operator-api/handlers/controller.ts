import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  ControllerAddRequestSchema,
  ControllerCheckRequestSchema,
  ControllerRemoveRequestSchema,
  type ControllerService,
  type ControllerTrust,
} from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { machineId as toMachineId } from "../../database/ids.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { credentialShow } from "../../database/queries/secret/credential.ts";
import { controllerList, controllerShow } from "../../database/queries/controller/controller-list.ts";
import { controllerRemoveOnce } from "../../database/queries/controller/controller-remove.ts";
import { operationAsk, type TrustAsked } from "../../database/queries/controller/operation.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { controllerMessage } from "../messages/controller-message.ts";
import { operationMessage } from "../messages/operation-message.ts";
import { bodyDigest } from "../requests/body-digest.ts";
import { bootByField } from "../requests/boot-by.ts";
import { certificatesOf } from "../requests/certificates.ts";
import { controllerUrlParse } from "../../contract/controller-url.ts";
import { machineIdOfRequest } from "../requests/machine-id-of-request.ts";
import { machineOf, machineThere } from "../requests/machine-reference.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import {
  line,
  machineField,
  newNameField,
  pageSizeField,
  requestIdField,
  requiredText,
  validate,
} from "../requests/validate.ts";
import { controllerPasswordHandler } from "./controller-password.ts";
import { machinePowerHandlers } from "./machine-power.ts";
import { operationShowHandler } from "./operation-show.ts";
import { defined } from "../../lib/defined.ts";

const urlField = requiredText(512).transform((text, context) => {
  const parsed = controllerUrlParse(text);
  if ("problem" in parsed) {
    context.addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  }
  return parsed;
});

const trustField = z
  .custom<ControllerTrust>()
  .optional()
  .transform((trust, context): TrustAsked => {
    switch (trust?.by.case) {
      case undefined:
        return { by: "ask" };
      case "sha256":
        if (trust.by.value.length !== 32) {
          context.addIssue({ code: "custom", message: "expected the 32 bytes of a SHA-256 fingerprint" });
        }
        return { by: "fingerprint", sha256: Buffer.from(trust.by.value).toString("hex") };
      case "acceptNew":
        return { by: "accept-new" };
      case "caPem": {
        const pem = certificatesOf(trust.by.value);
        if (pem === undefined) {
          context.addIssue({
            code: "custom",
            message: "expected certificates in PEM and nothing else, at most 256 KiB",
          });
        }
        return { by: "ca", pem: pem ?? "" };
      }
      case "system":
        return { by: "system" };
      case "clearText":
        return { by: "clear-text" };
    }
  });

const addRequest = z
  .object({
    requestId: requestIdField,
    url: urlField,
    credential: requiredText(128),
    name: newNameField,
    machine: z.union([z.literal(""), machineField]),
    system: line(256),
    trust: trustField,
    startAgent: z.boolean(),
    bootBy: bootByField,
  })
  .refine(({ url, trust }) => url.tls || trust.by === "clear-text", {
    path: ["trust"],
    message:
      "this address is without TLS, so that anybody on the way reads the password: say clear_text where that is meant",
  })
  .refine(({ url, trust }) => !url.tls || trust.by !== "clear-text", {
    path: ["trust"],
    message: "this address has TLS: say how its certificate is trusted",
  })
  .refine(({ machine, name }) => machine === "" || name === "", {
    path: ["machine"],
    message: "is given, and so is a name for a new one: one or the other",
  });

/** Of page tokens: the machine's id follows. */
const pageTokenStart = "after-";

const machineRequest = z.object({ requestId: requestIdField, machine: machineField });
const checkRequest = machineRequest.extend({ media: z.boolean() });
const showRequest = z.object({ machine: machineField });
const listRequest = z.object({
  pageSize: pageSizeField,
  pageToken: z.string().transform((token, context) => {
    const id = token.startsWith(pageTokenStart) ? token.slice(pageTokenStart.length) : "";
    if (token === "") {
      return undefined;
    }
    if (!isUuid(id)) {
      context.addIssue({ code: "custom", message: pageTokenMessage });
      return z.NEVER;
    }
    return toMachineId(id);
  }),
});

/** What operators call about machines' controllers and power. */
export function controllerHandlers(dependencies: OperatorApiDependencies): ServiceImpl<typeof ControllerService> {
  const { database } = dependencies;
  return {
    ...machinePowerHandlers(dependencies),
    controllerPassword: controllerPasswordHandler(dependencies),
    operationShow: operationShowHandler(dependencies),

    async controllerAdd(request, context) {
      const { requestId, url, credential, name, machine, system, trust, startAgent, bootBy } = validate(
        addRequest,
        request,
      );
      const joins = machine === "" ? undefined : await machineThere(database, machine);
      const operation = await operationAsk(database, {
        requestId,
        bodyDigest: bodyDigest(ControllerAddRequestSchema, request, joins),
        askedBy: context.values.get(operatorKey).name,
        ...defined({ machineId: joins }),
        asked: {
          kind: "add",
          protocol: url.protocol,
          url: url.url,
          credentialId: (await credentialShow(database, { name: credential })).credentialId,
          trust,
          machineId: machineIdOfRequest(requestId),
          startAgent,
          ...(bootBy === "" ? {} : { bootBy }),
          ...(system === "" ? {} : { system }),
          ...(name === "" ? {} : { name }),
          ...defined({ joins }),
        },
      });
      return { operation: operationMessage(operation) };
    },

    async controllerList(request) {
      const { pageSize, pageToken: after } = validate(listRequest, request);
      const found = await controllerList(database, { limit: pageSize + 1, after });
      const page = found.slice(0, pageSize);
      return {
        controllers: page.map((record) => controllerMessage(record)),
        nextPageToken: found.length > pageSize ? `${pageTokenStart}${page.at(-1)?.machineId ?? ""}` : "",
      };
    },

    async controllerShow(request) {
      const { machine } = validate(showRequest, request);
      return { controller: controllerMessage(await controllerShow(database, await machineThere(database, machine))) };
    },

    async controllerCheck(request, context) {
      const { requestId, machine, media } = validate(checkRequest, request);
      const machineId = await machineThere(database, machine);
      await controllerShow(database, machineId);
      const operation = await operationAsk(database, {
        requestId,
        bodyDigest: bodyDigest(ControllerCheckRequestSchema, request, machineId),
        machineId,
        askedBy: context.values.get(operatorKey).name,
        asked: { kind: "check", ...(media ? { media } : {}) },
      });
      return { operation: operationMessage(operation) };
    },

    async controllerRemove(request, context) {
      const { requestId, machine } = validate(machineRequest, request);
      const machineId = await machineOf(database, machine);
      await controllerRemoveOnce(database, {
        machineId,
        requestId,
        command: "controller_remove",
        bodyDigest: bodyDigest(ControllerRemoveRequestSchema, request, machineId),
        actor: context.values.get(operatorKey),
      });
      return { machineId };
    },
  };
}
