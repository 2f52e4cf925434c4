/**
 * A box that dies while it makes a run again (S16): at each commit, before and after it, from the one with which the new run begins to its
 * end. Somebody asked twice at once, and the next box is asked once more, or by nobody: there is one new run or, if nothing had landed,
 * none, and what it took over is not done again. For every place: `rerun.test.ts`, and `test/shared`.
 */
import { type AnyOrchestrator, createSignalbox, type LogLine, type Run, type Signalbox } from 'signalbox';
import { crashAt, type CrashPoint } from 'signalbox/testing';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { called, rerun as flow } from '../helpers/scenarios.ts';
import { faultsOfHistory, hurriedClock } from '../helpers/stage.ts';
import type { Place } from './play.ts';

const ID = 'r.again';
const asked = { from: 'a/two', reason: 'once more', id: ID } as const;
/** Bodies of the new run. Those of `a/one`, `b/group/one` and `c/one` are the first run's. */
const WANTED = [`${ID}/a/three#1`, `${ID}/a/two#1`, `${ID}/b/group/two#1`];

/** What the first run had set, as the new one has it from its beginning. */
const SET = JSON.stringify({ by: 'r', last: 'b', c: 'c' });

interface Opened {
  readonly box: Signalbox;
  /** How many commits it has begun, and the death that it was given, if any. */
  readonly doomed: ReturnType<typeof crashAt>;
}

/** Passes that no box comes to. */
const NEVER = 0;

async function opened(
  { store }: Place,
  clock: Clock,
  errors: string[],
  point: CrashPoint = 'before commit',
  pass = NEVER,
): Promise<Opened> {
  const doomed = crashAt(point, pass, { store, clock });
  const logger = ({ level, message }: LogLine) => void (level === 'error' && errors.push(message));
  const orchestrators: AnyOrchestrator[] = [flow];
  const box = await createSignalbox({ ...doomed.options, orchestrators, logger, idleRuns: 0 });
  return { box: box as unknown as Signalbox, doomed };
}

/** Two clients ask at once; whoever is heard has the new run. */
const askedTwice = (box: Signalbox): Promise<readonly Run[]> =>
  Promise.all([box.run('r').rerun(asked), box.run('r').rerun(asked)]);

/** The first run is at its end, then a box makes it again and dies, then another is asked once more, or not. Answers with what was found wrong. */
async function play(place: Place, point: CrashPoint, pass: number, again: boolean): Promise<readonly string[]> {
  called.length = 0;
  const clock = hurriedClock();
  const wrong: string[] = [];
  let at = place;
  try {
    const { box: first } = await opened(at, clock, wrong);
    const run = await first.start(flow, { id: 'r', input: null });
    if ((await run.outcome()).status !== 'failed') wrong.push('the first run did not fail');
    await first.close();
    at = at.next();

    const { box: second, doomed } = await opened(at, clock, wrong, point, pass);
    const over = askedTwice(second).then(([one]) => one?.outcome());
    await Promise.race([over, doomed.crashed]);
    if (!doomed.dead) wrong.push('the box did not die');
    at = at.next();

    const { box: third } = await opened(at, clock, wrong);
    await third.recovered;
    if (again) {
      const ids = (await askedTwice(third)).map(({ id }) => id);
      if (ids.some((id) => id !== ID)) wrong.push(`asked again, it is ${ids}`);
    }
    const { runs } = await third.runs({ rerunOf: 'r', limit: 10 });
    const count = again || point === 'after commit' || pass > 1 ? 1 : 0;
    if (runs.map(({ run: id }) => id).join() !== (count === 1 ? ID : ''))
      wrong.push(`${runs.length} runs were made again`);
    if (count === 1) wrong.push(...(await faultsOf(third.run(ID), third.run('r'))));
    else if (called.some((key) => key.startsWith(ID))) wrong.push(`nothing had begun, and ${called} did`);
    if ((await third.runs({ limit: 10 })).runs.length !== 1 + count) wrong.push('there are other runs');
    await third.close();
  } finally {
    await at.close();
  }
  return wrong;
}

/** The new run comes to its good end with what it took over, said once, and its own bodies, each under one key. */
async function faultsOf(run: Run, first: Run): Promise<readonly string[]> {
  const { status, outputs } = await run.outcome();
  const wrong: string[] = [...(await faultsOfHistory(run))];
  if (JSON.stringify(outputs.a) !== SET) wrong.push(`its variables were ${JSON.stringify(outputs.a)}`);
  if (status !== 'completed') wrong.push(`it is ${status}`);
  const { steps, rerunOf } = await run.snapshot();
  if (rerunOf?.run !== 'r' || rerunOf.from !== asked.from) wrong.push(`it is a rerun of ${JSON.stringify(rerunOf)}`);
  for (const path of ['a/one', 'b/group/one'])
    if (steps[path]?.takenFrom !== 'r') wrong.push(`${path} was taken from ${steps[path]?.takenFrom}`);
  const said: string[] = [];
  for await (const { type } of first.interventions()) said.push(type);
  if (said.join() !== 'rerun') wrong.push(`said of it: ${said}`);
  const keys = [...new Set(called.filter((key) => key.startsWith(ID)))].sort();
  if (keys.join() !== WANTED.join()) wrong.push(`${keys} were called`);
  return wrong;
}

/** How many commits a rerun makes, from the one with which it begins to its end. */
async function commitsOf(place: Place): Promise<number> {
  const clock = hurriedClock();
  const first = await opened(place, clock, []);
  await (await first.box.start(flow, { id: 'r', input: null })).outcome();
  await first.box.close();
  const at = place.next();
  const { box, doomed } = await opened(at, clock, []);
  await (await box.run('r').rerun(asked)).outcome();
  await box.close();
  await at.close();
  return doomed.passes['after commit'];
}

/** Registers a test for each way to die and to go on; `make` gives a new place. */
export function rerunCrashCases(make: () => Place): void {
  test.each([
    ['before commit', 'asked once more', true],
    ['before commit', 'asked by nobody', false],
    ['after commit', 'asked once more', true],
    ['after commit', 'asked by nobody', false],
  ] as const)(
    'a box that dies %s while it makes a run again leaves one new run for whoever asked, also when the next one is %s (S16, S17, I3, I6)',
    async (point, _, again) => {
      const commits = await commitsOf(make());
      expect(commits).toBeGreaterThan(3);
      for (let pass = 1; pass <= commits; pass += 1)
        expect(await play(make(), point, pass, again), `${point} ${pass}`).toEqual([]);
    },
    60_000,
  );
}
