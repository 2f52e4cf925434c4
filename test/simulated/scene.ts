/**
 * Scenes in which processes share a place: who is there, what is done, and all that they say to the place and to each other meanwhile,
 * call by call, as lines of a text. `talks.test.ts` and `mishaps.test.ts` play them.
 */
import { type AnyOrchestrator, orchestrator, type Signalbox, task, track } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { StoreUnusable } from 'signalbox/errors';
import { foldingText } from '../helpers/folding.ts';
import { Anything } from '../helpers/stage.ts';
import { type Process, type Trouble, World } from './world.ts';

export const head = { version: '1', input: Anything } as const;
export const input = { input: Anything } as const;
export const body = (name: string, more: object = {}) =>
  task(name, { input: Anything, output: Anything, run: async ({ input: it }) => it, ...more });
export const waits = orchestrator('waits', head).track(
  't',
  track('t', input).wait('w', { signal: 'go' }).step('s', body('then')),
);
export const long = orchestrator('long', head).track(
  't',
  track('t', input).step('s', body('long', { run: () => new Promise(() => {}), cleanup: () => {} })),
);
export const naps = orchestrator('naps', head).track('t', track('t', input).sleep('n', '20s').step('s', body('after')));
export const asks = orchestrator('asks', head).track('t', track('t', input).approval('a', { ask: 'Well?' }));
export const draws = orchestrator('draws', head).track(
  't',
  track('t', input).step('s', body('draw', { budget: { limit: 1, per: '1d' } })),
);
export const parent = orchestrator('parent', head).track('t', track('t', input).run('c', waits));
export const unknown = orchestrator('unknown', head).track('t', track('t', input).wait('w', { signal: 'go' }));
export const flows: readonly AnyOrchestrator[] = [waits, long, naps, asks, draws, parent];

/** A process whose box is open. */
export type Opened = Process & { readonly box: Signalbox };

/** Two processes, and how what they say is written down. */
export class Scene {
  readonly world = new World('calm');
  readonly lines: string[] = [];
  /** What is written down of what processes say; all of it, unless a scene has too much of it. */
  shows: (what: string, args: readonly unknown[]) => boolean = () => true;
  readonly #start = this.world.clock.now();
  readonly #fold = foldingText(this.#start);

  constructor() {
    this.world.tell = (process, what, args, answer) => {
      if (this.shows(what, args)) this.note(`${process} ${said(what, args, answer, (value) => this.#brief(value))}`);
    };
  }

  #brief(value: unknown): string {
    const text = this.#fold(JSON.stringify(value) ?? 'nothing');
    return text.length > 150 ? `${text.slice(0, 140)}…` : text;
  }

  note(line: string): void {
    const at = this.world.clock.now() - this.#start;
    this.lines.push(`${String(at).padStart(6)} ${this.#fold(line)}`);
  }

  async open(orchestrators: readonly AnyOrchestrator[] = flows, options: object = {}): Promise<Opened> {
    const process = this.world.process(orchestrators, { idleRuns: 10, ...options });
    await this.world.pass(10_000, 10, () => process.box === null);
    return process as Opened;
  }

  /** Does something, and waits for what comes of it, for so long. */
  async say(what: string, done: Promise<unknown>, ms = 5_000): Promise<void> {
    this.note(`-- ${what}`);
    let end = 'nothing yet';
    void done.then(
      (value) => {
        end = JSON.stringify(value === undefined ? null : value) ?? 'null';
      },
      (error: Error) => {
        end = `${error.name}: ${error.message}`;
      },
    );
    await this.world.pass(ms, 100, () => end === 'nothing yet');
    this.note(`-- ${what}: ${end}`);
  }

  async later(ms: number): Promise<void> {
    this.note(`-- ${ms} ms go by`);
    await this.world.pass(ms, 100);
  }
}

function said(what: string, args: readonly unknown[], answer: unknown, brief: (value: unknown) => string): string {
  if (what.startsWith('log')) return `${what} ${args[0]}`;
  if (what === 'hears') return `hears ${brief(args[0])}`;
  if (what === 'begin') return `begins ${args[0]}`;
  const end = answer instanceof Error ? `fails: ${answer.message}` : brief(answer);
  if (what === 'commit') {
    const changes = args[0] as readonly RunChange[];
    const runs = changes.map(
      ({ run, fence, after, events, row }) =>
        `${run} fence ${fence} ${after}+${events.length}${row === null ? '' : ` ${row.status}`}`,
    );
    return `commit ${runs.join(', ')}${answer === undefined ? '' : ` → ${end}`}`;
  }
  if (what === 'claim') return `claim ${args[0]} → ${end}`;
  if (what === 'open' || what === 'saveDefinitions' || what === 'shared.listen' || what === 'shared.readStrays')
    return `${what}${what === 'shared.readStrays' ? ` → ${end}` : ''}`;
  if (what === 'readOpen' && answer !== null && !(answer instanceof Error)) {
    const { owner, fence, seq, row } = answer as {
      owner: string | null;
      fence: number;
      seq: number;
      row: { status: string };
    };
    return `readOpen ${args[0]} → ${row.status} of ${owner}, fence ${fence}, ${seq} events`;
  }
  if (what === 'readRun' && answer !== null && !(answer instanceof Error))
    return `readRun ${args[0]} → ${(answer as { status: string }).status}`;
  return `${what} ${args.map((arg) => brief(arg)).join(' ')} → ${end}`;
}

/** What happens in a scene. */
export type Act = (scene: Scene) => Promise<void>;

export const begin = async (
  at: Scene,
  process: { readonly box: Signalbox },
  flow: AnyOrchestrator,
  id: string,
): Promise<void> =>
  at.say(
    `${flow.name} is started as ${id}`,
    process.box.start(flow as never, { id, input: null } as never).then(({ id: run }: { id: string }) => run),
  );

/** What was said in each of them, as one text. */
export async function pagesOf(scenes: { readonly [title: string]: Act }): Promise<string> {
  const pages: string[] = [];
  for (const [title, act] of Object.entries(scenes)) {
    const scene = new Scene();
    await act(scene);
    for (const process of scene.world.processes) process.kill();
    pages.push(`## ${title}\n\n${scene.lines.join('\n')}\n`);
  }
  return pages.join('\n');
}

/** What a place says that does not answer. */
export const away = new StoreUnusable({ store: 'the place', reason: 'nothing answers' });

/** The first calls of a kind of one process meet with trouble, after some that don't; the scene says so. */
export function first(at: Scene, process: Process, of: string, count: number, trouble: Trouble, after = 0): void {
  let calls = 0;
  const what = Object.entries(trouble).map(([name, value]) => (name === 'ms' ? `late by ${value} ms` : name));
  at.note(`-- ${process.name}: ${of} is ${what}, ${count} times${after > 0 ? `, from call ${after + 1} on` : ''}`);
  process.trouble = (asked) => {
    if (asked !== of) return;
    calls += 1;
    return calls > after && calls <= after + count ? trouble : undefined;
  };
}
