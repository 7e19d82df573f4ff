import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { EnrollmentService, type OpenBootWindow } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { BootWindowState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { randomId } from "../../api/random-id.ts";
import { prepare } from "../../commands/prepared.ts";
import { useSending } from "../../commands/use-sending.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { toast } from "../../ui/Toast.tsx";
import { BootWindowOpenDialog } from "./BootWindowOpenDialog.tsx";
import { Section } from "./Section.tsx";

/** The boot windows that are open, with what is left of them. */
export function BootWindows({
  windows,
  refused,
}: {
  windows: readonly OpenBootWindow[];
  refused: string | undefined;
}): ReactNode {
  const [opening, setOpening] = useState(false);
  return (
    <Section
      title="Open boot windows"
      about="Within its window a machine is let in by its network boot, without an approval."
      actions={
        <Button refused={refused} onClick={() => setOpening(true)}>
          Open a window…
        </Button>
      }
    >
      {windows.length === 0 ? (
        <p className="text-sm">No boot window is open.</p>
      ) : (
        <Table className="phone-cards" caption="Open boot windows" rows={windows.length}>
          <TableHead>
            <TableHeading>Machine</TableHeading>
            <TableHeading>Token</TableHeading>
            <TableHeading>Closes</TableHeading>
            <TableHeading>Opened</TableHeading>
            <TableHeading>
              <span className="unseen">Close</span>
            </TableHeading>
          </TableHead>
          <tbody>
            {windows.map((open, index) => (
              <WindowRow key={open.window?.id ?? open.machineId} open={open} index={index} refused={refused} />
            ))}
          </tbody>
        </Table>
      )}
      {opening ? <BootWindowOpenDialog onClose={() => setOpening(false)} /> : null}
    </Section>
  );
}

function WindowRow({
  open: { machineId, machineName, window },
  index,
  refused,
}: {
  open: OpenBootWindow;
  index: number;
  refused: string | undefined;
}): ReactNode {
  const name = machineName || machineId;
  const [requestId] = useState(() => randomId());
  const { busy, send } = useSending();
  const close = async (): Promise<void> => {
    const done = await send(
      prepare({
        machineId,
        title: name,
        method: EnrollmentService.method.bootWindowClose,
        message: { requestId, machine: machineId },
        words: () => ["machine", "boot-window", name, "--close"],
        done: () => `The boot window of ${name} is closed`,
      }),
    );
    toast(done === undefined ? "bad" : "good", done ?? `The boot window of ${name} could not be closed: try again`);
  };
  return (
    <TableRow index={index}>
      <TableCell data-label="Machine">
        <Link to={paths.machine(machineId)} className="text-accent underline">
          <ForeignText text={name} />
        </Link>
      </TableCell>
      <TableCell data-label="Token">
        {window?.state === BootWindowState.GIVEN ? (
          <Chip tone="busy">handed out, no agent yet</Chip>
        ) : (
          <Chip>not asked for yet</Chip>
        )}
      </TableCell>
      <TableCell data-label="Closes">
        <Age at={window?.closesAt} />
      </TableCell>
      <TableCell data-label="Opened">
        <Age at={window?.openedAt} /> by <ForeignText text={window?.openedBy ?? ""} />
      </TableCell>
      <TableCell data-label="" className="text-right">
        <Button
          busy={busy}
          refused={refused}
          onClick={() => void close()}
          aria-label={`Close the boot window of ${name}`}
        >
          Close
        </Button>
      </TableCell>
    </TableRow>
  );
}
