import type { ReactNode } from "react";
import { Link } from "react-router";
import type { SecondClaimant } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { paths } from "../../paths.ts";
import { Icon } from "../../ui/Icon.tsx";
import { Section } from "./Section.tsx";

/** Machines that two agents claimed, with both side by side. */
export function SecondClaimants({ claimants }: { claimants: readonly SecondClaimant[] }): ReactNode {
  return claimants.length === 0 ? null : (
    <Section
      title={
        claimants.length === 1 ? "One machine was claimed twice" : `${claimants.length} machines were claimed twice`
      }
      about="In one boot window two agents said that they are this machine, and one of them is not. The machine is in quarantine, and neither key is trusted. Find out which address is the machine's, then open a new boot window on its page, and release it."
    >
      <ul className="flex flex-col gap-3">
        {claimants.map((claimant) => (
          <li key={claimant.machineId} className="border-bad rounded-md border">
            <p className="bg-bad-soft text-bad flex flex-wrap items-center gap-2 px-3 py-1.5 text-sm font-medium">
              <Icon name="warning" />
              <Link to={paths.machine(claimant.machineId)} className="underline">
                <ForeignText text={claimant.machineName || claimant.machineId} />
              </Link>
              <span className="font-normal">
                <Age at={claimant.at} />
              </span>
            </p>
            <div className="grid sm:grid-cols-2">
              <Claimant title="Let in first" agentKey={claimant.enrolledKey} address={claimant.enrolledAddress} />
              <Claimant title="Came second" agentKey={claimant.otherKey} address={claimant.otherAddress} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Claimant({ title, agentKey, address }: { title: string; agentKey: string; address: string }): ReactNode {
  return (
    <div className="border-line flex flex-col gap-1 px-3 py-2 text-sm not-first:border-t sm:not-first:border-t-0 sm:not-first:border-l">
      <h3 className="text-dim text-xs font-semibold">{title}</h3>
      <p>
        key <ForeignText text={agentKey} mono />…
      </p>
      <p>from {address === "" ? "an address that is not known" : <ForeignText text={address} mono />}</p>
    </div>
  );
}
