import { expect, test } from "vitest";
import { limiter } from "./limit.ts";

test("a maximum number runs at a time, all run, and a failure frees its place", async () => {
  const limit = limiter(3);
  let [running, most] = [0, 0];
  const order: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      limit(async () => {
        running += 1;
        most = Math.max(most, running);
        order.push(index);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (index % 4 === 0) {
          throw new Error("failed");
        }
        return index;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(5);
});
