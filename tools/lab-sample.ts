import { createHash } from "node:crypto";

/** A test with QEMU machines. */
export interface LabTest {
  /** From the repository's root. */
  file: string;
  /** With its groups' names before it. */
  name: string;
}

/**
 * Seconds that a test takes on an idle host, by the beginning of its file's path: an emulated boot takes 20 s, an agent
 * counts as lost after 45.
 */
const seconds: readonly [path: string, seconds: number][] = [
  ["test/lab/debian", 350],
  ["test/lab/takeover", 400],
  ["test/lab/media", 250],
  ["test/lab/came-up-debian", 450],
  ["test/lab/came-up", 130],
  ["test/lab/drivers", 130],
  ["test/lab/install", 160],
  ["test/lab/servers", 290],
  ["test/lab/first-rack", 140],
  ["test/lab/redfish", 130],
  ["test/lab/ipmi", 100],
  ["test/e2e/lab", 160],
  ["test/e2e/medium-qemu", 60],
  ["test/lab/", 100],
  ["test/e2e/", 40],
];

/** Seconds that CI has for these tests; the first of a sample may take longer. */
const budget = 140;

/** Tests against controllers that nobody here wrote: a sample has one of them besides the others. */
const peers = /^test\/lab\/(?:redfish|ipmi)\./u;

/** The boot from a medium is in each sample: no other test shows a medium's loaders within the budget. */
const always = /^test\/e2e\/medium-qemu\./u;

/**
 * CI's sample of the tests with QEMU machines: in an order derived from the seed, as many as fit into the budget, and one
 * of {@link peers}, besides the boot from a medium. A test that is longer than the budget is a sample of its own, besides
 * that boot. Every test is in the samples of some seeds.
 */
export function labSample(tests: readonly LabTest[], seed: string): LabTest[] {
  const rank = ({ file, name }: LabTest): string =>
    createHash("sha256")
      .update(`${seed}\n${file}\n${name.replace(/FARRIER_TEST_SEED=\d+/u, "")}`)
      .digest("hex");
  const all = tests.toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1));
  const inEach = all.filter(({ file }) => always.test(file));
  const ordered = all.filter(({ file }) => !peers.test(file) && !always.test(file));
  const [first] = ordered;
  const isLong = first !== undefined && secondsOf(first) > budget;
  const sample = isLong ? [] : all.filter(({ file }) => peers.test(file)).slice(0, 1);
  const others: LabTest[] = [];
  let spent = inEach.reduce((sum, test) => sum + secondsOf(test), 0);
  for (const test of ordered) {
    const cost = secondsOf(test);
    if (others.length === 0 || spent + cost <= budget) {
      others.push(test);
      spent += cost;
    }
  }
  return [...inEach, ...sample, ...others];
}

function secondsOf({ file }: LabTest): number {
  return seconds.find(([path]) => file.startsWith(path))?.[1] ?? budget;
}
