import { toJsonString, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { BackoffListResponseSchema, FleetService } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { MachineSchema, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { printableLines } from "../../../src/lib/format/printable.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";

/** Everything that is stored about the machine, as the API gives it: for finding faults. */
export function EverythingTab({ machine }: { machine: Machine }): ReactNode {
  const backoffs = useQuery(FleetService.method.backoffList, { machine: machine.id, all: true });
  return (
    <div className="flex flex-col gap-4">
      <Stored title="Machine, with its work and sessions" schema={MachineSchema} message={machine} />
      {backoffs.error === null ? null : <RpcError title="Its backoffs can't be listed" error={backoffs.error} />}
      {backoffs.data === undefined ? null : (
        <Stored
          title="Backoffs, those that have ended too"
          schema={BackoffListResponseSchema}
          message={backoffs.data}
        />
      )}
    </div>
  );
}

function Stored<Schema extends DescMessage>({
  title,
  schema,
  message,
}: {
  title: string;
  schema: Schema;
  message: MessageShape<Schema>;
}): ReactNode {
  const json = toJsonString(schema, message, { prettySpaces: 2 });
  return (
    <section>
      <h2 className="mb-1 flex items-center gap-2">
        {title} <CopyButton text={json} what="the JSON" />
      </h2>
      <pre className="border-line bg-surface foreign rounded-md border p-2 font-mono text-xs whitespace-pre-wrap">
        {printableLines(json)}
      </pre>
    </section>
  );
}
