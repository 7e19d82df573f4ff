import { createConnectQueryKey, createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useState, type ReactElement, type ReactNode } from "react";
import {
  FleetService,
  type FleetSummaryResponse,
  type HardwareTotals,
} from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { bytesText, memoryText } from "../../../src/lib/format/bytes.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useLiveFleet } from "../../live/use-live-fleet.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Age } from "../../parts/Age.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { figures } from "./figures.ts";

const method = FleetService.method.fleetSummary;
const input = { hardwareGroups: true };
const every = 5_000;
const key = createConnectQueryKey({ schema: method, cardinality: "finite" });

/** Reads the figures before the page is drawn. */
export async function loader(): Promise<null> {
  await queryClient.ensureQueryData(createQueryOptions(method, input, { transport }));
  return null;
}

/** The page "Metrics": the fleet's figures, and its hardware by provider and location. */
export default function MetricsPage(): ReactNode {
  const [interval, setInterval] = useState(every);
  const { data, error, refetch } = useQuery(method, input, { refetchInterval: interval });
  const next = useLiveFleet(key, data?.machines, every);
  if (next !== interval) {
    setInterval(next);
  }
  return (
    <>
      <PageHead title="Metrics" />
      {error === null ? null : (
        <RpcError title="The fleet can't be counted" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? null : (
        <div className="flex flex-col gap-6">
          <Figures summary={data} />
          <Hardware summary={data} />
        </div>
      )}
      <section aria-labelledby="over-time" className="mt-6 flex flex-col items-start gap-2">
        <h2 id="over-time">Over time</h2>
        <p className="text-dim">
          Prometheus reads the same figures from /metrics; deploy/grafana-dashboard.json draws them. Here, without it:
        </p>
        <CliCopy command="farrier fleet summary --watch" />
      </section>
    </>
  );
}

function Figures({ summary }: { summary: FleetSummaryResponse }): ReactElement {
  const rows = figures(summary);
  return (
    <section aria-labelledby="figures" className="flex flex-col gap-2">
      <h2 id="figures">The fleet</h2>
      <Table caption="The fleet's figures" rows={rows.length} className="max-w-2xl">
        <TableHead>
          <TableHeading>What</TableHeading>
          <TableHeading>Which</TableHeading>
          <TableHeading number>Number</TableHeading>
        </TableHead>
        <tbody>
          {rows.map(({ what, which, count }, index) => (
            <TableRow key={`${what} ${which}`} index={index}>
              <TableCell className="text-dim">{what}</TableCell>
              <TableCell>
                <ForeignText text={which} />
              </TableCell>
              <TableCell number>{count.toLocaleString("en")}</TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function Hardware({ summary: { hardware, hardwareGroups, at } }: { summary: FleetSummaryResponse }): ReactElement {
  const counted = hardware?.computedAt;
  return (
    <section aria-labelledby="hardware" className="flex flex-col gap-2">
      <h2 id="hardware">Hardware</h2>
      {hardware === undefined || counted === undefined ? (
        <p className="text-dim">It was not counted yet: it is, once an hour.</p>
      ) : (
        <>
          <p className="text-dim">
            As machines last reported it, counted{" "}
            {at === undefined ? timestampDate(counted).toISOString() : <Age at={counted} />}
          </p>
          <Table caption="Hardware by provider and location" rows={hardwareGroups.length + 1}>
            <TableHead>
              <TableHeading>Provider</TableHeading>
              <TableHeading>Location</TableHeading>
              <TableHeading number>Machines</TableHeading>
              <TableHeading number>Cores</TableHeading>
              <TableHeading number>Threads</TableHeading>
              <TableHeading number>Memory</TableHeading>
              <TableHeading number>Disks</TableHeading>
              <TableHeading number>On disks</TableHeading>
            </TableHead>
            <tbody>
              <TotalsRow index={0} provider="all" location="" totals={hardware} />
              {hardwareGroups.map(({ provider, location, others, totals }, index) =>
                totals === undefined ? null : (
                  <TotalsRow
                    key={`${provider} ${location} ${String(others)}`}
                    index={index + 1}
                    provider={others ? "all others" : provider || "none"}
                    location={location}
                    totals={totals}
                  />
                ),
              )}
            </tbody>
          </Table>
        </>
      )}
    </section>
  );
}

function TotalsRow({
  index,
  provider,
  location,
  totals,
}: {
  index: number;
  provider: string;
  location: string;
  totals: HardwareTotals;
}): ReactElement {
  return (
    <TableRow index={index} className={index === 0 ? "font-medium" : ""}>
      <TableCell>{provider}</TableCell>
      <TableCell>{location === "" ? "–" : <ForeignText text={location} />}</TableCell>
      <TableCell number>{totals.reports.toLocaleString("en")}</TableCell>
      <TableCell number>{totals.cpuCores.toLocaleString("en")}</TableCell>
      <TableCell number>{totals.cpuThreads.toLocaleString("en")}</TableCell>
      <TableCell number>{memoryText(totals.memoryBytes)}</TableCell>
      <TableCell number>{totals.disks.toLocaleString("en")}</TableCell>
      <TableCell number>{bytesText(totals.diskBytes)}</TableCell>
    </TableRow>
  );
}
