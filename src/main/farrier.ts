import { setFlagsFromString } from "node:v8";
import { runCli } from "../cli/app.ts";
import { errorCode } from "../lib/errors.ts";

// Node 26 can wait for ever in process.exit (nodejs/node#54918): it joins V8's threads, and one of them, which compiles with
// Sparkplug, may wait for a garbage collection by the thread that joins it.
setFlagsFromString("--no-concurrent-sparkplug");

// The reader of a pipe may close it early, as `head` does; that is not a failure.
process.stdout.on("error", (error) => process.exit(errorCode(error) === "EPIPE" ? 0 : 1));

// Each process is loaded only when it is started, so that a command with a single call is fast.
const status = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  starters: {
    up: async (options) => (await import("./up.ts")).upProcess(options),
    server: async (options) => (await import("./server.ts")).serverProcess(options),
    shepherd: async (options) => (await import("./shepherd.ts")).shepherdProcess(options),
    netboot: async (options) => (await import("./netboot.ts")).netbootProcess(options),
    backup: async (options) => (await import("./backup.ts")).backupProcess(options),
    restore: async (options) => (await import("./restore.ts")).restoreProcess(options),
    migrate: async (options) => (await import("./migrate.ts")).migrateProcess(options),
    agentRun: async (options) => (await import("./agent.ts")).agentProcess(options),
    lab: {
      up: async (options) => (await import("./lab.ts")).up(options),
      down: async (options) => (await import("./lab.ts")).down(options),
      list: async (options) => (await import("./lab.ts")).list(options),
      power: async (options) => (await import("./lab.ts")).power(options),
      controllers: async (options) => (await import("./lab.ts")).controllerSummaries(options),
      controllersServe: async (options) => (await import("./lab-controllers.ts")).labControllersProcess(options),
      medium: async (options) => (await import("./lab.ts")).medium(options),
      console: async (options) => (await import("./lab.ts")).showConsole(options),
    },
    simulate: async (options) => (await import("./simulate.ts")).simulateProcess(options),
    imageBuild: async (options) => (await import("./image.ts")).imageBuildProcess(options),
    bootImageBuild: async (options) => (await import("./boot-image.ts")).bootImageBuildProcess(options),
  },
});
process.exit(status);
