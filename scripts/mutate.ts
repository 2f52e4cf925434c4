/**
 * How many single faults in `src` do the tests notice? Makes one after the other in a copy of the tree, runs the tests that
 * reach it, and reports those that survived: `npm run mutate -- --sample 100 --seed 1`.
 *
 * --files <glob>   only these files of src (what the core is made of, if nothing is said)
 * --tests <glob>   only these test files: what are they worth by themselves?
 * --sample <n>     so many of all faults, drawn by --seed <n> (1); without it all of them, which takes a day
 * --only <text>    only mutants whose id or place has this in it
 * --survivors      only those that survived before; they are tried again
 * --limit <s>      after so many seconds no more tests are run on a fault, and it has survived (600)
 * --benches <n>    so many faults at once, each in a copy of its own (2)
 *
 * What is known is kept in .mutants/ and not tried again as long as the file that the fault is in stays the same: a run
 * that was ended goes on. A fault is noticed when a test fails. What the compiler refuses, which `npm test` asks, too, is no fault that
 * anybody could make, and is counted neither way; nor is what was read and held to change nothing that can be seen (`mutate/held.ts`).
 */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Answer, Question } from './mutate/bench.ts';
import { whyHeld } from './mutate/held.ts';
import { type Mutant, mutantsOf, mutated } from './mutate/mutants.ts';

const CORE = 'src/{runtime,machines,actors,stores/sqlite}/**/*.ts';
/** What looks at texts and types, and Postgres: it takes long, and what it finds here others find, too. What processes do for each other is left to Redis. */
const LEFT_OUT = [
  'test/{bundles,types,strangers}/**',
  'test/shared/{many.long,outage.long,postgres}.test.ts',
  'test/crash/soak*.test.ts',
  'test/{cli,hostile,stores}/postgres*',
  'test/hostile/redis*',
  'test/*/servers*',
  'test/{architecture,docs,package}.test.ts',
  'examples/**',
];
/** What is asked of the compiler: a name that nobody uses any more is no reason to refuse a fault. */
const FAULTS = JSON.stringify({
  extends: './tsconfig.json',
  // What it found out the last time is kept: of a fault it reads what the fault is in, and what depends on that.
  compilerOptions: {
    noUnusedLocals: false,
    noUnusedParameters: false,
    incremental: true,
    tsBuildInfoFile: 'faults.tsbuildinfo',
  },
  include: ['src'],
});
const FOLDERS = [
  ...[
    'src',
    'test',
    'examples',
    'docs',
    'scripts',
    'bench',
    'README.md',
    'CONTRIBUTING.md',
    'DESIGN.md',
    'CHANGELOG.md',
  ],
  ...['LICENSE', 'package.json', 'tsconfig.json', 'vitest.config.ts'],
];
const KEPT = resolve('.mutants');
const AT_ONCE = 12;
/** Of the tests that are likeliest to notice a fault: if it is a loop, less is waited for. */
const AT_FIRST = 3;
/** Milliseconds, beside five times what the tests take without a fault; what takes longer than that is a loop, and noticed. */
const PATIENCE = 20_000;

type Verdict = 'noticed' | 'survived' | 'unreached' | 'uncompilable';
interface Result {
  readonly verdict: Verdict;
  /** The test that noticed it. */
  readonly by?: string;
}
/** By test file: milliseconds, and the places that it reaches, as of one text of it and of src. */
interface Reach {
  [test: string]: { readonly hash: string; readonly ms: number; readonly places: readonly number[] };
}

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: CORE },
    tests: { type: 'string', default: 'test/**/*.test.ts' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    survivors: { type: 'boolean', default: false },
    limit: { type: 'string', default: '600' },
    benches: { type: 'string', default: '2' },
  },
});

const read = <T>(name: string, otherwise: T): T =>
  existsSync(join(KEPT, name)) ? (JSON.parse(readFileSync(join(KEPT, name), 'utf8')) as T) : otherwise;
const keep = (name: string, value: unknown, indent?: number): void =>
  writeFileSync(join(KEPT, name), JSON.stringify(value, null, indent));

// --- The copies, and the processes that run tests in them -----------------------------------

const copies: string[] = [];

function makeCopy(): string {
  const copy = join(tmpdir(), `signalbox-mutants-${process.pid}-${copies.length}`);
  copies.push(copy);
  mkdirSync(copy);
  for (const each of FOLDERS) cpSync(each, join(copy, each), { recursive: true });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'tsconfig.faults.json'), FAULTS);
  writeFileSync(
    join(copy, 'reach.ts'),
    `import { writeFileSync } from 'node:fs';
     import { afterAll, expect } from 'vitest';
     if (process.env.MUTATE_REACH) {
       const reached = new Set();
       const file = process.env.MUTATE_REACH + '/' + expect.getState().testPath.replaceAll('/', '~');
       globalThis.__reach = (number) => void reached.add(number);
       process.env.MUTATE_TEST = file;
       afterAll(() => writeFileSync(file + '.json', JSON.stringify([...reached])));
     }`,
  );
  // For the processes and threads that a test starts. One that is killed has said at once where it was.
  writeFileSync(
    join(copy, 'reach-elsewhere.mjs'),
    `import { appendFileSync } from 'node:fs';
     const file = process.env.MUTATE_TEST;
     if (file && globalThis.__reach === undefined) {
       const reached = new Set();
       globalThis.__reach = (number) => {
         if (reached.has(number)) return;
         reached.add(number);
         appendFileSync(file + '.elsewhere', number + '\\n');
       };
     }`,
  );
  return copy;
}

const benches = new Set<Bench>();

class Bench {
  #child: ChildProcess | null = null;
  /** The folder that its tests are run in. */
  readonly copy: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(copy: string, env: NodeJS.ProcessEnv) {
    this.copy = copy;
    this.#env = env;
    benches.add(this);
  }

  get isUp(): boolean {
    return this.#child !== null;
  }

  /** The answer, or null when it took too long. */
  async ask(question: Question, ms: number): Promise<Answer | null> {
    const child = this.#child ?? (await this.#start());
    const { promise, resolve: answer, reject } = Promise.withResolvers<Answer | null>();
    const late = setTimeout(() => answer(null), ms);
    const hear = (said: unknown): void => answer(said as Answer);
    const ended = (): void =>
      reject(new Error('The test bench was ended by somebody else. What is known is kept; run it again.'));
    child.once('message', hear);
    child.once('exit', ended);
    child.send(question);
    const given = await promise;
    clearTimeout(late);
    child.off('message', hear);
    child.off('exit', ended);
    if (given === null) this.end();
    return given;
  }

  async #start(): Promise<ChildProcess> {
    const program = join(import.meta.dirname, 'mutate', 'bench.ts');
    // A group of its own: its workers end with it.
    const child = fork(program, [this.copy], {
      detached: true,
      env: this.#env,
      cwd: this.copy,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await new Promise((ready, failed) => {
      child.once('message', ready);
      child.once('exit', (code) => failed(new Error(`The test bench ended with ${code}.`)));
    });
    child.removeAllListeners('exit');
    this.#child = child;
    return child;
  }

  end(): void {
    const pid = this.#child?.pid;
    this.#child = null;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // It has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

// --- Which tests reach what -----------------------------------------------------------------

interface Source {
  readonly file: string;
  readonly text: string;
  readonly marked: string;
  readonly mutants: readonly Mutant[];
}

function sourcesOf(glob: string): Source[] {
  const sources: Source[] = [];
  let first = 0;
  for (const file of globSync(CORE).concat(globSync(glob)).sort()) {
    if (sources.some((other) => other.file === file)) continue;
    const text = readFileSync(file, 'utf8');
    const { mutants, marked, places } = mutantsOf(file, text, first);
    first += places;
    sources.push({ file, text, marked, mutants });
  }
  return sources;
}

async function reachOf(copy: string, sources: readonly Source[], all: readonly string[]): Promise<Reach> {
  const src = hashOf(sources.map(({ marked }) => marked).join());
  const hashes = new Map(all.map((file) => [file, hashOf(src + readFileSync(file, 'utf8'))]));
  const known = Object.entries(read<Reach>('reach.json', {}));
  const reach = Object.fromEntries(known.filter(([file, { hash }]) => hashes.has(file) && hashes.get(file) === hash));
  const tests = all.filter((file) => reach[file] === undefined);
  if (tests.length === 0) return reach;
  console.log(`Running ${tests.length} test files, to see what each of them reaches …`);
  const folder = join(copy, 'reached');
  mkdirSync(folder);
  const bench = new Bench(copy, {
    ...process.env,
    MUTATE_REACH: folder,
    MUTATE_WORKERS: '2',
    NODE_OPTIONS: `--import ${pathToFileURL(join(copy, 'reach-elsewhere.mjs'))}`,
  });
  let write: Question['write'] = sources.map(({ file, marked: text }) => ({ file, text }));
  // A few at a time, so that a run that is ended has not been for nothing.
  for (let from = 0; from < tests.length; from += AT_ONCE) {
    const some = tests.slice(from, from + AT_ONCE);
    const answer = await bench.ask({ write, tests: some, bail: false }, 30 * 60_000);
    if (answer === null) throw new Error(`These tests did not come to an end: ${some.join(', ')}.`);
    write = [];
    for (const [file, ms] of Object.entries(answer.took)) {
      const list = join(folder, join(copy, file).replaceAll('/', '~'));
      const isUsed = !answer.failed.some((other) => other.file === file) && existsSync(`${list}.json`);
      const here = isUsed ? (JSON.parse(readFileSync(`${list}.json`, 'utf8')) as number[]) : [];
      const elsewhere = isUsed && existsSync(`${list}.elsewhere`) ? readFileSync(`${list}.elsewhere`, 'utf8') : '';
      const places = [...new Set([...here, ...elsewhere.split('\n').filter(Boolean).map(Number)])];
      reach[file] = { hash: hashes.get(file) ?? '', ms: Math.round(ms), places };
    }
    for (const { file, title } of answer.failed)
      console.log(`It fails without any fault, and is left out: ${file}: ${title}`);
    keep('reach.json', reach);
  }
  bench.end();
  for (const { file, text } of sources) writeFileSync(join(copy, file), text);
  return reach;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

// --- The faults -----------------------------------------------------------------------------

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function drawn(mutants: readonly Mutant[]): readonly Mutant[] {
  if (options.sample === undefined) return mutants;
  const chance = chances(Number(options.seed));
  return mutants
    .map((mutant) => ({ mutant, at: chance() }))
    .sort((left, right) => left.at - right.at)
    .slice(0, Number(options.sample))
    .map(({ mutant }) => mutant);
}

async function main(): Promise<void> {
  mkdirSync(KEPT, { recursive: true });
  const first = makeCopy();
  const tests = globSync(options.tests).filter((file) => !LEFT_OUT.some((glob) => matchesGlob(file, glob)));
  const sources = sourcesOf(options.files);
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  const reach = await reachOf(first, sources, tests.sort());
  const results = read<{ [id: string]: Result }>('results.json', {});

  const all = sources.filter(({ file }) => matchesGlob(file, options.files)).flatMap(({ mutants }) => mutants);
  const wanted = drawn(all)
    .filter(({ id, file, line }) => options.only === undefined || `${id} ${file}:${line} `.includes(options.only))
    .filter(({ id }) => !options.survivors || ['survived', 'unreached'].includes(results[id]?.verdict ?? ''));
  console.log(`${wanted.length} of ${all.length} faults.`);

  /** How often each test noticed a fault, by the file with the fault and of all. The likeliest is run first. */
  const hits = new Map<string, number>();
  for (const [id, { by }] of Object.entries(results)) count(hits, id.split('@')[0] as string, by);
  const left = wanted.filter(({ id }) => results[id] === undefined || options.survivors);
  let done = wanted.length - left.length;
  const work = async (bench: Bench): Promise<void> => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const started = performance.now();
      const result = await judge(mutant, texts.get(mutant.file) as string, reach, bench, hits);
      results[mutant.id] = result;
      count(hits, mutant.file, result.by);
      keep('results.json', results, 1);
      const seconds = ((performance.now() - started) / 1_000).toFixed(1);
      done += 1;
      console.log(
        `${done} ${result.verdict} ${seconds} s  ${mutant.file}:${mutant.line} ${mutant.operator}: ${mutant.before}`,
      );
    }
    bench.end();
  };
  const copied = [first, ...Array.from({ length: Number(options.benches) - 1 }, makeCopy)];
  await Promise.all(copied.map((copy) => work(new Bench(copy, { ...process.env, MUTATE_REACH: '' }))));
  report(wanted, results);
}

function count(hits: Map<string, number>, file: string, by: string | undefined): void {
  if (by === undefined) return;
  const [test] = by.split(': ') as [string];
  for (const name of [test, `${file} ${test}`]) hits.set(name, (hits.get(name) ?? 0) + 1);
}

async function judge(
  mutant: Mutant,
  text: string,
  reach: Reach,
  bench: Bench,
  hits: ReadonlyMap<string, number>,
): Promise<Result> {
  const { file, within } = mutant;
  const ofFile = (test: string): number => hits.get(`${file} ${test}`) ?? 0;
  const inAll = (test: string): number => hits.get(test) ?? 0;
  const likely = Object.entries(reach)
    .filter(([, { places }]) => (within === null ? places.length > 0 : places.includes(within)))
    // A test that reaches little is about what it reaches; what reaches everything, and takes long, comes last.
    .sort(([left, a], [right, b]) => ofFile(right) - ofFile(left) || effortOf(a) - effortOf(b))
    .map(([test]) => test);
  // But for those that notice the most of all.
  const keen = likely
    .slice(AT_FIRST)
    .sort((left, right) => inAll(right) - inAll(left))
    .slice(0, AT_FIRST);
  const tests = [
    ...likely.slice(0, AT_FIRST),
    ...keen,
    ...likely.slice(AT_FIRST).filter((test) => !keen.includes(test)),
  ];
  const fault = mutated(text, mutant);
  writeFileSync(join(bench.copy, file), fault);
  const isFault = await compiles(bench.copy);
  writeFileSync(join(bench.copy, file), text);
  if (!isFault) return { verdict: 'uncompilable' };
  if (tests.length === 0) return { verdict: 'unreached' };
  const msOf = (some: readonly string[]): number => some.reduce((sum, test) => sum + (reach[test]?.ms ?? 0), 0);
  let result: Result = { verdict: 'survived' };
  let write: Question['write'] = [{ file, text: fault }];
  const until = performance.now() + Number(options.limit) * 1_000;
  let from = 0;
  while (from < tests.length && result.verdict === 'survived') {
    if (performance.now() > until) break;
    const some = tests.slice(from, from + (from === 0 ? AT_FIRST : AT_ONCE));
    from += some.length;
    const answer = await bench.ask({ write, tests: some, bail: true }, 5 * msOf(some) + PATIENCE);
    write = [];
    const [failed] = answer?.failed ?? [{ file: '', title: 'it does not come to an end' }];
    if (failed !== undefined) result = { verdict: 'noticed', by: `${failed.file}: ${failed.title}` };
    const isTest = failed !== undefined && failed.file !== '';
    // The next fault must not stand beside this one; and what fails without it has not noticed it.
    if (isTest) {
      const without = await bench.ask(
        { write: [{ file, text }], tests: [failed.file], bail: true },
        5 * msOf([failed.file]) + PATIENCE,
      );
      if (without === null || without.failed.some(({ title }) => title === failed.title)) {
        console.log(`It fails now and then without any fault, and is left out: ${failed.file}: ${failed.title}`);
        delete reach[failed.file];
        return judge(mutant, text, reach, bench, hits);
      }
      return result;
    }
  }
  writeFileSync(join(bench.copy, file), text);
  if (bench.isUp) await bench.ask({ write: [{ file, text }], tests: [], bail: true }, PATIENCE);
  return result;
}

/** Does `src` of a copy compile? */
function compiles(copy: string): Promise<boolean> {
  const program = resolve('node_modules/typescript/bin/tsc');
  const { promise, resolve: answer } = Promise.withResolvers<boolean>();
  execFile(process.execPath, [program, '-p', 'tsconfig.faults.json'], { cwd: copy }, (error) => answer(error === null));
  return promise;
}

function effortOf({ ms, places }: Reach[string]): number {
  return (ms + 200) * places.length;
}

function report(mutants: readonly Mutant[], results: { readonly [id: string]: Result }): void {
  const known = mutants.filter(({ id }) => results[id] !== undefined);
  const compiled = known.filter(({ id }) => results[id]?.verdict !== 'uncompilable');
  const held = compiled.filter((mutant) => results[mutant.id]?.verdict !== 'noticed' && whyHeld(mutant) !== null);
  const tried = compiled.filter((mutant) => !held.includes(mutant));
  const survived = tried.filter(({ id }) => results[id]?.verdict !== 'noticed');
  const files = [...new Set(tried.map(({ file }) => file))].sort();
  const share = (all: number, left: number): string => `${(((all - left) / Math.max(1, all)) * 100).toFixed(1)} %`;
  const lines = [
    `${tried.length - survived.length} of ${tried.length} faults were noticed: ${share(tried.length, survived.length)}. ${held.length} more are held to change nothing, and ${known.length - compiled.length} do not compile.`,
    '',
    '| file | faults | noticed |',
    '|---|---|---|',
    ...files.map((file) => {
      const [all, left] = [tried, survived].map((list) => list.filter((each) => each.file === file).length) as [
        number,
        number,
      ];
      return `| ${file} | ${all} | ${share(all, left)} |`;
    }),
    '',
    ...survived.map(
      ({ id, file, line, operator, before }) =>
        `- ${file}:${line} ${operator}: \`${before}\`${results[id]?.verdict === 'unreached' ? ' (no test comes here)' : ''}`,
    ),
    '',
    ...held.map(
      (mutant) => `- held: ${mutant.file}:${mutant.line} ${mutant.operator}: \`${mutant.before}\`: ${whyHeld(mutant)}`,
    ),
  ];
  writeFileSync(join(KEPT, 'report.md'), `${lines.join('\n')}\n`);
  console.log(`\n${lines.join('\n')}`);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));
process.once('exit', () => {
  // A fault may be an endless loop: a bench that is left behind goes on with it for ever.
  for (const bench of benches) bench.end();
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});
await main();
