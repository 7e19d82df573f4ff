import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  CredentialCreateRequestSchema,
  CredentialDeleteRequestSchema,
  CredentialRotateRequestSchema,
  StoredCredentialSchema,
  type CredentialService,
  type StoredCredential,
} from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { credentialId, type RequestId } from "../../database/ids.ts";
import {
  credentialCreate,
  credentialDelete,
  credentialList,
  credentialRotate,
  credentialShow,
  type CredentialRecord,
  type StoredCredentialKind,
} from "../../database/queries/secret/credential.ts";
import { credentialKindValues, credentialKindWords } from "../../contract/words/credential-kind.ts";
import { isUuid, uuidOfText } from "../../lib/format/uuid.ts";
import { credentialPlace } from "../../secrets/credential-open.ts";
import { allowedAddress } from "../../secrets/may-reach.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { line, pageSizeField, requestIdField, validate } from "../requests/validate.ts";
import { wordField } from "../requests/word-field.ts";
import { secretProblem } from "../requests/validate-secret.ts";

const kindField = wordField(credentialKindWords, "expected STORED_CREDENTIAL_KIND_BMC, …_SSH_PASSWORD or …_SSH_KEY");

const nameText = "expected a-z, 0-9 and '.-_', with a letter or digit at both ends, at most 63 characters";
const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/u;
const nameField = z
  .string()
  .regex(namePattern, nameText)
  .refine((name) => !isUuid(name), "looks like a UUID: choose another name");

const allowedField = z
  .array(
    z.string().transform((value, context) => {
      const address = allowedAddress(value);
      if (address === undefined) {
        context.addIssue({
          code: "custom",
          message:
            "expected a network such as 10.1.0.0/16 (no bits set after its prefix), an address such as 10.1.2.3, or a host " +
            "name such as bmc7.example.net, without port or scheme",
        });
        return z.NEVER;
      }
      return address.text;
    }),
  )
  .min(1, "is missing: expected at least one network, address or host name that the secret may be sent to")
  .max(64, "expected at most 64")
  .transform((texts) => [...new Set(texts)]);

// Looked at in full where the kind is known: its words must never hold any of it.
const secretField = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "is missing");

const createRequest = z.object({
  requestId: requestIdField,
  name: nameField,
  kind: kindField,
  userName: line(256).min(1, "is missing: expected the user that logs in"),
  secret: secretField,
  allowed: allowedField,
});
const rotateRequest = z.object({ requestId: requestIdField, name: nameField, secret: secretField });
const deleteRequest = z.object({ requestId: requestIdField, name: nameField });
const listRequest = z.object({
  pageSize: pageSizeField,
  pageToken: z
    .string()
    .refine((token) => token === "" || namePattern.test(nameOfPageToken(token)), pageTokenMessage)
    .transform(nameOfPageToken),
});

/** A page token is this and the last name of the page before. */
const pageTokenStart = "name:";
function nameOfPageToken(token: string): string {
  return token.startsWith(pageTokenStart) ? token.slice(pageTokenStart.length) : "";
}

/** The handlers of CredentialService. */
export function credentialHandlers({
  database,
  secrets,
}: OperatorApiDependencies): ServiceImpl<typeof CredentialService> {
  return {
    async credentialCreate(request, context) {
      const { requestId, name, kind, userName, secret, allowed } = validate(createRequest, request);
      secretMust(kind, secret);
      const id = idOfRequest(requestId);
      await credentialCreate(database, {
        requestId,
        command: "credential_create",
        bodyDigests: secretDigests(secrets, CredentialCreateRequestSchema, request),
        credentialId: id,
        name,
        kind,
        userName,
        allowed,
        sealedSecret: secrets.seal(credentialPlace(id, "secret"), secret),
        createdBy: context.values.get(operatorKey).name,
      });
      return { credential: credentialMessage(await credentialShow(database, { credentialId: id })) };
    },

    async credentialList(request) {
      const { pageSize, pageToken } = validate(listRequest, request);
      const found = await credentialList(database, { limit: pageSize + 1, after: pageToken });
      const page = found.slice(0, pageSize);
      return {
        credentials: page.map((record) => credentialMessage(record)),
        nextPageToken: found.length > pageSize ? pageTokenStart + (page.at(-1)?.name ?? "") : "",
      };
    },

    async credentialRotate(request, context) {
      const { requestId, name, secret } = validate(rotateRequest, request);
      const { credentialId: id, kind } = await credentialShow(database, { name });
      secretMust(kind, secret);
      await credentialRotate(database, {
        requestId,
        command: "credential_rotate",
        bodyDigests: secretDigests(secrets, CredentialRotateRequestSchema, request),
        credentialId: id,
        sealedSecret: secrets.seal(credentialPlace(id, "secret"), secret),
        rotatedBy: context.values.get(operatorKey).name,
      });
      return { credential: credentialMessage(await credentialShow(database, { credentialId: id })) };
    },

    async credentialDelete(request) {
      const { requestId, name } = validate(deleteRequest, request);
      await credentialDelete(database, {
        requestId,
        command: "credential_delete",
        bodyDigests: secretDigests(secrets, CredentialDeleteRequestSchema, request),
        name,
      });
      return {};
    },
  };
}

/** @throws {ConnectError} invalid_argument, without any of the secret */
function secretMust(kind: StoredCredentialKind, secret: Uint8Array): void {
  const problem = secretProblem(kind, secret);
  if (problem !== undefined) {
    throw new ConnectError(`secret: ${problem}`, Code.InvalidArgument);
  }
}

/** The id of the credential that a request makes: what is sealed is bound to it before it is stored. */
function idOfRequest(requestId: RequestId): ReturnType<typeof credentialId> {
  return credentialId(uuidOfText(`farrier credential ${requestId}`));
}

function credentialMessage(record: CredentialRecord): StoredCredential {
  const rotated: Partial<MessageInitShape<typeof StoredCredentialSchema>> =
    record.rotatedAt === undefined ? {} : { rotatedAt: timestampFromDate(record.rotatedAt) };
  return create(StoredCredentialSchema, {
    id: record.credentialId,
    name: record.name,
    kind: credentialKindValues[record.kind],
    userName: record.userName,
    allowed: [...record.allowed],
    keyId: record.keyId,
    createdAt: timestampFromDate(record.createdAt),
    createdBy: record.createdBy,
    rotatedBy: record.rotatedBy ?? "",
    changePending: record.nextStored,
    keyLost: record.keyLost,
    ...rotated,
  });
}
