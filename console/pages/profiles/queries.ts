import { ProfileService } from "../../../gen/farrier/operator/v1/profile_pb.ts";

/** The newest version of each profile; the page says so where there are more. */
export const profilesQuery = { method: ProfileService.method.profileList, input: { pageSize: 500 } } as const;
