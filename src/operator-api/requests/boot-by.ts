import { z } from "zod";
import { bootMeans } from "../../contract/boot-means.ts";

/** The means of a machine's starts: one of them, "auto" for the best that works, or "" for no change. */
export const bootByField = z.enum(["", "auto", ...bootMeans], `expected ${bootMeans.join(", ")}, auto, or nothing`);
