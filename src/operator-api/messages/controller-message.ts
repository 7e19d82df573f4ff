import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Controller,
  ControllerProtocol,
  ControllerSchema,
  type ControllerTrustSchema,
} from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { bootTargetWords, powerCommandWords } from "../../contract/words/power.ts";
import { valueOfWord } from "../../contract/words/table.ts";
import type { StoredTrust } from "../../database/queries/controller/controller.ts";
import type { ControllerListed } from "../../database/queries/controller/controller-list.ts";
import { powerMessage } from "./health-message.ts";

const protocols = { redfish: ControllerProtocol.REDFISH, ipmi: ControllerProtocol.IPMI } as const;

/** A controller as operators see it. */
export function controllerMessage(record: ControllerListed): Controller {
  const { failure, contactAt, power } = record;
  return create(ControllerSchema, {
    machineId: record.machineId,
    machineName: record.machineName ?? "",
    protocol: protocols[record.protocol],
    url: record.url,
    system: record.system,
    credential: record.credentialName,
    trust: trustMessage(record.trust),
    maker: record.maker ?? "",
    model: record.model ?? "",
    firmware: record.firmware ?? "",
    powerCommands: record.powerCommands.flatMap((word) => valueOfWord(powerCommandWords, word) ?? []),
    bootTargets: record.bootTargets.flatMap((word) => valueOfWord(bootTargetWords, word) ?? []),
    virtualMedia: record.virtualMedia,
    httpBoot: record.httpBoot,
    mayControl: record.mayControl,
    rules: [...record.rules],
    setAt: timestampFromDate(record.setAt),
    setBy: record.setBy,
    ...(contactAt === undefined ? {} : { contactAt: timestampFromDate(contactAt) }),
    ...(failure === undefined
      ? {}
      : { failure: { at: timestampFromDate(failure.at), code: failure.code, cause: failure.cause } }),
    ...(power === undefined ? {} : { power: powerMessage(power) }),
  });
}

function trustMessage(trust: StoredTrust): MessageInitShape<typeof ControllerTrustSchema> {
  switch (trust.by) {
    case "fingerprint":
      return { by: { case: "sha256", value: Buffer.from(trust.sha256, "hex") } };
    case "ca":
      return { by: { case: "caPem", value: trust.pem } };
    case "system":
      return { by: { case: "system", value: true } };
    case "clear-text":
      return { by: { case: "clearText", value: true } };
  }
}
