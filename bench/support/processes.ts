import { fork, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";

/** A child process that takes one order at a time and answers it. */
export interface Worker extends AsyncDisposable {
  pid: number;
  ask<Answer>(order: unknown): Promise<Answer>;
}

/**
 * Starts a worker: a module that calls {@link serve}. Its standard output and error go to this process' standard error.
 */
export function startWorker(module: URL, nodeFlags: readonly string[] = []): Worker {
  const child: ChildProcess = fork(module, {
    stdio: ["ignore", 2, 2, "ipc"],
    serialization: "advanced",
    execArgv: ["--expose-gc", ...nodeFlags],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  if (child.pid === undefined) {
    throw new Error(`${module.pathname} could not be started`);
  }
  return {
    pid: child.pid,
    ask: <Answer>(order: unknown) =>
      new Promise<Answer>((resolve, reject) => {
        const exit = (): void => reject(new Error(`${module.pathname} ended before it answered`));
        child.once("exit", exit);
        child.once("message", (message) => {
          child.off("exit", exit);
          const { error, answer } = message as { error?: string; answer?: Answer };
          if (error === undefined) {
            resolve(answer as Answer);
          } else {
            reject(new Error(error));
          }
        });
        child.send(order as object);
      }),
    [Symbol.asyncDispose]: async () => {
      child.disconnect();
      await ended;
    },
  };
}

/** In a worker: answers orders until the parent has gone, then runs `stop`. */
export function serve(handle: (order: never) => Promise<unknown>, stop: () => Promise<void>): void {
  process.on("message", (order) => {
    handle(order as never).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
    );
  });
  process.once("disconnect", () => void stop());
}

/** Processor seconds that a process and its children have used, from /proc (proc(5): stat fields 14 to 17, ticks of 10 ms). */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
  return ticks / 100;
}

/** The pids of a process' children. */
export async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
}
