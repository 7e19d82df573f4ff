import { buildRouteMap } from "@stricli/core";
import { agentInitCommand } from "./commands/agent-init.ts";
import { agentRunCommand } from "./commands/agent-run.ts";
import { auditListCommand } from "./commands/audit-list.ts";
import { backoffClearCommand } from "./commands/backoff-clear.ts";
import { backoffListCommand } from "./commands/backoff-list.ts";
import { bmcAddCommand } from "./commands/bmc-add.ts";
import { bmcCheckCommand } from "./commands/bmc-check.ts";
import { bmcListCommand } from "./commands/bmc-list.ts";
import { bmcPasswordCommand } from "./commands/bmc-password.ts";
import { bmcRemoveCommand } from "./commands/bmc-remove.ts";
import { bmcShowCommand } from "./commands/bmc-show.ts";
import { machineBootCommand } from "./commands/machine-boot.ts";
import { machineIdentifyCommand } from "./commands/machine-identify.ts";
import { machinePowerCommand } from "./commands/machine-power.ts";
import { machineSshCommand } from "./commands/machine-ssh.ts";
import { machineStartAgentCommand } from "./commands/machine-start-agent.ts";
import { backupCommand } from "./commands/backup.ts";
import { bootImageBuildCommand } from "./commands/boot-image-build.ts";
import { completionCommand } from "./commands/completion.ts";
import { consoleCommand } from "./commands/console.ts";
import { consoleSessionEndCommand } from "./commands/console-session-end.ts";
import { consoleSessionListCommand } from "./commands/console-session-list.ts";
import { contextAddCommand } from "./commands/context-add.ts";
import { contextListCommand } from "./commands/context-list.ts";
import { contextRemoveCommand } from "./commands/context-remove.ts";
import { contextShowCommand } from "./commands/context-show.ts";
import { contextUseCommand } from "./commands/context-use.ts";
import { eventFollowCommand } from "./commands/event-follow.ts";
import { webhookAddCommand } from "./commands/webhook-add.ts";
import { webhookDeadLettersCommand } from "./commands/webhook-dead-letters.ts";
import { webhookDeleteCommand } from "./commands/webhook-delete.ts";
import { webhookListCommand } from "./commands/webhook-list.ts";
import { webhookRedeliverCommand } from "./commands/webhook-redeliver.ts";
import { webhookShowCommand } from "./commands/webhook-show.ts";
import { webhookTestCommand } from "./commands/webhook-test.ts";
import { credentialCreateCommand } from "./commands/credential-create.ts";
import { credentialDeleteCommand } from "./commands/credential-delete.ts";
import { credentialListCommand } from "./commands/credential-list.ts";
import { credentialRotateCommand } from "./commands/credential-rotate.ts";
import { enrollmentApproveCommand } from "./commands/enrollment-approve.ts";
import { enrollmentListCommand } from "./commands/enrollment-list.ts";
import { enrollmentRejectCommand } from "./commands/enrollment-reject.ts";
import { fleetGroupsCommand } from "./commands/fleet-groups.ts";
import { fleetSummaryCommand } from "./commands/fleet-summary.ts";
import { hardwareDiffCommand } from "./commands/hardware-diff.ts";
import { hardwareListCommand } from "./commands/hardware-list.ts";
import { hardwareShowCommand } from "./commands/hardware-show.ts";
import { imageAddCommand } from "./commands/image-add.ts";
import { imageBuildDebianCommand } from "./commands/image-build-debian.ts";
import { imageBuildTinyCommand } from "./commands/image-build-tiny.ts";
import { imageDeleteCommand } from "./commands/image-delete.ts";
import { imageListCommand } from "./commands/image-list.ts";
import { imageShowCommand } from "./commands/image-show.ts";
import { imageTagCommand } from "./commands/image-tag.ts";
import { installationListCommand } from "./commands/installation-list.ts";
import { installationShowCommand } from "./commands/installation-show.ts";
import { labConsoleCommand } from "./commands/lab-console.ts";
import { labControllersCommand } from "./commands/lab-controllers.ts";
import { labDownCommand } from "./commands/lab-down.ts";
import { labListCommand } from "./commands/lab-list.ts";
import { labMediumCommand } from "./commands/lab-medium.ts";
import { labPowerCommand } from "./commands/lab-power.ts";
import { labUpCommand } from "./commands/lab-up.ts";
import { machineAddCommand } from "./commands/machine-add.ts";
import { machineBootWindowCommand } from "./commands/machine-boot-window.ts";
import { machineCancelCommand } from "./commands/machine-cancel.ts";
import { machineDeleteCommand } from "./commands/machine-delete.ts";
import { machineExplainCommand } from "./commands/machine-explain.ts";
import { machineHistoryCommand } from "./commands/machine-history.ts";
import { machineInstallCommand } from "./commands/machine-install.ts";
import { machineCountCommand } from "./commands/machine-count.ts";
import { machineListCommand } from "./commands/machine-list.ts";
import { machineLogCommand } from "./commands/machine-log.ts";
import { machineQuarantineCommand } from "./commands/machine-quarantine.ts";
import { machineReleaseCommand } from "./commands/machine-release.ts";
import { machineRetryCommand } from "./commands/machine-retry.ts";
import { machineShowCommand } from "./commands/machine-show.ts";
import { machineUpdateCommand } from "./commands/machine-update.ts";
import { machineWatchCommand } from "./commands/machine-watch.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { netbootCommand } from "./commands/netboot.ts";
import { policyDeleteCommand } from "./commands/policy-delete.ts";
import { policySetCommand } from "./commands/policy-set.ts";
import { policyShowCommand } from "./commands/policy-show.ts";
import { profileApplyCommand } from "./commands/profile-apply.ts";
import { profileCreateCommand } from "./commands/profile-create.ts";
import { profileDeleteCommand } from "./commands/profile-delete.ts";
import { profileDiffCommand } from "./commands/profile-diff.ts";
import { profileListCommand } from "./commands/profile-list.ts";
import { profileRenderCommand } from "./commands/profile-render.ts";
import { profileShowCommand } from "./commands/profile-show.ts";
import { providerAcceptCommand } from "./commands/provider-accept.ts";
import { providerCheckCommand } from "./commands/provider-check.ts";
import { providerListCommand } from "./commands/provider-list.ts";
import { providerShowCommand } from "./commands/provider-show.ts";
import { restoreCommand } from "./commands/restore.ts";
import { rolloutCancelCommand } from "./commands/rollout-cancel.ts";
import { rolloutCreateCommand } from "./commands/rollout-create.ts";
import { rolloutDeleteCommand } from "./commands/rollout-delete.ts";
import { rolloutListCommand } from "./commands/rollout-list.ts";
import { rolloutPauseCommand } from "./commands/rollout-pause.ts";
import { rolloutPlanCommand } from "./commands/rollout-plan.ts";
import { rolloutResumeCommand } from "./commands/rollout-resume.ts";
import { rolloutRetryFailedCommand } from "./commands/rollout-retry-failed.ts";
import { rolloutShowCommand } from "./commands/rollout-show.ts";
import { rolloutStartCommand } from "./commands/rollout-start.ts";
import { secretsGiveUpCommand } from "./commands/secrets-give-up.ts";
import { secretsRotateCommand } from "./commands/secrets-rotate.ts";
import { secretsShowCommand } from "./commands/secrets-show.ts";
import { serverCommand } from "./commands/server.ts";
import { sessionListCommand } from "./commands/session-list.ts";
import { shepherdCommand } from "./commands/shepherd.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { tokenCreateCommand } from "./commands/token-create.ts";
import { tokenListCommand } from "./commands/token-list.ts";
import { tokenRevokeCommand } from "./commands/token-revoke.ts";
import { upCommand } from "./commands/up.ts";
import { whoamiCommand } from "./commands/whoami.ts";
import { workListCommand } from "./commands/work-list.ts";
import type { CliContext } from "./context.ts";

const machine = buildRouteMap<string, CliContext>({
  docs: { brief: "Machines: add, list, show, explain, history, log, install, cancel, retry, quarantine, …" },
  routes: {
    add: machineAddCommand,
    list: machineListCommand,
    count: machineCountCommand,
    show: machineShowCommand,
    explain: machineExplainCommand,
    ssh: machineSshCommand,
    history: machineHistoryCommand,
    log: machineLogCommand,
    watch: machineWatchCommand,
    power: machinePowerCommand,
    boot: machineBootCommand,
    identify: machineIdentifyCommand,
    "start-agent": machineStartAgentCommand,
    "boot-window": machineBootWindowCommand,
    update: machineUpdateCommand,
    delete: machineDeleteCommand,
    install: machineInstallCommand,
    cancel: machineCancelCommand,
    retry: machineRetryCommand,
    quarantine: machineQuarantineCommand,
    release: machineReleaseCommand,
  },
});

const bmc = buildRouteMap<string, CliContext>({
  docs: { brief: "Management controllers (BMCs): add, list, show, check, password, remove" },
  routes: {
    add: bmcAddCommand,
    list: bmcListCommand,
    show: bmcShowCommand,
    check: bmcCheckCommand,
    password: bmcPasswordCommand,
    remove: bmcRemoveCommand,
  },
});

const provider = buildRouteMap<string, CliContext>({
  docs: { brief: "Providers, where machines come from: list, show, check, accept" },
  routes: {
    list: providerListCommand,
    show: providerShowCommand,
    check: providerCheckCommand,
    accept: providerAcceptCommand,
  },
});

const installation = buildRouteMap<string, CliContext>({
  docs: { brief: "Installations: list, show" },
  routes: { list: installationListCommand, show: installationShowCommand },
});

const hardware = buildRouteMap<string, CliContext>({
  docs: { brief: "Hardware that agents reported: list, show, diff" },
  routes: { list: hardwareListCommand, show: hardwareShowCommand, diff: hardwareDiffCommand },
});

const fleet = buildRouteMap<string, CliContext>({
  docs: { brief: "The fleet in numbers: summary, groups" },
  routes: { summary: fleetSummaryCommand, groups: fleetGroupsCommand },
});

const session = buildRouteMap<string, CliContext>({
  docs: { brief: "Live components: list" },
  routes: { list: sessionListCommand },
});

const consoleSession = buildRouteMap<string, CliContext>({
  docs: { brief: "Browsers that are signed in to the console: list, end" },
  routes: { list: consoleSessionListCommand, end: consoleSessionEndCommand },
});

const work = buildRouteMap<string, CliContext>({
  docs: { brief: "Work that components hold on machines: list" },
  routes: { list: workListCommand },
});

const backoff = buildRouteMap<string, CliContext>({
  docs: { brief: "Backoffs: list, clear" },
  routes: { list: backoffListCommand, clear: backoffClearCommand },
});

const enrollment = buildRouteMap<string, CliContext>({
  docs: { brief: "Agents that wait for approval: list, approve, reject" },
  routes: { list: enrollmentListCommand, approve: enrollmentApproveCommand, reject: enrollmentRejectCommand },
});

const token = buildRouteMap<string, CliContext>({
  docs: { brief: "Operators' tokens: create, list, revoke" },
  routes: { create: tokenCreateCommand, list: tokenListCommand, revoke: tokenRevokeCommand },
});

const credential = buildRouteMap<string, CliContext>({
  docs: { brief: "What opens controllers and machines: create, list, rotate, delete" },
  routes: {
    create: credentialCreateCommand,
    list: credentialListCommand,
    rotate: credentialRotateCommand,
    delete: credentialDeleteCommand,
  },
});

const webhook = buildRouteMap<string, CliContext>({
  docs: { brief: "Where events are sent: add, list, show, test, delete, dead-letters, redeliver" },
  routes: {
    add: webhookAddCommand,
    list: webhookListCommand,
    show: webhookShowCommand,
    test: webhookTestCommand,
    delete: webhookDeleteCommand,
    "dead-letters": webhookDeadLettersCommand,
    redeliver: webhookRedeliverCommand,
  },
});

const event = buildRouteMap<string, CliContext>({
  docs: { brief: "What happens to machines: follow" },
  routes: { follow: eventFollowCommand },
});

const secrets = buildRouteMap<string, CliContext>({
  docs: { brief: "The keys that seal secrets in the database: show, rotate, give-up" },
  routes: { show: secretsShowCommand, rotate: secretsRotateCommand, "give-up": secretsGiveUpCommand },
});

const audit = buildRouteMap<string, CliContext>({
  docs: { brief: "Operators' commands: list" },
  routes: { list: auditListCommand },
});

const context = buildRouteMap<string, CliContext>({
  docs: { brief: "Several fleets: add, list, show, use, remove" },
  routes: {
    add: contextAddCommand,
    list: contextListCommand,
    show: contextShowCommand,
    use: contextUseCommand,
    remove: contextRemoveCommand,
  },
});

const agent = buildRouteMap<string, CliContext>({
  docs: { brief: "Agents: init, run" },
  routes: { init: agentInitCommand, run: agentRunCommand },
});

const imageBuild = buildRouteMap<string, CliContext>({
  docs: { brief: "Disk images to try installations with: debian, tiny" },
  routes: { debian: imageBuildDebianCommand, tiny: imageBuildTinyCommand },
});

const image = buildRouteMap<string, CliContext>({
  docs: { brief: "Disk images: add, list, show, tag, delete, build" },
  routes: {
    add: imageAddCommand,
    list: imageListCommand,
    show: imageShowCommand,
    tag: imageTagCommand,
    delete: imageDeleteCommand,
    build: imageBuild,
  },
});

const policy = buildRouteMap<string, CliContext>({
  docs: { brief: "The image policy, rules that every image must keep: show, set, delete" },
  routes: { show: policyShowCommand, set: policySetCommand, delete: policyDeleteCommand },
});

const profile = buildRouteMap<string, CliContext>({
  docs: { brief: "Profiles, versioned ways to install an image: apply, create, list, show, diff, render, delete" },
  routes: {
    apply: profileApplyCommand,
    create: profileCreateCommand,
    list: profileListCommand,
    show: profileShowCommand,
    diff: profileDiffCommand,
    render: profileRenderCommand,
    delete: profileDeleteCommand,
  },
});

const rollout = buildRouteMap<string, CliContext>({
  docs: {
    brief:
      "One profile on many machines, in waves: create, plan, start, pause, resume, retry-failed, cancel, show, list, delete",
  },
  routes: {
    create: rolloutCreateCommand,
    plan: rolloutPlanCommand,
    start: rolloutStartCommand,
    pause: rolloutPauseCommand,
    resume: rolloutResumeCommand,
    cancel: rolloutCancelCommand,
    delete: rolloutDeleteCommand,
    show: rolloutShowCommand,
    list: rolloutListCommand,
    "retry-failed": rolloutRetryFailedCommand,
  },
});

const bootImage = buildRouteMap<string, CliContext>({
  docs: { brief: "The boot image that agents run in: build" },
  routes: { build: bootImageBuildCommand },
});

const lab = buildRouteMap<string, CliContext>({
  docs: { brief: "QEMU machines that behave as bare metal: up, down, list, power, console, controllers" },
  routes: {
    up: labUpCommand,
    down: labDownCommand,
    list: labListCommand,
    power: labPowerCommand,
    medium: labMediumCommand,
    console: labConsoleCommand,
    controllers: labControllersCommand,
  },
});

/** Every command. */
export const routes = buildRouteMap<string, CliContext>({
  docs: {
    brief: "Puts operating systems on bare metal",
    fullDescription: [
      "Puts operating systems on bare metal: exactly once per request, with live progress.",
      "",
      "Commands find the control plane and its token in the data directory: --data-dir, FARRIER_DATA_DIR, or ./.farrier;",
      "or by a context: --context, FARRIER_CONTEXT, or the choice of `farrier context use`.",
      "",
      "Exit status:",
      "  0  done",
      "  1  the operation failed, was refused or was cancelled",
      "  2  the command line or a value on it is wrong",
      "  3  the control plane or its database can't be reached",
      "  4  not authorised: the token is missing or wrong",
      "  130  interrupted while waiting: the requested operation goes on",
    ].join("\n"),
  },
  routes: {
    up: upCommand,
    server: serverCommand,
    shepherd: shepherdCommand,
    netboot: netbootCommand,
    migrate: migrateCommand,
    backup: backupCommand,
    restore: restoreCommand,
    console: consoleCommand,
    "console-session": consoleSession,
    machine,
    bmc,
    provider,
    installation,
    hardware,
    enrollment,
    fleet,
    session,
    work,
    backoff,
    token,
    credential,
    webhook,
    event,
    secrets,
    whoami: whoamiCommand,
    audit,
    context,
    agent,
    "boot-image": bootImage,
    image,
    policy,
    profile,
    rollout,
    lab,
    simulate: simulateCommand,
    completion: completionCommand,
  },
});
