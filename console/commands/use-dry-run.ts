import { create } from "@bufbuild/protobuf";
import { callUnaryMethod, useTransport } from "@connectrpc/connect-query";
import { useEffect, useState } from "react";
import {
  InstallationRequestRequestSchema,
  InstallationService,
  type InstallationPlan,
} from "../../gen/farrier/operator/v1/installation_pb.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { callFailure } from "../api/failure.ts";
import { installProblems, type InstallForm } from "./install-form.ts";
import { installMessage } from "./machine-install.ts";
import { runMany } from "./run-many.ts";

/** What the server says about an installation before it is requested. */
export type DryRun =
  | { kind: "incomplete" }
  | { kind: "asking" }
  | { kind: "planned"; plan: InstallationPlan | undefined; warnings: readonly string[] }
  | { kind: "refused"; message: string };

/** Milliseconds after the last change until the server is asked. */
const quiet = 300;
/** Machines that are asked about; of more, the first ones. */
const askedMost = 500;

/** Dry runs of a form, by machine, made by themselves 300 ms after the last change. */
export function useDryRun(machines: readonly Machine[], form: InstallForm, requestId: string): readonly DryRun[] {
  const transport = useTransport();
  const [runs, setRuns] = useState<readonly DryRun[]>([]);
  useEffect(() => {
    const ending = new AbortController();
    const asked = machines.slice(0, askedMost);
    if (Object.keys(installProblems(form)).length > 0) {
      setRuns(asked.map(() => ({ kind: "incomplete" })));
      return undefined;
    }
    const found = asked.map((): DryRun => ({ kind: "asking" }));
    setRuns([...found]);
    const ask = (): void =>
      void runMany({
        jobs: asked,
        send: async (machine) => {
          const run = await dryRun(machine);
          found[asked.indexOf(machine)] = run;
          return run.kind;
        },
        words: String,
        // One drawing for all that came together.
        tell: (_, result) => (result === "sending" || ending.signal.aborted ? undefined : setRuns([...found])),
        stopped: () => ending.signal.aborted,
      });
    const timer = setTimeout(ask, quiet);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };

    async function dryRun(machine: Machine): Promise<DryRun> {
      try {
        const message = create(InstallationRequestRequestSchema, {
          ...installMessage(machine, form, requestId),
          dryRun: true,
        });
        const { plan, warnings } = await callUnaryMethod(
          transport,
          InstallationService.method.installationRequest,
          message,
          { signal: ending.signal },
        );
        return { kind: "planned", plan, warnings };
      } catch (error) {
        return { kind: "refused", message: callFailure(error).message };
      }
    }
  }, [machines, form, requestId, transport]);
  return runs;
}
