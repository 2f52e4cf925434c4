/** What `createSignalbox` is told about hooks (S31): every fault at once, before anything runs. */
import { readHooks } from '../dsl/index.ts';
import { DefinitionInvalid } from '../errors/index.ts';
import type { Fault } from '../faults.ts';
import type { HookDefinition } from '../hooks.ts';

/** The hooks of a box. Throws `DefinitionInvalid` for what are none. */
export function hooksOf(given: unknown): readonly HookDefinition[] {
  const notes: Omit<Fault, 'path'>[] = [];
  const hooks = readHooks(given, 'box', notes);
  const faults = notes.map((note): Fault => ({ ...note, path: 'hooks' }));
  if (faults.length > 0) throw new DefinitionInvalid({ definition: 'hooks', faults });
  return hooks;
}
