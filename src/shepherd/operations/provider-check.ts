import type { OperationResult } from "../../database/queries/controller/operation.ts";
import { describeError } from "../../lib/errors.ts";
import { counted } from "../../lib/format/counted.ts";
import { type Provider, type ProviderCheckLine, ProviderError } from "../provider.ts";

/** Looks at a provider anew, and reports line by line what works. @throws {ProviderError} `unavailable` */
export async function providerCheck(provider: Provider | undefined, signal: AbortSignal): Promise<OperationResult> {
  if (provider === undefined) {
    throw new ProviderError(
      "unavailable",
      "this shepherd does not have this provider any more: try again, and look at `farrier provider list`",
    );
  }
  const lines = provider.check === undefined ? await listed(provider, signal) : await provider.check(signal);
  return { ok: lines.every(({ ok }) => ok), lines };
}

/** What can be said of a provider that has no check of its own. */
async function listed({ list, name, power }: Provider, signal: AbortSignal): Promise<ProviderCheckLine[]> {
  const switched = { ok: true, what: power === undefined ? "it has no power switch" : "it has a power switch" };
  if (list === undefined) {
    return [{ ok: true, what: `machines of ${name} are added by hand` }, switched];
  }
  try {
    const { machines } = await list(signal);
    return [{ ok: true, what: `it lists ${counted(machines.length, "machine")}` }, switched];
  } catch (error) {
    signal.throwIfAborted();
    const what = error instanceof ProviderError ? error.message : describeError(error);
    return [{ ok: false, what, remedy: "the machines stay as they were at the last good list" }, switched];
  }
}
