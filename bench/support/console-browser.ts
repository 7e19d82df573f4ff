// What a measurement does inside a page. In texts, because a page's names are not this program's.
import type { CDPSession, Page, Request } from "playwright-core";

/** A call of the console, as it was sent. */
export interface SeenCall {
  path: string;
  contentType: string;
  /** Base64. */
  body: string;
}

/** The calls that a page makes. */
export interface SeenCalls {
  /** Those since the last {@link SeenCalls.forget} that answer once, until the first of this name, itself among them. */
  until(method: string): SeenCall[];
  forget(): void;
}

/** Notes a page's calls from now on. */
export function callsOf(page: Page): SeenCalls {
  let seen: SeenCall[] = [];
  page.on("request", (request: Request) => {
    const path = new URL(request.url()).pathname;
    if (request.method() === "POST" && !path.endsWith("/MachineWatch")) {
      const body = request.postDataBuffer()?.toString("base64") ?? "";
      seen.push({ path, contentType: request.headers()["content-type"] ?? "", body });
    }
  });
  return {
    until: (method) => seen.slice(0, seen.findIndex(({ path }) => path.endsWith(`/${method}`)) + 1),
    forget: () => (seen = []),
  };
}

/** Functions in each page that is opened from now on, on an own empty page first, on a processor `times` slower. */
export async function pageSlow(page: Page, url: string, times: number): Promise<CDPSession> {
  await page.addInitScript(inPage);
  // The first page of this address decides the browser's process.
  await page.goto(`${url}/healthz`);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: times });
  return session;
}

/** Milliseconds from the begin of the navigation until `count` rows are drawn. */
export async function rowsDrawn(page: Page, count: number): Promise<number> {
  return await page.evaluate<number>(`bench.until("${count} rows", () => bench.rows().length >= ${count})`);
}

/** The names in the list, as they are drawn. */
export async function rowsText(page: Page): Promise<string> {
  return await page.evaluate<string>("bench.names()");
}

/** Milliseconds from the last key or click of a person until the list shows other rows than `before`, and is not old. */
export async function rowsNew(page: Page, before: string): Promise<number> {
  return await page.evaluate<number>(
    `bench.until("other rows", () => bench.isNew() && bench.names() !== ${JSON.stringify(before)}).then((at) => at - bench.input)`,
  );
}

/** The moment, in milliseconds since 1970, when the list shows this text. */
export async function rowsShow(page: Page, text: string): Promise<number> {
  return await page.evaluate<number>(
    `bench.until(${JSON.stringify(text)}, () => bench.text().includes(${JSON.stringify(text)})).then((at) => performance.timeOrigin + at)`,
  );
}

/** Milliseconds that the same calls take one by one in a page, from the first byte sent to the last byte read. */
export async function callsTimed(page: Page, calls: readonly SeenCall[]): Promise<number[]> {
  return await page.evaluate<number[]>(`bench.oneByOne(${JSON.stringify(calls)})`);
}

/** Milliseconds from the begin of the navigation to an empty page until all these calls are answered, made at once. */
export async function callsAlone(page: Page, url: string, calls: readonly SeenCall[]): Promise<number> {
  await page.addInitScript(
    `addEventListener("DOMContentLoaded", () => void (bench.done = bench.atOnce(${JSON.stringify(calls)})))`,
  );
  await page.goto(url);
  return await page.evaluate<number>("bench.done");
}

/** Bytes of JavaScript's memory in the page, after a collection. */
export async function heapBytes(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

/** Milliseconds after which what is waited for will not come any more. */
const patience = 60_000;

/** Times are in frames: the first in which something can be seen. */
const inPage = `
globalThis.bench = {
  input: 0,
  done: undefined,
  rows: () => [...document.querySelectorAll("tbody tr[data-index]")],
  text: () => document.querySelector("tbody")?.textContent ?? "",
  names: () => [...document.querySelectorAll("tbody [data-column=name]")].map((cell) => cell.textContent).join(" "),
  isNew: () => document.querySelector("table[aria-busy=false]") !== null,
  until: async (what, check) => {
    for (const begun = performance.now(); ; ) {
      const at = await new Promise((resolve) => requestAnimationFrame(resolve));
      if (check()) {
        return at;
      }
      if (at - begun > ${patience}) {
        throw new Error(what + ": not seen at " + location + "; the page has: " + document.body.innerText.slice(0, 2_000));
      }
    }
  },
  call: async ({ path, contentType, body }) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: {
        "content-type": contentType,
        "connect-protocol-version": "1",
        "farrier-console-key": localStorage.getItem("farrier.key"),
      },
      body: Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0)),
    });
    if (!answer.ok) {
      throw new Error(path + " answered " + answer.status);
    }
    await answer.arrayBuffer();
  },
  oneByOne: async (calls) => {
    const times = [];
    for (const call of calls) {
      const begun = performance.now();
      await bench.call(call);
      times.push(performance.now() - begun);
    }
    return times;
  },
  atOnce: async (calls) => {
    await Promise.all(calls.map(bench.call));
    return performance.now();
  },
};
for (const kind of ["keydown", "click"]) {
  addEventListener(kind, ({ timeStamp }) => { bench.input = timeStamp; }, true);
}
`;
