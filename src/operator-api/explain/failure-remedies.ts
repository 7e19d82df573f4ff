import type { FailureCause } from "../../contract/failure-cause.ts";
import { installText } from "./states/remedy.ts";

/** A machine and its failed generation. */
export interface FailedMachine {
  /** The machine's name, or its id if it has no name. */
  title: string;
  generation: bigint;
  /** An agent has reported the machine's hardware. */
  hardwareReported: boolean;
}

/** How to remedy a cause. */
interface FailureRemedy {
  /** What to repair first. */
  mend: (failed: FailedMachine) => readonly string[];
  /** True if the same request can succeed after that; otherwise only a new request can. */
  sameAgain: boolean;
}

const hardware = ({ title, hardwareReported }: FailedMachine): string =>
  hardwareReported
    ? `see the machine's disks: \`farrier hardware show ${title}\``
    : "see the machine's disks: the error names them, and its agent reports its hardware when it starts";
const log = ({ title }: FailedMachine): string => `read the agent's log: \`farrier machine log ${title}\``;
const inRequest = (what: string): FailureRemedy => ({ mend: () => [what], sameAgain: false });
const elsewhere = (what: string): FailureRemedy => ({ mend: () => [what], sameAgain: true });

/** By the reported cause. */
const remedies: Record<FailureCause, FailureRemedy> = {
  "image-not-found": elsewhere("put the file at that address, or request the right address (--image)"),
  "image-forbidden": elsewhere(
    "let the machine read the image without credentials, or put them into the URL (https://USER:PASSWORD@HOST/…)",
  ),
  "image-server-error": elsewhere("look at the image server's log: it answered with a server error"),
  "image-unreachable": elsewhere(
    "check that the machine reaches the image server: name, route, firewall, and that the server runs",
  ),
  "image-too-slow": elsewhere("find out what slows down the image server or the network, or use a nearer server"),
  "image-certificate": {
    mend: () => [
      "give the CA of the image server with --image-ca FILE, or correct its certificate or the machine's clock",
    ],
    sameAgain: false,
  },
  "image-redirect": inRequest("request the address that the server finally leads to (--image)"),
  "image-changed": elsewhere("do not change the file while machines fetch it: give each version its own address"),
  "not-an-image": inRequest(
    "open the address in a browser: it is a web page or empty; request the image's own (--image)",
  ),
  "wrong-digest": {
    mend: () => [
      "compare the digest of the file on the server (sha256sum) with the requested one; then put the right file there, " +
        "or request the right digest (--digest)",
    ],
    sameAgain: true,
  },
  "wrong-signature": elsewhere(
    "sign exactly this file, or request it with the key that signed it (--minisign-key, --cosign-key)",
  ),
  "image-damaged": inRequest("build the image again, or check that --format and --compression match it"),
  unsupported: inRequest("request something that the agent supports (see the error), or boot a newer boot image"),
  "request-invalid": inRequest("correct the request as the error says"),
  "disk-selector": {
    mend: (failed) => [`${hardware(failed)}; then select one (--disk)`],
    sameAgain: false,
  },
  "disk-busy": elsewhere(
    "boot the machine into the boot image, so that nothing uses its disks, or select another disk (--disk)",
  ),
  "disk-too-small": {
    mend: (failed) => [`${hardware(failed)}; then select a larger one (--disk), or request a smaller image`],
    sameAgain: false,
  },
  "disk-failed": {
    mend: (failed) => [
      `${hardware(failed)}, and their health; replace the disk or its cable, or select another (--disk)`,
    ],
    sameAgain: true,
  },
  "program-failed": { mend: (failed) => [log(failed)], sameAgain: true },
  "not-acknowledged": { mend: (failed) => [log(failed)], sameAgain: true },
  "runs-exhausted": {
    mend: (failed) => [`find out why the agent ended: ${log(failed)}, and look at the machine's console`],
    sameAgain: true,
  },
  other: { mend: (failed) => [log(failed)], sameAgain: true },
};

/** What an operator can do about a failed installation, the most useful remedy first. Pure. */
export function failureRemedies(cause: FailureCause, failed: FailedMachine): string[] {
  const { title, generation } = failed;
  const { mend, sameAgain } = remedies[cause];
  const retry = `retry the same request: \`farrier machine retry ${title} --generation ${generation}\``;
  const install = installText(title);
  const [first, second] = sameAgain ? [retry, install] : [install, retry];
  return [...mend(failed), first, second, `read about this cause: ${failureDocumentation(cause)}`];
}

/** The URL of the documentation of a cause. */
export function failureDocumentation(cause: FailureCause): string {
  return `docs/installation-failures.md#${cause}`;
}
