import { buildCommand } from "@stricli/core";
import type { MachineInstallFlags } from "../actions/machine-install.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { imageBytesFlags } from "../flags/image-bytes.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, repeatedFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { parseGeneration } from "../line/generation.ts";
import { machineParameter } from "../line/parameters.ts";
import { parsePositive } from "../line/positive.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { retryFlags } from "../flags/retry.ts";
import { parseSize } from "../../lib/format/parse-size.ts";

export const machineInstallCommand = buildCommand<MachineInstallFlags, string[], CliContext>({
  docs: docs(
    "Install an operating system, exactly once per request",
    "Asks machines, named or chosen by label, to install an image. The request id that it prints repeats the same " +
      "command safely (--request-id, with the printed ids): an installation that was requested already is not requested again.\n\n" +
      "SELECTOR chooses the one disk to write: serial=, wwn=, name=, by-path=, protocol=scsi|ata|nvme|mmc, " +
      "rotational=yes|no, min=, max= (sizes such as 500G), separated by commas; all must hold.",
    [
      "farrier machine install web1 --profile web --wait",
      "farrier machine install web1 --image https://images/debian.raw.zst --digest sha256:… --disk serial=S3Z9NB0K --wait",
      "farrier machine install web1 --image URL --digest DIGEST --disk protocol=nvme --dry-run",
      "farrier machine install web1 --image URL --digest DIGEST --disk serial=S3Z9NB0K --grow --user-data user.yaml --minisign-key images.pub",
      "farrier machine install --label rack=b12 --image URL --digest DIGEST --disk min=500G --max-parallel 8",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      label: repeatedFlag("Machines with this label; repeatable, a machine must have all of them", "KEY=VALUE"),
      profile: textFlag(
        "Install by this profile: NAME or NAME@VERSION, in place of --image, --digest and --disk",
        "PROFILE",
      ),
      set: repeatedFlag("A value for the profile's templates; repeatable", "NAME=VALUE"),
      image: textFlag("URL that machines fetch the image from: http, https or oci", "URL"),
      digest: textFlag("sha256:HEX, the digest of the file at the URL", "DIGEST"),
      disk: textFlag("The one disk to write, such as serial=S3Z9NB0K", "SELECTOR"),
      userData: textFlag("cloud-init user data", "FILE"),
      metaData: textFlag("cloud-init meta data (an instance id is added if missing)", "FILE"),
      networkConfig: textFlag("cloud-init network configuration", "FILE"),
      grow: switchFlag("Grow the last partition, and an ext file system on it, to the disk's end"),
      ...imageBytesFlags,
      readBack: switchFlag("Read the disk back and compare it before success is reported"),
      size: optionalFlag(
        "Size of the unpacked image, compared with the disk before anything is written",
        "BYTES",
        parseSize,
      ),
      wait: switchFlag("Wait for the result, and for the report that the system came up if expected; show progress"),
      dryRun: switchFlag("Show what would be written to which disk; change nothing"),
      ...retryFlags,
      replace: switchFlag("Replace the pending installation"),
      generation: optionalFlag(
        "Number of the new generation, greater than any before (default: the next)",
        "N",
        parseGeneration,
      ),
      ignoreHardwareReport: switchFlag(
        "Accept a disk selector that the hardware report contradicts, for disks that have changed",
      ),
      maxParallel: optionalFlag(
        "Maximum number of machines that install at a time; implies --wait",
        "N",
        parsePositive,
      ),
      requestId: requestIdFlag,
    },
    positional: { kind: "array", parameter: machineParameter },
  },
  loader: async () => (await import("../actions/machine-install.ts")).machineInstallAction,
});
