import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, type ReactElement } from "react";
import { useSearchParams } from "react-router";
import { RolloutMachineState, type RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { rolloutMachineStateWords } from "../../../src/contract/words/rollout.ts";
import { valueOfWord } from "../../../src/contract/words/table.ts";
import { Bytes } from "../../parts/Bytes.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { LookBadge } from "../../parts/LookBadge.tsx";
import { MachineLink } from "../../parts/MachineLink.tsx";
import { rolloutMachineLook } from "../../parts/rollout-looks.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { Select } from "../../ui/Field.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { rolloutMachinesOptions } from "./queries.ts";

const pageSize = 100;
const options = [
  ["", "all"],
  ...Object.values(rolloutMachineStateWords).map((word) => [word, word.replace("-", " ")] as const),
] as const;

/** The machines of a rollout as a table: what is overwritten on which disk, how far each is, and why. */
export function RolloutMachines({ name }: { name: string }): ReactElement {
  const [search, setSearch] = useSearchParams();
  const word = search.get("state") ?? "";
  const query = useMemo(() => {
    const state = valueOfWord(rolloutMachineStateWords, word);
    return rolloutMachinesOptions(name, state === undefined ? [] : [state], pageSize);
  }, [name, word]);
  const { data, error, hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage, refetch } =
    useInfiniteQuery(query);
  const machines = data?.pages.flatMap((page) => page.machines) ?? [];
  return (
    <section aria-labelledby="machines" className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <h2 id="machines">Machines</h2>
        <label className="flex items-center gap-2 text-sm">
          Show
          <Select
            options={options}
            value={word}
            onChange={({ target: { value } }) => setSearch(value === "" ? {} : { state: value }, { replace: true })}
          />
        </label>
      </div>
      {error === null ? null : (
        <RpcError title="The machines can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && machines.length === 0 ? (
        <p className="text-dim text-sm">No machine of it is in this state.</p>
      ) : (
        <Table
          caption="Machines of the rollout"
          rows={hasNextPage ? "unknown" : machines.length}
          stale={isPlaceholderData}
          className="phone-cards"
        >
          <TableHead>
            <TableHeading>State</TableHeading>
            <TableHeading>Machine</TableHeading>
            <TableHeading number>Wave</TableHeading>
            <TableHeading>Disk</TableHeading>
            <TableHeading>Overwrites</TableHeading>
            <TableHeading number>Generation</TableHeading>
            <TableHeading>Why</TableHeading>
          </TableHead>
          <tbody>
            {machines.map((machine, index) => (
              <Row key={machine.machineId} machine={machine} index={index} />
            ))}
          </tbody>
        </Table>
      )}
      {hasNextPage ? (
        <Button className="self-start" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show the next {pageSize}
        </Button>
      ) : null}
    </section>
  );
}

function Row({ machine, index }: { machine: RolloutMachine; index: number }): ReactElement {
  const { machineId, name, wave, disk, diskBytes, overwrites, generation } = machine;
  return (
    <TableRow index={index}>
      <TableCell>
        <LookBadge look={rolloutMachineLook(machine)} />
      </TableCell>
      <TableCell label="Machine">
        <MachineLink id={machineId} name={name} />
      </TableCell>
      <TableCell label="Wave" number>
        {wave}
      </TableCell>
      <TableCell label="Disk">
        {disk === "" ? (
          <span className="text-dim">not known</span>
        ) : (
          <>
            <ForeignText text={disk} /> <Bytes bytes={diskBytes} />
          </>
        )}
      </TableCell>
      <TableCell label="Overwrites">{overwrites === 0n ? "nothing" : `generation ${String(overwrites)}`}</TableCell>
      <TableCell label="Generation" number>
        {generation === 0n ? "–" : String(generation)}
      </TableCell>
      <TableCell label="Why" className="max-w-md">
        <ForeignText text={whyWords(machine)} lines className="line-clamp-4" />
      </TableCell>
    </TableRow>
  );
}

/** Why a machine is where it is, and what is not known of it; "" for nothing. Pure. */
function whyWords({ state, cause, error, refused, changed, doubt, start, attempt }: RolloutMachine): string {
  // What the plan did not know is of no interest once it has ended.
  const isAhead = state === RolloutMachineState.PLANNED || state === RolloutMachineState.WAITING;
  const isOpen = isAhead || state === RolloutMachineState.REQUESTED;
  return [
    error === "" ? refused : `${cause}: ${error}`,
    changed,
    isAhead ? doubt : "",
    isOpen && start.startsWith("nothing") ? start : "",
    attempt > 1 ? `begun ${attempt} times` : "",
  ]
    .filter((text) => text !== "")
    .join("\n");
}
