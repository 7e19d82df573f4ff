import { toJson } from "@bufbuild/protobuf";
import {
  ProfileSpecSchema,
  type ProfileChange,
  type ProfileSpec,
} from "../../../gen/farrier/operator/v1/profile_pb.ts";

/** The fields in which two specifications differ, by their names in a profile's file. Pure. */
export function profileChanges(before: ProfileSpec, after: ProfileSpec): Omit<ProfileChange, "$typeName">[] {
  const fields = ProfileSpecSchema.fields.map(({ name }) => name);
  const [one, other] = [textsOf(before), textsOf(after)];
  return fields.flatMap((field) => {
    const [old = "", now = ""] = [one[field], other[field]];
    return old === now ? [] : [{ field, before: old, after: now }];
  });
}

/** Each field as text; fields without a value are left out. */
function textsOf(spec: ProfileSpec): Record<string, string> {
  const json = toJson(ProfileSpecSchema, spec, { useProtoFieldName: true }) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(json).map(([field, value]) => [field, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
