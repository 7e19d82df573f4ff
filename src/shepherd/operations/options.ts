import type { Database } from "../../database/connect.ts";
import type { OperationResult } from "../../database/queries/controller/operation.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Clock } from "../../lib/clock.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { ControllerAccess, Controllers } from "../controllers.ts";
import type { Provider } from "../provider.ts";

/** The options for carrying out operations. */
export interface CarryOutOptions {
  database: Database;
  /** Absent = this shepherd reaches no controllers. */
  controllers: Controllers | undefined;
  access: ControllerAccess | undefined;
  /** The keys that open credentials; absent = this shepherd can't change passwords. */
  secrets: Pick<KeyRing, "seal" | "open"> | undefined;
  clock: Clock;
  /** Providers by name. */
  providers: ReadonlyMap<string, Provider>;
}

/**
 * How an operation was carried out. `settle` writes in the transaction that ends the operation, and returns the result.
 */
export type CarriedOut = { result: OperationResult } | { settle: (tx: Tx) => Promise<OperationResult> };
