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

/** Starts a browser, of its own for each test file. */
export async function browserStart(): Promise<Browser> {
  return await chromium.launch({
    executablePath: program,
    // A container's root can't have the sandbox, nor its /dev/shm the browser's memory. Only our own pages are opened.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none"],
  });
}
