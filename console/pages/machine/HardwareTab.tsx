import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import type { Node } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { HardwareService, type HardwareShowResponse } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { bytesText, memoryText } from "../../../src/lib/format/bytes.ts";
import { hexText } from "../../../src/lib/format/hex.ts";
import { Age } from "../../parts/Age.tsx";
import { DiskPicture } from "../../parts/DiskPicture.tsx";
import { disksByPlace } from "../../parts/disk-facts.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Select } from "../../ui/Field.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { Facts } from "./Facts.tsx";
import { HardwareDiff } from "./HardwareDiff.tsx";

/** What the agent reported of the hardware: the latest report, earlier ones, and what changed. */
export function HardwareTab({ machine: { id } }: { machine: Machine }): ReactNode {
  const [number, setNumber] = useState("0");
  const list = useQuery(HardwareService.method.hardwareList, { machine: id });
  const some = (list.data?.reports.length ?? 0) > 0;
  const show = useQuery(
    HardwareService.method.hardwareShow,
    { machine: id, number: BigInt(number) },
    { enabled: some },
  );
  const error = list.error ?? show.error;
  if (error !== null) {
    return <RpcError title="The hardware can't be read" error={error} onRetry={() => void list.refetch()} />;
  }
  if (list.data !== undefined && !some) {
    return (
      <EmptyState title="No hardware was reported yet">
        <p>An agent reports it with its first heartbeat.</p>
      </EmptyState>
    );
  }
  if (list.data === undefined || show.data === undefined) {
    return (
      <p data-loading="" className="text-dim min-h-40">
        Reading …
      </p>
    );
  }
  const { reports } = list.data;
  return (
    <div className="flex flex-col gap-5">
      {reports.length < 2 ? null : (
        <label className="flex max-w-sm items-center gap-2 text-sm">
          Report
          <Select
            value={number}
            onChange={({ target }) => setNumber(target.value)}
            options={reports.map((report, index) => [
              index === 0 ? "0" : String(report.number),
              index === 0 ? `${report.number}, the latest` : String(report.number),
            ])}
          />
        </label>
      )}
      <Report answer={show.data} />
      {reports.length < 2 ? null : <HardwareDiff id={id} numbers={reports.map((report) => report.number)} />}
    </div>
  );
}

function Report({ answer }: { answer: HardwareShowResponse }): ReactNode {
  const { summary, report, disks } = answer;
  const node = report?.report;
  if (summary === undefined || node === undefined) {
    return <p className="text-sm">This report can't be read.</p>;
  }
  const pictured = node.blockDevice.map((device, index) => ({ device, selectors: disks[index]?.selectors ?? [] }));
  return (
    <>
      <Facts
        facts={{
          reported: <Age at={summary.reportedAt} />,
          machine: <ForeignText text={[node.manufacturer, node.product].filter(Boolean).join(" ")} />,
          "serial number": node.serialNumber === "" ? "" : <ForeignText text={node.serialNumber} mono />,
          UUID: node.smbiosUuid === "" ? "" : <ForeignText text={node.smbiosUuid} mono />,
          processors: processors(node, summary.cpuThreads),
          memory: memoryText(summary.memoryBytes),
          firmware: [node.firmware?.vendor, node.firmware?.version].some(Boolean) ? (
            <ForeignText text={[node.firmware?.vendor, node.firmware?.version].filter(Boolean).join(" ")} />
          ) : (
            ""
          ),
        }}
      />
      <section>
        <h2 className="mb-1">Disks, {bytesText(summary.diskBytes)} in all</h2>
        <DiskPicture disks={disksByPlace(pictured)} />
      </section>
      <Interfaces node={node} />
      <Memory node={node} />
    </>
  );
}

function processors({ cpu }: Node, threads: bigint): ReactNode {
  const models = Map.groupBy(cpu, ({ model }) => model);
  const words = [...models].map(([model, all]) => `${all.length} × ${model}, ${all[0]?.cores ?? 0} cores`).join("; ");
  return <ForeignText text={cpu.length === 0 ? "" : `${words}; ${threads} threads in all`} />;
}

function Interfaces({ node: { networkInterface } }: { node: Node }): ReactNode {
  return networkInterface.length === 0 ? null : (
    <section>
      <h2 className="mb-1">Network</h2>
      <Table caption="Network interfaces" rows={networkInterface.length}>
        <TableHead>
          <TableHeading>Interface</TableHeading>
          <TableHeading>MAC</TableHeading>
          <TableHeading>Link</TableHeading>
          <TableHeading>Driver</TableHeading>
        </TableHead>
        <tbody>
          {networkInterface.map((port, index) => (
            <TableRow key={`${port.name} ${hexText(port.mac)}`} index={index}>
              <TableCell>
                <ForeignText text={port.name} mono />
              </TableCell>
              <TableCell className="font-mono whitespace-nowrap">{hexText(port.mac, ":")}</TableCell>
              <TableCell>{port.linkUp ? `up${linkSpeed(port.currentSpeedBytes)}` : "down"}</TableCell>
              <TableCell>
                <ForeignText text={port.driver} />
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

/** Links are counted in bits. */
function linkSpeed(bytesPerSecond: bigint): string {
  const megabits = Number(bytesPerSecond * 8n) / 1_000_000;
  return megabits === 0 ? "" : megabits >= 1_000 ? `, ${megabits / 1_000} Gbit/s` : `, ${megabits} Mbit/s`;
}

function Memory({ node: { memoryDevice } }: { node: Node }): ReactNode {
  return memoryDevice.length === 0 ? null : (
    <section>
      <h2 className="mb-1">Memory</h2>
      <Table caption="Memory" rows={memoryDevice.length}>
        <TableHead>
          <TableHeading>Slot</TableHeading>
          <TableHeading>Size</TableHeading>
          <TableHeading>Kind</TableHeading>
          <TableHeading>Part</TableHeading>
          <TableHeading>Serial number</TableHeading>
        </TableHead>
        <tbody>
          {memoryDevice.map((device, index) => (
            <TableRow key={`${device.locator} ${device.serialNumber} ${String(index)}`} index={index}>
              <TableCell>
                <ForeignText text={[device.locator, device.bankLocator].filter(Boolean).join(" ")} />
              </TableCell>
              <TableCell>{device.sizeBytes === 0n ? "empty" : memoryText(device.sizeBytes)}</TableCell>
              <TableCell>
                <ForeignText text={[device.technology, device.kind, device.formFactor].filter(Boolean).join(" ")} />
              </TableCell>
              <TableCell>
                <ForeignText text={[device.manufacturer, device.partNumber].filter(Boolean).join(" ")} />
              </TableCell>
              <TableCell>
                <ForeignText text={device.serialNumber} mono />
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
