import type { CliContext } from "../context.ts";

/** Maximum number of proposed names. */
const most = 50;

/** Names of machines that begin with `partial`; none if the control plane can't be reached. */
export async function machineNames(this: CliContext, partial: string): Promise<readonly string[]> {
  try {
    // Loaded only here, so that no command starts slower because of it.
    const { operatorClient } = await import("../call/client.ts");
    const client = await operatorClient({ dataDir: undefined, operators: undefined }, this.process.env);
    const options = { timeoutMs: 2_000 };
    const { machines } = await client.machines.machineList({ namePrefix: partial, pageSize: most }, options);
    return machines.map(({ name }) => name).filter((name) => name !== "");
  } catch {
    // Completion prints no errors: there is nothing to propose.
    return [];
  }
}
