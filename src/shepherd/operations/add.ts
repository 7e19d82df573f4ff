import { ControllerError, type ControllerFacts } from "../../controllers/controller.ts";
import { controllerAdd } from "../../database/queries/controller/controller-add.ts";
import type { StoredTrust } from "../../database/queries/controller/controller.ts";
import type { OperationAsked, TrustAsked } from "../../database/queries/controller/operation.ts";
import type { HeldOperation } from "../../database/queries/controller/operation-claim.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import type { ShownCertificate } from "../controllers.ts";
import type { CarriedOut, CarryOutOptions } from "./options.ts";

type AddAsked = Extract<OperationAsked, { kind: "add" }>;

/**
 * Reads a controller and stores its machine. If the operator has not said how to verify the certificate, the result
 * only shows the certificate.
 */
export async function operationAdd(
  { askedBy }: HeldOperation,
  asked: AddAsked,
  { access }: CarryOutOptions,
  signal: AbortSignal,
): Promise<CarriedOut> {
  if (access === undefined) {
    throw new ControllerError("unsupported", "this shepherd reaches no controllers");
  }
  const certificate = asked.url.startsWith("https://")
    ? await access.certificateRead(asked.url, asked.credentialId, signal)
    : undefined;
  const trust = trustDecide(asked.trust, certificate);
  if (trust === undefined) {
    return { result: { outcome: "certificate", ...certificateWords(certificate) } };
  }
  await using controller = await access.open({
    protocol: asked.protocol,
    url: asked.url,
    system: asked.system ?? "",
    credentialId: asked.credentialId,
    trust,
  });
  const facts = await controller.read(signal);
  const words = factsWords(facts);
  return {
    settle: async (tx) => {
      const { machineId, made } = await controllerAdd(tx, {
        controller: {
          protocol: asked.protocol,
          url: asked.url,
          credentialId: asked.credentialId,
          trust,
          ...facts,
        },
        identity: { smbiosUuid: smbiosUuidParse(facts.smbiosUuid ?? ""), macs: facts.macs },
        power: facts.power,
        machineId: asked.machineId,
        name: asked.name,
        joins: asked.joins,
        startAgent: asked.startAgent,
        bootBy: asked.bootBy,
        actor: { kind: "operator", name: askedBy },
      });
      return { outcome: "added", machineId, made, ...words, ...certificateWords(certificate) };
    },
  };
}

/** How the controller's certificate is verified from now on; undefined if an operator must look at it first. Pure. */
export function trustDecide(asked: TrustAsked, certificate: ShownCertificate | undefined): StoredTrust | undefined {
  switch (asked.by) {
    case "ask":
      return undefined;
    case "accept-new":
      return certificate === undefined ? { by: "clear-text" } : { by: "fingerprint", sha256: certificate.sha256 };
    case "fingerprint":
    case "ca":
    case "system":
    case "clear-text":
      return asked;
  }
}

function certificateWords(certificate: ShownCertificate | undefined) {
  return certificate === undefined
    ? {}
    : {
        sha256: certificate.sha256,
        subject: certificate.subject,
        validTo: certificate.validTo.toISOString(),
      };
}

function factsWords(facts: ControllerFacts) {
  const { maker, model, firmware, system, smbiosUuid, serials, macs, power } = facts;
  return {
    maker,
    model,
    firmware,
    system,
    smbiosUuid,
    serials,
    macs,
    power,
    bootTargets: facts.bootTargets,
    virtualMedia: facts.virtualMedia,
    httpBoot: facts.httpBoot,
    mayControl: facts.mayControl,
    rules: facts.rules,
  };
}
