// The time of day in which a rollout begins machines, by a time zone's clocks.

/** Minutes of the day, from 0 to 1439. If `to` is before `from`, the window ends on the next day. */
export interface WindowHours {
  from: number;
  to: number;
  timeZone: string;
}

/** Whether a window is open, and until when that stays so. */
export interface WindowStanding {
  open: boolean;
  until: Date;
}

const minute = 60_000;
const day = 86_400_000;

/**
 * The window at this time. It opens when the clocks first show `from` and closes when they first show `to`. If clocks skip
 * one of the two, the moment after the gap counts; if they show `to` twice, the second time opens nothing again. Pure.
 * @throws {RangeError} for an unknown time zone
 */
export function windowAt({ from, to, timeZone }: WindowHours, now: Date): WindowStanding {
  const today = Math.floor(wallClock(now.getTime(), timeZone) / day) * day;
  const starts: number[] = [];
  for (const date of [today - day, today, today + day, today + 2 * day]) {
    const start = instantOf(date + from * minute, timeZone);
    const end = instantOf((from < to ? date : date + day) + to * minute, timeZone);
    if (start <= now.getTime() && now.getTime() < end) {
      return { open: true, until: new Date(end) };
    }
    if (start > now.getTime() && start < end) {
      starts.push(start);
    }
  }
  return { open: false, until: new Date(Math.min(...starts)) };
}

/** Minutes of the day of HH:MM; undefined if it is something else. Pure. */
export function dayMinutes(text: string): number | undefined {
  const { hours, minutes } = /^(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d)$/u.exec(text)?.groups ?? {};
  return hours === undefined || minutes === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

/** HH:MM. Pure. */
export function dayMinutesText(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/u.test(name) && formatOf(name) !== undefined;
  } catch {
    // Intl knows no zone of this name.
    return false;
  }
}

/** The first moment at which the zone's clocks show this wall clock, or the first after it if they skip it. */
function instantOf(wall: number, timeZone: string): number {
  const offsets = [wall - day, wall + day].map((near) => wallClock(near, timeZone) - near);
  const found = offsets
    .map((offset) => wall - offset)
    .filter((instant) => wallClock(instant, timeZone) === wall)
    .toSorted((a, b) => a - b);
  const [first] = found;
  if (first !== undefined) {
    return first;
  }
  // Within a gap the clocks only go forward: search for its end.
  let before = wall - Math.max(...offsets) - minute;
  let after = wall - Math.min(...offsets) + minute;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallClock(middle, timeZone) >= wall) {
      after = middle;
    } else {
      before = middle;
    }
  }
  return after;
}

/** What the zone's clocks show, as if it were UTC, in milliseconds. */
function wallClock(instant: number, timeZone: string): number {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day: date = 1, hour = 0, minute: minutes = 0, second = 0 } = parts;
  const rest = ((instant % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, date, hour, minutes, second) + rest;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) {
    return known;
  }
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
  });
  // Names come from operators: there are some 600.
  if (formats.size < 1000) {
    formats.set(timeZone, made);
  }
  return made;
}
