/** A step that asks somebody, where it is declared. Its options are those of every approval (`reading.ts`). */
import type { Declaration, ReadPort } from '../../core/declaration.ts';
import { namesReadBy } from '../../mapping.ts';
import type { ApprovalDefinition, AskingSpec } from '../../people.ts';
import { checkApproval, linesOfApproval, readApproval } from './reading.ts';

export function readApprovalStep(name: unknown, options: unknown, reader: ReadPort): ApprovalDefinition {
  return { is: 'approval', name: name as string, approval: readApproval(options, reader) };
}

export const approvalDeclaration: Declaration<ApprovalDefinition> = {
  name: 'approval',
  noun: 'step',
  reads: ({ approval: { ask, show, propose, assignees, excluded } }) =>
    namesReadBy([ask, show, propose, assignees, excluded]),
  check: ({ approval }, checker) => checkApproval(approval, 'step', checker),
  plan: ({ approval }) => ({ spec: Object.freeze({ approval } satisfies AskingSpec) }),
  lines: ({ spec }) => linesOfApproval((spec as AskingSpec).approval),
};
