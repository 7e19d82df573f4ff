import { runCli } from "../cli/app.ts";
import { errorCode } from "../lib/errors.ts";

// The reader of a pipe may leave before everything is written, as `head` does: that is no failure.
process.stdout.on("error", (error) => process.exit(errorCode(error) === "EPIPE" ? 0 : 1));

// Each process is loaded only when it is started, so that a command of one call answers at once.
const status = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  starters: {
    up: async (options) => (await import("./up.ts")).run(options),
    server: async (options) => (await import("./server.ts")).run(options),
    shepherd: async (options) => (await import("./shepherd.ts")).run(options),
    netboot: async (options) => (await import("./netboot.ts")).run(options),
    backup: async (options) => (await import("./backup.ts")).run(options),
    restore: async (options) => (await import("./restore.ts")).run(options),
    migrate: async (options) => (await import("./migrate.ts")).run(options),
    agentRun: async (options) => (await import("./agent.ts")).run(options),
    lab: {
      up: async (options) => (await import("./lab.ts")).up(options),
      down: async (options) => (await import("./lab.ts")).down(options),
      list: async (options) => (await import("./lab.ts")).list(options),
      power: async (options) => (await import("./lab.ts")).power(options),
      console: async (options) => (await import("./lab.ts")).showConsole(options),
    },
    simulate: async (options) => (await import("./simulate.ts")).run(options),
    imageBuild: async (options) => (await import("./image.ts")).build(options),
    bootImageBuild: async (options) => (await import("./boot-image.ts")).build(options),
  },
});
process.exit(status);
