import { expect, test } from "vitest";
import { AgentError } from "../../agent/errors.ts";
import { CatalogueError } from "../errors.ts";
import { imageFailure } from "./image-failure.ts";

const system = (code: string): Error => Object.assign(new Error(`${code}: write`), { code });

test.each<[string, unknown, string]>([
  ["a full disk", system("ENOSPC"), "too_large"],
  ["a used-up quota", system("EDQUOT"), "too_large"],
  ["a file that may not be longer", system("EFBIG"), "too_large"],
  ["a disk that is broken", system("EIO"), "broken_off"],
  ["what nobody expected", new TypeError("x is not a function"), "broken_off"],
  ["what is no error", "text", "broken_off"],
  ["a server that is away", new AgentError("fetch_failed", "away", { failure: "image-unreachable" }), "unavailable"],
  ["a forbidden redirect", new AgentError("fetch_failed", "away", { failure: "image-redirect" }), "forbidden"],
  ["a file that is not there", new AgentError("fetch_failed", "404", { failure: "image-not-found" }), "unusable"],
  ["a signature", new AgentError("signature_invalid", "no"), "unproven"],
  ["a program that the server lacks", new AgentError("program_failed", "xz is not there"), "unavailable"],
  ["damage", new AgentError("image_invalid", "no"), "unusable"],
  ["its own words", new CatalogueError("forbidden", "no"), "forbidden"],
])("%s", (_what, error, code) => {
  expect(imageFailure(error).code).toBe(code);
});
