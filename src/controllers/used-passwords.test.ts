import { expect, test } from "vitest";
import { PasswordMemory, UsedPasswords } from "./used-passwords.ts";

test("the newest eight passwords of a controller are remembered, each once", () => {
  const used = new UsedPasswords();
  for (const password of ["", "p0", "p1", "p2", "p0", ...Array.from({ length: 6 }, (_, n) => `q${n}`)]) {
    used.add(password);
  }
  expect(used.all).toEqual(["p2", "p0", "q0", "q1", "q2", "q3", "q4", "q5"]);
});

test("the controllers that were opened last are remembered, also by a client that is open already", () => {
  const memory = new PasswordMemory(2);
  const one = memory.at("https://one");
  one.add("first");
  memory.at("https://two").add("second");
  expect(memory.at("https://one")).toBe(one);
  memory.at("https://three");
  expect(memory.at("https://one").all).toEqual(["first"]);
  expect(memory.at("https://two").all).toEqual([]);
});
