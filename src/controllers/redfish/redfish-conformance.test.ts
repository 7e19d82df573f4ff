import { describe } from "vitest";
import { makerShapes } from "../simulated/shapes/shapes.ts";
import { plainShape } from "../simulated/shape.ts";
import { controllerConformance } from "../testing/controller-conformance.ts";
import { simulatedSubject } from "../testing/simulated-subject.ts";

describe.each([plainShape, ...makerShapes])("a simulated controller in the shape of $maker", (shape) => {
  controllerConformance(async () => {
    const subject = await simulatedSubject(shape);
    subject.machine.slow = 2;
    return {
      controller: subject.controller,
      stranger: subject.client({ password: "not-the-one" }),
      refusedLogins: () => subject.simulated.calls.filter(({ status }) => status === 401).length,
      [Symbol.asyncDispose]: () => subject[Symbol.asyncDispose](),
    };
  });
});
