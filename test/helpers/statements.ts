/**
 * What a thread asks of SQLite, as text that people can read and compare: each statement by the name that it has in the source, with the
 * values that it is given and how many rows it changed or answered; and how SQLite goes about each.
 */
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import * as children from '../../src/stores/sqlite/child-statements.ts';
import * as records from '../../src/stores/sqlite/record-statements.ts';
import { MIGRATIONS } from '../../src/stores/sqlite/schema.ts';
import * as statements from '../../src/stores/sqlite/statements.ts';
import { query } from './files.ts';

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Names of statements by their text. Those that are put together for a question have none. */
const NAMES = new Map<string, string>();
for (const [name, value] of Object.entries({ ...statements, ...children, ...records })) {
  if (typeof value === 'string') NAMES.set(oneLine(value), name);
  if (Array.isArray(value))
    for (const [at, text] of value.entries()) NAMES.set(oneLine(String(text)), `${name}[${at}]`);
}

/** What only begins or ends a transaction changes no rows itself. */
const BARE = /^(begin|commit|rollback|vacuum|pragma)\b/;

/** Of a plan, which tables are gone through, and how: what else SQLite says of it differs from release to release. */
function toldOf(detail: string): readonly string[] {
  if (!/^(SEARCH|SCAN|USE TEMP)/.test(detail)) return [];
  return [`    ${detail.replace(/ (EXISTS|LEFT-JOIN)\b/, '')}`];
}

export interface Overheard {
  /** What was asked since this was called before; `folder` is left out of it, for it is another one each time. */
  take(folder: string): string[];
  /** Does something that is no part of it. */
  apart<T>(work: () => T): T;
  /** Which statements there were, and how SQLite finds what they ask for. */
  plans(file: string): string[];
}

/** Hears what is asked of SQLite on this thread until the test is over. */
export function overhear(): Overheard {
  const lines: string[] = [];
  const texts = new Set<string>();
  /** Those that are put together for a question are called by a number. */
  const unnamed: string[] = [];
  const nameOf = (text: string): string => {
    const line = oneLine(text);
    const name = NAMES.get(line) ?? (BARE.test(line) ? line : undefined);
    if (name !== undefined) return name;
    if (!unnamed.includes(line)) unnamed.push(line);
    return `statement ${unnamed.indexOf(line) + 1}`;
  };
  const { exec, prepare } = DatabaseSync.prototype;
  const { run, get, all } = StatementSync.prototype;
  type Called<T> = (...values: unknown[]) => T;
  let isApart = false;
  const said = (text: string, values: readonly unknown[], result: string): void => {
    texts.add(oneLine(text));
    const given = values.length === 0 ? '' : ` (${values.map((value) => JSON.stringify(value)).join(', ')})`;
    lines.push(`${nameOf(text)}${given} → ${result}`);
  };
  /** A statement that fails says so. */
  const heard = <T>(work: () => T, say: (result: string) => void, resultOf: (answer: T) => string): T => {
    if (isApart) return work();
    try {
      const answer = work();
      say(resultOf(answer));
      return answer;
    } catch (error) {
      say(String(error));
      throw error;
    }
  };
  const over: { readonly [method: string]: (this: never, ...args: never[]) => unknown } = {
    exec(this: DatabaseSync, text: string) {
      const shown = MIGRATIONS.reduce((left, step, at) => left.replace(step, ` MIGRATIONS[${at}] `), text);
      return heard(
        () => exec.call(this, text),
        (result) => lines.push(`${oneLine(shown)} → ${result}`),
        () => 'done',
      );
    },
    prepare(this: DatabaseSync, text: string) {
      if (isApart) return prepare.call(this, text);
      const isNew = !unnamed.includes(oneLine(text));
      const name = nameOf(text);
      lines.push(isNew && unnamed.includes(oneLine(text)) ? `prepares ${name}: ${oneLine(text)}` : `prepares ${name}`);
      return prepare.call(this, text);
    },
  };
  const answers: typeof over = {
    run(this: StatementSync, ...values: unknown[]) {
      return heard(
        () => (run as Called<{ readonly changes: number | bigint }>).call(this, ...values),
        (result) => said(this.sourceSQL, values, result),
        ({ changes }) => (BARE.test(this.sourceSQL) ? 'done' : `${changes} changed`),
      );
    },
    get(this: StatementSync, ...values: unknown[]) {
      return heard(
        () => (get as Called<unknown>).call(this, ...values),
        (result) => said(this.sourceSQL, values, result),
        (row) => (row === undefined ? 'nothing' : '1 row'),
      );
    },
    all(this: StatementSync, ...values: unknown[]) {
      return heard(
        () => (all as Called<readonly unknown[]>).call(this, ...values),
        (result) => said(this.sourceSQL, values, result),
        (rows) => `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`,
      );
    },
  };
  Object.assign(DatabaseSync.prototype, over);
  Object.assign(StatementSync.prototype, answers);
  onTestFinished(() => {
    Object.assign(DatabaseSync.prototype, { exec, prepare });
    Object.assign(StatementSync.prototype, { run, get, all });
  });
  const apart = <T>(work: () => T): T => {
    isApart = true;
    try {
      return work();
    } finally {
      isApart = false;
    }
  };
  return {
    take: (folder) => lines.splice(0).map((line) => line.replaceAll(folder, '<folder>')),
    apart,
    plans: (file) =>
      [...texts]
        .filter((text) => !BARE.test(text))
        .flatMap((text) => {
          const plan = apart(() => query(file, `explain query plan ${text}`));
          return [nameOf(text), `  ${text}`, ...plan.flatMap(({ detail }) => toldOf(String(detail)))];
        }),
  };
}
