import { useInfiniteQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import { Link, useSearchParams } from "react-router";
import { AccessService, type AuditEntry } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Field, Select, TextInput } from "../../ui/Field.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { auditAll, auditFilterOf, auditRequest, auditResults, auditSearch, type AuditFilter } from "./audit-filter.ts";

/** Operators' commands, carried out or refused, the newest first. */
export function Audit(): ReactNode {
  const [search, setSearch] = useSearchParams();
  const filter = auditFilterOf(search);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    AccessService.method.auditList,
    { ...auditRequest(filter), pageSize: 100, pageToken: "" },
    {
      pageParamKey: "pageToken",
      getNextPageParam: ({ nextPageToken }) => (nextPageToken === "" ? undefined : nextPageToken),
    },
  );
  return (
    <div className="flex flex-col gap-3">
      <AuditFilters
        key={search.toString()}
        filter={filter}
        onChange={(next) => setSearch(auditSearch(next), { replace: true })}
      />
      {error === null ? null : (
        <RpcError title="The audit can't be read" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined && error === null ? <Skeleton lines={6} /> : null}
      {data === undefined ? null : (
        <AuditEntries entries={data.pages.flatMap((page) => page.entries)} more={hasNextPage} />
      )}
      {hasNextPage ? (
        <Button className="self-start" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show earlier ones
        </Button>
      ) : null}
    </div>
  );
}

function AuditEntries({ entries, more }: { entries: readonly AuditEntry[]; more: boolean }): ReactNode {
  return entries.length === 0 ? (
    <p className="text-dim text-sm">No command matches.</p>
  ) : (
    <Table className="phone-cards" caption="Audit" rows={more ? "unknown" : entries.length}>
      <TableHead>
        <TableHeading>When</TableHeading>
        <TableHeading>Who</TableHeading>
        <TableHeading>Command</TableHeading>
        <TableHeading>Machine</TableHeading>
        <TableHeading>Result</TableHeading>
        <TableHeading>From</TableHeading>
      </TableHead>
      <tbody>
        {entries.map((entry, index) => (
          <AuditRow
            key={`${entry.at?.seconds}-${entry.at?.nanos}-${entry.requestId}-${entry.method}`}
            entry={entry}
            index={index}
          />
        ))}
      </tbody>
    </Table>
  );
}

function AuditFilters({
  filter,
  onChange,
}: {
  filter: AuditFilter;
  onChange: (filter: AuditFilter) => void;
}): ReactNode {
  const [typed, setTyped] = useState(filter);
  const isSet = Object.values(filter).some((value) => value !== "");
  return (
    <form
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({
          ...typed,
          machine: typed.machine.trim(),
          actor: typed.actor.trim(),
          method: typed.method.trim(),
        });
      }}
    >
      <Field label="Machine">
        {(control) => (
          <TextInput
            {...control}
            value={typed.machine}
            placeholder="name or UUID"
            maxLength={63}
            onChange={({ target }) => setTyped({ ...typed, machine: target.value })}
          />
        )}
      </Field>
      <Field label="Operator">
        {(control) => (
          <TextInput
            {...control}
            value={typed.actor}
            placeholder="name"
            maxLength={256}
            onChange={({ target }) => setTyped({ ...typed, actor: target.value })}
          />
        )}
      </Field>
      <Field label="Command">
        {(control) => (
          <TextInput
            {...control}
            value={typed.method}
            placeholder="such as MachineAdd"
            maxLength={128}
            onChange={({ target }) => setTyped({ ...typed, method: target.value })}
          />
        )}
      </Field>
      <Field label="Result">
        {(control) => (
          <Select
            {...control}
            value={typed.result}
            onChange={({ target }) =>
              setTyped({ ...typed, result: auditResults.find((word) => word === target.value) ?? "" })
            }
            options={auditResults.map((word) => [word, word === "" ? "any" : word])}
          />
        )}
      </Field>
      <Button type="submit">Filter</Button>
      {isSet ? (
        <Button kind="quiet" onClick={() => onChange(auditAll)}>
          Show all
        </Button>
      ) : null}
    </form>
  );
}

function AuditRow({ entry, index }: { entry: AuditEntry; index: number }): ReactNode {
  const { at, actor, method, machine, machineId, machineName, code, message, address, consoleSessionId } = entry;
  // A page names machines by their UUIDs, which say nothing to a person.
  const named = machineName || machine || machineId;
  return (
    <TableRow index={index}>
      <TableCell data-label="When">
        <Age at={at} />
      </TableCell>
      <TableCell data-label="Who">
        <ForeignText text={actor} />
      </TableCell>
      <TableCell data-label="Command">
        <span title={method}>{method.split("/")[1] ?? method}</span>
      </TableCell>
      <TableCell data-label="Machine">
        {named === "" ? (
          <span className="text-dim">–</span>
        ) : (
          <Link to={paths.machine(machineId === "" ? named : machineId)} className="text-accent underline">
            <ForeignText text={named} />
          </Link>
        )}
      </TableCell>
      <TableCell data-label="Result">
        {code === "ok" ? (
          <Chip tone="good">done</Chip>
        ) : (
          <>
            <Chip tone="bad">{code}</Chip> <ForeignText text={message} className="text-xs" />
          </>
        )}
      </TableCell>
      <TableCell data-label="From" className="text-xs">
        <ForeignText text={address} mono /> {consoleSessionId === "" ? null : <span className="text-dim">console</span>}
      </TableCell>
    </TableRow>
  );
}
