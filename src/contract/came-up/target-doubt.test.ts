import { expect, test } from "vitest";
import { targetDoubt } from "./target-doubt.ts";

test.for(["localhost:8445", "127.0.0.1:8445", "[::1]:8445"])("%s: the system itself", (place) => {
  expect(targetDoubt(`https://${place}/came-up/v1`)).toMatch(/is the system itself: .* --came-up-name HOST:PORT/u);
});

test.for(["farrier.example.org:8445", "10.0.2.2:8445", "[2001:db8::1]:443", "localhost.example.org"])(
  "%s: nothing speaks against it",
  (place) => {
    expect(targetDoubt(`https://${place}/came-up/v1`)).toBeUndefined();
  },
);
