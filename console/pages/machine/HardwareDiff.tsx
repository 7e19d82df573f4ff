import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import { HardwareChangeKind, HardwareService } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Select } from "../../ui/Field.tsx";
import { Icon, type IconName } from "../../ui/Icon.tsx";

const icons: Readonly<Record<number, IconName>> = {
  [HardwareChangeKind.UNSPECIFIED]: "info",
  [HardwareChangeKind.ADDED]: "check",
  [HardwareChangeKind.REMOVED]: "cross",
  [HardwareChangeKind.CHANGED]: "recover",
};

/** What changed from one report to another. @param numbers of the reports, latest first */
export function HardwareDiff({ id, numbers }: { id: string; numbers: readonly bigint[] }): ReactNode {
  const [from, setFrom] = useState(String(numbers[1] ?? 0));
  const [to, setTo] = useState(String(numbers[0] ?? 0));
  const { data, error } = useQuery(HardwareService.method.hardwareDiff, {
    machine: id,
    from: BigInt(from),
    to: BigInt(to),
  });
  const options = numbers.map((number) => [String(number), `report ${number}`] as const);
  return (
    <section>
      <h2 className="mb-1">What changed</h2>
      <div className="mb-2 flex max-w-md flex-wrap items-center gap-2 text-sm">
        <label className="flex items-center gap-2">
          from
          <Select value={from} onChange={({ target }) => setFrom(target.value)} options={options} />
        </label>
        <label className="flex items-center gap-2">
          to
          <Select value={to} onChange={({ target }) => setTo(target.value)} options={options} />
        </label>
      </div>
      {error === null ? null : <RpcError title="The reports can't be compared" error={error} />}
      {data?.changes.length === 0 ? <p className="text-dim text-sm">Nothing changed.</p> : null}
      <ul className="flex flex-col gap-1 text-sm">
        {data?.changes.map(({ kind, text }) => (
          <li key={text} className="flex items-start gap-2">
            <span className="pt-0.5">
              <Icon name={icons[kind] ?? "info"} size={14} />
            </span>
            <ForeignText text={text} />
          </li>
        ))}
      </ul>
    </section>
  );
}
