import type { AxeOnce } from "./axe-once.ts";
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

/**
 * What is wrong with pages, each entered in the first of these looks and seen in all; nothing is read anew for the next.
 * @param axe what it has found no fault in before is not looked at again
 * @param enter how a page is entered; default: cold
 */
export async function pageFaults(
  window: ConsoleWindow,
  axe: AxeOnce,
  pages: readonly WalkedPage[],
  ways: readonly (typeof looks)[keyof typeof looks][],
  enter = async (path: string): Promise<void> => await window.open(path),
): Promise<unknown[]> {
  const { page } = window;
  const found: unknown[] = [];
  for (const [path, shows] of pages) {
    const before = window.wrong.length;
    for (const [index, way] of ways.entries()) {
      const { colorScheme, size } = way;
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      if (index === 0) {
        await enter(path);
        if (shows !== undefined) {
          await page.getByText(shows).filter({ visible: true }).first().waitFor();
        }
        await window.rest();
      }
      const over = await page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
      const violations = await axe.violations(page, way);
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
