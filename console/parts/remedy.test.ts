import { expect, test } from "vitest";
import { remedyParts, remedyRollout } from "./remedy.ts";

const machine = { id: "7f9c1a52-3d0e-4c8b-9a41-000000000002", name: "web1" };

test("a command of this machine becomes an action, others stay to be copied", () => {
  expect(remedyParts("cancel it: `farrier machine cancel web1 --generation 3`", machine)).toEqual([
    { kind: "text", text: "cancel it: " },
    { kind: "command", text: "farrier machine cancel web1 --generation 3", action: "cancel" },
  ]);
  expect(remedyParts(`\`farrier machine release ${machine.id}\``, machine)[0]?.action).toBe("release");
  expect(remedyParts("`farrier machine release web2`", machine)[0]?.action).toBeUndefined();
  expect(remedyParts("read the agent's log: `farrier machine log web1`", machine)[1]).toEqual({
    kind: "command",
    text: "farrier machine log web1",
  });
});

test("words alone, two commands, and what only looks like one", () => {
  expect(remedyParts("repair the part", machine)).toEqual([{ kind: "text", text: "repair the part" }]);
  expect(
    remedyParts("`farrier agent init web1 --out web1.json`; then `farrier machine retry web1`", machine).map(
      ({ kind, text, action }) => action ?? (kind === "text" ? text : kind),
    ),
  ).toEqual(["command", "then ", "retry"]);
  expect(remedyParts("`farrier constructor x web1`", machine)[0]?.action).toBeUndefined();
});

test("the rollout that a command is about", () => {
  expect(remedyRollout("farrier rollout show tonight")).toBe("tonight");
  expect(remedyRollout("farrier rollout retry-failed web-1.2 --json")).toBe("web-1.2");
  expect(remedyRollout("farrier rollout list")).toBeUndefined();
  expect(remedyRollout("farrier rollout create --profile web")).toBeUndefined();
  expect(remedyRollout("farrier machine show tonight")).toBeUndefined();
});
