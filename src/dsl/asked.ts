/** Options by which people are asked about something that is no step of its own: a task, a run. */
import { readApproval } from '../machines/approval/reading.ts';
import type { ApprovalSpec } from '../people.ts';
import type { Note } from './notes.ts';
import { isOptions, OptionReader } from './reading.ts';

/** Nothing of what was not said. */
export function readAsked<K extends 'approval' | 'review'>(
  option: K,
  given: unknown,
  of: string,
  notes: Note[],
): { readonly [name in K]?: ApprovalSpec } {
  if (given === undefined) return {};
  const reader = new OptionReader();
  const spec = readApproval(given, reader, `option "${option}" of ${of}`);
  notes.push(...reader.notes);
  // What is no object has been told; that it asks nothing is not news.
  if (!isOptions(given) || Array.isArray(given)) return {};
  return { [option]: spec } as { readonly [name in K]?: ApprovalSpec };
}
