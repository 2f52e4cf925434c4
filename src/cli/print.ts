/** How things are written for a person: events as lines, runs as a table. What a terminal would take for a command is left out. */
import { columnsOf, plain } from '../charts/tree.ts';
import { fromMs, roughly } from '../duration.ts';
import type { ErrorRecord } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import type { RunSummary } from '../views/list.ts';

/** `2026-11-28T09:30:00.000Z  12  step.completed  payment/hold`. */
export function eventLine(event: RunEvent): string {
  const { at, seq, type, path } = event;
  const said = [String(seq).padStart(4), type.padEnd(WIDEST), path, ...wordsOn(event)].filter((each) => each !== '');
  return plain(`${new Date(at).toISOString()} ${said.join('  ')}`).trimEnd();
}

/** As most types are not wider, what comes behind them stands in one column. */
const WIDEST = 18;

/** What an event has beside its type and its place, in words. */
function wordsOn(event: RunEvent): readonly string[] {
  const words: string[] = [];
  if ('attempt' in event && event.attempt > 1) words.push(`attempt ${event.attempt}`);
  if ('signal' in event) words.push(JSON.stringify(event.signal));
  if ('question' in event) words.push(`${event.question} (${event.approval})`);
  if ('decision' in event) words.push(event.by === null ? event.decision : `${event.decision} by ${event.by}`);
  if ('name' in event) words.push(JSON.stringify(event.name));
  if ('error' in event) words.push((event.error as ErrorRecord | null)?.message ?? 'it left no error');
  if ('delay' in event) words.push(`next in ${fromMs(event.delay)}`);
  if ('reason' in event && event.reason !== null) words.push(event.reason);
  return words;
}

/** Runs as a table, one line for each, none of them cut: what is cut cannot be copied. */
export function runsTable(runs: readonly RunSummary[], now: number): string {
  const head = ['RUN', 'ORCHESTRATOR', 'STATUS', 'STARTED', 'TOOK'];
  const rows = runs.map(({ run, orchestrator, version, status, startedAt, endedAt }) => [
    run,
    `${orchestrator} ${version}`,
    status,
    `${roughly(now - startedAt)} ago`,
    endedAt === null ? '' : roughly(endedAt - startedAt),
  ]);
  return tableOf([head, ...rows]);
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const texts = rows.map((row) => row.map(plain));
  const widths = (texts[0] ?? []).map((_, at) => Math.max(...texts.map((row) => columnsOf(row[at] ?? ''))));
  const lines = texts.map((row) =>
    row
      .map((text, at) => text + ' '.repeat((widths[at] ?? 0) - columnsOf(text) + 2))
      .join('')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** JSON on one line, or on several for a person who reads it. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
