import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { HardwareService } from "../../gen/farrier/operator/v1/hardware_pb.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { callFailure } from "../api/failure.ts";
import { disksByPlace } from "../parts/disk-facts.ts";
import { DiskPicture, type PicturedDisk } from "../parts/DiskPicture.tsx";
import { Field, TextInput } from "../ui/Field.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import type { InstallFieldsProps } from "./InstallImageFields.tsx";

/** Which disk is written: drawn for one machine, in words for many. @param props.imageBytes 0 means unknown */
export function InstallDiskFields(
  props: InstallFieldsProps & { machine: Machine | undefined; imageBytes: bigint; planned: string | undefined },
): ReactElement {
  const { form, problems, onChange, machine, imageBytes, planned } = props;
  return (
    <>
      {machine === undefined ? null : (
        <DrawnDisks
          machine={machine}
          selector={form.selector}
          imageBytes={imageBytes}
          planned={planned}
          onChoose={(selector) => onChange({ selector })}
        />
      )}
      <Field
        label="Disk"
        hint={
          machine === undefined
            ? "The one disk to write on each machine: protocol=nvme, min=500G, rotational=no, by-path=…, separated by commas."
            : "A press on a disk fills in its most lasting selector; or serial=, wwn=, by-path=, protocol=, min=, max=."
        }
        error={problems.selector}
      >
        {(control) => (
          <TextInput
            {...control}
            mono
            value={form.selector}
            placeholder={machine === undefined ? "protocol=nvme,min=500G" : "serial=S64GNE0R"}
            onChange={({ target }) => onChange({ selector: target.value })}
          />
        )}
      </Field>
    </>
  );
}

/** What {@link DrawnDisks} take. */
export interface DrawnDisksProps {
  machine: Machine;
  selector: string;
  imageBytes: bigint;
  /** The kernel's name of the disk that the server would choose; undefined while it is not known. */
  planned: string | undefined;
  /** Left out where a profile chooses. */
  onChoose?: (selector: string) => void;
}

/** A machine's disks as they were reported last, with the chosen one marked. */
export function DrawnDisks({ machine, selector, imageBytes, planned, onChoose }: DrawnDisksProps): ReactElement {
  const { disks, state } = useReportedDisks(machine.id);
  if (state !== "reported") {
    return state === "loading" ? (
      <Skeleton label="Loading the disks" />
    ) : (
      <p className="text-sm text-warn">
        {state === "none"
          ? "No agent has reported this machine's hardware yet: say which disk is meant. The agent checks it before anything is written, and fails if it matches no disk, or several."
          : `The hardware report can't be read: ${state}`}
      </p>
    );
  }
  const chosen =
    disks.find(({ selectors }) => selectors.some((one) => selectorText(one) === selector)) ??
    disks.find(({ device }) => planned !== undefined && device.name === planned);
  return (
    <DiskPicture
      disks={disks}
      chosen={chosen}
      imageBytes={imageBytes}
      {...(onChoose === undefined
        ? {}
        : { onChoose: (disk: PicturedDisk) => onChoose(selectorText(disk.selectors[0] ?? "")) })}
      holds={() =>
        disks.length === 1 && machine.installed !== undefined
          ? `holds the installed system of generation ${machine.installed.generation}`
          : undefined
      }
    />
  );
}

/** The disks of a machine's latest hardware report, in the order of their places. */
export function useReportedDisks(machine: string): {
  disks: PicturedDisk[];
  /** "none" without a report; else an error's words. */
  state: "loading" | "reported" | "none" | (string & {});
} {
  const { data, error } = useQuery(HardwareService.method.hardwareShow, { machine });
  if (data === undefined) {
    const failure = error === null ? undefined : callFailure(error);
    const none = failure?.code === "not_found" ? "none" : failure?.message;
    return { disks: [], state: none ?? "loading" };
  }
  const devices = data.report?.report?.blockDevice ?? [];
  const disks = devices.map((device, index) => ({ device, selectors: data.disks[index]?.selectors ?? [] }));
  return { disks: disksByPlace(disks), state: devices.length === 0 ? "none" : "reported" };
}

/** A selector of the server, whose value is as it is, in the form's notation, where commas separate. */
function selectorText(condition: string): string {
  return condition.replaceAll(",", String.raw`\,`);
}
