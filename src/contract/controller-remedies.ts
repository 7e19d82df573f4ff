/** A machine's controller, as remedies name it. */
export interface FailingController {
  /** The machine's name or id. */
  machine: string;
  url: string;
  /** The name of its credential. */
  credential: string;
}

/** What an operator can do about a failure with this code (see `ControllerErrorCode`); the likeliest first. */
type Remedies = (controller: FailingController) => readonly string[];

const account: Remedies = ({ credential }) => [
  `look at the account of credential ${credential} on the controller: is it there, and may it switch power and choose the boot source`,
];
const storePassword: Remedies = ({ credential }) => [
  `store the password that the controller takes: \`farrier credential rotate ${credential} --help\``,
];
const address: Remedies = ({ url }) => [
  `is ${url} the address of the controller, and not of the machine or of another service? \`farrier bmc add --help\` says how to give another one`,
];
const later =
  (why: string): Remedies =>
  () => [`wait: ${why}; a shepherd asks again by itself`];

const remedies: Readonly<Record<string, Remedies>> = {
  unreachable: ({ url }) => [
    `see whether the shepherd's host reaches ${url}: is the controller on, does its network work, is the address right`,
  ],
  untrusted: ({ machine, url, credential }) => [
    "if its certificate was replaced on purpose, accept the new one: " +
      `\`farrier bmc add '${url.replaceAll("'", "'\\''")}' --credential ${credential} --machine ${machine}\` shows it first`,
    "otherwise something else answers at that address, and has been sent nothing",
  ],
  address_refused: ({ credential }) => [
    `the credential ${credential} may not be sent to this address: \`farrier credential list\` shows where it may`,
  ],
  credential_unusable: () => [
    "see what the credential is, and which key a process lacks: `farrier credential list`, `farrier secrets show`",
  ],
  unauthorized: (controller) => [...storePassword(controller), ...account(controller)],
  forbidden: account,
  password_change_required: (controller) => [
    `the controller wants another password before it does anything: \`farrier bmc password ${controller.machine}\``,
  ],
  not_a_controller: address,
  answer_invalid: (controller) => [...address(controller), "look for an update of the controller's firmware"],
  busy: later("it restarts, is busy, or has no session left"),
  unsupported: () => ["look for an update of the controller's firmware, or start agents by another means"],
  refused: () => ["look at the controller's own log, and at what it says above"],
  not_done: () => [
    "look at the machine: the controller took the command, and does not show it as done. Its own log may say why",
  ],
};

/**
 * What an operator can do about a controller's failure; empty for an unknown code. Commands in backticks run as printed.
 * Pure.
 */
export function controllerRemedyTexts(code: string, controller: FailingController): readonly string[] {
  return remedies[code]?.(controller) ?? [];
}

/** The codes that have a remedy of their own. */
export const remediedCodes: readonly string[] = Object.keys(remedies);
