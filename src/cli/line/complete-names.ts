import type { CliContext } from "../context.ts";

/** Names at most, as more help nobody. */
const most = 50;

/** Names of machines that begin with what was typed; none where they can't be had. */
export async function machineNames(this: CliContext, partial: string): Promise<readonly string[]> {
  try {
    // Loaded only here: no command starts slower for it.
    const { operatorClient } = await import("../call/client.ts");
    const client = await operatorClient({ dataDir: undefined, operators: undefined }, this.process.env);
    const options = { timeoutMs: 2_000 };
    const { machines } = await client.machines.machineList({ namePrefix: partial, pageSize: most }, options);
    return machines.map(({ name }) => name).filter((name) => name !== "");
  } catch {
    // Who presses a key wants no message: there is nothing to propose.
    return [];
  }
}
