/**
 * A state file as a document: where a run stands, for people, and its export, for a box, in one JSON text that says itself whether it is
 * whole. Its checksum is of what it says and not of how it is set: whoever formats the file does no harm.
 */
import { createHash } from 'node:crypto';
import { canonicalText, type Json, type JsonObject } from '../json.ts';
import type { Status } from '../status.ts';
import type { RunExport } from '../views/export.ts';
import type { ProgramState } from '../views/programs.ts';

/** What a state file has beside its checksum. */
export interface StateDocument {
  readonly signalbox: 'state';
  /** Grows when what an older box would make of it is not the run any more. */
  readonly version: 1;
  readonly run: string;
  readonly orchestrator: string;
  readonly status: Status;
  /** The number of the last event that it knows, and when that was. */
  readonly event: number;
  readonly at: string;
  /** Where it stands, if it is a program. */
  readonly state: ProgramState | null;
  /** The export of the run, and behind it those of the runs that it waits for. */
  readonly runs: readonly RunExport[];
}

/** The document of a run. */
export function stateDocument(runs: readonly RunExport[], state: ProgramState | null): StateDocument {
  const [{ run, events }] = runs as readonly [RunExport];
  return {
    signalbox: 'state',
    version: 1,
    run: run.run,
    orchestrator: run.orchestrator,
    status: run.status,
    event: events.length,
    at: new Date(events.at(-1)?.at ?? run.startedAt).toISOString(),
    state,
    runs,
  };
}

/** As text, which ends with its checksum. */
export function textOfState(document: StateDocument): { readonly text: string; readonly checksum: string } {
  const text = JSON.stringify(document, null, 2);
  const checksum = checksumOf(JSON.parse(text));
  return { text: `${text.slice(0, text.lastIndexOf('\n}'))},\n  "checksum": "${checksum}"\n}\n`, checksum };
}

/** What a text says, or what is wrong with it. */
export function stateIn(text: string): StateDocument | { readonly fault: string } {
  if (text === '') return { fault: 'it is empty' };
  let given: Json;
  try {
    given = JSON.parse(text) as Json;
  } catch {
    return { fault: 'it is cut short or was changed: it is not JSON' };
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given) || !('signalbox' in given))
    return { fault: 'it is not a state file of signalbox' };
  const { checksum, ...rest } = given as JsonObject;
  if (checksum !== checksumOf(rest)) return { fault: 'it was changed: its checksum is of something else' };
  const { signalbox, version, run, event, runs } = rest;
  if (signalbox !== 'state') return { fault: 'it is not a state file of signalbox' };
  if (version !== 1) return { fault: 'a later version of signalbox has written it. Update signalbox' };
  if (typeof run !== 'string' || typeof event !== 'number' || !Array.isArray(runs))
    return { fault: 'it is not a state file of signalbox' };
  return rest as unknown as StateDocument;
}

function checksumOf(value: Json): string {
  return `sha256-${createHash('sha256').update(canonicalText(value)).digest('hex')}`;
}
