import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import {
  PolicyDeleteRequestSchema,
  PolicyRuleSchema,
  PolicySetRequestSchema,
  type PolicyRule,
  type PolicyService,
} from "../../../gen/farrier/operator/v1/policy_pb.ts";
import { allowedSourceExpected, isAllowedSource } from "../../contract/catalogue/allowed-source.ts";
import { imageKey, imageKeyTitle, type ImageKey } from "../../contract/catalogue/image-rule.ts";
import {
  imageRuleDelete,
  imageRuleList,
  imageRuleSet,
  type ImageRuleRecord,
  type ImageRuleSays,
} from "../../database/queries/image/image-rule.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { bytes, requestIdField, validate } from "../requests/validate.ts";
import { catalogueNameField } from "../requests/version-reference.ts";

const keyField = z
  .object({ format: z.number(), publicKey: bytes(16_384) })
  .transform(({ format, publicKey }, context): ImageKey => {
    const key = imageKey(format, publicKey);
    if (key === undefined) {
      context.addIssue({
        code: "custom",
        message:
          "is no public key of that format: expected a minisign .pub file, or a cosign.pub, an ECDSA key on P-256 in PEM",
      });
      return z.NEVER;
    }
    return key;
  });
const setRequest = z
  .object({
    requestId: requestIdField,
    name: catalogueNameField,
    sources: z
      .array(z.string().refine((source) => isAllowedSource(source), `expected ${allowedSourceExpected}`))
      .max(64, "expected at most 64"),
    keys: z.array(keyField).max(16, "expected at most 16"),
    catalogueOnly: z.boolean(),
  })
  .refine(
    ({ sources, keys, catalogueOnly }) =>
      [sources.length > 0, keys.length > 0, catalogueOnly].filter((given) => given).length === 1,
    "sources: expected exactly one of sources, keys and catalogue_only: make a rule for each",
  );
const deleteRequest = z.object({ requestId: requestIdField, name: catalogueNameField });

/** The handlers of PolicyService. */
export function policyHandlers({ database, secrets }: OperatorApiDependencies): ServiceImpl<typeof PolicyService> {
  return {
    async policyShow() {
      return { rules: (await imageRuleList(database)).map((rule) => policyRuleMessage(rule)) };
    },

    async policySet(request, context) {
      const valid = validate(setRequest, request);
      const { requestId, name } = valid;
      await imageRuleSet(database, {
        requestId,
        command: "policy_set",
        bodyDigests: secretDigests(secrets, PolicySetRequestSchema, request),
        name,
        says: saysOf(valid),
        setBy: context.values.get(operatorKey).name,
      });
      const rule = (await imageRuleList(database)).find((one) => one.name === name);
      return rule === undefined ? {} : { rule: policyRuleMessage(rule) };
    },

    async policyDelete(request) {
      const { requestId, name } = validate(deleteRequest, request);
      const bodyDigests = secretDigests(secrets, PolicyDeleteRequestSchema, request);
      await imageRuleDelete(database, { requestId, command: "policy_delete", bodyDigests, name });
      return {};
    },
  };
}

function saysOf({ sources, keys }: z.output<typeof setRequest>): ImageRuleSays {
  if (sources.length > 0) {
    return { kind: "sources", sources: [...new Set(sources)] };
  }
  return keys.length > 0 ? { kind: "keys", keys } : { kind: "catalogue" };
}

function policyRuleMessage(rule: ImageRuleRecord): PolicyRule {
  return create(PolicyRuleSchema, {
    name: rule.name,
    sources: rule.kind === "sources" ? [...rule.sources] : [],
    keys:
      rule.kind === "keys"
        ? rule.keys.map((key) => ({
            // Recorded as a number of the contract.
            format: key.format as SignatureFormat,
            publicKey: Uint8Array.from(Buffer.from(key.publicKey, "base64")),
            title: imageKeyTitle(key),
          }))
        : [],
    catalogueOnly: rule.kind === "catalogue",
    setAt: timestampFromDate(rule.setAt),
    setBy: rule.setBy,
  });
}
