import { expect, test } from "vitest";
import { keepDecide, type Held, type Wanted } from "./keep-decide.ts";

const wanted = (hex: string, bytes: number, usedAt: number, pinned = false): Wanted => ({ hex, bytes, usedAt, pinned });
const held = (hex: string, bytes: number, fresh = false): Held => ({ hex, bytes, fresh });

test.each<[string, Wanted[], Held[], number, { remove: string[]; fetch: string[] }]>([
  ["nothing", [], [], 10, { remove: [], fetch: [] }],
  ["what is missing comes", [wanted("a", 5, 1)], [], 10, { remove: [], fetch: ["a"] }],
  ["what nobody wants goes", [], [held("a", 5)], 10, { remove: ["a"], fetch: [] }],
  ["what came just now stays", [], [held("a", 5, true)], 10, { remove: [], fetch: [] }],
  [
    "the oldest-used goes for a newer one",
    [wanted("a", 6, 1), wanted("b", 6, 2)],
    [held("a", 6)],
    10,
    { remove: ["a"], fetch: ["b"] },
  ],
  [
    "the oldest-used is not fetched where there is no room",
    [wanted("a", 6, 1), wanted("b", 6, 2)],
    [held("b", 6)],
    10,
    { remove: [], fetch: [] },
  ],
  [
    "what a pending request names stays, although it is old",
    [wanted("a", 6, 1, true), wanted("b", 6, 2)],
    [held("a", 6), held("b", 6)],
    10,
    { remove: ["b"], fetch: [] },
  ],
  [
    "what pending requests name may exceed the room",
    [wanted("a", 6, 1, true), wanted("b", 6, 2, true)],
    [held("a", 6)],
    10,
    { remove: [], fetch: ["b"] },
  ],
  [
    "a smaller old one fills what a large one leaves",
    [wanted("a", 3, 1), wanted("b", 20, 2), wanted("c", 6, 3)],
    [],
    10,
    { remove: [], fetch: ["c", "a"] },
  ],
  [
    "those that go are in the order of their last use",
    [wanted("a", 5, 2), wanted("b", 5, 1), wanted("c", 10, 3)],
    [held("a", 5), held("b", 5)],
    10,
    { remove: ["b", "a"], fetch: ["c"] },
  ],
])("%s", (_name, images, files, room, expected) => {
  expect(keepDecide(images, files, room)).toEqual(expected);
});
