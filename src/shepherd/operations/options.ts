import type { Database } from "../../database/connect.ts";
import type { OperationResult } from "../../database/queries/controller/operation.ts";
import type { Tx } from "../../database/transaction.ts";
import type { ControllerAccess, Controllers } from "../controllers.ts";
import type { Provider } from "../provider.ts";

/** What carrying out operations needs. */
export interface CarryOutOptions {
  database: Database;
  /** Absent = this shepherd reaches no controllers. */
  controllers: Controllers | undefined;
  access: ControllerAccess | undefined;
  /** By name. */
  providers: ReadonlyMap<string, Provider>;
}

/** What came of it; `settle` writes in the transaction that ends the operation, and gives the result then. */
export type CarriedOut = { result: OperationResult } | { settle: (tx: Tx) => Promise<OperationResult> };
