import { ProfileService } from "../../../gen/farrier/operator/v1/profile_pb.ts";

/** The versions of a profile, newest first. Pure. */
export function profileVersionsQuery(name: string) {
  return { method: ProfileService.method.profileList, input: { name, pageSize: 200 } } as const;
}

/** One version with its templates. Pure. */
export function profileShowQuery(profile: string) {
  return { method: ProfileService.method.profileShow, input: { profile } } as const;
}
