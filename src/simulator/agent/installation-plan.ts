import { prng } from "../../lib/prng.ts";
import { imageFault, type Fault, type ImageFault } from "../faults.ts";

/** The course of a simulated installation; times in milliseconds. */
export interface InstallationPlan {
  /** Until WRITING is requested. */
  selecting: number;
  writing: number;
  verifying: number;
  bytesTotal: bigint;
  fault: ImageFault | undefined;
  /** The share of the writing after which a truncated image ends. */
  failsAt: number;
}

const mebibyte = 1024 * 1024;

/** The plan of one machine's generation: the same for the same seed, whichever run carries it out and however often. */
export function installationPlan(options: {
  seed: string;
  machine: number;
  generation: bigint;
  faults: readonly Fault[];
  /** Its image is bad, whatever the faults are. */
  fails: boolean;
  slow: boolean;
  /** Milliseconds: the longest writing on a good link. */
  longest: number;
}): InstallationPlan {
  const { longest, slow } = options;
  const random = prng(`${options.seed} installation ${options.machine} ${options.generation}`);
  const draw = random.next();
  return {
    selecting: random.between(0.02, 0.08) * longest,
    writing: random.between(0.2, 1) * longest * (slow ? 3 : 1),
    verifying: random.between(0.02, 0.1) * longest,
    bytesTotal: BigInt(random.integer(512, 8192) * mebibyte),
    fault: imageFault(options.faults, draw, options.fails),
    failsAt: random.between(0.1, 0.95),
  };
}

/** What the agent reports about a bad image, as real agents say it. */
export const imageErrors: Readonly<Record<ImageFault, string>> = {
  missing: "the server of the image answered 404",
  truncated: "the transfer ended before the image's last byte: the connection was closed",
  altered: `the image has the digest sha256:${"00".repeat(32)}, expected sha256:${"ab".repeat(32)}`,
};
