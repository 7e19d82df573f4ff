import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayMinutes, dayMinutesText, isTimeZone, windowAt, type WindowHours } from "./window.ts";

const berlin = (from: string, to: string): WindowHours => ({
  from: dayMinutes(from) ?? Number.NaN,
  to: dayMinutes(to) ?? Number.NaN,
  timeZone: "Europe/Berlin",
});
const at = (hours: WindowHours, time: string): [boolean, string] => {
  const { open, until } = windowAt(hours, new Date(time));
  return [open, until.toISOString().slice(0, 16)];
};

test("an ordinary night", () => {
  const night = berlin("01:00", "05:00");
  expect(at(night, "2026-01-15T23:59:59Z")).toEqual([false, "2026-01-16T00:00"]);
  expect(at(night, "2026-01-16T00:00:00Z")).toEqual([true, "2026-01-16T04:00"]);
  expect(at(night, "2026-01-16T03:59:59.999Z")).toEqual([true, "2026-01-16T04:00"]);
  expect(at(night, "2026-01-16T04:00:00Z")).toEqual([false, "2026-01-17T00:00"]);
});

test("over midnight", () => {
  const night = berlin("22:00", "02:00");
  expect(at(night, "2026-01-15T20:59:00Z")).toEqual([false, "2026-01-15T21:00"]);
  expect(at(night, "2026-01-15T22:30:00Z")).toEqual([true, "2026-01-16T01:00"]);
  expect(at(night, "2026-01-16T00:30:00Z")).toEqual([true, "2026-01-16T01:00"]);
  expect(at(night, "2026-01-16T01:00:00Z")).toEqual([false, "2026-01-16T21:00"]);
});

describe("the night that has no 02:30: 29 March 2026, clocks go from 02:00 to 03:00 at 01:00 UTC", () => {
  test("a window that begins in the gap opens after it", () => {
    expect(at(berlin("02:30", "03:30"), "2026-03-29T00:59:59Z")).toEqual([false, "2026-03-29T01:00"]);
    expect(at(berlin("02:30", "03:30"), "2026-03-29T01:00:00Z")).toEqual([true, "2026-03-29T01:30"]);
  });

  test("a window that ends in the gap closes with it", () => {
    expect(at(berlin("01:00", "02:30"), "2026-03-29T00:59:59Z")).toEqual([true, "2026-03-29T01:00"]);
    expect(at(berlin("01:00", "02:30"), "2026-03-29T01:00:00Z")).toEqual([false, "2026-03-29T23:00"]);
  });

  test("a window that lies in the gap does not open this night", () => {
    expect(at(berlin("02:10", "02:40"), "2026-03-29T00:30:00Z")).toEqual([false, "2026-03-30T00:10"]);
    expect(at(berlin("02:10", "02:40"), "2026-03-29T01:00:00Z")).toEqual([false, "2026-03-30T00:10"]);
  });

  test("one around it is an hour shorter", () => {
    expect(at(berlin("01:00", "05:00"), "2026-03-29T00:00:00Z")).toEqual([true, "2026-03-29T03:00"]);
  });
});

describe("the night that has 02:30 twice: 25 October 2026, clocks go from 03:00 to 02:00 at 01:00 UTC", () => {
  test("a window that ends at 02:30 closes at the first and opens no second time", () => {
    expect(at(berlin("01:00", "02:30"), "2026-10-25T00:29:59Z")).toEqual([true, "2026-10-25T00:30"]);
    expect(at(berlin("01:00", "02:30"), "2026-10-25T00:30:00Z")).toEqual([false, "2026-10-26T00:00"]);
    // The second 02:15.
    expect(at(berlin("01:00", "02:30"), "2026-10-25T01:15:00Z")).toEqual([false, "2026-10-26T00:00"]);
  });

  test("a window that begins at 02:30 opens at the first and stays open", () => {
    expect(at(berlin("02:30", "03:30"), "2026-10-25T00:30:00Z")).toEqual([true, "2026-10-25T02:30"]);
    expect(at(berlin("02:30", "03:30"), "2026-10-25T01:15:00Z")).toEqual([true, "2026-10-25T02:30"]);
  });

  test("one around it is an hour longer", () => {
    expect(at(berlin("01:00", "05:00"), "2026-10-24T23:00:00Z")).toEqual([true, "2026-10-25T04:00"]);
  });
});

test("at any time, in any zone: what is said stays so until the moment that is said, and changes then", () => {
  const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC");
  const minutes = fc.integer({ min: 0, max: 1439 });
  fc.assert(
    fc.property(
      ...[
        zone,
        minutes,
        minutes,
        fc.date({ min: new Date("2024-01-01"), max: new Date("2028-01-01"), noInvalidDate: true }),
      ],
      (timeZone, from, to, now) => {
        fc.pre(from !== to);
        const hours = { from, to, timeZone };
        const standing = windowAt(hours, now);
        expect(standing.until.getTime()).toBeGreaterThan(now.getTime());
        expect(windowAt(hours, new Date(standing.until.getTime() - 1))).toEqual(standing);
        if (standing.open) {
          // It may open again at once only where the clocks skip the time between.
          expect(windowAt(hours, standing.until).until.getTime()).toBeGreaterThan(standing.until.getTime());
        } else {
          expect(windowAt(hours, standing.until).open).toBe(true);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("times of day and zones as they are typed", () => {
  expect(["00:00", "23:59", "24:00", "1:00", "01:60", ""].map((text) => dayMinutes(text))).toEqual([
    0,
    1439,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(dayMinutesText(65)).toBe("01:05");
  expect(["Europe/Berlin", "UTC", "Europe/Nowhere", "+01:00", ""].map((name) => isTimeZone(name))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
