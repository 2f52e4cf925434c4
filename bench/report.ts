/**
 * What was measured, as text: tables that can be pasted into a page, the machine, and
 * what all of it says nothing about.
 */
import { cpus, loadavg, totalmem } from 'node:os';
import type { Held } from './memory.ts';
import { EARLY, LATE, type Timing } from './measure.ts';
import type { Profile } from './profile.ts';
import type { HeldRow, TimedRow } from './rows.ts';

export interface Timed {
  readonly row: TimedRow;
  readonly result: Timing;
}

const NONE = '–';

export function timingTable(all: readonly Timed[]): string {
  const medianOf = (label: string, contender: TimedRow['contender']): number | undefined =>
    all.find(({ row }) => row.label === label && row.contender === contender)?.result.medianUs;
  const lines = all.map(({ row: { label, contender }, result }) => {
    const { medianUs, between, minUs, repetitions, commits, steps } = result;
    const floor = medianOf(label, 'plain');
    const book = medianOf(label, 'textbook XState');
    return [
      label,
      contender,
      number(medianUs),
      between.map(number).join('–'),
      number(minUs),
      floor === undefined ? NONE : `${number(medianUs / floor)}×`,
      book === undefined || !contender.startsWith('signalbox') ? NONE : `${number(book / medianUs)}×`,
      commits === null ? NONE : commits.toLocaleString('en'),
      steps === null
        ? NONE
        : `${number(steps.earlyUs)} → ${number(steps.lateUs)} (${number(steps.lateUs / steps.earlyUs)}×)`,
      `${repetitions}`,
    ];
  });
  const head = [
    'load',
    'done by',
    'µs/task, median',
    'medians of processes',
    'min',
    'of plain',
    'textbook ÷ this',
    'commits',
    `µs/step ${EARLY.join('–')} → ${LATE.join('–')}`,
    'repetitions',
  ];
  return table(head, lines);
}

/** What a task costs at the greatest width beside the least; null unless both were measured. */
export function growth(all: readonly Timed[]): string | null {
  const wide = all.filter(({ row }) => row.group === 'wide' && row.contender === 'signalbox');
  const [narrow, widest] = [wide[0], wide.at(-1)];
  if (narrow === undefined || widest === undefined || narrow === widest) return null;
  const times = number(widest.result.medianUs / narrow.result.medianUs);
  return `A task of ${widest.row.label} costs ${times}× one of ${narrow.row.label}.`;
}

export interface Kept {
  readonly row: HeldRow;
  readonly result: Held;
}

export function memoryTable(all: readonly Kept[]): string {
  const lines = all.map(({ row: { label, count }, result }) => {
    const each = (bytes: number | null): string =>
      bytes === null ? NONE : Math.round(bytes / count).toLocaleString('en');
    const { heap, grown, store, json, inMemory } = result;
    const own = store === null ? grown : grown - store;
    return [
      `${count.toLocaleString('en')} ${label}`,
      `${Math.round(heap / 1e6)} MB`,
      each(grown),
      each(store),
      each(own),
      each(json),
      inMemory.toLocaleString('en'),
    ];
  });
  const head = ['what waits', 'heap', 'bytes each', 'only in the store', 'the rest', 'rows as JSON', 'runs in memory'];
  return table(head, lines);
}

export function profileTable({ places }: Profile): string {
  const lines = places.map(({ name, at, share }) => [`${(share * 100).toFixed(1)} %`, `\`${name}\``, at]);
  return table(['self time', 'function', 'where'], lines);
}

export function machine(now: Date): string {
  const [first] = cpus();
  return [
    `Node ${process.version}, V8 ${process.versions.v8}`,
    `${first?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `load average ${loadavg()
      .map((load) => load.toFixed(2))
      .join(', ')}: above 1, somebody else was at work while the last rows were measured`,
    `${process.platform} ${process.arch}, ${now.toISOString().slice(0, 10)}`,
  ].join('\n');
}

export const NOT_MEASURED = `What this does not measure:
- bodies that do something: real input and output usually take longer than all of this
- a durable store: rows go into maps; a commit that reaches a disk costs an fsync
- large values: every input and output is one small number
- retries, timeouts, cancels and compensations as work (a backoff is only measured while it waits)
- followers of events, progress, logs and inspection: nobody listens here
- the cost of making definitions, and of \`createSignalbox\`, which is outside the time
- other products, other runtimes, more than one process, and contention for one store
- a long life: fragmentation, and what a week of runs leaves in a memory store
- tail latency: these are medians of whole loads, not of single tasks
Plain calls and textbook XState keep nothing, so the comparison is of speed, not of what one gets for it.`;

/** Columns of equal width; the text is a table in Markdown as well. */
function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) => Math.max(name.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const text = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [text(head), text(widths.map((width) => '-'.repeat(width))), ...lines.map(text)].join('\n');
}

/** Three digits that count. */
function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
