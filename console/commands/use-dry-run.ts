import { create } from "@bufbuild/protobuf";
import { callUnaryMethod, useTransport } from "@connectrpc/connect-query";
import { useEffect, useState } from "react";
import {
  InstallationRequestRequestSchema,
  InstallationService,
} from "../../gen/farrier/operator/v1/installation_pb.ts";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { callFailure, isWorthRetrying } from "../api/failure.ts";
import { dryRunsMost, dryRunsOf, isComplete, type DryRun, type DryRuns } from "./dry-run.ts";
import type { InstallForm } from "./install-form.ts";
import { installMessage } from "./machine-install.ts";
import { runMany } from "./run-many.ts";

/** Milliseconds after the last change until the server is asked. */
const quiet = 300;
/** Milliseconds until a server that is away is asked again. */
const again = 2_000;
/**
 * Dry runs of a form, by machine, made by themselves 300 ms after the last change. What was said about another form, or
 * about a machine as it was, is never returned.
 */
export function useDryRun(machines: readonly Machine[], form: InstallForm, requestId: string): readonly DryRun[] {
  const transport = useTransport();
  const [known, setKnown] = useState<DryRuns>();
  useEffect(() => {
    if (!isComplete(form)) {
      return undefined;
    }
    const ending = new AbortController();
    const asked = machines.slice(0, dryRunsMost);
    const found = asked.map((): DryRun => ({ kind: "asking" }));
    // One drawing for all that came together.
    const show = (): void => (ending.signal.aborted ? undefined : setKnown({ machines, form, runs: [...found] }));
    const ask = (): void =>
      void runMany({
        jobs: [...asked.entries()],
        send: async ([index, machine]) => {
          do {
            found[index] = await dryRun(machine);
            show();
          } while (found[index]?.kind === "away" && (await pause(again, ending.signal)));
          return "";
        },
        words: String,
        tell: () => undefined,
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
        const { plan, warnings, profile, image } = await callUnaryMethod(
          transport,
          InstallationService.method.installationRequest,
          message,
          { signal: ending.signal },
        );
        return { kind: "planned", plan, warnings, profile, image };
      } catch (error) {
        return { kind: isWorthRetrying(error) ? "away" : "refused", message: callFailure(error).message };
      }
    }
  }, [machines, form, requestId, transport]);
  return dryRunsOf(known, machines, form);
}

/** Waits; false if the signal ended it. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
  return !signal.aborted;
}
