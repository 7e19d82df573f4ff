import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { AttackCount, AttackTargets } from "./attack.ts";

/** The attacker's process. */
export interface Attacker extends AsyncDisposable {
  start(name: string): Promise<void>;
  /** Resolves to what the attack did. */
  stop(): Promise<AttackCount>;
}

/** Starts it; it does nothing yet. */
export async function attackerStart(targets: AttackTargets): Promise<Attacker> {
  const program = new URL("./attacker.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async (line: string): Promise<unknown> => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await lines.next();
    if (done === true) {
      throw new Error("the attacker's process ended");
    }
    return JSON.parse(value);
  };
  await say(JSON.stringify(targets));
  return {
    start: async (name) => void (await say(name)),
    stop: async () => (await say("stop")) as AttackCount,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
