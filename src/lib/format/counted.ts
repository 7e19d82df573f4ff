/** A number of things in words: "1 machine", "3 machines". Pure. @param noun in the singular; its plural has an "s" more */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
