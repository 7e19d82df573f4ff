import type { FailureCause } from "../../contract/failure-cause.ts";
import { installText } from "./states/remedy.ts";

/** The machine, and the generation that failed on it. */
export interface FailedMachine {
  /** The name that people would use, or the id. */
  title: string;
  generation: bigint;
  /** An agent has reported its hardware. */
  hardwareReported: boolean;
}

/** What helps against a cause. */
interface FailureRemedy {
  /** What to put right. */
  mend: (failed: FailedMachine) => readonly string[];
  /** The same request succeeds once that is done; otherwise only another one does. */
  sameAgain: boolean;
}

const hardware = ({ title, hardwareReported }: FailedMachine): string =>
  hardwareReported
    ? `see the machine's disks: \`farrier hardware show ${title}\``
    : "see the machine's disks: the error names them, and its agent reports its hardware when it starts";
const log = ({ title }: FailedMachine): string => `read the agent's log: \`farrier machine log ${title}\``;
const inRequest = (what: string): FailureRemedy => ({ mend: () => [what], sameAgain: false });
const elsewhere = (what: string): FailureRemedy => ({ mend: () => [what], sameAgain: true });

/** By the cause that is reported. */
const remedies: Record<FailureCause, FailureRemedy> = {
  "image-not-found": elsewhere("put the file at that address, or request the right address (--image)"),
  "image-forbidden": elsewhere(
    "let the machine read the image without credentials, or put them into the URL (https://USER:PASSWORD@HOST/…)",
  ),
  "image-server-error": elsewhere("look at the image server's log: it answered with an error of its own"),
  "image-unreachable": elsewhere(
    "see that the machine reaches the image server: name, route, firewall, and that the server runs",
  ),
  "image-too-slow": elsewhere("find out what slows the image server or the network down, or use a nearer server"),
  "image-certificate": {
    mend: () => [
      "give the CA of the image server with --image-ca FILE, or mend its certificate or the machine's clock",
    ],
    sameAgain: false,
  },
  "image-redirect": inRequest("request the address that the server finally leads to (--image)"),
  "image-changed": elsewhere("leave the file as it is while machines fetch it: each version wants its own address"),
  "not-an-image": inRequest(
    "open the address in a browser: it is a web page or empty; request the image's own (--image)",
  ),
  "wrong-digest": {
    mend: () => [
      "compare the digest of the file on the server (sha256sum) with the one that was requested; then put the right file there, " +
        "or request the right digest (--digest)",
    ],
    sameAgain: true,
  },
  "wrong-signature": elsewhere(
    "sign this very file, or request it with the key that signed it (--minisign-key, --cosign-key)",
  ),
  "image-damaged": inRequest("make the image anew, or see that --format and --compression say what it is"),
  unsupported: inRequest("request what the agent can do, as the error says, or boot a newer boot image"),
  "request-invalid": inRequest("request it as the error says"),
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
    mend: (failed) => [`find out why the agent ends: ${log(failed)}, and look at the machine's console`],
    sameAgain: true,
  },
  other: { mend: (failed) => [log(failed)], sameAgain: true },
};

/** What an operator can do about an installation that failed, the most useful first. Pure. */
export function failureRemedies(cause: FailureCause, failed: FailedMachine): string[] {
  const { title, generation } = failed;
  const { mend, sameAgain } = remedies[cause];
  const retry = `try the same again: \`farrier machine retry ${title} --generation ${generation}\``;
  const install = installText(title);
  const [first, second] = sameAgain ? [retry, install] : [install, retry];
  return [...mend(failed), first, second, `read about this cause: ${failureDocumentation(cause)}`];
}

/** The section about a cause. */
export function failureDocumentation(cause: FailureCause): string {
  return `docs/installation-failures.md#${cause}`;
}
