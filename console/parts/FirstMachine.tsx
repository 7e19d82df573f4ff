import type { ReactNode } from "react";
import { EmptyState } from "../ui/EmptyState.tsx";
import { CliCopy } from "./CliCopy.tsx";

const ways = [
  {
    title: "Try it on this computer",
    words: "Virtual machines that behave as bare metal.",
    commands: ["farrier lab up --machines 3"],
  },
  {
    title: "Let machines boot from the network",
    words: "Name a machine by what its firmware reports, and let it in for an hour; then switch it on.",
    commands: [
      "farrier machine add --provider static --provider-id web1 --name web1 --mac 52:54:00:12:34:56",
      "farrier machine boot-window web1",
    ],
  },
  {
    title: "Add one by its controller, or by hand",
    words: "A controller that speaks Redfish or IPMI, or a running system that can be reached by SSH.",
    commands: ["farrier bmc add --help", "farrier machine add --help"],
  },
] as const;

/** For a fleet without machines: three ways to the first one, with their commands. */
export function FirstMachine(): ReactNode {
  return (
    <EmptyState title="There are no machines yet">
      <ol className="flex flex-col gap-4">
        {ways.map(({ title, words, commands }) => (
          <li key={title}>
            <p className="text-text font-medium">{title}</p>
            <p>{words}</p>
            <ul className="mt-1 flex flex-col gap-1">
              {commands.map((command) => (
                <li key={command}>
                  <CliCopy command={command} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </EmptyState>
  );
}
