import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

/** Debian's, first the one without windows, which is quicker; and what other systems call it. */
const programs = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const program = process.env["FARRIER_TEST_CHROMIUM"] ?? programs.find((path) => existsSync(path)) ?? "";

/** Why no browser can be started here, for `context.skip`; undefined = one can. */
export const browserMissing: string | undefined =
  program === ""
    ? "there is no browser: on Debian, `apt-get install chromium-headless-shell`; or name one in FARRIER_TEST_CHROMIUM"
    : undefined;

/** The browser of this process, which all its test files share: starting one takes as long as ten pages do. */
let running: Promise<Browser> | undefined;

/** The browser of this process, started where it is not there yet. Each test has windows of its own in it. */
export async function browserStart(): Promise<Browser> {
  const last = await running;
  if (last?.isConnected() === true) {
    return last;
  }
  running = launch();
  return await running;
}

/** Closes what a test file has open in the browser, which stays for the next file and ends with the process. */
export async function browserRest(browser: Browser | undefined): Promise<void> {
  await Promise.all((browser?.contexts() ?? []).map(async (context) => await context.close()));
}

async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: program,
    // A container's root can't have the sandbox, nor its /dev/shm the browser's memory. Only our own pages are opened.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none"],
  });
}
