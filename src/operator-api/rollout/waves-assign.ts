/**
 * The wave of each machine, from 1. Machines that are refused take no place in a wave: they stand with the next machine that
 * is not refused. Pure.
 * @param sizes the number of machines of each wave; 0, as the last, means the rest
 * @returns what is wrong, if the sizes do not fit the number of machines
 */
export function wavesAssign(
  sizes: readonly number[],
  refused: readonly boolean[],
): { waves: number[] } | { problem: string } {
  const wanted = sizes.length === 0 ? [0] : sizes;
  const total = refused.filter((each) => !each).length;
  const named = wanted.reduce((sum, size) => sum + size, 0);
  const open = wanted.at(-1) === 0;
  if (!open && named < total) {
    return { problem: `have ${named} machines, and ${total} are chosen: end them with rest` };
  }
  let wave = 1;
  let taken = 0;
  const waves = refused.map((out) => {
    const size = wanted[wave - 1] ?? 0;
    if (!out && size !== 0 && taken === size) {
      wave += 1;
      taken = 0;
    }
    taken += out ? 0 : 1;
    return wave;
  });
  return { waves };
}
