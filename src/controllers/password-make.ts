import { randomInt } from "node:crypto";
import { ControllerError, type PasswordLimits } from "./controller.ts";

/**
 * Length of a password in characters: every version of IPMI stores 16 bytes, and about 94 bits can't be guessed.
 */
const usualLength = 16;
/** Below this length a made password could be guessed. */
const leastLength = 8;

// Each kind that makers' rules ask for. Quotes, brackets, \, #, &, %, $ and spaces break scripts and old firmware.
const kinds = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "-_."] as const;
const all = kinds.join("");

/**
 * Makes a password that management controllers accept: with capital and small letters, digits and one of `-_.`; never
 * one character twice in a row, and a letter at both ends.
 * @param random returns an integer from 0 to below its parameter
 * @throws {ControllerError} `refused` if the controller's passwords are too short to be safe
 */
export function passwordMake(limits: PasswordLimits, random: (below: number) => number = randomInt): string {
  const length = Math.min(Math.max(usualLength, limits.min ?? 0), limits.max ?? Infinity);
  if (length < leastLength || length > 128) {
    throw new ControllerError(
      "refused",
      `the controller asks for passwords of ${limitsText(limits)}, for which none is made: choose one, and give it with --password-file`,
    );
  }
  for (;;) {
    const password = Array.from({ length }, () => all[random(all.length)] ?? "").join("");
    if (
      kinds.every((kind) => Array.from(kind).some((character) => password.includes(character))) &&
      !/(?<twice>.)\k<twice>/u.test(password) &&
      /^[A-Za-z].*[A-Za-z]$/u.test(password)
    ) {
      return password;
    }
  }
}

/** Why the controller will not accept the password; undefined if its limits allow it. Never quotes the password. Pure. */
export function passwordProblem(password: string, limits: PasswordLimits): string | undefined {
  const length = Array.from(password).length;
  return length < (limits.min ?? 0) || length > (limits.max ?? Infinity)
    ? `the controller accepts passwords of ${limitsText(limits)}, and the new one has ${length}`
    : undefined;
}

function limitsText({ min, max }: PasswordLimits): string {
  if (max === undefined) {
    return `at least ${min ?? 0} characters`;
  }
  return min === undefined ? `at most ${max} characters` : `${min} to ${max} characters`;
}
