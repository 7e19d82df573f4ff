import type { PolicyRule } from "../../../gen/farrier/operator/v1/policy_pb.ts";

/** What a rule of the image policy says, for people. Pure. */
export function policyRuleWords({ sources, keys, catalogueOnly }: PolicyRule): string {
  if (sources.length > 0) {
    return `images come from ${sources.join(" or ")}`;
  }
  if (keys.length > 0) {
    return `images are signed by ${keys.map(({ title }) => title).join(" or ")}`;
  }
  return catalogueOnly
    ? "operators choose among the catalogue's images, and admins add them"
    : "unknown to this version of farrier";
}
