import { expect, test } from "vitest";
import { remediedCodes } from "../../contract/controller-remedies.ts";
import type { ControllerErrorCode } from "../../controllers/controller.ts";

const codes: Readonly<Record<ControllerErrorCode, true>> = {
  unreachable: true,
  untrusted: true,
  address_refused: true,
  credential_unusable: true,
  unauthorized: true,
  forbidden: true,
  password_change_required: true,
  not_a_controller: true,
  unsupported: true,
  refused: true,
  busy: true,
  not_done: true,
  answer_invalid: true,
};

test("each of a controller's failures has a remedy", () => {
  expect(remediedCodes.toSorted()).toEqual(Object.keys(codes).toSorted());
});
