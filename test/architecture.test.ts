/**
 * The shape of `src`: which way imports may go, and what stands in one place only.
 *
 * A rule is a line in a table. A test answers with the list of offences, so that its
 * failure says what to move; the last tests prove that the rules can see at all.
 */
import { describe, expect, test } from 'vitest';
import { builtInKinds } from '../src/machines/index.ts';
import { codeOf, importsOf, reachedFrom, type Sources, sourcesIn } from './helpers/sources.ts';

/**
 * Place → what it may import besides itself. A place is a folder, a file, or `words`: the files
 * at the root of `src`, which all may speak. `type` before a package: its types and no more.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  words: ['errors', 'type xstate', 'type @standard-schema/spec'],
  errors: ['words'],
  'ids.ts': ['words', 'nanoid'],
  core: ['words', 'errors', 'xstate'],
  commands: ['words', 'errors', 'core', 'policies', 'actors'],
  actors: ['words', 'errors', 'core', 'policies', 'xstate'],
  schedules: ['words', 'errors', 'croner'],
  machines: ['words', 'errors', 'core', 'actors', 'policies', 'schedules', 'xstate'],
  performing: ['words', 'errors', 'core'],
  dsl: ['words', 'errors', 'core', 'machines', 'type @standard-schema/spec'],
  live: ['words', 'errors', 'core', 'commands', 'actors', 'machines', 'dsl', 'performing', 'executors', 'xstate'],
  views: ['words', 'errors', 'core', 'dsl'],
  charts: ['words', 'errors', 'core', 'commands', 'machines', 'dsl', 'views', 'xstate'],
  policies: ['words'],
  runtime: [
    'words',
    'errors',
    'core',
    'policies',
    'commands',
    'machines',
    'performing',
    'schedules',
    'dsl',
    'views',
    'charts',
    'type xstate',
  ],
  stores: [
    'words',
    'errors',
    'node:sqlite',
    'node:worker_threads',
    'node:fs',
    'node:net',
    'node:os',
    'node:path',
    'node:crypto',
    'pg',
    'type pg',
    '@redis/client',
  ],
  executors: ['words', 'errors'],
  embedding: ['words', 'errors', 'core', 'dsl', 'machines', 'views', 'xstate', 'type xstate'],
  inspect: [
    'immer',
    'words',
    'errors',
    'views',
    'charts',
    'stores/driver.ts',
    'ws',
    'type node:crypto',
    'type node:http',
    'type node:stream',
  ],
  files: ['words', 'errors', 'dsl', 'views', 'node:crypto', 'node:fs/promises', 'node:path'],
  opentelemetry: ['words', 'errors', 'views', 'charts', '@opentelemetry/api', 'type @opentelemetry/api'],
  testing: [
    'words',
    'errors',
    'node:assert/strict',
    'dsl',
    'machines',
    'runtime',
    'stores/memory.ts',
    'executors/in-process.ts',
  ],
  entries: ['words', 'errors', 'core', 'machines', 'dsl', 'live', 'views', 'charts', 'embedding'],
  cli: [
    ...['words', 'errors', 'core', 'commands', 'dsl', 'machines', 'views', 'charts', 'runtime', 'stores', 'index.ts'],
    ...['node:fs', 'node:path', 'node:url', 'node:util'],
  ],
  'index.ts': [
    'words',
    'commands',
    'errors',
    'core',
    'actors',
    'machines',
    'policies',
    'dsl',
    'views',
    'charts',
    'embedding',
    'runtime',
    'stores',
    'executors',
    'entries',
  ],
};

interface Confined {
  readonly title: string;
  readonly pattern: RegExp;
  readonly to: readonly string[];
}

const CONFINED: readonly Confined[] = [
  {
    title: 'time is read and waited for in clock.ts (I4, P87)',
    pattern: /\bDate\.now\b|\bnew Date\(\)|\bset(Timeout|Interval)\b|\bperformance\.now\b/,
    // A page in a browser has no clock but its own.
    to: ['clock.ts', 'inspect/page-script.ts'],
  },
  {
    title: 'identity and chance come from ids.ts (I4, P87)',
    pattern: /\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/,
    to: ['ids.ts'],
  },
  {
    title: 'nothing asks for the kind of a step but the registry (P92)',
    pattern: /\bkind\s*[!=]==?\s*['"`]|['"`]\s*[!=]==?\s*[\w.]*\bkind\b|\bswitch\s*\([^)]*\bkind\)/,
    to: ['machines/kinds.ts', 'core/kind.ts'],
  },
  {
    title: 'the SQLite of Node is asked for in one place, which an older Node can load',
    pattern: /^import (?!type\b).*'node:sqlite'|getBuiltinModule\('node:sqlite'\)/,
    to: ['stores/sqlite/driver.ts'],
  },
  {
    title: 'SQL stands in stores, and their drivers are imported nowhere else',
    pattern: /\b(SELECT|INSERT INTO|DELETE FROM|CREATE TABLE|PRAGMA) |node:sqlite/,
    to: ['stores'],
  },
  {
    title: 'what a run is, is written in one place, and by those who end one that nobody can go on with (I2, S18)',
    pattern: /\.(commit|abandonRun)\(/,
    to: ['runtime/commit', 'runtime/ownership/abandon.ts', 'stores', 'testing'],
  },
];

const LINES = 400;

const src = sourcesIn('src');

describe('the shape of src', () => {
  test('imports go only where the table lets them', () => {
    expect(forbiddenImports(src)).toEqual([]);
  });

  test('no file needs itself to be loaded (P85)', () => {
    expect(cycles(src)).toEqual([]);
  });

  test('who imports the package has definitions, machines and views, and the engine with the first box', () => {
    const loaded = loadedWith('index.ts', src);
    expect(loaded).toContain('machines/task/machine.ts');
    expect(loaded.filter((path) => path.startsWith('runtime/'))).toEqual([]);
  });

  for (const rule of CONFINED) {
    test(rule.title, () => {
      expect(strays(src, rule)).toEqual([]);
    });
  }

  test('whichever way it takes, the core reaches no I/O, no clock and no chance but that of a key (I4, P63)', () => {
    expect(reachedFrom('core/', src).filter((path) => !src.has(path))).toEqual(['nanoid', 'xstate']);
    expect(reachedFrom('core/', src)).not.toContain('clock.ts');
    const ofIds = /^import \{ (.*) \} from '..\/ids.ts'/gm;
    const taken = [...src].flatMap(([path, text]) => (path.startsWith('core/') ? [...text.matchAll(ofIds)] : []));
    expect(taken.map(([, names]) => names)).toEqual(['shortIdOf, stepIdOf']);
  });

  test('whatever is told of a run leaves through the gate, and so without what is secret (S34)', () => {
    expect(besideTheGate(src)).toEqual([]);
  });

  test('each kind of step has a folder: how it is declared, its machine, and the kind (P120)', () => {
    const folders = new Set([...src.keys()].flatMap((path) => /^machines\/(\w+)\//.exec(path)?.[1] ?? []));
    expect(folders.size).toBe(builtInKinds.names().length);
    // A schedule is declared to a box and not in a definition, and what it starts are child runs.
    const files: { readonly [folder: string]: readonly string[] } = {
      schedule: ['index.ts', 'machine.ts'],
      firing: ['index.ts'],
    };
    for (const folder of folders)
      for (const file of files[folder] ?? ['declaration.ts', 'index.ts', 'machine.ts'])
        expect([...src.keys()]).toContain(`machines/${folder}/${file}`);
  });

  test('one name is exported by one file, or has an excuse', () => {
    expect(exportedTwice(src)).toEqual([]);
  });

  test('every file opens by saying what it is for', () => {
    expect([...src].filter(([, text]) => !text.startsWith('/**')).map(([path]) => path)).toEqual([]);
  });

  test(`a file of more than ${LINES} lines says why`, () => {
    const long = [...src].filter(([, text]) => text.trimEnd().split('\n').length > LINES);
    expect(long.filter(([, text]) => !text.includes(`over ${LINES} lines because`)).map(([path]) => path)).toEqual([]);
  });
});

describe('the rules see what they forbid', () => {
  test('an engine that chooses its store', () => {
    const text = `import { type Memory, memory } from '../stores/memory.ts';\n`;
    expect(forbiddenImports(new Map([['runtime/box.ts', text]]))).toEqual([
      'runtime/box.ts imports ../stores/memory.ts',
    ]);
  });

  test.each([
    ['actors/timer.ts', `export * from '../runtime/host.ts';`],
    ['store.ts', `import type { Box } from './runtime/box.ts';`],
    ['store.ts', `import { createActor, type Snapshot } from 'xstate';`],
    ['dsl/task.ts', `const { memory } = await import('../stores/memory.ts');`],
    ['testing/rehearse.ts', `import { sqlite } from '../stores/sqlite.ts';`],
    ['stores/sqlite.ts', `import 'better-sqlite3';`],
    ['newcomer/file.ts', `import '../json.ts';`],
  ])('in %s: %s', (path, text) => {
    expect(forbiddenImports(new Map([[path, text]]))).toHaveLength(1);
  });

  test('a core that reads a file by way of a word', () => {
    const text = `import { readFileSync } from 'node:fs';\nimport type { Clock } from './clock.ts';`;
    const sources = { 'core/turn.ts': `import { show } from '../text.ts';`, 'text.ts': text };
    expect(reachedFrom('core/', new Map(Object.entries(sources)))).toEqual(['core/turn.ts', 'node:fs', 'text.ts']);
  });

  test('a snapshot that is made beside the gate', () => {
    const text = `import { isUndoing } from '../views/outcome.ts';\nimport {\n  type RunSnapshot,\n  snapshotOf,\n} from '../views/snapshot.ts';\n`;
    expect(besideTheGate(new Map([['runtime/run.ts', text]]))).toEqual(['runtime/run.ts takes snapshotOf']);
  });

  test('types go round in a circle freely, values do not', () => {
    const there = `import { b } from './b.ts';`;
    expect(
      cycles(
        new Map([
          ['a.ts', there],
          ['b.ts', `import type { A } from './a.ts';`],
        ]),
      ),
    ).toEqual([]);
    expect(
      cycles(
        new Map([
          ['a.ts', there],
          ['b.ts', `export { a } from './a.ts';`],
        ]),
      ),
    ).toEqual(['a.ts → b.ts → a.ts']);
  });

  test('a name that two files export, unless both are of stores', () => {
    const there = ['export class Reader {}', 'export const Reader = 1;', 'const Reader = 1;'] as const;
    expect(
      exportedTwice(
        new Map([
          ['a.ts', there[0]],
          ['b.ts', there[1]],
        ]),
      ),
    ).toEqual(['Reader: a.ts, b.ts']);
    expect(
      exportedTwice(
        new Map([
          ['a.ts', there[0]],
          ['b.ts', there[2]],
        ]),
      ),
    ).toEqual([]);
    expect(
      exportedTwice(
        new Map([
          ['stores/a/x.ts', there[0]],
          ['stores/b/x.ts', there[1]],
        ]),
      ),
    ).toEqual([]);
  });

  test('words that are confined, but not in comments', () => {
    const text = `// Date.now() is read elsewhere\nif (node.kind === 'task') wake(Date.now(), Math.random(), 'SELECT 1', store.commit([]));\nimport { DatabaseSync } from 'node:sqlite';\n`;
    expect(CONFINED.map((rule) => strays(new Map([['runtime/turn.ts', text]]), rule).length)).toEqual([
      1, 1, 1, 1, 2, 1,
    ]);
    expect(CONFINED.map((rule) => strays(new Map([['runtime/turn.ts', `/** ${text} */`]]), rule).length)).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });
});

function forbiddenImports(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const place = placeOf(path);
    const allowed = MAY_IMPORT[place];
    if (allowed === undefined) return [`${path} is in a folder that the table does not know`];
    return importsOf(path, text)
      .filter(({ target, typeOnly }) => {
        const to = placeOf(target);
        const names = [target, to === 'ids.ts' ? 'words' : to, ...(typeOnly ? [`type ${target}`] : [])];
        return to !== place && !names.some((name) => allowed.includes(name));
      })
      .map(({ specifier }) => `${path} imports ${specifier}`);
  });
}

/** `runtime/box.ts` → `runtime`, `json.ts` → `words`, `xstate` → `xstate`. */
function placeOf(path: string): string {
  if (path in MAY_IMPORT || !path.endsWith('.ts')) return path;
  const [folder, ...rest] = path.split('/');
  return rest.length === 0 ? 'words' : (folder as string);
}

/** Names that several files export, which are no two things: */
const ONE_THING: readonly string[] = [
  // A kind, its builder, and what its state invokes or what is asked of it.
  ...['task', 'track', 'orchestrator', 'sleep', 'signal'],
  // What stores do alike, each in its own way, is called alike; a row of theirs, and a row of the suite.
  ...['Listener', 'refused'],
];

/** What is exported by more than one file, and by whom. Stores are folders beside each other and may use the same words. */
function exportedTwice(sources: Sources): string[] {
  const files = new Map<string, Set<string>>();
  for (const [path, text] of sources) {
    const names = codeOf(text).matchAll(
      /^export (?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type|enum) (\w+)/gm,
    );
    for (const [, name = ''] of names) files.set(name, (files.get(name) ?? new Set()).add(path));
  }
  return [...files].flatMap(([name, paths]) => {
    const elsewhere = [...paths].filter((path) => !path.startsWith('stores/'));
    if (paths.size < 2 || elsewhere.length === 0 || ONE_THING.includes(name)) return [];
    return [`${name}: ${[...paths].join(', ')}`];
  });
}

/** What others may take from the views: the gate, what it is made with, and what tells nothing of a run by itself. */
const AT_THE_GATE: readonly string[] = [
  ...[
    'RedactionGate',
    'rulesOf',
    'Followers',
    'tellAll',
    'tellFailures',
    'textOf',
    'fieldsOf',
    'isCancelled',
    'isUndoing',
  ],
  // Folds over events that somebody was told, and words for what they were told.
  ...['progressOf', 'statusAfter', 'HistoryFold', 'metricsOf', 'programState', 'stateFrom', 'toldBefore', 'todoText'],
  ...['dueIn', 'sayingOf', 'sentenceOf', 'sinceIn'],
  // Nothing of a run: what it is called, and what a decision is about, for who decides.
  ...['rootOf', 'recordOf'],
];

function besideTheGate(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    if (path.startsWith('views/')) return [];
    const imports = text.matchAll(/^(?:import|export) \{([^}]*)\} from '[^']*views\/[^']*'/gm);
    return [...imports].flatMap(([, names = '']) =>
      names.split(',').flatMap((each) => {
        const name = each.trim();
        const isFine = name === '' || name.startsWith('type ') || AT_THE_GATE.includes(name);
        return isFine ? [] : [`${path} takes ${name}`];
      }),
    );
  });
}

/** Each circle of imports that exist at run time, once. */
function cycles(sources: Sources): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    const values = importsOf(path, sources.get(path) ?? '').filter(
      ({ target, typeOnly }) => !typeOnly && sources.has(target),
    );
    for (const { target } of values) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
}

/** What a file loads, itself among it, before anything of it is called. */
function loadedWith(path: string, sources: Sources, loaded = new Set<string>()): string[] {
  loaded.add(path);
  for (const { target, typeOnly, isLate } of importsOf(path, sources.get(path) ?? ''))
    if (!typeOnly && !isLate && sources.has(target) && !loaded.has(target)) loadedWith(target, sources, loaded);
  return [...loaded];
}

function strays(sources: Sources, { pattern, to }: Confined): string[] {
  const outside = [...sources].filter(([path]) => !to.some((place) => path === place || path.startsWith(`${place}/`)));
  return outside.flatMap(([path, text]) =>
    codeOf(text)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  );
}
