import { buildRouteMap } from "@stricli/core";
import { agentInitCommand } from "./commands/agent-init.ts";
import { agentRunCommand } from "./commands/agent-run.ts";
import { backupCommand } from "./commands/backup.ts";
import { machineAddCommand } from "./commands/machine-add.ts";
import { machineCancelCommand } from "./commands/machine-cancel.ts";
import { machineHistoryCommand } from "./commands/machine-history.ts";
import { machineInstallCommand } from "./commands/machine-install.ts";
import { machineListCommand } from "./commands/machine-list.ts";
import { machineShowCommand } from "./commands/machine-show.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { restoreCommand } from "./commands/restore.ts";
import { serverCommand } from "./commands/server.ts";
import { shepherdCommand } from "./commands/shepherd.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { upCommand } from "./commands/up.ts";
import type { CliContext } from "./context.ts";

const machine = buildRouteMap<string, CliContext>({
  docs: { brief: "Machines: add, list, show, history, install, cancel" },
  routes: {
    add: machineAddCommand,
    list: machineListCommand,
    show: machineShowCommand,
    history: machineHistoryCommand,
    install: machineInstallCommand,
    cancel: machineCancelCommand,
  },
});

const agent = buildRouteMap<string, CliContext>({
  docs: { brief: "Agents: init, run" },
  routes: { init: agentInitCommand, run: agentRunCommand },
});

/** Every command. */
export const routes = buildRouteMap<string, CliContext>({
  docs: {
    brief: "Puts operating systems on bare metal",
    fullDescription: [
      "Puts operating systems on bare metal: exactly once per request, with live progress.",
      "",
      "Commands find the control plane and its token in the data directory: --data-dir, FARRIER_DATA_DIR, or ./.farrier.",
      "",
      "Exit status:",
      "  0  done",
      "  1  the operation failed, was refused or was cancelled",
      "  2  the command line or a value on it is wrong",
      "  3  the control plane or its database can't be reached",
      "  4  not authorised: the token is missing or wrong",
    ].join("\n"),
  },
  routes: {
    up: upCommand,
    server: serverCommand,
    shepherd: shepherdCommand,
    migrate: migrateCommand,
    backup: backupCommand,
    restore: restoreCommand,
    machine,
    agent,
    simulate: simulateCommand,
  },
});
