import type { MakerShape } from "../shape.ts";
import { amiShape } from "./ami.ts";
import { dellShape } from "./dell.ts";
import { hpeShape } from "./hpe.ts";
import { lenovoShape } from "./lenovo.ts";
import { openbmcShape } from "./openbmc.ts";
import { supermicroShape } from "./supermicro.ts";

/** All shapes that can be simulated. */
export const makerShapes: readonly MakerShape[] = [
  dellShape,
  hpeShape,
  lenovoShape,
  supermicroShape,
  amiShape,
  openbmcShape,
];
