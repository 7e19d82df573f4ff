import { expect, test } from "vitest";
import { machineId } from "../database/ids.ts";
import type { ProvidedKnown } from "../database/queries/provider/provided.ts";
import { limitDecide } from "./provider-limit-decide.ts";

const machines = (count: number): ProvidedKnown[] =>
  Array.from({ length: count }, (_, n) => ({
    machineId: machineId(`00000000-0000-4000-8000-${String(n).padStart(12, "0")}`),
    providerId: String(n),
    macs: [],
    vanished: false,
    own: { macs: [] },
  }));

function held(numbers: {
  gone?: number;
  changed?: number;
  known: number;
  accepted?: number;
  believed?: boolean;
  doubt?: string;
}): boolean {
  const vanish = machines(numbers.gone ?? 0);
  const { cause, doubts } = limitDecide(
    { vanish, changed: machines(numbers.changed ?? 0) },
    numbers.doubt === undefined ? {} : { doubt: numbers.doubt },
    {
      known: numbers.known,
      accepted: new Map(vanish.slice(0, numbers.accepted ?? 0).map((machine) => [machine.machineId, "gone"])),
      believed: numbers.believed ?? false,
    },
  );
  expect(doubts.length > 0).toBe(cause !== undefined);
  return cause !== undefined;
}

test.each([
  [{ gone: 0, known: 0 }, false],
  [{ gone: 2, known: 2 }, false],
  [{ gone: 3, known: 3 }, true],
  [{ gone: 3, known: 29 }, true],
  [{ gone: 3, known: 30 }, false],
  [{ gone: 10, known: 100 }, false],
  [{ gone: 11, known: 100 }, true],
  [{ gone: 10_000, known: 10_000 }, true],
  [{ gone: 11, accepted: 1, known: 100 }, false],
  [{ gone: 11, accepted: 11, known: 100 }, false],
  [{ gone: 40, accepted: 11, known: 100 }, true],
  [{ gone: 40, known: 100, believed: true }, false],
  [{ gone: 1, known: 1, doubt: "it is empty" }, true],
  [{ gone: 1, accepted: 1, known: 1, doubt: "it is empty" }, false],
  [{ changed: 2, known: 2 }, false],
  [{ changed: 3, known: 20 }, true],
  [{ changed: 3, known: 40 }, false],
])("%j: held %s", (numbers, expected) => {
  expect(held(numbers)).toBe(expected);
});

test("while an entry can't be read, no machine is gone, and none is missed", () => {
  const vanish = machines(50);
  const facts = { known: 60, accepted: new Map<never, never>(), believed: false };
  expect(limitDecide({ vanish, changed: [] }, { problems: ["line 7: …"] }, facts)).toEqual({
    doubts: [],
    vanish: false,
  });
  expect(limitDecide({ vanish: vanish.slice(0, 2), changed: [] }, {}, facts)).toEqual({ doubts: [], vanish: true });
});

test("what was accepted is what is taken: a machine that was gone is not another one", () => {
  const changed = machines(3);
  const accepted = (doubt: "gone" | "changed") => ({
    known: 3,
    accepted: new Map(changed.map(({ machineId: id }) => [id, doubt])),
    believed: false,
  });
  expect(limitDecide({ vanish: [], changed }, {}, accepted("gone")).cause).toBe(
    "3 of 3 machines have another UUID or other MACs at once",
  );
  expect(limitDecide({ vanish: [], changed }, {}, accepted("changed"))).toEqual({ doubts: [], vanish: true });
});

test.each([
  [1, 1, "1 of 1 machine is gone from its list at once: it is empty"],
  [1, 2, "1 of 2 machines is gone from its list at once: it is empty"],
  [2, 2, "2 of 2 machines are gone from its list at once: it is empty"],
])("%i of %i: its words", (gone, known, words) => {
  const facts = { known, accepted: new Map<never, never>(), believed: false };
  expect(limitDecide({ vanish: machines(gone), changed: [] }, { doubt: "it is empty" }, facts).cause).toBe(words);
});
