import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Approvals". */
export default function ApprovalsPage(): ReactNode {
  return <PageHead title="Approvals" />;
}
