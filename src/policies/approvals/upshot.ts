/** What comes of what somebody says to an approval, as data. */
import type { Approval, ApprovalRefusal, RefusalReason, Consequence } from '../../people.ts';

export type Upshot =
  | { readonly refused: ApprovalRefusal }
  /** The approval as it is now; the same one if nothing has changed. With a verdict it is over. */
  | { readonly approval: Approval; readonly verdict: Consequence | null };

export function refusal(reason: RefusalReason, message: string): { readonly refused: ApprovalRefusal } {
  return { refused: { reason, message, issues: [] } };
}
