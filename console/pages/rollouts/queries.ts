import { RolloutService } from "../../../gen/farrier/operator/v1/rollout_pb.ts";

/** Milliseconds between two looks at the rollouts while the page is seen: the stream tells of machines alone. */
export const rolloutsEvery = 5_000;

/** The newest rollouts; the page says so where there are more. */
export const rolloutsQuery = { method: RolloutService.method.rolloutList, input: { pageSize: 200 } } as const;
