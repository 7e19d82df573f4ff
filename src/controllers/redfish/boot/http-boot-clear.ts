import { ControllerError, type ControllerErrorCode } from "../../controller.ts";
import type { Patience } from "../patience.ts";
import type { RedfishSystem } from "../system.ts";
import { bootRead } from "./boot-resource.ts";
import { changeBoot } from "./boot-set.ts";

/** The controller answers, and the URL stays. */
const kept: ReadonlySet<ControllerErrorCode> = new Set(["not_done", "refused", "unsupported"]);

/**
 * Removes the URL of an HTTP boot for which `whose` is true, by `null`, or by an empty text if `null` is refused. A
 * controller that keeps it is left alone: without an override the URL starts nothing.
 * @throws {ControllerError}
 */
export async function httpBootClear(
  system: RedfishSystem,
  { whose, patience }: { whose: (url: string) => boolean; patience: Patience },
  signal: AbortSignal,
): Promise<void> {
  const before = await bootRead(system, signal);
  if (before?.url === undefined || !whose(before.url)) {
    return;
  }
  let empty: string | null = null;
  try {
    await changeBoot(system, patience, signal, {
      body: () => ({ HttpBootUri: empty }),
      otherwise: () => {
        empty = "";
      },
      done: ({ url }) => url === undefined || !whose(url),
      expected: "no URL of an HTTP boot",
    });
  } catch (error) {
    if (!(error instanceof ControllerError) || !kept.has(error.code)) {
      throw error;
    }
  }
}
