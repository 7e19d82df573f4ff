import { spawn } from "node:child_process";

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds after which a program that still runs counts as having opened the page. */
const startPatience = 3_000;

/** The programs that may open a page, in the order in which they are tried, with their arguments. Pure. */
export function browserPrograms(env: Environment, platform: NodeJS.Platform, path: string): string[][] {
  const named = (env["BROWSER"] ?? "").split(":").filter((program) => program !== "");
  if (named.length > 0) {
    return named.map((program) => {
      const words = program.split(" ").filter((word) => word !== "");
      return words.includes("%s") ? words.map((word) => (word === "%s" ? path : word)) : [...words, path];
    });
  }
  if (platform === "darwin") {
    return [["open", path]];
  }
  const display = (env["DISPLAY"] ?? "") !== "" || (env["WAYLAND_DISPLAY"] ?? "") !== "";
  return display ? [["xdg-open", path]] : [];
}

/** Opens a file in the user's browser; false if no program could. */
export async function browserOpen(path: string, env: Environment): Promise<boolean> {
  for (const [program = "", ...args] of browserPrograms(env, process.platform, path)) {
    if (await starts(program, args, env)) {
      return true;
    }
  }
  return false;
}

/** True if the program ends with status 0, or still runs after {@link startPatience}. */
async function starts(program: string, args: readonly string[], env: Environment): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(program, [...args], { detached: true, stdio: "ignore", env });
  const timer = setTimeout(() => resolve(true), startPatience);
  child.once("error", () => resolve(false));
  child.once("exit", (status) => resolve(status === 0));
  const started = await promise;
  clearTimeout(timer);
  child.unref();
  return started;
}
