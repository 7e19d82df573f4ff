import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OSInstallationRequest } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { InstallationEnd, InstallerEvent, InstallerState } from "./installer.ts";
import { installerDecide } from "./installer.ts";

const request = (generation: bigint): OSInstallationRequest => create(OSInstallationRequestSchema, { generation });
const requested = (generation: bigint): InstallerEvent => ({ kind: "requested", request: request(generation) });
const cancelled = (generation: bigint): InstallerEvent => ({ kind: "cancelled", generation });
const refused: InstallerEvent = { kind: "refused" };
const success = { kind: "success" } as const;
const dropped = { kind: "dropped", refused: false } as const;
const failed = { kind: "error", error: "no" } as const;
const ended = (generation: bigint, end: InstallationEnd): InstallerEvent => ({
  kind: "ended",
  generation,
  end,
});
const acknowledged = (generation: bigint): InstallerEvent => ({ kind: "acknowledged", generation });

const idle: InstallerState = { kind: "idle" };
const done5: InstallerState = { kind: "idle", last: { generation: 5n, result: success } };
const dropped5: InstallerState = { kind: "idle", last: { generation: 5n } };
const installing5: InstallerState = { kind: "installing", generation: 5n };
const aborting5: InstallerState = { kind: "aborting", generation: 5n, refused: false };
const refused5: InstallerState = { kind: "aborting", generation: 5n, refused: true };
const replaced5: InstallerState = { kind: "aborting", generation: 5n, refused: false, next: request(6n) };
const reporting5: InstallerState = { kind: "reporting", generation: 5n, result: success };

const begin6 = { kind: "begin", request: request(6n) } as const;
const report = { kind: "report" } as const;
const abort5 = { kind: "abort", generation: 5n } as const;

describe("the installer's decisions", () => {
  test.each<[string, InstallerState, InstallerEvent, InstallerState, object[]]>([
    ["a request begins", idle, requested(6n), { kind: "installing", generation: 6n }, [begin6]],
    [
      "a greater one after a finished one begins",
      done5,
      requested(6n),
      { kind: "installing", generation: 6n },
      [begin6],
    ],
    ["a finished one is reported again, not begun again", done5, requested(5n), reporting5, [report]],
    ["a called-off one is not begun again", dropped5, requested(5n), dropped5, []],
    ["a lesser one is not begun", done5, requested(4n), done5, []],
    ["generation 0 is none", idle, requested(0n), idle, []],
    ["a cancellation means nothing to an idle one", done5, cancelled(5n), done5, []],
    ["nor does a refused key", idle, refused, idle, []],
    ["the same request again changes nothing", installing5, requested(5n), installing5, []],
    ["a lesser request changes nothing", installing5, requested(4n), installing5, []],
    ["a greater request aborts", installing5, requested(6n), replaced5, [abort5]],
    ["a cancellation aborts", installing5, cancelled(5n), aborting5, [abort5]],
    ["another generation's cancellation does not", installing5, cancelled(4n), installing5, []],
    ["a refused key aborts", installing5, refused, refused5, [abort5]],
    ["success is reported", installing5, ended(5n, success), reporting5, [report]],
    ["an error is reported", installing5, ended(5n, failed), { ...reporting5, result: failed }, [report]],
    ["one called off by its own progress report is dropped", installing5, ended(5n, dropped), dropped5, []],
    ["another's end changes nothing", installing5, ended(4n, success), installing5, []],
    ["a new one waits until the old one has ended", aborting5, requested(6n), replaced5, []],
    ["and begins then", replaced5, ended(5n, success), { kind: "installing", generation: 6n }, [begin6]],
    ["the waiting one may be cancelled too", replaced5, cancelled(6n), aborting5, []],
    ["or replaced", replaced5, requested(7n), { ...replaced5, next: request(7n) }, []],
    ["success after the abort is dropped", aborting5, ended(5n, success), dropped5, []],
    ["nothing is begun for a refused key", replaced5, refused, refused5, []],
    ["acknowledged, it is idle", reporting5, acknowledged(5n), done5, []],
    ["another's acknowledgement is not its own", reporting5, acknowledged(4n), reporting5, []],
    ["a greater request waits for the report", reporting5, requested(6n), reporting5, []],
    ["a report outlives a cancellation", reporting5, cancelled(5n), reporting5, []],
    ["and a refused key", reporting5, refused, reporting5, []],
  ])("%s", (_name, state, event, next, actions) => {
    const decision = installerDecide(state, event);
    expect(decision.state).toEqual(next);
    expect(decision.actions).toMatchObject(actions);
    expect(decision.actions).toHaveLength(actions.length);
  });

  test("one whose progress report was refused is reported as failed in the same way", () => {
    const { state } = installerDecide(installing5, ended(5n, { kind: "dropped", refused: true }));
    expect(installerDecide(state, requested(5n)).state).toMatchObject({ kind: "reporting", result: { kind: "error" } });
  });

  test("one broken off by a refused key is reported as failed when the key is accepted again and asked", () => {
    const { state } = installerDecide(refused5, ended(5n, dropped));
    const again = installerDecide(state, requested(5n));
    expect(again.state).toMatchObject({ kind: "reporting", generation: 5n, result: { kind: "error" } });
    expect(again.actions).toEqual([report]);
  });

  test("whatever happens: generations begin in rising order, each once, never two at a time", () => {
    const generation = fc.bigInt({ min: 1n, max: 6n });
    const event = fc.oneof(
      generation.map(requested),
      generation.map(cancelled),
      fc.constant(refused),
      fc
        .record({ generation, end: fc.constantFrom(success, failed, dropped) })
        .map((end): InstallerEvent => ({ kind: "ended", ...end })),
      generation.map(acknowledged),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let state: InstallerState = { kind: "idle" };
        let running: bigint | undefined;
        let greatest = 0n;
        for (const each of events) {
          // Only what runs can end.
          if (each.kind === "ended" && each.generation !== running) {
            continue;
          }
          const decision = installerDecide(state, each);
          state = decision.state;
          running = each.kind === "ended" ? undefined : running;
          for (const action of decision.actions) {
            if (action.kind === "begin") {
              expect(running).toBeUndefined();
              expect(action.request.generation > greatest).toBe(true);
              running = greatest = action.request.generation;
            } else if (action.kind === "abort") {
              expect(action.generation).toBe(running);
            }
          }
          expect(state.kind === "installing" || state.kind === "aborting").toBe(running !== undefined);
        }
      }),
    );
  });
});
