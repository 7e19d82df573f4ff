import type { CliContext } from "../context.ts";

/** Flags of `farrier agent run`. */
export interface AgentRunFlags {
  init: string;
  fileDisks: string | undefined;
  log: string | undefined;
  debug: boolean | undefined;
}

/** `farrier agent run` */
export async function agentRunAction(this: CliContext, flags: AgentRunFlags): Promise<void> {
  const { init, fileDisks, log: logFile } = flags;
  this.process.exitCode = await this.starters.agentRun({ init, fileDisks, logFile, debug: this.debug });
}
