import { existsSync } from "node:fs";

const program = "/usr/bin/setpriv";

/**
 * A command line that the kernel ends (PR_SET_PDEATHSIG) when the process that starts it does, be it by SIGKILL; where util-linux' setpriv is
 * not there, the same command line. What the command starts in turn is not ended with it.
 */
export function withParent(command: readonly [string, ...string[]]): [string, ...string[]] {
  return existsSync(program) ? [program, "--pdeathsig", "KILL", ...command] : [...command];
}
