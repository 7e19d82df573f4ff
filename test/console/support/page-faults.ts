import { axeViolations } from "./axe.ts";
import { sizes, type ConsoleWindow } from "./console-page.ts";

/** A page's address, and a text that is there once it has its data. */
export type WalkedPage = readonly [path: string, shows?: string | RegExp];

/** Every page is made for these: both themes, wide and narrow. */
export const looks = {
  lightDesk: { colorScheme: "light", size: sizes.desk },
  darkDesk: { colorScheme: "dark", size: sizes.desk },
  darkPhone: { colorScheme: "dark", size: sizes.phone },
  lightPhone: { colorScheme: "light", size: sizes.phone },
} as const;

/** What is wrong with pages, each entered cold in the first of these looks and seen in all; nothing is read anew for the next. */
export async function pageFaults(
  window: ConsoleWindow,
  pages: readonly WalkedPage[],
  ways: readonly (typeof looks)[keyof typeof looks][],
): Promise<unknown[]> {
  const { page } = window;
  const found: unknown[] = [];
  for (const [path, shows] of pages) {
    const before = window.wrong.length;
    for (const [index, { colorScheme, size }] of ways.entries()) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      if (index === 0) {
        await window.open(path);
        if (shows !== undefined) {
          await page.getByText(shows).filter({ visible: true }).first().waitFor();
        }
      }
      const over = await page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
      const again = ways.slice(0, index).some((way) => way.size === size);
      const violations = await axeViolations(page, again ? "colours" : undefined);
      if (violations.length > 0 || over > 0) {
        found.push({ path, colorScheme, width: size.width, over, violations });
      }
    }
    const wrong = window.wrong.slice(before).filter((line) => !isNoController(line));
    if (wrong.length > 0) {
      found.push({ path, wrong });
    }
  }
  return found;
}

/** A machine without a controller: the browser itself notes the answer "not found"; the tab says it. */
function isNoController(line: string): boolean {
  return line.includes("status of 404") && line.includes("ControllerService/ControllerShow");
}
