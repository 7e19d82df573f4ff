import { expect, test } from "vitest";
import { labSample, type LabTest } from "./lab-sample.ts";

const tests: LabTest[] = [
  { file: "test/lab/debian.test.ts", name: "demo" },
  { file: "test/lab/redfish.test.ts", name: "redfish" },
  { file: "test/lab/ipmi.test.ts", name: "ipmi" },
  ...["a", "b", "c", "d"].map((name) => ({ file: "test/lab/kill.test.ts", name })),
  ...["e", "f", "g"].map((name) => ({ file: "test/e2e/boot-image.test.ts", name })),
];
const seeds = Array.from({ length: 200 }, (_, number) => `commit ${number}`);

test("a commit has one sample, whatever order its tests are found in", () => {
  for (const seed of seeds.slice(0, 20)) {
    expect(labSample(tests.toReversed(), seed)).toEqual(labSample(tests, seed));
  }
});

test("every test is in some sample, and no sample has them all", () => {
  const seen = new Set<string>();
  for (const seed of seeds) {
    const sample = labSample(tests, seed);
    expect(sample.length).toBeGreaterThan(0);
    expect(sample.length).toBeLessThan(tests.length);
    for (const { name } of sample) {
      seen.add(name);
    }
  }
  expect([...seen].toSorted()).toEqual(tests.map(({ name }) => name).toSorted());
});

test("what takes long is a sample of its own; without tests there is none", () => {
  const samples = seeds.map((seed) => labSample(tests, seed)).filter(([first]) => first?.name === "demo");
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.every(({ length }) => length === 1)).toBe(true);
  expect(labSample([], "commit 1")).toEqual([]);
});

test("the boot from a medium is in each sample", () => {
  const medium = { file: "test/e2e/medium-qemu.test.ts", name: "medium" };
  for (const seed of seeds) {
    expect(labSample([...tests, medium], seed)[0]).toEqual(medium);
  }
  expect(labSample([medium], "commit 1")).toEqual([medium]);
});

test("each sample of short tests has one of the tests against others' controllers", () => {
  for (const seed of seeds) {
    const names = labSample(tests, seed).map(({ name }) => name);
    expect(names.filter((name) => name === "redfish" || name === "ipmi").length).toBe(names.includes("demo") ? 0 : 1);
  }
});
