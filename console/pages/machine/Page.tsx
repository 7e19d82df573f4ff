import { useSuspenseQuery } from "@tanstack/react-query";
import { Suspense, useMemo, type ReactNode } from "react";
import { useNavigate, useParams, useRouteError, type LoaderFunctionArgs } from "react-router";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { callFailure } from "../../api/failure.ts";
import { InstallByAddress } from "../../commands/InstallByAddress.tsx";
import { PageError } from "../../layout/PageError.tsx";
import { liveReady, useLiveInterest } from "../../live/live.ts";
import { useLiveMachine } from "../../live/machine-store.ts";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { machineTabs, paths, type MachineTab } from "../../paths.ts";
import { Tabs } from "../../ui/Tabs.tsx";
import { ExplainPanel } from "./ExplainPanel.tsx";
import { Gone } from "./Gone.tsx";
import { MachineHead } from "./MachineHead.tsx";
import { machineLoad, showOptions } from "./machine-queries.ts";
import { TimelineTab } from "./TimelineTab.tsx";
import { useMachineKeys } from "./use-machine-keys.ts";
import { lazyPart } from "../../layout/lazy-part.ts";

// The tabs that are not open at first are loaded when they are.
const InstallationTab = lazyPart(async () => (await import("./InstallationTab.tsx")).InstallationTab);
const HardwareTab = lazyPart(async () => (await import("./HardwareTab.tsx")).HardwareTab);
const LogTab = lazyPart(async () => (await import("./LogTab.tsx")).LogTab);
const ControllerTab = lazyPart(async () => (await import("./ControllerTab.tsx")).ControllerTab);
const EverythingTab = lazyPart(async () => (await import("./EverythingTab.tsx")).EverythingTab);

const titles: Record<MachineTab, string> = {
  timeline: "Timeline",
  installation: "Installation",
  hardware: "Hardware",
  log: "Log",
  controller: "Controller",
  everything: "Everything",
};

/** Begins the stream, then reads the machine: so nothing falls between. */
export async function loader({ params }: LoaderFunctionArgs): Promise<null> {
  await liveReady();
  await machineLoad(params["machine"] ?? "");
  return null;
}

/** One machine's page. */
export default function MachinePage(): ReactNode {
  const { machine: named = "" } = useParams();
  const { data } = useSuspenseQuery(showOptions(named));
  const { machine } = data;
  return machine === undefined ? <Gone machine={named} /> : <OneMachine key={machine.id} machine={machine} />;
}

/** In place of the page of a machine that is not there, or can't be read. */
export function ErrorBoundary(): ReactNode {
  const { machine = "" } = useParams();
  const error = useRouteError();
  return callFailure(error).code === "not_found" ? <Gone machine={machine} /> : <PageError />;
}

function OneMachine({ machine }: { machine: Machine }): ReactNode {
  const { machine: named = "", tab = "timeline" } = useParams();
  const navigate = useNavigate();
  const ids = useMemo(() => [machine.id], [machine.id]);
  const show = useMemo(() => showOptions(named), [named]);
  useLiveInterest(ids);
  // What the stream leaves out, such as the controller's events.
  useRefreshOnChange(show.queryKey, { machine: machine.id, every: 10_000 });
  const deleted = useWasDeleted(machine.id);
  useMachineKeys(machine, named);
  if (deleted) {
    return <Gone machine={machine.id} />;
  }
  return (
    <>
      <InstallByAddress machine={machine} />
      <MachineHead machine={machine} />
      <ExplainPanel machine={machine} />
      <Tabs
        label="About this machine"
        value={machineTabs.find((one) => one === tab) ?? "timeline"}
        onChange={(next) => void navigate(paths.machine(named, next as MachineTab), { replace: true })}
        tabs={machineTabs.map((value) => ({
          value,
          label: titles[value],
          content: () => (
            <Suspense
              fallback={
                <p data-loading="" className="text-dim min-h-40">
                  Reading …
                </p>
              }
            >
              {tabContent(value, machine)}
            </Suspense>
          ),
        }))}
      />
    </>
  );
}

function tabContent(tab: MachineTab, machine: Machine): ReactNode {
  switch (tab) {
    case "timeline":
      return <TimelineTab machine={machine} />;
    case "installation":
      return <InstallationTab machine={machine} />;
    case "hardware":
      return <HardwareTab machine={machine} />;
    case "log":
      return <LogTab machine={machine} />;
    case "controller":
      return <ControllerTab machine={machine} />;
    case "everything":
      return <EverythingTab machine={machine} />;
  }
}

/** True once the stream has said that the machine is deleted. */
function useWasDeleted(id: string): boolean {
  const live = useLiveMachine(id);
  return live !== undefined && live.machine === undefined;
}
