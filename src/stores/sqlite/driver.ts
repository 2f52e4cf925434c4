/**
 * Node's own SQLite. It is asked for and not imported: an import that an old Node cannot resolve would fail before anybody
 * could say which Node is needed.
 */
import type * as sqlite from 'node:sqlite';
import { checkNode } from '../../node.ts';

function load(): typeof sqlite {
  checkNode();
  return process.getBuiltinModule('node:sqlite');
}

export const { DatabaseSync } = load();
export type DatabaseSync = sqlite.DatabaseSync;
