/** What the declarations of parents share: what an `output` is told, and how a parent stands in the structure. */
import type { Checker } from '../core/declaration.ts';
import type { Facts, Finish, PlanNode, Strategy } from '../definition.ts';
import type { Json } from '../json.ts';

export function factsAtEnd({ input, outputs, run, ...rest }: (Facts | Finish) & { readonly previous?: Json }): Facts {
  // As an input it is kept, so what the run is known by has to be plain data.
  return { input, outputs, previous: rest.previous ?? null, run: Object.freeze({ ...run }) };
}

/** `waitAll` is called what it was called first: runs are pinned to these lines. */
export function parentLines({ children, strategy, concurrency, deadline }: PlanNode): readonly string[] {
  const lines: string[] = [];
  const policy = typeof strategy === 'string' ? strategy : quorumLine(strategy);
  if (children.length > 0) lines.push(`on failure ${policy === 'waitAll' ? 'continue' : policy}`);
  if (Number.isFinite(concurrency)) lines.push(`concurrency ${concurrency}`);
  if (deadline !== null) lines.push(`deadline ${deadline} ms`);
  return lines;
}

export function checkDeadline({ deadline }: { readonly deadline?: number | undefined }, checker: Checker): void {
  if (deadline !== undefined && !(deadline > 0)) checker.option('deadline', deadline, 'a duration above 0');
}

function quorumLine({ quorum, rest }: Exclude<Strategy, string>): string {
  return `${quorum} of them${rest === 'finish' ? ', and the rest finishes' : ''}`;
}
