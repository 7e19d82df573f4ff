import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  ProfileApplyRequestSchema,
  ProfileDeleteRequestSchema,
  ProfileSchema,
  ProfileSpecSchema,
  type Profile,
  type ProfileService,
  type ProfileSpec,
} from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { catalogueNamePattern, versionReference, versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { ruledSource } from "../../contract/catalogue/image-ruled.ts";
import { imageSourceRead } from "../../contract/catalogue/image-source.ts";
import { DatabaseError } from "../../database/errors.ts";
import { profileApply, profileDelete } from "../../database/queries/profile/profile-apply.ts";
import {
  profileVersionList,
  profileVersionShow,
  type ProfileVersionRecord,
} from "../../database/queries/profile/profile-version.ts";
import { imageSourcePlace, profileSpecPlace } from "../../secrets/image-source.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { renderedFor } from "../profile/installation-by-profile.ts";
import { profileChanges } from "../profile/profile-changes.ts";
import { readyImage } from "../profile/profile-image.ts";
import { profileRead, profileSpecOpen } from "../profile/profile-read.ts";
import { profileCheck } from "../profile/profile-render.ts";
import { profileSpecField, templateValuesField } from "../profile/spec-field.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { imagePermits } from "../requests/image-permitted.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { shownAfter } from "../requests/shown-after.ts";
import { machineField, pageSizeField, requestIdField, validate } from "../requests/validate.ts";
import { catalogueNameField, optionalProfileField, profileReferenceField } from "../requests/version-reference.ts";

const applyRequest = z.object({ requestId: requestIdField, name: catalogueNameField, spec: profileSpecField });
const listRequest = z
  .object({
    name: z.string().refine((name) => name === "" || catalogueNamePattern.test(name), "expected a profile's name"),
    pageSize: pageSizeField,
    pageToken: z
      .string()
      .refine((token) => /^(?:|name:[a-z0-9._-]{1,63}|version:[1-9]\d{0,9})$/u.test(token), pageTokenMessage),
  })
  .refine(({ name, pageToken }) => pageToken === "" || pageToken.startsWith("version:") === (name !== ""), {
    path: ["pageToken"],
    message: pageTokenMessage,
  });
const showRequest = z.object({ profile: profileReferenceField });
const diffRequest = z.object({ profile: profileReferenceField, spec: profileSpecField.optional() });
const renderRequest = z
  .object({
    profile: optionalProfileField,
    machine: machineField,
    values: templateValuesField,
    spec: profileSpecField.optional(),
  })
  .refine(({ profile, spec }) => profile !== undefined || spec !== undefined, {
    path: ["profile"],
    message: "is missing: expected NAME or NAME@VERSION of a profile, or a specification",
  });
const deleteRequest = z.object({ requestId: requestIdField, name: catalogueNameField });

/** The handlers of ProfileService. */
export function profileHandlers(
  { database, secrets, userDataSchema }: OperatorApiDependencies,
  templates: TemplateRenderer,
): ServiceImpl<typeof ProfileService> {
  return {
    async profileApply(request, context) {
      const { requestId, name, spec: checked } = validate(applyRequest, request);
      // As the caller sent it, but without what this server does not know: the same file twice is the same bytes.
      const spec = create(ProfileSpecSchema, request.spec);
      const sample = await profileCheck(templates, spec);
      // A sample's values are none that cloud-init knows, such as names of file systems.
      const isPlain = !/\{[{%]/u.test(spec.userData);
      const warnings = [...sample.warnings, ...((isPlain ? await userDataSchema?.(sample.userData) : undefined) ?? [])];
      const bytes = toBinary(ProfileSpecSchema, spec, { writeUnknownFields: false });
      const permit = await imagePermits(database);
      const { version, changed } = await profileApply(database, {
        requestId,
        command: "profile_apply",
        bodyDigests: secretDigests(secrets, ProfileApplyRequestSchema, request),
        name,
        image: spec.image,
        imageReference: checked.image,
        permit: (image) =>
          permit(ruledSource(imageSourceRead(secrets.open(imageSourcePlace(image), image.sealedSource)))),
        isSame: (sealedSpec, number) => {
          const before = profileSpecOpen(secrets, { name, version: number, sealedSpec });
          return Buffer.from(toBinary(ProfileSpecSchema, before)).equals(bytes);
        },
        seal: (number) => secrets.seal(profileSpecPlace({ name, version: number }), bytes),
        appliedBy: context.values.get(operatorKey).name,
      });
      const commanded = {
        ...{ what: `profile "${name}"`, makes: true },
        deletion: { command: "profile_delete", names: [name] },
      };
      const record = await shownAfter(database, commanded, () => profileVersionShow(database, { name, version }));
      return { profile: profileMessage(record), changed, warnings };
    },

    async profileList(request) {
      const { name, pageSize, pageToken } = validate(listRequest, request);
      const after = pageToken.slice(pageToken.indexOf(":") + 1);
      const limit = pageSize + 1;
      const found = await profileVersionList(
        database,
        name === "" ? { limit, after } : { limit, name, before: Number(after) },
      );
      const page = found.slice(0, pageSize);
      const last = page.at(-1);
      const next = name === "" ? `name:${last?.name ?? ""}` : `version:${last?.version ?? 0}`;
      return {
        profiles: page.map((record) => profileMessage(record)),
        nextPageToken: found.length > pageSize ? next : "",
      };
    },

    async profileShow(request) {
      const { profile } = validate(showRequest, request);
      const { record, spec } = await profileRead(database, secrets, profile);
      return { profile: profileMessage(record), spec };
    },

    async profileDiff(request) {
      const { profile } = validate(diffRequest, request);
      const { spec: before } = await profileRead(database, secrets, profile);
      const after: ProfileSpec = request.spec ?? (await profileRead(database, secrets, { name: profile.name })).spec;
      return { changes: profileChanges(before, after) };
    },

    async profileRender(request) {
      const { profile, machine, values } = validate(renderRequest, request);
      const machineId = await machineOf(database, machine);
      const stored =
        profile === undefined || request.spec !== undefined ? undefined : await profileRead(database, secrets, profile);
      const spec = request.spec ?? stored?.spec ?? create(ProfileSpecSchema);
      if (stored === undefined) {
        await profileCheck(templates, spec);
      }
      const rendered = await renderedFor({ database, secrets, templates }, spec, machineId, values);
      const image = await imageNow(spec.image);
      return {
        machineId,
        version: stored?.record.version ?? 0,
        image: "title" in image ? image.title : "",
        userData: rendered.userData,
        networkConfig: rendered.networkConfig,
        warnings: [
          ...rendered.warnings,
          ...("problem" in image ? [image.problem] : []),
          ...((await userDataSchema?.(rendered.userData)) ?? []),
        ],
      };
    },

    async profileDelete(request, context) {
      const { requestId, name } = validate(deleteRequest, request);
      const versions = await profileDelete(database, {
        requestId,
        command: "profile_delete",
        bodyDigests: secretDigests(secrets, ProfileDeleteRequestSchema, request),
        name,
        deletedBy: context.values.get(operatorKey).name,
      });
      return { versions };
    },
  };

  async function imageNow(text: string): Promise<{ title: string } | { problem: string }> {
    try {
      const { record } = await readyImage(database, secrets, versionReference(text) ?? { name: text });
      return { title: versionText(record.name, record.version) };
    } catch (error) {
      if (error instanceof DatabaseError && (error.code === "refused" || error.code === "not_found")) {
        return { problem: error.message };
      }
      throw error;
    }
  }
}

function profileMessage(record: ProfileVersionRecord): Profile {
  return create(ProfileSchema, {
    name: record.name,
    version: record.version,
    image: record.image,
    appliedAt: timestampFromDate(record.appliedAt),
    appliedBy: record.appliedBy,
  });
}
